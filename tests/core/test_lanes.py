"""One lane per net position: what may be sent now, and what answers mean."""

from decimal import Decimal

import msgspec
import pytest

from tests.playbook import Playbook, a_trade
from tradebot.core.events import BookDiffers, ExitAnswered, ExitFilled, TradeClosed, TradeStuck
from tradebot.core.exits import State
from tradebot.core.inputs import (
    Acked,
    ExitTrade,
    NoAction,
    NotSent,
    Queued,
    Refused,
    Unknown,
)
from tradebot.core.intents import QueryOrder, ReadPosition
from tradebot.core.trades import Status


def holding(quantity, *trades, **words):
    """A story without a broker, that knows a position of so many units."""
    story = Playbook(broker=False, **words)
    story.fill(None, str(abs(quantity)), side="BUY" if quantity > 0 else "SELL", order_id="E")
    for request in trades or (a_trade(stop="5pts"),):
        story.create(request)
    return story


def leaving(quantity=10, *trades):
    """The same, at the moment at which the stop of its first trade is hit."""
    return holding(quantity, *trades) >> 795


def leave(story, trade_id):
    story.process(ExitTrade(trade_id=trade_id, at_ns=story.now_ns))
    return story


def state_of(story, trade_id="T1", number=1):
    return story.book.exits[trade_id][number].state


# The straight way.


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


def test_executions_may_come_before_the_reply_and_the_reply_is_then_old_news():
    story = leaving().fill("T1-x1", "4")
    assert state_of(story) is State.WORKING
    story.fill("T1-x1", "6")
    assert story.trade().status is Status.CLOSED
    story.reply("T1-x1", Unknown("timeout"))
    assert story.orders == ["T1-x1 SELL 10"]
    assert story.wants(QueryOrder) == []


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


def test_an_order_that_is_found_works_on():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    story >> story.query_reply("T1-x1", state="open")
    assert state_of(story) is State.WORKING
    story.fill("T1-x1", "10")
    assert story.trade().status is Status.CLOSED


def test_a_report_that_was_asked_for_counts_where_the_broker_drops_our_id_from_it():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    nameless = story.report(None, "rejected")
    story >> msgspec.structs.replace(story.query_reply("T1-x1"), report=nameless)
    assert state_of(story) is State.RETRY_WAIT


def test_an_order_that_never_arrived_is_sent_under_a_new_name():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    assert story >> story.query_reply("T1-x1") >> "1s"
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_a_query_that_failed_says_nothing():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    story >> story.query_reply("T1-x1", answered=False) >> "10s"
    assert state_of(story) is State.UNKNOWN
    assert story.orders == ["T1-x1 SELL 10"]


def test_nothing_else_leaves_on_a_key_in_doubt():
    story = leaving(20, a_trade(stop="5pts"), a_trade(stop="9pts"))
    story.reply("T1-x1", Unknown("timeout")) >> 791
    assert story.orders == ["T1-x1 SELL 10"]
    story >> story.query_reply("T1-x1", state="open")
    assert story.orders == ["T1-x1 SELL 10", "T2-x1 SELL 10"]


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


def test_a_cancelled_rest_is_sent_at_once_when_the_report_overtakes_the_executions():
    story = leaving().reply("T1-x1", Acked("B-T1-x1"))
    story >> story.report("T1-x1", "cancelled", filled="4")
    assert story.orders == ["T1-x1 SELL 10"]  # four units are on their way to us
    story.fill("T1-x1", "3").fill("T1-x1", "1")
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 6"]


def test_an_order_that_waits_for_approval_is_not_sent_a_second_time():
    story = leaving().reply("T1-x1", Queued("waits for approval")) >> "2m"
    assert story.orders == ["T1-x1 SELL 10"]
    assert story.events(TradeStuck)[0].why == "waits for approval"
    story.fill("T1-x1", "10")
    assert story.trade().status is Status.CLOSED


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


def test_reports_and_fills_after_the_end_change_nothing_but_the_net():
    story = leaving(20).reply("T1-x1", Refused("margin")) >> "1s"
    story.reply("T1-x2", Acked("B")).fill("T1-x2", "10")
    assert story.trade().status is Status.CLOSED
    before = story.trade()
    for name in ("T1-x1", "T1-x2"):
        story.reply(name, Unknown("late")) >> story.report(name, "complete", filled="10")
        story >> story.query_reply(name, state="open")
        story.fill(name, "1")
    assert story.trade() == before
    assert story.book.net(before.key) == 8
    assert story.book.exit_of_order == {}


def test_words_about_orders_that_are_not_ours_are_passed_on():
    story = leaving()
    for name in ("x", "T9-x1", "T1-xA", "T1-x", "-x1"):
        story.reply(name, Refused("who?")) >> story.query_reply(name, state="open")
        story.fill(name, "1") >> story.report(name, "complete")
    assert story.trade().exited == 0
    assert state_of(story) is State.SENDING


def test_an_old_attempt_is_not_the_present_one():
    story = leaving().reply("T1-x1", Refused("margin")) >> "1s"
    before = story.book.exits["T1"][1]
    story.reply("T1-x1", Acked("B1")) >> story.report("T1-x1", "rejected")
    story >> story.query_reply("T1-x1")
    assert story.book.exits["T1"][1] == before


def test_after_a_restart_a_late_fill_of_an_old_attempt_finds_its_trade():
    story = leaving().reply("T1-x1", Refused("margin")) >> "1s"
    story.restarted().fill("T1-x1", "10")
    assert story.trade().exited == 10


# The broker's net.


def unheld():
    """A trade whose position our book has never seen, at its stop."""
    return Playbook(a_trade(stop="5pts"), broker=False) >> 795


