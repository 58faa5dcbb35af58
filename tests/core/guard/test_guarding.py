"""From an accepted price to the decision to leave, and what becomes of a trade past its stop."""

from decimal import Decimal

import pytest

from tests.playbook import Playbook, a_trade, rules
from tradebot.core.events import (
    BreakevenReached,
    ExitDecided,
    PastStopFound,
    TrailActivated,
)
from tradebot.core.guard.trades import PriceSource, Reason, Status
from tradebot.core.inputs import ClockSet, Timer, UpdateTrade
from tradebot.core.words.levels import Level, Unit

# Deciding.


def test_a_decision_tells_all_that_made_it():
    story = Playbook(a_trade(stop="9pts", trail="5pts", breakeven="2pts")) >> 806 >> 800.95
    decided = story.events(ExitDecided)[0]
    assert (decided.reason, decided.level, decided.ltp) == (Reason.TRAIL, 801, 800.95)
    assert (decided.exit, decided.quantity, decided.entry) == (1, 10, 800)
    assert (decided.best_price, decided.seq) == (806, 2)
    assert decided.tick_at_ns == decided.received_ns == decided.at_ns == story.now_ns
    assert [str(candidate.reason) for candidate in decided.candidates] == [
        "stop",
        "breakeven",
        "trail",
    ]


def test_a_decision_without_a_price_says_so():
    decided = (Playbook(a_trade(after="10s")) >> "10s").events(ExitDecided)[0]
    assert (decided.ltp, decided.tick_at_ns, decided.received_ns) == (None, None, None)
    assert (decided.level, decided.best_price) == (None, None)


def test_trades_that_one_price_ends_are_left_in_the_order_of_their_creation():
    story = Playbook(*[a_trade(stop=f"{n}pts") for n in (3, 1, 2)], broker=False) >> 800 >> 796
    assert [said.trade_id for said in story.events(ExitDecided)] == ["T1", "T2", "T3"]


def test_the_second_tick_of_one_moment_decides_nothing_more():
    """OA 932: two ticks in one turn of the loop."""
    story = Playbook(a_trade(stop="5pts"), broker=False) >> 795 << "stop @ 795"
    story.process(story.tick(794))
    story.process(story.tick(790))
    assert story << None
    assert story.orders == []  # the net is read first: nobody has told us of the position


def test_what_a_price_switches_on_is_told_once():
    story = Playbook(a_trade(trail="5pts", activation="3pts", breakeven="4pts", lock="1pts"))
    assert story >> 802 >> 803 >> 804 >> 805 >> 806
    assert [(said.ltp, said.level) for said in story.events(TrailActivated)] == [(803, 798)]
    assert [(said.ltp, said.level) for said in story.events(BreakevenReached)] == [(804, 801)]


def test_targets_take_their_parts_and_stops_guard_what_is_left():
    story = Playbook(a_trade(stop="5pts", target=[("2pts", "3"), ("4pts", "3"), ("6pts", None)]))
    assert story >> 802 << "target @ 802 for 3"
    assert story >> 804 << "target @ 804 for 3"
    assert story >> "5s" >> 800 >> 795 << "stop @ 795 for 4"
    assert (story >> "5s").trade().status is Status.CLOSED


def test_trades_are_guarded_by_the_price_that_confirms_the_jump_in_which_they_came():
    story = Playbook(a_trade(stop="50pts"), broker=False) >> 800 >> 740
    story.create(a_trade(entry="745", stop="1pts"))
    assert story >> 745 << "stop @ 750"  # the jump to 740 was true, and before its time
    assert story.trade("T2").status is Status.ACTIVE
    assert story >> 744 << "stop @ 744"


def test_a_gap_through_several_targets_takes_them_all_at_once():
    story = Playbook(a_trade(target=[("2pts", "3"), ("4pts", "30")])) >> 805
    assert story << ["target @ 802 for 3", "target @ 804 for 7"]
    assert story.trade().status is Status.TRIGGERED


def test_a_deadline_of_a_trade_that_has_left_or_changed_wakes_nobody():
    story = Playbook(a_trade(after="10s"), a_trade(after="10s", stop="5pts"), a_trade(after="10s"))
    assert story >> 801 >> 796 >> 795 << "stop @ 795"
    story.process(UpdateTrade(trade_id="T3", rules=rules(after="1m"), at_ns=story.now_ns))
    story.book.deadlines.append((0, 99, "T99"))
    assert story >> "10s" << "time"
    assert story.events(ExitDecided)[-1].trade_id == "T1"


