"""Guarded and unguarded units are all that is open, and the seconds between are counted."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest

from tests.fault_run import guarded_quantity
from tests.playbook import START_NS, Playbook, a_trade, rules
from tests.unkind_world import SECOND_NS
from tradebot.core.account import freezing
from tradebot.core.guard import covering
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.inputs import (
    Acked,
    ExitTrade,
    HaltTrading,
    InstrumentsLoaded,
    PolicyChanged,
    Release,
    UpdateTrade,
)
from tradebot.core.leaving.halt import Form
from tradebot.core.market.instruments import Instrument
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Policy

HOUR_NS = 3_600 * SECOND_NS
WATCHED = Policy(stale_after_ns=10 * SECOND_NS)
# START_NS is a Thursday, 08:53:20 UTC.
DAYS = Policy(
    stale_after_ns=10 * SECOND_NS,
    sessions={
        "NSE": Session(open_minutes=8 * 60, close_minutes=9 * 60, weekdays=frozenset({3, 4}))
    },
)
FIRST, SECOND = "2025-10-09", "2025-10-10"


def unguarded(story, trade_id="T1"):
    """Units that nobody guards now, after the promise that the rest is guarded."""
    row = story.book.coverage.trades.get(trade_id)
    quantity = row.quantity if row else Decimal(0)
    trade = story.book.trades.get(trade_id)
    if trade is not None:
        assert guarded_quantity(story.book, trade) + quantity == trade.remaining
    return quantity


def unguarded_s(story, trade_id="T1"):
    return story.book.coverage.unguarded_ns(trade_id, story.now_ns) / SECOND_NS


def blind_s(story, trade_id="T1"):
    return story.book.coverage.blind_ns(trade_id, story.now_ns) / SECOND_NS


def saved(story):
    """What is durable: unguarded and blind seconds, by day and trade."""
    return {
        (day, trade_id): (row.unguarded_ns / SECOND_NS, row.blind_ns / SECOND_NS)
        for (_, trade_id, day), row in story.store.uncovered.items()
        if trade_id
    }


def updated(story, **words):
    story.process(UpdateTrade(trade_id="T1", rules=rules(**words), at_ns=story.now_ns))
    return story


def halted(story, form="everything"):
    story.process(HaltTrading(form=Form(form), why="fear", at_ns=story.now_ns))
    return story


def released(story):
    story.process(Release(why="calm", at_ns=story.now_ns))
    return story


@pytest.mark.parametrize(
    "words",
    [
        {"stop": "1%"},
        {"target": "1%"},
        {"trail": "1%"},
        {"trail": "1%", "activation": "2%"},
        {"breakeven": "1%"},
        {"after": "1h"},
    ],
)
def test_any_rule_guards_all_of_a_trade(words):
    story = Playbook(a_trade(**words))
    assert unguarded(story) == 0
    assert story >> 800 >> "10s"
    assert (unguarded(story), unguarded_s(story)) == (0, 0)
    assert saved(story) == {}


@pytest.mark.parametrize(
    "words",
    [
        {"stop": "200%"},
        {"stop": "1000pts"},
        {"side": "SHORT", "target": "150%"},
    ],
)
def test_a_level_that_no_price_can_reach_guards_nothing(words):
    story = Playbook(a_trade(**words)) >> 800
    assert unguarded(story) == 10
    assert unguarded(updated(story, stop="1%")) == 0


def test_a_trade_without_rules_is_unguarded_until_it_gets_one():
    story = Playbook(a_trade()) >> "10s"
    assert (unguarded(story), unguarded_s(story)) == (10, 10)
    assert unguarded(updated(story, stop="1%") >> "10s") == 0
    assert unguarded_s(story) == 10
    assert unguarded(updated(story)) == 10
    assert unguarded_s(story >> "5s") == 15


def test_after_its_last_target_a_trade_without_a_stop_has_no_rule_left():
    story = Playbook(a_trade(target=[("2pts", "4")])) >> 801
    assert unguarded(story) == 0
    assert story >> 802 << "target @ 802 for 4"
    assert unguarded(story) == 6
    assert unguarded_s(story >> "10s") == 10


def test_a_person_who_is_asked_leaves_it_unguarded():
    story = Playbook(a_trade(stop="5pts", past_stop="ask"))
    assert unguarded(story) == 10  # no price has armed it yet
    assert unguarded(story >> 790) == 10
    assert unguarded(updated(story >> "4s", stop="20pts")) == 0
    assert unguarded_s(story) == 5


def test_what_is_being_left_is_guarded():
    story = Playbook(a_trade())
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns + 3 * SECOND_NS))
    assert unguarded(story) == 0
    assert unguarded_s(story) == 3


def test_each_part_of_an_entry_is_open_when_it_fills():
    story = Playbook(a_trade(order_id="E1"), broker=False)
    assert unguarded(story) == 0
    assert unguarded_s(story >> "10s") == 0
    story.fill(None, "4", side="BUY", order_id="E1")
    assert unguarded(story) == 4
    story.fill(None, "3", side="BUY", order_id="E1")
    assert unguarded(story) == 7
    assert unguarded_s(story >> "1s") == 1


def test_while_nothing_is_sent_nothing_is_guarded():
    story = halted(Playbook(a_trade(stop="5pts"), a_trade(), a_trade(order_id="E9", stop="1%")))
    assert [unguarded(story, f"T{n}") for n in (1, 2, 3)] == [10, 10, 0]
    assert story >> 795 << "stop @ 795"  # decided, and not sent
    assert unguarded(story) == 10
    assert story >> "9s"
    released(story)
    assert [unguarded(story, f"T{n}") for n in (1, 2)] == [0, 10]
    assert story >> "5s"
    assert (unguarded_s(story), unguarded_s(story, "T2")) == (10, 15)


@pytest.mark.parametrize("form", ["entries", "flatten"])
def test_the_milder_halts_leave_trades_guarded(form):
    assert unguarded(halted(Playbook(a_trade(stop="5pts")), form)) == 0


def test_new_ticks_of_an_instrument_change_nothing_that_is_guarded():
    story = Playbook(a_trade(stop="5pts")) >> 800
    coarse = Instrument(exchange="NSE", symbol="SBIN", tick_size=Decimal(1))
    story.process(InstrumentsLoaded((coarse,)))
    assert unguarded(story) == 0


def test_a_trade_that_ends_keeps_its_last_figures():
    story = Playbook(a_trade()) >> "10s"
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    assert story >> "5s"
    assert not story.book.trades
    assert (unguarded(story), unguarded_s(story)) == (0, 10)
    assert saved(story) == {(FIRST, "T1"): (10, 0)}
    assert story.book.coverage.trades["T1"].is_over


def test_of_a_trade_that_was_watched_all_the_time_nothing_is_kept():
    story = Playbook(a_trade(stop="1%")) >> "10s"
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    assert story >> "5s"
    assert not story.book.trades
    assert saved(story) == {}
    assert story.book.coverage.open == {}


def test_what_ended_before_the_close_is_not_of_the_next_day():
    story = Playbook(a_trade(), policy=DAYS) >> "10s"
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    assert story >> "10m"
    assert story.book.coverage.trades == {}
    assert saved(story) == {(FIRST, "T1"): (10, 0)}


def test_a_silence_is_blind_time_of_every_trade_on_the_instrument():
    story = Playbook(a_trade(stop="1%"), a_trade(stop="1%"), policy=WATCHED) >> 800
    assert story >> "15s"
    assert [round(blind_s(story, name), 1) for name in ("T1", "T2")] == [5, 5]
    story.create(a_trade(stop="1%"))  # what was before it is not its own
    assert story >> "5s"
    assert [round(blind_s(story, name), 1) for name in ("T1", "T2", "T3")] == [10, 10, 5]
    assert story >> 800 >> "5s"
    # The price came after one second more, and the next timer half a second later.
    assert [blind_s(story, name) for name in ("T1", "T2", "T3")] == [11.5, 11.5, 6.5]
    assert unguarded_s(story) == 0


def test_a_trade_that_ends_keeps_its_blind_time():
    story = Playbook(a_trade(stop="1%"), a_trade(stop="1%"), policy=WATCHED) >> 800
    assert story >> "15s"
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    assert story >> "5s"
    assert "T1" not in story.book.trades
    kept = blind_s(story)
    assert 5 <= kept <= 7
    assert story >> "30s"
    assert blind_s(story) == kept
    assert saved(story)[FIRST, "T1"] == (0, kept)
    assert blind_s(story, "T2") == 40


def test_an_instrument_without_trades_is_not_blind():
    story = Playbook(a_trade(stop="1%"), policy=WATCHED) >> 800
    assert story >> "15s"
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    assert story >> "30s"
    assert story.book.coverage.lines["NSE:SBIN"].blind_since_ns is None


def test_a_trade_whose_entry_brings_more_after_it_left_goes_on_counting():
    story = Playbook(a_trade(order_id="E1", stop="1%"), policy=WATCHED, broker=False)
    story.fill(None, "4", side="BUY", order_id="E1")
    assert story >> 800 >> "15s"
    before = blind_s(story)
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    story.reply("T1-x1", Acked("B1")).fill("T1-x1", "4")
    assert story >> "10s"
    assert blind_s(story) == before
    story.fill(None, "3", side="BUY", order_id="E1")
    assert story >> "5s"
    assert blind_s(story) == before + 5


def test_a_day_ends_with_the_session_and_the_next_begins_empty():
    story = Playbook(a_trade(), a_trade(stop="1%"), policy=DAYS) >> 800
    assert story >> "30s"
    assert (unguarded_s(story), round(blind_s(story), 1)) == (31, 20)
    assert story >> "10m"  # past the close at 09:00
    assert (unguarded(story), unguarded_s(story), blind_s(story)) == (10, 0, 0)
    first = saved(story)
    assert first[FIRST, "T1"] == (400, 389)  # 08:53:20 to 09:00; a price at the first second
    assert first[FIRST, "T2"] == (0, 389)
    story.now_ns = START_NS + 23 * HOUR_NS + 10 * 60 * SECOND_NS  # 08:03:20
    assert story >> "10s"
    assert unguarded_s(story) == 210  # from the open at 08:00
    assert {day for day, _ in saved(story)} == {FIRST, SECOND}


def test_a_blind_time_that_lasts_beyond_midnight_is_of_both_days():
    story = Playbook(a_trade(stop="1%"), policy=WATCHED) >> 800
    assert story >> "1m"
    story.now_ns = START_NS + 16 * HOUR_NS  # past midnight, where no session says otherwise
    assert story >> "10s"
    assert round(blind_s(story)) == 10
    of_first = saved(story)[FIRST, "T1"]
    midnight_ns = 1_760_054_400 * SECOND_NS
    assert of_first == (0, (midnight_ns - START_NS) / SECOND_NS - 11)


def test_a_new_calendar_of_sessions_counts_from_the_next_day_on():
    story = Playbook(a_trade(), policy=WATCHED) >> "10s"
    story.process(PolicyChanged(DAYS))
    assert unguarded_s(story >> "10s") == 20


def test_unguarded_time_goes_on_through_a_death_and_blind_time_ends_with_it():
    story = Playbook(a_trade(), a_trade(stop="1%"), policy=WATCHED) >> 800
    assert story >> "20s"
    story.now_ns += 7 * SECOND_NS
    story.restarted()
    assert unguarded(story) == 10
    assert (unguarded_s(story), round(blind_s(story))) == (28, 17)
    assert story >> "5s"
    assert (unguarded_s(story), round(blind_s(story))) == (33, 17)


def test_a_blind_time_that_ended_before_a_death_is_kept():
    story = Playbook(a_trade(stop="1%"), policy=WATCHED) >> 800 >> "15s" >> 800 >> "1s"
    before = blind_s(story)
    assert blind_s(story.restarted()) == before > 5


def test_a_day_that_ended_while_nobody_lived_is_closed_at_its_close():
    story = Playbook(a_trade(), a_trade(stop="1%"), policy=DAYS) >> 800
    assert story >> "30s"
    story.now_ns += 24 * HOUR_NS
    story.restarted()
    assert saved(story) == {
        (FIRST, "T1"): (400, 389),
        (FIRST, "T2"): (0, 389),
        (SECOND, "T1"): (0, 0),
    }
    assert unguarded(story) == 10
    assert unguarded_s(story >> "5s") == 5


def test_a_trade_that_nobody_has_any_more_stops_counting_at_a_restart():
    story = Playbook(a_trade()) >> "10s"
    del story.store.trades["T1"]  # a backup from before it
    story.restarted()
    assert (unguarded(story), unguarded_s(story)) == (0, 10)


def test_a_quiet_tick_and_a_clock_that_goes_back_count_nothing():
    story = Playbook(a_trade(stop="5pts")) >> 800
    row = story.book.coverage
    story.now_ns -= 5 * SECOND_NS
    before = row.clock_ns
    assert story >> "1s"
    assert row.clock_ns == before
    assert not row.touched


def test_days_are_those_of_the_exchange():
    session = DAYS.sessions["NSE"]
    day, opens_ns, closes_ns = session.day(START_NS)
    assert day == dt.date.fromisoformat(FIRST)
    assert closes_ns - opens_ns == HOUR_NS


def test_rows_survive_a_file():
    story = halted(Playbook(a_trade(), policy=WATCHED)) >> "5s"
    rows = list(story.store.uncovered.values())
    assert rows
    assert msgspec.json.decode(msgspec.json.encode(rows), type=list[Uncovered]) == rows


def test_nothing_guards_what_is_frozen():
    story = Playbook(a_trade(stop="5pts")) >> 801
    trade = story.trade()
    freezing.freeze(story.book, trade.key, "the books contradict each other")
    assert covering.unguarded_quantity(story.book, trade) == 10
    freezing.thaw(story.book, trade.key)
    assert covering.unguarded_quantity(story.book, trade) == 0
