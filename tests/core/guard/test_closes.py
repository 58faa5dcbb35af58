"""A session that begins far from our last close asks for the exchange's before it is judged."""

import datetime as dt

import pytest
from msgspec.structs import replace

from tests.playbook import KEY, SBIN, Playbook, a_trade, rules
from tradebot.core.checkpoint import checkpoint, engine_of
from tradebot.core.events import ExitDecided, PriceHeld, PriceResolved
from tradebot.core.guard.covering import unguarded_quantity
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import ExitTrade, PolicyChanged, QuoteReply, Timer, UpdateTrade
from tradebot.core.intents import AskQuote
from tradebot.core.market.instrument_events import TradePaused
from tradebot.core.market.instruments import Kind
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Policy

INDIA = Session(
    zone="Asia/Kolkata",
    open_minutes=9 * 60 + 15,
    close_minutes=15 * 60 + 30,
    weekdays=frozenset(range(5)),
)
POLICY = Policy(sessions={"NSE": INDIA})
CNC = KEY._replace(product="CNC")


def ns(text):
    """Read "2025-10-10 09:15" of India."""
    return int(dt.datetime.fromisoformat(f"{text}+05:30").timestamp()) * 1_000_000_000


CLOSE = ns("2025-10-10 15:30")  # a Friday


def delivery(product="CNC", **words):
    return replace(a_trade(**(words or {"stop": "6%"})), product=product)


def night(*trades, instrument=SBIN, price=800, last="15:29"):
    """Return a story of trades that were open when the session closed, with a price before."""
    story = Playbook(policy=POLICY, instruments=[instrument])
    story.now_ns = ns(f"2025-10-10 {last}")
    for trade in trades or [delivery()]:
        story.create(trade)
    return after_close(story >> price)


def after_close(story):
    story.now_ns = CLOSE
    story.process(Timer(CLOSE))
    return story


def opens(story, price, day="2025-10-13"):
    """Let the next session begin with a price."""
    story.now_ns = ns(f"{day} 09:15")
    return story >> price


def quoted(story, prev_close, ltp=None):
    """Answer what the second source was asked."""
    price = story.book.lines["NSE:SBIN"].ltp if ltp is None else ltp
    return story >> QuoteReply(
        instrument="NSE:SBIN",
        ltp=price,
        at_ns=story.now_ns,
        received_ns=story.now_ns,
        prev_close=prev_close,
    )


def at_once(story, *prices):
    """Let prices come in the same moment."""
    for price in prices:
        story.process(story.tick(price))
    return story


def asked(story):
    return [intent.why for intent in story.wants(AskQuote)]


def test_a_split_pauses_the_trade_and_says_both_closes():
    story = opens(night(), 402)
    assert story << None
    assert asked(story) == ["the session opens far from the close"]
    assert quoted(story, 400.0) << None
    (told,) = story.events(TradePaused)
    assert (told.trade_id, told.instrument) == ("T1", "NSE:SBIN")
    assert (told.close, told.prev_close, told.ltp) == (800.0, 400.0, 402.0)
    trade = story.trade()
    assert (trade.status, trade.unguarded) == (Status.ACTIVE, True)
    assert unguarded_quantity(story.book, trade) == 10
    assert story >> 300 >> 300 << None


def test_new_levels_of_a_persons_guard_a_paused_trade_again():
    story = quoted(opens(night(), 402), 400.0)
    story.process(UpdateTrade(trade_id="T1", rules=rules(stop="@390"), at_ns=story.now_ns))
    assert not story.trade().unguarded
    assert story >> 391 << None
    assert story >> 389.5 << "stop @ 390"


def test_a_pause_and_its_answer_are_not_forgotten_by_a_restart():
    story = quoted(opens(night(), 402), 400.0).restarted()
    assert story >> 300 >> 300 << None
    story.process(UpdateTrade(trade_id="T1", rules=rules(stop="@250"), at_ns=story.now_ns))
    assert story.restarted() >> 300 << None
    assert asked(story) == ["the session opens far from the close"]  # and not once more
    assert story >> 250 >> 250 << "stop @ 250"


def test_a_person_leaves_a_paused_trade_as_any_other():
    story = quoted(opens(night(), 402), 400.0)
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    assert story << "manual"


def test_the_close_is_remembered_by_a_process_that_has_not_seen_it():
    story = opens(night().restarted(), 402)
    assert quoted(story, 400.0) << None
    assert story.trade().unguarded


def test_a_gap_from_our_own_close_is_judged_as_soon_as_the_quote_says_so():
    story = opens(night(), 740)
    assert story << None
    assert quoted(story, 801.5) << "stop @ 752"
    assert story.events(TradePaused) == []


@pytest.mark.parametrize("prev_close", [None, 0.0, 740.0, 790.0, 870.0])
def test_a_close_that_explains_nothing_leaves_the_gap_to_be_judged(prev_close):
    assert quoted(opens(night(), 740), prev_close) << "stop @ 752"


def test_without_an_answer_the_gap_is_judged_after_three_seconds():
    story = opens(night(), 740) >> "3s"
    assert story << None
    assert story >> "1s" << "stop @ 752"
    assert story >> 750 << None
    assert len(asked(story)) == 1


