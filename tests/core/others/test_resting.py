"""What a person has resting at the broker, where a trade of ours is left."""

from decimal import Decimal

import pytest

from tests.core.exit_stories import state_of
from tests.core.persons_orders import cancels, guarding, left, policy, target, told
from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.events import (
    CancelAsked,
    ExitHeldBack,
    OrderRests,
    TradeStuck,
)
from tradebot.core.guard.trades import Side, Status
from tradebot.core.inputs import (
    Acked,
    BookReply,
    ExitTrade,
    HaltTrading,
    OrderSide,
    PolicyChanged,
    Refused,
    Release,
    Unknown,
)
from tradebot.core.intents import ReadOrder, ReadPosition
from tradebot.core.leaving.exit import State
from tradebot.core.leaving.halt import Form
from tradebot.core.others import resting
from tradebot.core.policy import ExitPolicy, Persons, Policy

PLAIN = Policy(exits=ExitPolicy(tagged=False, hold_ns=60 * 10**9))


# What leaves, and when.


def test_a_stop_of_a_person_is_cancelled_and_the_exit_leaves_once_the_broker_says_so():
    story = told(guarding()) >> 795
    assert (story.orders, cancels(story)) == ([], ["P1"])
    told(story, state="cancelled")
    assert story.orders == ["T1-x1 SELL 10"]
    assert [(e.quantity, e.resting, e.answer) for e in story.events(ExitHeldBack)] == [
        (10, 10, Persons.ASK)
    ]
    asked = story.events(CancelAsked)[0]
    assert (asked.trade_id, asked.order_id, asked.side, asked.quantity, asked.tries) == (
        *("T1", "P1", OrderSide.SELL),
        *(10, 1),
    )


def test_what_cannot_cross_zero_leaves_at_once():
    story = told(guarding(), quantity="4") >> 795
    assert (story.orders, cancels(story)) == (["T1-x1 SELL 6"], ["P1"])
    story.reply("T1-x1", Acked("B-T1-x1"))
    told(story, state="cancelled", quantity="4")
    story.fill("T1-x1", "6")
    assert story.orders == ["T1-x1 SELL 6", "T1-x2 SELL 4"]


def test_where_nothing_rests_an_exit_leaves_in_the_call_that_decides():
    story = guarding()
    told(story, side=OrderSide.BUY)
    told(story, "P2", key=KEY._replace(symbol="TCS"))
    assert story >> 795
    assert (story.orders, cancels(story)) == (["T1-x1 SELL 10"], [])


def test_what_is_held_beside_the_trade_leaves_room_for_both():
    story = told(guarding(quantity=20)) >> 795
    assert (story.orders, cancels(story)) == (["T1-x1 SELL 10"], [])


def test_no_more_is_cancelled_than_is_needed_and_targets_before_stops():
    story = guarding(quantity=20)
    told(story, "P1")
    target(story, "P2", quantity="4")
    target(story, "P3", quantity="5")
    assert story >> 795
    assert (cancels(story), story.orders) == (["P2", "P3"], ["T1-x1 SELL 1"])


# Fills that race a cancel.


def test_a_fill_that_races_the_cancel_is_a_reduction_by_others():
    story = told(guarding()) >> 795
    story.fill(None, "4", order_id="P1")
    told(story, state="cancelled", filled="4")
    assert story.orders == ["T1-x1 SELL 6"]


def test_what_a_cancelled_order_has_filled_is_waited_for_before_anything_leaves():
    story = told(guarding()) >> 795
    told(story, state="cancelled", filled="4")
    assert story.orders == ["T1-x1 SELL 6"]
    story.reply("T1-x1", Acked("B-T1-x1")).fill("T1-x1", "6") >> "3s"
    assert story.orders == ["T1-x1 SELL 6"]
    assert story.wants(ReadOrder)
    story.fill(None, "4", order_id="P1") >> "1s"
    assert state_of(story) is State.CHECKING
    assert story.flat(40).trade().status is Status.CLOSED_EXTERNAL


def test_fills_that_nobody_lists_hold_an_exit_back_for_a_minute_and_the_net_is_read_then():
    story = told(guarding()) >> 795
    told(story, state="complete", filled="10") >> "58s"
    assert story.orders == []
    reads = len(story.wants(ReadPosition))
    assert story >> "3s"
    assert len(story.wants(ReadPosition)) > reads
    assert story >> "11s"
    assert story.orders == ["T1-x1 SELL 10"]
    told(story, state="complete", filled="10") >> "1s"
    assert story.orders == ["T1-x1 SELL 10"]


# Silence.


