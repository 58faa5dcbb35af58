"""One lane per net position: what may be sent now, and what answers mean."""

from decimal import Decimal

import pytest

from tests.core.exit_stories import (
    book_of,
    holding,
    leave,
    leaving,
    nameless,
    state_of,
    unheld,
)
from tests.core.ladder_stories import LADDER, climbing, prices
from tests.core.persons_orders import guarding, told
from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.events import TradeClosed, TradeStuck
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import (
    Acked,
    BookReply,
    ExecutionsRead,
    NoAction,
    NotSent,
    Queued,
    Refused,
    Unknown,
)
from tradebot.core.intents import (
    CancelOrder,
    PlaceOrder,
    QueryOrder,
    ReadBook,
    ReadOrder,
    ReadPosition,
)
from tradebot.core.leaving.exit import State
from tradebot.core.leaving.ranking import CHASE
from tradebot.core.market.instruments import Instrument
from tradebot.core.market.sessions import Session
from tradebot.core.policy import ExitPolicy, Policy


def test_an_order_leaves_in_the_call_that_decides():
    story = leaving()
    assert story.orders == ["T1-x1 SELL 10"]
    story.reply("T1-x1", Acked("B-T1-x1")).fill("T1-x1", "4", "794").fill("T1-x1", "6", "793")
    assert story.trade().status is Status.CLOSED
    closed = story.events(TradeClosed)[0]
    assert (closed.exit_price, closed.realized_pnl) == (Decimal("793.4"), -66)


def test_shorts_are_bought_back():
    story = holding(-10, a_trade(side="SHORT", stop="5pts")) >> 805
    assert story.orders == ["T1-x1 BUY 10"]


# Doubt.


def test_an_unknown_fate_is_asked_for_and_never_sent_again():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    assert [query.client_order_id for query in story.wants(QueryOrder)] == ["T1-x1"]
    assert story >> "30s"
    assert story.orders == ["T1-x1 SELL 10"]
    assert len(story.wants(QueryOrder)) == 8  # at once, then after 1, 2, 5, 5, ... seconds
    assert len(story.events(TradeStuck)) == 1


def test_a_person_hears_of_a_doubt_that_lasts_every_minute():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    assert story >> "3m"
    assert len(story.events(TradeStuck)) == 3
    assert story.trade().stuck
    assert not story.fill("T1-x1", "4").trade().stuck


def test_a_call_that_hangs_is_asked_about_and_nothing_leaves_beside_it():
    story = leaving() >> "1900ms"
    assert story.wants(QueryOrder) == []
    assert len((story >> "100ms").wants(QueryOrder)) == 1
    story >> story.query_reply("T1-x1") >> "30s"  # that it is not there says nothing yet
    assert story.orders == ["T1-x1 SELL 10"]
    story >> story.query_reply("T1-x1", state="open")
    assert state_of(story) is State.WORKING
    assert story.reply("T1-x1", Unknown("timeout")).wants(PlaceOrder)[1:] == []


def test_a_call_that_hangs_is_looked_for_in_the_book_of_a_broker_that_drops_our_ids():
    story = nameless() >> book_of(nameless(), "B7 open 0")
    assert state_of(story) is State.SENDING  # its answer comes any moment
    story >> "2s"
    assert story.wants(ReadBook) == [ReadBook("A1")]
    story >> book_of(story, "E1 complete 20")
    assert state_of(story) is State.SENDING
    story >> book_of(story, "B7 open 0")
    assert state_of(story) is State.WORKING
    assert story.reply("T1-x1", Acked("B7")).orders == ["T1-x1 SELL 10"]


def test_nothing_else_leaves_on_a_key_in_doubt():
    story = leaving(20, a_trade(stop="5pts"), a_trade(stop="9pts"))
    story.reply("T1-x1", Unknown("timeout")) >> 791
    assert story.orders == ["T1-x1 SELL 10"]
    story >> story.query_reply("T1-x1", state="open")
    assert story.orders == ["T1-x1 SELL 10", "T2-x1 SELL 10"]


def test_a_broker_that_does_not_keep_our_ids_is_asked_by_its_own_or_for_its_book():
    policy = Policy(exits=ExitPolicy(tagged=False))
    story = Playbook(policy=policy, broker=False).fill(None, "10", side="BUY", order_id="E1")
    story.create(a_trade(stop="5pts")) >> 795
    story.reply("T1-x1", Unknown("timeout")) >> "2s"
    assert len(story.wants(ReadBook)) == 1
    story >> story.report(None, "open", order_id="B7")
    story.process(
        BookReply(orders=(story.report(None, "open", order_id="B7"),), at_ns=story.now_ns)
    )
    assert (story >> "6s").wants(ReadOrder) == [ReadOrder("B7")]


