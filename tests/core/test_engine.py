"""One input in, intents and events out."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest

from tests.core.found_stories import FoundStory
from tests.playbook import KEY, SBIN, START_NS, Playbook, a_trade, rules
from tradebot.core.engine import NOTHING, Engine
from tradebot.core.events import (
    FeedBroke,
    FeedCame,
    InstrumentBlind,
    InstrumentSeen,
    PriceDropped,
    PriceHeld,
    PriceResolved,
)
from tradebot.core.guard.trades import Rules, Status
from tradebot.core.inputs import (
    BookReply,
    ClockSet,
    ExitTrade,
    FeedState,
    InstrumentsLoaded,
    OrderSide,
    PolicyChanged,
    QuoteReply,
    Reconcile,
    Timer,
    UpdateTrade,
)
from tradebot.core.intents import AskQuote, ReadAccount, ReadBook, ReadPosition, Subscribe
from tradebot.core.market.sessions import Session
from tradebot.core.policy import AdoptPolicy, Answer, ExitPolicy, ManualAdd, Policy

SECOND = 10**9
LIVE = Policy(stale_after_ns=10 * SECOND)
INDIA = msgspec.structs.replace(
    LIVE,
    sessions={
        "NSE": Session(zone="Asia/Kolkata", open_minutes=9 * 60 + 15, close_minutes=15 * 60 + 30)
    },
)


def live(*trades, policy=LIVE):
    return Playbook(*(trades or (a_trade(stop="9pts"),)), policy=policy)


def quote(story, ltp, at_ns=None):
    """Answer the question for a price."""
    now = story.now_ns
    reply = QuoteReply(
        instrument="NSE:SBIN", ltp=ltp, at_ns=now if at_ns is None else at_ns, received_ns=now
    )
    return story >> reply


def test_trail_follows_the_high_water_mark_and_never_falls_back():
    assert (
        Playbook(a_trade(trail="5pts"))
        >> 801
        << None
        >> 806
        << None
        >> 802
        << None
        >> 801
        << "trail @ 801"
    )


def test_a_tick_of_what_nobody_guards_is_nothing():
    story = Playbook()
    assert story.process(story.tick(800)) == list(NOTHING)
    assert story.book.lines == {}


def test_a_tick_between_all_levels_is_nothing_and_its_price_is_known():
    story = Playbook(a_trade(stop="5pts")) >> 800
    assert story.process(story.tick(801, bid=800.5, ask=801.5)) == list(NOTHING)
    line = story.book.lines["NSE:SBIN"]
    assert (line.ltp, line.bid, line.ask, line.seq) == (801, 800.5, 801.5, 2)
    assert not story.book.is_dirty()


def test_how_far_the_ticks_have_come_is_kept_for_the_records():
    engine = Engine(Policy())
    engine.hear(Playbook().tick(1, seq=7, at_ns=9))
    assert engine.book.drain()[-1] == msgspec.convert(
        {"type": "heard", "seq": 7, "at_ns": 9}, type(engine.book.drain()[-1])
    )


def test_the_next_deadline_is_the_earliest():
    assert Playbook().engine.next_deadline_ns() is None
    story = Playbook(a_trade(after="20s"), a_trade(after="10s"))
    assert story.engine.next_deadline_ns() == START_NS + 10 * SECOND


# Prices that are not just the next one.


@pytest.mark.parametrize(
    ("ltp", "why"),
    [
        (0, "not a positive number"),
        (-801, "not a positive number"),
        (float("nan"), "not a positive number"),
        (float("inf"), "not a positive number"),
        (700, "beyond what is possible here: 759.975 to inf"),
    ],
)
def test_an_impossible_price_never_triggers_and_is_told(ltp, why):
    story = Playbook(a_trade(stop="5pts"), instruments=())
    story >> InstrumentsLoaded((msgspec.structs.replace(SBIN, price_low=Decimal(760)),))
    assert story >> 800 >> ltp << None
    dropped = story.events(PriceDropped)[0]
    assert dropped.count == 1
    assert dropped.why.split(" to ")[0] == why.split(" to ")[0]
    assert story.book.lines["NSE:SBIN"].ltp == 800


def test_a_flood_of_bad_prices_is_told_ever_less_often():
    story = Playbook(a_trade()) >> 800
    for _ in range(100):
        story.process(story.tick(0))
    assert [said.count for said in story.events(PriceDropped)] == [1, 2, 4, 8, 16, 32, 64]


def test_a_price_that_is_older_than_the_last_is_dropped():
    story = Playbook(a_trade(stop="5pts")) >> 800
    story.process(story.tick(795, at_ns=story.now_ns - 1))
    assert story << None


def test_a_jump_waits_for_the_next_price_and_another_source_is_asked():
    story = Playbook(a_trade(stop="5pts")) >> 800 >> 780 << None
    held = story.events(PriceHeld)[0]
    assert (held.ltp, held.before) == (780, 800)
    assert len(story.wants(AskQuote)) == 1
    assert story >> 781 << "stop @ 795"
    resolved = story.events(PriceResolved)[0]
    assert (resolved.ltp, resolved.by, resolved.confirmed) == (780, 781, True)


def test_a_lone_wrong_print_does_nothing():
    story = Playbook(a_trade(stop="5pts")) >> 800 >> 780 >> 800.5 << None
    assert not story.events(PriceResolved)[0].confirmed


def test_a_jump_where_nothing_is_guarded_asks_nobody():
    story = Playbook(a_trade(after="1s")) >> 800 >> "10s" >> 800 >> 900
    assert len(story.events(PriceHeld)) == 1
    assert story.wants(AskQuote) == []


def test_the_other_source_decides_about_a_jump():
    story = Playbook(a_trade(stop="5pts")) >> 800 >> 780
    assert quote(story, 779.5) << "stop @ 795"
    story = Playbook(a_trade(stop="5pts")) >> 800 >> 780
    assert quote(story, 800.0) >> 799 << None
    assert not story.events(PriceResolved)[0].confirmed


def test_who_comes_while_a_jump_is_held_is_guarded_from_the_next_price_on():
    story = Playbook(a_trade(stop="50pts")) >> 800 >> 900
    assert story.create(a_trade(stop="50pts")).book.lines["NSE:SBIN"].waiting == {"T2"}
    assert story >> 840  # neither near 800 nor near 900
    assert story.book.lines["NSE:SBIN"].waiting == set()


def test_a_session_that_begins_far_from_the_close_is_not_judged_before_the_exchange_is_asked():
    story = Playbook(policy=INDIA)
    story.now_ns = at("2026-01-22T15:29:58+05:30")
    story.create(msgspec.structs.replace(a_trade(stop="6%"), product="CNC")) >> 800 >> "1m"
    story.now_ns = at("2026-01-23T09:15:01+05:30")
    assert story >> 700 << None
    assert story >> "4s" << "stop @ 752"  # nobody has answered


# Silence.


def test_silence_is_told_counted_and_asked_about():
    story = live() >> 800 >> "10s"
    assert story.events(InstrumentBlind) == []
    story >> "2s"
    blind = story.events(InstrumentBlind)[0]
    assert blind.age_ns == 10.5 * SECOND
    assert len(story.wants(AskQuote)) == 1  # and not again before an answer
    assert quote(story, None) >> "1s"
    assert len(story.wants(AskQuote)) == 2
    assert quote(story, 800.0) >> "1s"  # an old price is no new price
    assert len(story.wants(AskQuote)) == 3
    assert story >> 802
    assert story.events(InstrumentSeen)[0].blind_ns == 5 * SECOND
    assert story.book.lines["NSE:SBIN"].blind_ns == 5 * SECOND
    assert len(story.events(InstrumentBlind)) == 1


def test_the_first_price_after_a_silence_is_judged_as_it_is():
    story = live() >> 800 >> "30s" >> 700 << "stop @ 791"
    assert story.events(PriceHeld) == []


def test_a_polled_price_sees_for_a_blind_instrument():
    story = live() >> 800 >> "30s"
    assert quote(story, 790.0, at_ns=0) << "stop @ 791"
    assert story.events(InstrumentSeen)


def test_a_quote_for_what_nobody_guards_is_nothing():
    assert quote(Playbook(), 800.0).said == []


def test_a_feed_that_breaks_lets_the_next_silence_ask_again():
    story = live() >> 800 >> "12s"
    story >> FeedState(up=True, at_ns=story.now_ns) >> "1s"
    assert story.events(FeedBroke) == []
    assert len(story.events(FeedCame)) == 1
    assert len(story.wants(AskQuote)) == 1
    story >> FeedState(up=False, at_ns=story.now_ns, why="the recording has ended") >> "1s"
    assert story.events(FeedBroke)[0].why == "the recording has ended"
    assert len(story.wants(AskQuote)) == 2


def test_a_recordings_silence_is_no_fault():
    assert (Playbook(a_trade()) >> 800 >> "1h").events(InstrumentBlind) == []


def test_what_nobody_guards_is_not_blind():
    story = live(a_trade(after="1s")) >> 800 >> "1m"
    assert story.events(InstrumentBlind) == []


def at(text):
    return int(dt.datetime.fromisoformat(text).timestamp()) * SECOND


def test_a_night_is_no_silence():
    story = Playbook(policy=INDIA)
    story.now_ns = at("2026-01-22T15:29:58+05:30")
    story.create(a_trade(stop="9pts")) >> 800 >> "1m"
    assert story.events(InstrumentBlind) == []
    story.now_ns = at("2026-01-23T09:14:59+05:30")
    assert story >> "10s"
    assert story.events(InstrumentBlind) == []
    assert story >> "2s"
    assert story.events(InstrumentBlind)[0].age_ns <= 11 * SECOND
    assert story >> 801
    assert story.events(InstrumentSeen)[0].blind_ns <= 5 * SECOND


def test_blindness_ends_with_the_session():
    story = Playbook(policy=INDIA)
    story.now_ns = at("2026-01-22T15:29:40+05:30")
    story.create(a_trade(stop="9pts")) >> 800 >> "10m"
    line = story.book.lines["NSE:SBIN"]
    assert len(story.events(InstrumentBlind)) == 1
    assert line.blind_since_ns is None
    assert line.blind_ns == 9 * SECOND
    story.now_ns = at("2026-01-23T09:15:05+05:30")
    assert story >> 700 << "stop @ 791"  # a gap over night is no jump
    assert story.events(InstrumentSeen) == []


# What is not a price goes to its room.


def test_executions_and_reports_are_of_exits_or_of_others():
    story = Playbook(broker=False)
    bought = story.execution(None, "10", side="BUY", order_id="E1", execution_id="X1")
    assert story >> bought >> bought >> story.report(None, "complete", "10", order_id="E1")
    story.create(a_trade(order_id="E1", stop="5pts"))
    assert story.trade().filled == 10
    assert story >> 795
    sold = story.execution("T1-x1", "4", "795")
    assert story >> sold >> sold >> story.report("T1-x1", "open", "4")
    assert story >> story.query_reply("T1-x1", state="cancelled", filled="4")
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 6"]
    story.process(ExitTrade(trade_id="T1", at_ns=0))
    story.process(UpdateTrade(trade_id="T9", rules=Rules(), at_ns=0))
    assert story >> story.net("0") << "stop @ 795"


def test_a_fill_of_an_entry_is_not_also_added_to_an_adopted_trade():
    story = FoundStory(existing=Answer.GUARD, manual_add=ManualAdd.IGNORE).holds("10") >> "20s"
    story.bought("5", net="15", average="800")
    adopt = AdoptPolicy(account="A1", manual_add=ManualAdd.GUARD)
    story >> PolicyChanged(msgspec.structs.replace(story.policy, adopt=adopt))
    story.create(a_trade(order_id="E1", stop="5pts"))
    story.fill(None, "4", side="BUY", order_id="E1")
    assert [trade.filled for trade in story.book.trades.values()] == [10, 4]


def test_a_comparison_that_is_asked_for_reads_what_is_guarded_and_the_account():
    story = FoundStory(a_trade(stop="5pts"))
    story.is_silent = True
    before = len(story.wanted)
    assert story >> Reconcile(START_NS)
    assert [ReadPosition(key=KEY), ReadAccount(account="A1")] == [
        intent for intent in story.wanted[before:] if not isinstance(intent, ReadBook)
    ]


def test_a_restart_says_what_it_wants():
    story = Playbook(a_trade(stop="5pts"), broker=False).restarted()
    assert story.wants(Subscribe) == [Subscribe("NSE:SBIN")] * 2


# Settings.


def test_new_settings_of_prices_hold_from_the_next_price_on():
    story = live() >> 800
    story >> PolicyChanged(msgspec.structs.replace(LIVE, holds_jumps=False))
    assert story >> 780 << "stop @ 791"


def test_new_settings_do_not_make_a_jump_true():
    story = live() >> 800 >> PolicyChanged(LIVE) >> 780 << None
    assert story.events(PriceHeld)


def test_new_sessions_hold_from_the_next_timer_on():
    story = live() >> 800 >> "11s"
    assert len(story.events(InstrumentBlind)) == 1
    closed = Session(open_minutes=0, close_minutes=1)
    (
        story
        >> PolicyChanged(msgspec.structs.replace(LIVE, sessions={"NSE": closed}))
        >> Timer(story.now_ns)
    )
    assert story.book.lines["NSE:SBIN"].blind_since_ns is None


def test_a_clock_that_is_set_moves_the_session_and_settings_that_change_leave_it_there():
    begins = START_NS // 10**9 % 86_400 // 60  # the minute in which the story begins
    later = Session(open_minutes=begins + 60, close_minutes=begins + 120)
    policy = msgspec.structs.replace(LIVE, sessions={"NSE": later})
    story = Playbook(a_trade(stop="9pts"), policy=policy) >> 780 << None
    story >> ClockSet(skew_ns=3600 * 10**9, at_ns=story.now_ns)
    story >> PolicyChanged(policy)
    assert story >> 780 << "stop @ 791"


def test_instruments_that_are_not_guarded_are_kept_for_when_they_are():
    story = Playbook(instruments=(msgspec.structs.replace(SBIN, tick_size=Decimal(1)),))
    assert story.create(a_trade(stop="1.5pts")).book.levels["T1"].stop == 799


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SBIN", "cash"),
        ("NIFTY28MAR2420800CE", "option"),
        ("NIFTY28MAR24FUT", "future"),
        ("BTCPERP", "perpetual"),
    ],
)
def test_what_no_list_describes_is_guessed_by_its_name(name, kind):
    story = Playbook(a_trade(symbol=name), instruments=())
    assert story.book.instruments[f"NSE:{name}"].kind == kind


def test_an_index_of_what_has_left_is_tidied_when_there_is_time():
    story = Playbook(a_trade(stop="5pts"), a_trade(stop="50pts"), broker=False)
    assert not story.engine.tidy()
    for _ in range(100):
        story >> UpdateTrade(trade_id="T2", rules=rules(stop="60pts"), at_ns=story.now_ns)
    assert story.engine.tidy()
    assert not story.engine.tidy()
    assert story >> 796 << None >> 795 << "stop @ 795"


def test_an_order_book_is_taken_in_row_by_row_where_it_is_whole():
    policy = Policy(exits=ExitPolicy(tagged=False))
    story = Playbook(policy=policy, broker=False).create(a_trade(order_id="E1", stop="5pts"))
    row = story.report(None, "cancelled", order_id="E1", side=OrderSide.BUY)
    story.process(BookReply(orders=(), at_ns=story.now_ns))  # nothing there: not believed yet
    assert story.trade().status is Status.PENDING
    story.process(BookReply(orders=(row,), at_ns=story.now_ns))
    assert story.trade().status is Status.NEVER_FILLED


def test_a_late_execution_that_a_correction_may_have_held_makes_the_net_unknown():
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="E1", ago="15s")
    story.create(a_trade(stop="5pts")).restarted().reads("4", "4", "4")
    before = len(story.wants(ReadPosition))
    story.fill(None, "6", order_id="B2", ago="5s")
    assert len(story.wants(ReadPosition)) == before + 1
    assert (story >> 795).orders == []