def test_a_position_that_was_there_before_us_is_read_and_then_left():
    story = unheld().read("10")
    assert story.events(BookDiffers)[0].broker == 10
    assert story.orders == ["T1-x1 SELL 10"]


def test_two_flat_reads_apart_in_time_close_a_trade_that_somebody_else_left():
    story = unheld().read("0")
    assert story.trade().status is Status.TRIGGERED
    assert (story >> "1s").read("0").trade().status is Status.CLOSED_EXTERNAL
    assert story.orders == []
    assert len(story.book.lanes[story.trade().key]) == 0
    assert story >> "1s"
    assert story.book.lanes == {}


@pytest.mark.parametrize("between", [None, "10"])
def test_a_single_flat_read_closes_nothing_however_often_others_failed(between):
    """NT 3715: a failed read is not flat."""
    story = (unheld().read(None) >> "1s").read("0") >> "2s"
    story.read(between)
    assert story.trade().status is Status.TRIGGERED
    assert len(story.orders) == (1 if between else 0)


def test_refusals_before_it_do_not_make_one_flat_read_enough():
    story = leaving()
    for attempt, pause in ((1, "1s"), (2, "2s"), (3, "5s")):
        story.reply(f"T1-x{attempt}", Refused("no holdings"))
        assert story.read("10" if attempt < 3 else "0") >> pause
    assert story.trade().status is Status.TRIGGERED
    assert len(story.orders) == 3
    story.reply("T1-x4", Refused("no holdings")).read("0")
    assert story.trade().status is Status.TRIGGERED


def test_a_claim_that_there_is_nothing_to_do_is_believed_when_the_net_agrees():
    story = leaving().reply("T1-x1", NoAction("flat already")) >> "10s"
    story.read("0") >> "1s"
    assert story.read("0").trade().status is Status.TRIGGERED
    assert (story >> "1s").read("0").trade().status is Status.CLOSED_EXTERNAL
    assert story.events(BookDiffers)[-1].broker == 0


def test_a_net_from_before_an_execution_is_out_of_date():
    story = unheld()
    story.fill(None, "10", side="BUY", order_id="E")  # the missing entry arrives
    story.read("3")
    assert story.book.net(story.trade().key) == 10
    assert (story >> "1s").read("10").orders == ["T1-x1 SELL 10"]


def test_flat_reads_are_two_in_a_row_with_nothing_between():
    story = unheld().read("0") >> "1s"
    story.fill(None, "4", side="BUY", order_id="E").read("4")  # from before or after the fill?
    story = (story >> "2s").read("0")
    assert story.trade().status is Status.TRIGGERED


def test_what_an_earlier_life_read_is_old():
    story = unheld().read("0").restarted() >> "1s"
    assert story.read("0").trade().status is Status.TRIGGERED


def test_a_net_that_nobody_asked_for_is_not_taken():
    story = unheld().read("0")
    story >> story.net("0") >> story.net("0")
    assert story.trade().status is Status.TRIGGERED


def test_a_net_is_not_compared_while_an_order_of_ours_may_fill():
    story = leaving(20, a_trade(stop="5pts"), a_trade(stop="9pts"))
    story.reply("T1-x1", Refused("margin")) >> 791  # a read is on its way
    story >> story.net("0")
    assert story.book.net(story.trade().key) == 20
    assert story.events(BookDiffers) == []


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever():
    story = unheld() >> "29s"
    assert len(story.wants(ReadPosition)) == 1
    assert len((story >> "60s").wants(ReadPosition)) == 3


def test_one_empty_net_closes_all_trades_that_wait_for_it_with_all_their_exits():
    targets = [("5pts", "3"), ("6pts", None)]
    story = Playbook(a_trade(target=targets), a_trade(target="5pts"), broker=False) >> 805 >> 806
    (story.read("0") >> "1s").read("0")
    assert {story.trade(name).status for name in ("T1", "T2")} == {Status.CLOSED_EXTERNAL}
    assert story.book.lines["NSE:SBIN"].guarded == set()


def test_a_trade_with_a_stop_ends_when_its_target_finds_nothing_left():
    story = Playbook(a_trade(stop="5pts", target=[("5pts", "3")]), broker=False) >> 805
    (story.read("0") >> "1s").read("0")
    assert story.trade().status is Status.CLOSED_EXTERNAL
    story >> 790 << ["target @ 805 for 3"]


def test_a_trade_whose_entry_may_bring_more_is_not_closed_by_an_empty_net():
    story = Playbook(broker=False).create(a_trade(order_id="E1", stop="5pts"))
    story.fill(None, "4", side="BUY", order_id="E1") >> 795
    story.reply("T1-x1", NoAction("flat")) >> "10s"
    story.reads("0", "0", "0")
    assert story.trade().status is Status.TRIGGERED
    story >> story.report(None, "complete", filled="4", order_id="E1") >> "2s"
    assert story.reads("0").trade().status is Status.CLOSED_EXTERNAL


def test_every_answer_is_told_in_the_brokers_words():
    story = leaving()
    for outcome in (NotSent("a"), Refused("b"), NoAction("c"), Queued("d"), Unknown("e")):
        story.reply("T1-x1", outcome)
    story.reply("T1-x1", Acked("B7"))
    assert [(said.outcome, said.message) for said in story.events(ExitAnswered)] == [
        ("not sent", "a"),
        ("refused", "b"),
        ("no action", "c"),
        ("queued for approval", "d"),
        ("unknown", "e"),
        ("acked", "B7"),
    ]
    assert story.events(ExitFilled) == []