# Refusals.


@pytest.mark.parametrize("outcome", [NotSent("429"), Refused("margin")])
def test_a_refusal_is_tried_again_for_ever_ever_more_slowly_and_a_person_is_told(outcome):
    story = leaving()
    for attempt in range(1, 9):
        assert len(story.orders) == attempt
        story.reply(f"T1-x{attempt}", outcome)
        story >> ("1s", "2s", "5s", "10s", "30s", "30s", "30s", "30s")[attempt - 1]
    assert [stuck.why for stuck in story.events(TradeStuck)] == [outcome.message] * 4


@pytest.mark.parametrize("state", ["rejected", "cancelled"])
def test_orders_that_are_taken_and_killed_at_once_are_not_sent_hundreds_a_minute(state):
    story = leaving()
    for second in range(60):
        name = story.orders[-1].split()[0]
        story.reply(name, Acked(f"B-{name}")) >> story.report(name, state) >> "1s"
        assert len(story.orders) <= 2 + second
    assert len(story.orders) == 6  # after 1, 2, 5, 10 and 30 seconds
    assert story.events(TradeStuck)


def test_a_cancelled_rest_is_sent_at_once():
    story = leaving().reply("T1-x1", Acked("B-T1-x1")).fill("T1-x1", "4")
    story >> story.report("T1-x1", "cancelled", filled="4")
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 6"]


def test_working_orders_of_which_nothing_is_heard_are_asked_for():
    story = leaving().reply("T1-x1", Acked("B-T1-x1")) >> "21s"
    assert len(story.wants(QueryOrder)) == 4
    story >> story.query_reply("T1-x1") >> story.query_reply("T1-x1", state="open")
    assert state_of(story) is State.WORKING
    assert story.orders == ["T1-x1 SELL 10"]


# How much.


def test_an_order_never_asks_for_more_than_is_held():
    assert leaving(7).orders == ["T1-x1 SELL 7"]


def test_what_works_already_counts_as_gone():
    story = leaving(15, a_trade(stop="5pts"), a_trade(stop="9pts"))
    story.reply("T1-x1", Acked("B-T1-x1")) >> 791
    assert story.orders == ["T1-x1 SELL 10", "T2-x1 SELL 5"]


def test_an_exit_waits_while_another_may_take_all_that_is_held():
    story = leaving(10, a_trade(stop="5pts"), a_trade(stop="9pts"))
    story.reply("T1-x1", Acked("B-T1-x1")) >> 791 >> "3s"
    assert story.orders == ["T1-x1 SELL 10"]
    assert story.wants(ReadPosition) == []
    story.fill("T1-x1", "10")
    assert len(story.wants(ReadPosition)) == 1


def test_late_fills_of_an_order_that_was_called_dead_never_make_a_trade_sell_its_neighbour():
    """FT 4, HB 8306: reported dead, sent again, and then the first one fills."""
    story = leaving(20, a_trade(stop="5pts"), a_trade(stop="50pts"))
    story.reply("T1-x1", Acked("B-T1-x1")).fill("T1-x1", "3")
    story >> story.report("T1-x1", "cancelled", filled="3")
    story.fill("T1-x1", "7", order_id="B-T1-x1")
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 7"]
    assert story.trade().status is Status.TRIGGERED  # an order of it may still fill
    story >> story.report("T1-x2", "cancelled") >> "1m"
    assert story.trade().status is Status.CLOSED
    assert len(story.orders) == 2


def test_what_waits_for_its_turn_is_over_when_others_have_left_its_units():
    story = leaving(20, a_trade(stop="5pts")).reply("T1-x1", Acked("B")).fill("T1-x1", "3")
    story >> story.report("T1-x1", "cancelled", filled="3")
    story.reply("T1-x2", Refused("margin"))
    story.fill("T1-x1", "7")  # late, and all that was left
    assert story.trade().status is Status.CLOSED
    assert len(story.book.lanes[story.trade().key]) == 0
    story = holding(20, a_trade(stop="5pts", target=[("5pts", "3")])) >> 805
    story.fill("T1-x1", "3") >> 800 >> 795
    story.reply("T1-x2", Refused("margin")).fill("T1-x1", "7")  # more than it was sent for
    assert story.trade().status is Status.CLOSED
    assert len(story.book.lanes[story.trade().key]) == 0