def test_a_cancel_of_which_nothing_is_heard_is_asked_for_ever_more_slowly_and_looked_for():
    story = told(guarding()) >> 795
    assert story >> "2m"
    assert len(cancels(story)) == 8  # after 1, 3, 8, 18, 48, 78 and 108 seconds
    assert 55 <= len(story.wants(ReadOrder)) <= 65  # every two seconds
    assert story.orders == []


def test_a_person_is_told_after_five_seconds_and_then_every_minute():
    story = told(guarding()) >> 795 >> "4s"
    assert (story.events(TradeStuck), story.trade().stuck) == ([], False)
    assert story >> "2s"
    assert ["order P1" in stuck.why for stuck in story.events(TradeStuck)] == [True]
    assert story.trade().stuck
    assert story >> "2m"
    assert len(story.events(TradeStuck)) == 3


def test_a_person_is_not_told_of_what_is_over_before_the_next_look():
    story = told(guarding(), quantity="4") >> 795
    story.reply("T1-x1", Unknown("timeout"))
    told(story, state="cancelled", quantity="4")
    story >> story.query_reply("T1-x1", state="rejected") >> "20s"
    assert not any("in its way" in stuck.why for stuck in story.events(TradeStuck))


def test_their_stop_is_waited_for_as_long_as_it_may_live():
    story = told(guarding()) >> 795 >> "10m"
    assert story.orders == []
    assert told(story, state="cancelled").orders == ["T1-x1 SELL 10"]


def test_a_target_is_waited_for_fifteen_seconds_and_a_person_is_told():
    story = target(guarding()) >> 795 >> "14s"
    assert story.orders == []
    assert story >> "5s"
    assert story.orders == ["T1-x1 SELL 10"]
    assert any("waits for it no longer" in stuck.why for stuck in story.events(TradeStuck))
    asked = len(cancels(story))
    assert story >> "40s"
    assert len(cancels(story)) > asked


def test_a_target_that_the_price_has_reached_is_waited_for():
    story = target(guarding("ask", 10, a_trade(target="@830")), price="830") >> 800 >> 808
    story >> 815 >> 822 >> 829 >> 830 >> "1m"
    assert story.orders == []


def test_a_target_that_was_waited_for_no_longer_counts_again_once_it_has_filled():
    story = target(guarding("ask", 10, a_trade(quantity="4", stop="5pts"), a_trade(quantity="6")))
    assert story >> 795 >> "20s"
    assert story.orders == ["T1-x1 SELL 4"]
    story.reply("T1-x1", Refused("margin"))
    target(story, state="complete", filled="10")  # its executions are on their way
    story.process(ExitTrade(trade_id="T2", at_ns=story.now_ns))
    assert story >> "5s"
    assert story.orders == ["T1-x1 SELL 4"]


def test_a_target_of_which_the_broker_says_that_it_has_filled_counts_again():
    story = target(guarding()) >> 795
    target(story, state="complete", filled="10") >> "20s"
    assert story.orders == []


def test_nothing_is_cancelled_while_everything_is_halted():
    story = told(guarding())
    story.process(HaltTrading(form=Form.FLATTEN, why="out", at_ns=story.now_ns))
    assert len(cancels(story)) == 1
    story.process(HaltTrading(form=Form.EVERYTHING, why="stop", at_ns=story.now_ns))
    assert story >> "30s"
    assert len(cancels(story)) == 1


def test_what_rests_where_nothing_is_left_is_named_under_a_halt_and_cancelled_after_it():
    story = told(guarding() >> 795)
    story.process(HaltTrading(form=Form.EVERYTHING, why="stop", at_ns=story.now_ns))
    assert cancels(left(story) >> "30s") == []
    assert [rests.net for rests in story.events(OrderRests)] == [0]
    story.process(Release(why="on", at_ns=story.now_ns))
    assert cancels(story >> "2s") == ["P1"]


def test_what_could_not_be_cancelled_under_a_halt_is_waited_for_anew_after_it():
    story = target(guarding()) >> 795
    assert len(cancels(story)) == 1
    story.process(HaltTrading(form=Form.EVERYTHING, why="stop", at_ns=story.now_ns))
    story >> "1m"
    story.process(Release(why="on", at_ns=story.now_ns))
    assert (len(cancels(story)), story.orders) == (2, [])
    assert (story >> "20s").orders == ["T1-x1 SELL 10"]


# What works, and what only looks like it.


@pytest.mark.parametrize("price", [None, "790"])
def test_an_order_on_its_way_to_its_fill_counts_and_is_not_called_back(price):
    story = guarding() >> 801
    told(story, trigger=None, price=None if price is None else Decimal(price)) >> 795
    assert (story.orders, cancels(story)) == ([], [])
    story.fill(None, "10", order_id="P1") >> "1s"
    assert story.orders == []