def test_deadlines_are_left_in_their_order():
    story = Playbook(a_trade(after="20s"), a_trade(after="10s"))
    story.process(Timer(story.now_ns + 10**12))
    assert [said.trade_id for said in story.events(ExitDecided)] == ["T2", "T1"]


# A partly filled entry.


def entered(*, quantity, **words):
    """A trade of which the entry order has filled so much, and may fill more."""
    return entry(Playbook(broker=False).create(a_trade(order_id="E1", **words)), quantity)


def entry(story, quantity):
    return story.fill(None, quantity, side="BUY", order_id="E1")


def test_a_target_waits_for_what_the_entry_still_brings():
    story = entered(target=[("5pts", "5"), ("9pts", "5")], quantity="3") >> 805
    story.fill("T1-x1", "3") >> 810 >> 810.5
    assert len(story.events(ExitDecided)) == 1
    assert entry(story, "4") >> 806 << ["target @ 805 for 3"] >> 809 << "target @ 809 for 4"


def test_a_stop_with_nothing_entered_yet_is_kept_for_what_comes():
    story = entered(stop="5pts", target=[("5pts", "5")], quantity="3") >> 805
    story.fill("T1-x1", "3") >> 800 >> 795
    assert story.trade().status is Status.TRIGGERED
    assert story.orders == ["T1-x1 SELL 3"]
    assert entry(story, "2").orders[-1] == "T1-x2 SELL 2"


def test_two_targets_that_one_price_reaches_share_what_has_entered():
    story = entered(target=[("2pts", "5"), ("4pts", "5")], quantity="3") >> 805
    assert story << "target @ 802"
    assert story.trade().targets_done == 1


# Price sources.


def richer(story, ltp, bid, ask):
    story >> "1s"
    story.process(story.tick(ltp, bid=bid, ask=ask))
    return story


@pytest.mark.parametrize(
    ("source", "side", "tick", "decided"),
    [
        ("last", "LONG", (800, 790, 810), None),
        ("exit_side", "LONG", (800, 795, 810), "stop @ 795"),
        ("exit_side", "SHORT", (800, 790, 805), "stop @ 805"),
        ("exit_side", "LONG", (795, None, 810), "stop @ 795"),
        ("mid", "LONG", (800, 790, 800), "stop @ 795"),
        ("mid", "LONG", (795, 790, None), "stop @ 795"),
        ("mid", "LONG", (795, None, 805), "stop @ 795"),
        # Sides that cannot be true fall back to the last price.
        ("exit_side", "LONG", (800, 0, 810), None),
        ("exit_side", "LONG", (800, float("nan"), 810), None),
        ("exit_side", "LONG", (800, 700, 810), None),
        ("mid", "LONG", (800, float("-inf"), float("inf")), None),
    ],
)
def test_a_trade_is_judged_by_the_price_that_it_asked_for(source, side, tick, decided):
    story = Playbook(a_trade(stop="5pts", side=side, price_source=source))
    assert richer(story >> 800, *tick) << decided
    if decided:
        assert story.events(ExitDecided)[0].source == PriceSource(source)


# Past its own stop.


def test_a_position_beyond_its_stop_is_left_by_the_next_price():
    assert Playbook(a_trade(stop="@805")) << None >> 801 << "stop @ 805"


@pytest.mark.parametrize("when", ["the price is known", "the price is to come"])
def test_who_asked_to_be_asked_is_told_and_stays_unguarded(when):
    request = a_trade(stop="@805", past_stop="ask")
    if when == "the price is known":
        story = (Playbook(a_trade()) >> 801).create(request)
    else:
        story = Playbook(a_trade(), request)
        assert story.events(PastStopFound) == []
        assert story >> 801
    found = story.events(PastStopFound)
    assert [(said.trade_id, said.ltp, said.stop, said.answer) for said in found] == [
        ("T2", 801, 805, "ask")
    ]
    assert story >> 795 >> 790 << None
    assert story.trade("T2").unguarded
    assert story.restarted() >> 789 << None


def test_an_edit_guards_an_unguarded_trade_again():
    story = Playbook(a_trade(stop="@805", past_stop="ask")) >> 801
    update = UpdateTrade(trade_id="T1", rules=rules(stop="@799"), at_ns=story.now_ns)
    assert story >> update >> 800 << None >> 799 << "stop @ 799"


def test_an_edit_beyond_the_price_asks_again():
    story = Playbook(a_trade(stop="@790", past_stop="ask")) >> 801
    assert not story.trade().unguarded
    assert story >> UpdateTrade(trade_id="T1", rules=rules(stop="@802"), at_ns=story.now_ns)
    assert story.trade().unguarded