def test_more_than_the_exchange_takes_in_one_order_leaves_in_slices_of_whole_lots():
    sbin = Instrument(
        exchange="NSE", symbol="SBIN", tick_size=Decimal("0.05"),
        lot_size=Decimal(3), freeze_quantity=Decimal(8),
    )  # fmt: skip
    story = Playbook(instruments=[sbin], broker=False)
    story.fill(None, "15", side="BUY", order_id="E1").create(a_trade(quantity="15", stop="5pts"))
    story >> 795
    for attempt, quantity in ((1, "6"), (2, "6"), (3, "3")):
        story.reply(f"T1-x{attempt}", Acked(f"B{attempt}"))
        story.fill(f"T1-x{attempt}", quantity, order_id=f"B{attempt}")
    assert story.orders == ["T1-x1 SELL 6", "T1-x2 SELL 6", "T1-x3 SELL 3"]
    assert story.trade().status is Status.CLOSED


def test_no_slice_asks_for_more_than_is_to_leave():
    sbin = Instrument(
        exchange="NSE", symbol="SBIN", tick_size=Decimal("0.05"),
        lot_size=Decimal(10), freeze_quantity=Decimal(5),
    )  # fmt: skip
    story = Playbook(instruments=[sbin], broker=False)
    story.fill(None, "7", side="BUY", order_id="E1").create(a_trade(quantity="7", stop="5pts"))
    assert (story >> 795).orders == ["T1-x1 SELL 7"]


@pytest.mark.parametrize(
    ("quantity", "sent"), [("10", "9"), ("4", "4"), ("1", "1")], ids=["alike", "smaller", "one"]
)
def test_no_request_is_like_one_that_waits_for_approval_where_the_broker_drops_our_ids(
    quantity, sent
):
    """Nothing else would tell them apart once one of them is placed."""
    story = nameless(a_trade(stop="5pts"), a_trade(quantity=quantity), quantity="30")
    leave(story.reply("T1-x1", Queued("approve me")), "T2")
    assert story.orders == ["T1-x1 SELL 10", f"T2-x1 SELL {sent}"]


def test_one_unit_beside_one_that_waits_for_approval_waits_too():
    story = nameless(a_trade(stop="5pts", quantity="1"), a_trade(quantity="1"))
    leave(story.reply("T1-x1", Queued("approve me")), "T2")
    assert story.orders == ["T1-x1 SELL 1"]


def test_a_broker_that_keeps_our_ids_may_be_sent_any_quantity():
    story = leave(holding(20, a_trade(stop="5pts"), a_trade()) >> 795, "T2")
    story.reply("T1-x1", Queued("approve me"))
    assert story.orders == ["T1-x1 SELL 10", "T2-x1 SELL 10"]


def test_a_person_is_told_when_what_the_broker_holds_stays_unknown():
    story = unheld()
    for _ in range(18):
        story.reads(None)
    assert {stuck.why for stuck in story.events(TradeStuck)} == {
        "what the broker holds is not known"
    }


# An order that the market leaves behind.


def test_an_order_that_is_not_filled_in_two_seconds_is_called_back():
    story = climbing() >> "1s"
    assert story.wants(CancelOrder) == []
    (cancel,) = (story >> "1s").wants(CancelOrder)
    assert (cancel.client_order_id, cancel.order_id) == ("T1-x1", "B1")
    # Those that have not left at all come first, of which the least a long one of nothing.
    assert cancel.rank == CHASE > (1.0, 0.0)
    assert story.orders == ["T1-x1 SELL 10"]  # it may be filled at this very moment


@pytest.mark.parametrize(("side", "low"), [("LONG", "715.05"), ("SHORT", "886.05")])
def test_at_the_last_step_an_order_rests_and_keeps_its_place_and_a_person_is_told(side, low):
    """At a circuit who waits longest sells first: each new order would wait behind all others."""
    story = climbing(side) >> "2s"
    for attempt in range(1, 4):
        story >> story.report(f"T1-x{attempt}", "cancelled", order_id=f"B{attempt}")
        story.reply(f"T1-x{attempt + 1}", Acked(f"B{attempt + 1}")) >> "1900ms"
        assert prices(story)[-1] == (low if attempt == 3 else prices(story)[-1])
        story >> "100ms"
    called_back = [cancel.order_id for cancel in story.wants(CancelOrder)]
    assert called_back == ["B1", "B2", "B3"]
    (stuck,) = story.events(TradeStuck)
    assert stuck.why == f"T1-x4 rests at {low}, and there is no further step"
    story >> "5m"
    assert len(story.orders) == 4
    assert 5 <= len(story.events(TradeStuck)) <= 7
    assert {each.why for each in story.events(TradeStuck)} == {stuck.why}
    assert len(story.wants(CancelOrder)) == 3
    assert story.fill("T1-x4", "10", order_id="B4").trade().status is Status.CLOSED