def test_a_limit_rests_where_no_price_is_known():
    story = target(guarding(), price="700")
    story.process(HaltTrading(form=Form.FLATTEN, why="out", at_ns=story.now_ns))
    assert cancels(story) == ["P1"]


def test_orders_of_ours_and_entries_are_not_theirs():
    story = guarding()
    story.create(a_trade(order_id="E9", stop="5pts"))
    told(story, "E9", side=OrderSide.BUY)
    ours = story.report("T9-x1", "open", order_id="B9")
    story.process(ours)
    assert (len(story.book.theirs), list(resting.on(story.book, KEY, OrderSide.SELL))) == (0, [])


@pytest.mark.parametrize("state", ["cancelled", "rejected"])
def test_an_order_that_is_first_heard_of_when_it_is_over_is_in_nobodys_way(state):
    story = told(guarding(), state=state)
    assert len(story.book.theirs) == 0
    assert (story >> 795).orders == ["T1-x1 SELL 10"]


def test_an_order_that_becomes_an_entry_is_let_go_of():
    story = told(Playbook(broker=False), side=OrderSide.BUY)
    assert len(story.book.theirs) == 1
    story.create(a_trade(order_id="P1", stop="5pts")) >> "1s"
    assert len(story.book.theirs) == 0


def test_an_order_that_nobody_remembers_is_let_go_of():
    story = told(guarding())
    story.book.orders.keep(lambda _order: False)
    assert story >> "1s"
    assert len(story.book.theirs) == 0


# The order book.


def test_what_a_whole_book_has_no_more_has_expired():
    story = told(guarding())
    later = story.now_ns + 9 * 3_600 * 10**9
    other = story.report(None, "open", order_id="P2", trigger=Decimal(780))
    story.process(BookReply(orders=(other,), at_ns=later))
    assert [theirs.order_id for theirs in story.book.theirs] == ["P2"]


def test_a_book_of_our_own_orders_changes_nothing():
    story = guarding()
    entry = story.report("T0-x1", "complete", "10", order_id="E", side=OrderSide.BUY)
    story.process(BookReply(orders=(entry,), at_ns=story.now_ns))
    assert len(story.book.theirs) == 0


# What a person hears, and what he decides.


def test_a_person_is_told_of_an_order_within_a_second():
    story = told(guarding()) >> "2s"
    rests = story.events(OrderRests)
    assert [(e.order_id, e.quantity, e.net, e.trigger, e.answer) for e in rests] == [
        ("P1", 10, 10, 790, Persons.ASK)
    ]
    assert resting.units(story.book, story.trade()) == 10


def test_what_may_be_a_request_of_ours_in_doubt_is_not_told_as_a_persons():
    story = guarding("ask", 20, a_trade(stop="5pts"), a_trade(stop="50pts")) >> 795
    target(story.reply("T1-x1", Unknown("timeout"))) >> "2s"
    assert story.events(OrderRests) == []


def test_left_alone_their_stop_is_the_guard_and_the_exit_takes_the_rest():
    story = told(guarding("leave"), quantity="4") >> "1s" >> 795 >> "10m"
    assert (story.orders, cancels(story)) == (["T1-x1 SELL 6"], [])
    assert [e.answer for e in story.events(OrderRests)] == [Persons.LEAVE]


def test_left_alone_with_all_of_it_a_trade_is_only_watched():
    story = told(guarding("leave")) >> 795 >> "10m"
    assert (story.orders, story.events(TradeStuck)) == ([], [])
    assert len(story.events(ExitHeldBack)) == 1
    story.process(PolicyChanged(policy("ask")))
    assert story >> "1s"
    assert cancels(story) == ["P1"]


# A position of which nothing is left.


def test_there_too_a_cancel_is_asked_for_a_bounded_number_of_times_and_then_named():
    story = left(told(guarding() >> 795)) >> "20m"
    assert len(cancels(story)) == resting.CANCELS_WHEN_FLAT
    assert [rests.net for rests in story.events(OrderRests)] == [0]


def test_an_order_that_another_trade_needs_is_not_asked_for_any_longer():
    trades = a_trade(stop="5pts"), a_trade(stop="50pts")
    story = told(guarding("ask", 20, *trades), quantity="15") >> 795
    assert (story.orders, cancels(story)) == (["T1-x1 SELL 5"], ["P1"])
    story.reply("T1-x1", Acked("B-T1-x1")).fill("T1-x1", "5")
    story.fill(None, "5", order_id="P1")
    story.process(story.execution("T1-x2", "5"))
    story >> "1m"
    asked = len(cancels(story))
    assert story >> "2m"
    assert len(cancels(story)) == asked


def test_the_sides_of_orders_and_trades_belong_together():
    for side in Side:
        order = resting.leaving_side(side)
        assert order.sign == -side.sign
        assert resting._left_by(order) is side