@pytest.mark.parametrize("past_stop", ["ask", "from_here"])
def test_what_is_not_past_its_stop_is_simply_guarded(past_stop):
    for words in ({"stop": "5pts"}, {}):
        story = Playbook(a_trade(past_stop=past_stop, **words)) >> 798
        assert (story.trade().armed, story.events(PastStopFound)) == (True, [])
    assert Playbook(a_trade(past_stop=past_stop, stop="5pts")) >> 798 >> 795 << "stop @ 795"


@pytest.mark.parametrize(
    ("side", "stop", "price", "moved"),
    [
        ("LONG", "5pts", 790, "@785"),
        ("LONG", "1%", 790, "@782"),
        ("SHORT", "5pts", 808, "@813"),
        ("LONG", "@1.5", 1, "@0"),  # a stop below zero would be none
    ],
)
def test_from_here_sets_the_stop_at_its_distance_from_the_price(side, stop, price, moved):
    story = Playbook(a_trade(side=side, stop=stop, past_stop="from_here")) >> price
    assert story << None
    assert str(story.trade().rules.stop) in (moved, f"{moved}.00")


def test_from_here_restarts_a_trail_that_is_passed():
    story = Playbook(a_trade(trail="5pts", past_stop="from_here")) >> 794 << None
    assert story.trade().marks.best_price == 794
    assert story >> 797 >> 792.5 << None >> 792 << "trail @ 792"


def test_from_here_never_loosens_a_stop_that_is_not_passed():
    story = Playbook(a_trade(stop="9pts", trail="5pts", past_stop="from_here")) >> 794
    assert story.trade().rules.stop == Level(Unit.POINTS, Decimal(9))
    assert story.trade().marks.best_price == 794
    story = Playbook(a_trade(stop="@799", trail="20pts", past_stop="from_here")) >> 795
    assert story.trade().marks.best_price == 800
    assert story >> 794.5 << None >> 794 << "stop @ 794"


def test_from_here_lets_a_break_even_that_is_passed_come_again():
    story = Playbook(a_trade(breakeven="2pts", past_stop="from_here")) >> 800.5 >> 803
    edit = UpdateTrade(trade_id="T1", rules=rules(breakeven="2pts", lock="0pts"), at_ns=1)
    assert story.trade().marks.breakeven_done
    story.book.lines["NSE:SBIN"].gate.ltp = 799.0  # as after a gap that no tick has shown
    assert story >> edit << None
    assert not story.trade().marks.breakeven_done
    assert story >> 798 << None >> 802 >> 800 << "breakeven @ 800"


def test_past_stop_is_answered_by_the_price_that_the_trade_is_judged_by():
    story = richer(Playbook(a_trade()), 800, 797, 803)
    story.create(a_trade(stop="@798", past_stop="ask", price_source="exit_side"))
    assert story.trade("T2").unguarded


# A jump that is held when a trade comes.


def test_a_trade_that_comes_while_a_jump_is_held_is_not_judged_by_it():
    story = Playbook(a_trade(stop="50pts")) >> 800 >> 900 << None
    story.create(a_trade(target="50pts"))
    assert story >> 840 << None  # neither near 800 nor near 900: doubt goes on
    assert story >> 841 << None
    assert story >> 848 << None >> 850 << "target @ 850"


def test_a_trail_that_is_judged_by_bids_rises_with_them():
    story = richer(Playbook(a_trade(trail="5pts", price_source="exit_side")), 800, 800, 801)
    assert richer(story, 804, 803, 804) << None
    assert richer(story, 804, 798.05, 804) << None
    assert richer(story, 804, 798, 804) << "trail @ 798"


# A clock that was set.


@pytest.mark.parametrize(
    ("skew_s", "left_s"), [(0, 7200), (3600, 3600), (10_800, 60), (-3600, 10_800)]
)
def test_a_time_of_day_follows_the_clock_and_never_leaves_within_a_minute_of_its_step(
    skew_s, left_s
):
    story = Playbook(a_trade(stop="5pts"), a_trade(at="10:53"))
    assert story.trade("T2").deadline_ns == story.now_ns + 7180 * 10**9
    story.process(ClockSet(skew_ns=(skew_s - 20) * 10**9, at_ns=story.now_ns))
    assert story.trade("T2").deadline_ns == story.now_ns + left_s * 10**9
    assert story.trade("T1").deadline_ns is None
