"""An exit that is decided while its exchange is closed is held to the open, and told so once."""

import datetime as dt

import msgspec
import pytest

from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.checkpoint import checkpoint, engine_of
from tradebot.core.events import ExitDecided, ExitSent, FeedBroke, InstrumentBlind
from tradebot.core.inputs import ExitTrade, FeedState, PolicyChanged, Refused, Timer
from tradebot.core.intents import PlaceOrder
from tradebot.core.market.instrument_events import ExitWaitsForOpen
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Policy

SECOND = 1_000_000_000
INDIA = Session(
    zone="Asia/Kolkata",
    open_minutes=9 * 60 + 15,
    close_minutes=15 * 60 + 30,
    weekdays=frozenset(range(5)),
    pre_open_minutes=9 * 60,
)
POLICY = Policy(sessions={"NSE": INDIA}, stale_after_ns=10 * SECOND)


def ns(text):
    """Read "2025-10-10 09:15" of India."""
    return int(dt.datetime.fromisoformat(f"{text}+05:30").timestamp()) * SECOND


OPEN = ns("2025-10-10 09:15")


def at(text, *trades, policy=POLICY, **words):
    """A story that begins with a held position at a time of day in India, with a price."""
    story = Playbook(policy=policy, broker=False, **words).fill(None, "10", side="BUY")
    for trade in trades or [a_trade(stop="5pts")]:
        story.create(trade)
    story.now_ns = ns(text)
    story.process(Timer(story.now_ns))
    return story


def left(story):
    """Have a person leave the first trade."""
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    return story


def test_what_a_person_leaves_in_the_night_leaves_at_the_open():
    story = left(at("2025-10-09 22:00")) << "manual"
    assert story.wants(PlaceOrder) == []
    story.process(Timer(OPEN - 1))
    assert story.wants(PlaceOrder) == []
    story.process(Timer(OPEN))
    assert [order.quantity for order in story.wants(PlaceOrder)] == [10]
    (told,) = story.events(ExitWaitsForOpen)
    assert (told.trade_id, told.exit, told.quantity, told.opens_at_ns) == ("T1", 1, 10, OPEN)


def test_in_the_pre_open_nothing_is_sent_and_an_indication_reaches_no_stop():
    story = at("2025-10-10 09:07")
    assert story >> 700 << None
    assert left(story) << "manual"
    assert story.events(ExitSent) == []


def test_the_first_price_of_a_session_is_answered_before_any_timer():
    story = at("2025-10-10 09:14")
    story.now_ns = OPEN
    story.process(story.tick(790))
    assert len(story.wants(PlaceOrder)) == 1


def test_what_is_left_of_an_exit_at_the_close_waits_for_the_next_open():
    story = at("2025-10-10 15:29")
    assert story >> 795 << "stop @ 795"
    story.now_ns = ns("2025-10-10 15:30")
    story.reply("T1-x1", Refused("market closed")) >> "10m"
    assert len(story.wants(PlaceOrder)) == 1
    (told,) = story.events(ExitWaitsForOpen)
    assert told.opens_at_ns == ns("2025-10-13 09:15")


def test_a_weekend_of_timers_tells_it_once():
    story = left(at("2025-10-10 20:00"))
    for hour in range(48):
        story.process(Timer(story.now_ns + hour * 3600 * SECOND))
    assert len(story.events(ExitWaitsForOpen)) == 1


def test_a_session_that_was_wrong_is_told_anew_and_no_order_waits_for_it_any_more():
    story = left(at("2025-10-09 22:00"))
    late = msgspec.structs.replace(INDIA, open_minutes=600)
    story.process(PolicyChanged(msgspec.structs.replace(POLICY, sessions={"NSE": late})))
    story.process(Timer(story.now_ns + SECOND))
    assert [told.opens_at_ns for told in story.events(ExitWaitsForOpen)] == [
        OPEN,
        ns("2025-10-10 10:00"),
    ]
    story.process(PolicyChanged(msgspec.structs.replace(POLICY, sessions={})))
    story.process(Timer(story.now_ns + 2 * SECOND))
    assert len(story.wants(PlaceOrder)) == 1


def test_what_waits_is_in_a_checkpoint_and_goes_on_from_it():
    story = left(at("2025-10-09 22:00"))
    engine = engine_of(checkpoint(story.engine))
    assert not engine.process(Timer(OPEN - 1))
    sent = [type(thing).__name__ for thing in engine.process(Timer(OPEN))]
    assert sent == ["ExitSent", "PlaceOrder"]


def test_what_waits_survives_a_kill_and_is_not_told_again():
    story = left(at("2025-10-09 22:00")).restarted()
    story.net("10")
    story.process(story.net("10"))
    story.process(Timer(story.now_ns + SECOND))
    assert len(story.events(ExitWaitsForOpen)) == 1
    assert story.wants(PlaceOrder) == []


def test_round_the_clock_nothing_waits():
    story = left(at("2025-10-09 22:00", policy=Policy()))
    assert len(story.wants(PlaceOrder)) == 1
    assert story.book.net(KEY) == 10


# A feed that every night takes away.


@pytest.mark.parametrize("nights", [1, 3])
def test_a_feed_that_the_night_took_is_missed_from_the_open_on_every_day(nights):
    story = at("2025-10-13 15:00") >> 800
    story.process(FeedState(up=False, at_ns=ns("2025-10-14 03:00"), why="nightly reset"))
    assert len(story.events(FeedBroke)) == 1
    for day in range(14, 14 + nights):
        opens_ns = ns(f"2025-10-{day:02d} 09:15")
        before = len(story.events(InstrumentBlind))
        story.process(Timer(opens_ns + 9 * SECOND))
        assert len(story.events(InstrumentBlind)) == before
        story.process(Timer(opens_ns + 11 * SECOND))
        assert len(story.events(InstrumentBlind)) == before + 1
        story.process(Timer(ns(f"2025-10-{day:02d} 22:00")))  # by now no price is missing


def test_silence_outside_of_the_hours_is_no_fault():
    story = at("2025-10-10 15:29") >> 800
    before = story.events(InstrumentBlind)
    for hours in range(60):
        story.process(Timer(ns("2025-10-10 15:30") + hours * 3600 * SECOND))
    assert story.events(InstrumentBlind) == before
    assert story.events(ExitDecided) == []