def test_a_quote_that_fails_is_asked_for_again_within_the_three_seconds():
    story = opens(night(), 402)
    failed = QuoteReply(
        instrument="NSE:SBIN", ltp=None, at_ns=story.now_ns, received_ns=story.now_ns
    )
    story >> failed >> "500ms"
    assert len(asked(story)) == 2
    assert quoted(story, 400.0) << None
    assert story.trade().unguarded


def test_what_came_while_the_quote_was_asked_for_is_judged_with_its_low_and_its_high():
    story = opens(night(delivery(stop="9%"), delivery(stop="20%", target="@900")), 740)
    assert at_once(story, 728, 733, 760, 760) << None  # each a jump until the next confirms it
    assert quoted(story, 800.0) << "stop @ 728"
    story = opens(night(delivery(stop="20%", target="@870")), 850)
    assert at_once(story, 870, 865, 845, 845) << None
    assert quoted(story, 800.0) << "target @ 870"


def test_a_stop_that_is_reached_by_small_steps_waits_for_the_quote_too():
    story = opens(night(delivery(stop="8%")), 740)
    assert at_once(story, 737, 735) << None
    assert quoted(story, 800.0) << "stop @ 736"


def test_a_close_is_written_once():
    story = night()
    version = story.trade().version
    assert story >> "1m"
    assert story.trade().version == version


def test_the_wait_is_told_and_so_is_its_end():
    story = opens(night(), 760)
    (held,) = story.events(PriceHeld)
    assert (held.ltp, held.before) == (760.0, 800.0)
    quoted(story, 800.0)
    (resolved,) = story.events(PriceResolved)
    assert (resolved.ltp, resolved.by, resolved.confirmed) == (760.0, 760.0, True)


def test_an_open_near_the_close_is_judged_at_once_and_only_the_first_price_is_compared():
    story = opens(night(delivery(stop="1%")), 790)
    assert story << "stop @ 792"
    story = opens(night(), 790) >> 770 >> 770 >> 751.5 >> 751.5
    assert story << "stop @ 752"
    assert asked(story) == ["a jump waits to be confirmed"] * 2


def test_the_first_price_after_a_holiday_is_compared_with_the_close_before_it():
    closed = replace(INDIA, holidays=frozenset({dt.date(2025, 10, 13)}))
    story = night() >> PolicyChanged(Policy(sessions={"NSE": closed}))
    assert opens(story, 402, "2025-10-14") << None
    assert quoted(story, 400.0).trade().unguarded


def test_a_close_of_an_earlier_day_is_compared_with_nothing():
    assert opens(night(), 740, "2025-10-14") << "stop @ 752"


def test_a_price_long_before_the_close_stands_for_none():
    assert opens(night(last="14:59"), 740) << "stop @ 752"


def test_a_line_without_a_price_closes_without_one():
    story = Playbook(policy=POLICY)
    story.now_ns = ns("2025-10-10 15:29")
    story.create(delivery())
    assert opens(after_close(story), 740) << "stop @ 752"


def test_what_is_squared_off_in_the_evening_has_no_night():
    assert opens(night(delivery("MIS")), 740) << "stop @ 752"


@pytest.mark.parametrize(
    ("kind", "answers"), [(Kind.FUTURE, True), (Kind.OPTION, False), (Kind.PERPETUAL, False)]
)
def test_options_have_such_gaps_every_night_and_are_not_compared(kind, answers):
    story = opens(night(instrument=replace(SBIN, kind=kind)), 740)
    assert bool(story.events(ExitDecided)) is not answers


def test_a_trade_of_today_is_judged_at_prices_of_today():
    story = opens(night(), 402)
    story.create(delivery(entry="402", stop="@395"))
    assert quoted(story, 400.0) << None
    assert not story.trade("T2").unguarded
    assert story >> 399 >> 396 >> 395 << "stop @ 395"
    assert [told.trade_id for told in story.events(TradePaused)] == ["T1"]


def test_a_trade_that_a_person_leaves_meanwhile_is_not_paused():
    story = opens(night(), 402)
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    quoted(story, 400.0)
    assert story.events(TradePaused) == []


def test_the_best_price_of_a_trail_is_kept_over_the_close():
    story = night(delivery(stop="20%", trail="5%"), price=810)
    assert story.restarted().trade().marks.best_price == 810.0


def test_an_answer_that_nobody_waits_for_changes_nothing():
    story = opens(night(), 790)
    assert quoted(story, 400.0) << None
    assert not story.trade().unguarded


def test_the_wait_is_in_a_checkpoint_and_goes_on_from_it():
    story = opens(night(), 402)
    engine = engine_of(checkpoint(story.engine))
    reply = QuoteReply(
        instrument="NSE:SBIN",
        ltp=402.0,
        at_ns=story.now_ns,
        received_ns=story.now_ns,
        prev_close=400.0,
    )
    said = [type(thing).__name__ for thing in engine.process(reply)]
    assert said == ["TradePaused", "PriceResolved"]
    assert quoted(story, 400.0).trade() == engine.book.trades["T1"]