def test_an_order_that_is_over_is_not_called_back_while_its_executions_are_on_their_way():
    story = climbing()
    story >> story.report("T1-x1", "complete", filled="10", order_id="B1") >> "10s"
    assert story.wants(CancelOrder) == []
    assert story.fill("T1-x1", "10", order_id="B1").trade().status is Status.CLOSED


def test_an_order_that_waits_for_approval_cannot_be_called_back():
    policy = Policy(exits=ExitPolicy(ladder=LADDER))
    story = Playbook(policy=policy, broker=False).fill(None, "10", side="BUY", order_id="E1")
    story.create(a_trade(stop="5pts")) >> 795
    story.reply("T1-x1", Queued("waits for approval")) >> "10s"
    assert story.wants(CancelOrder) == []


def test_without_a_price_the_next_step_goes_out_at_the_market():
    policy = Policy(exits=ExitPolicy(ladder=LADDER))
    story = Playbook(policy=policy, broker=False).fill(None, "10", side="BUY", order_id="E1")
    leave(story.create(a_trade(stop="5pts")), "T1").reply("T1-x1", Acked("B1")) >> "2s"
    story >> story.report("T1-x1", "cancelled", order_id="B1")
    assert prices(story) == [None, None]


# Left by somebody else.


def test_reads_that_are_flat_for_twenty_seconds_close_a_trade_that_somebody_else_left():
    story = unheld().flat(18)
    assert story.trade().status is Status.TRIGGERED
    assert story.flat(7).trade().status is Status.CLOSED_EXTERNAL
    assert story.orders == []
    assert story >> "1s"
    assert story.book.lanes == {}


def test_a_trade_whose_entry_may_bring_more_is_not_closed_by_an_empty_net():
    story = Playbook(broker=False).create(a_trade(order_id="E1", stop="5pts"))
    story.fill(None, "4", side="BUY", order_id="E1") >> 795
    story.reply("T1-x1", NoAction("flat")) >> "10s"
    assert story.flat(30).trade().status is Status.TRIGGERED
    story >> story.report(None, "complete", filled="4", order_id="E1") >> "2s"
    assert story.flat(25).trade().status is Status.CLOSED_EXTERNAL


def test_an_exit_for_which_others_leave_no_room_waits_and_a_person_is_told():
    story = told(guarding()) >> 795 >> "6s"
    assert (story.orders, story.trade().stuck) == ([], True)


def test_where_both_sides_are_traded_one_that_is_held_back_holds_nobody_else_back():
    both = Policy(opposite_allowed=True)
    story = told(holding(10, a_trade(stop="5pts"), policy=both)) >> 795
    assert (story.orders, state_of(story)) == ([], State.DECIDED)


def test_nothing_leaves_while_the_exchange_is_closed():
    shut = Policy(sessions={"NSE": Session(open_minutes=0, close_minutes=1)})
    story = Playbook(a_trade(stop="5pts"), policy=shut)
    assert leave(story, "T1").wants(PlaceOrder) == []
    assert state_of(story) is State.DECIDED


def test_an_exit_waits_for_what_has_executed_where_nobody_tells_it():
    story = holding(10, policy=Policy(exits=ExitPolicy(pushes=False))) >> 795
    assert not story.orders
    story.process(ExecutionsRead(is_read=True, at_ns=story.now_ns))
    assert story.orders == ["T1-x1 SELL 10"]


def test_an_entry_whose_id_is_another_orders_by_now_brings_no_more():
    story = Playbook(broker=False).create(a_trade(order_id="E1", stop="5pts"))
    story.fill(None, "10", side="BUY", order_id="E1")
    story >> story.report(None, "open", order_id="E1", key=KEY._replace(symbol="TCS")) >> 795
    assert story.fill("T1-x1", "10").trade().status is Status.CLOSED
