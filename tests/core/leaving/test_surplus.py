"""An order of ours for which others have left nothing is called back, and a person told."""

import pytest

from tests.core.exit_stories import holding, leave, leaving
from tests.playbook import a_trade
from tradebot.core.events import TradeStuck
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import Acked, HaltTrading
from tradebot.core.intents import CancelOrder
from tradebot.core.leaving.halt import Form


@pytest.mark.parametrize(
    ("sold", "called_back", "again"),
    [
        ("3", ["T2-x1"], ["T2-x2 SELL 3"]),
        ("6", ["T2-x1"], []),
        ("7", ["T2-x1", "T1-x1"], []),
    ],
)
def test_orders_that_others_have_left_nothing_for_are_called_back_the_newest_first(
    sold, called_back, again
):
    story = holding(10, a_trade(quantity="4"), a_trade(quantity="6"))
    for number in (1, 2):
        leave(story, f"T{number}").reply(f"T{number}-x1", Acked(f"B{number}"))
    story.fill(None, sold, side="SELL", order_id="E2")
    assert [order.client_order_id for order in story.wants(CancelOrder)] == called_back
    assert {order.rank for order in story.wants(CancelOrder)} == {()}  # before all exits
    assert len(story.events(TradeStuck)) == len(called_back)
    assert len((story >> "900ms").wants(CancelOrder)) == len(called_back)
    story >> story.report("T2-x1", "cancelled", order_id="B2")
    assert story.orders == ["T1-x1 SELL 4", "T2-x1 SELL 6", *again]


def test_shorts_that_others_have_bought_back_are_called_back_too():
    story = holding(-10, a_trade(side="SHORT"))
    leave(story, "T1").reply("T1-x1", Acked("B1")).fill(None, "1", side="BUY", order_id="E2")
    assert len(story.wants(CancelOrder)) == 1


def test_an_order_in_doubt_is_called_back_once_the_broker_has_named_it():
    story = leaving().fill(None, "10", side="SELL", order_id="E2")
    assert (story >> "1s").wants(CancelOrder) == []
    story.reply("T1-x1", Acked("B1")) >> "1s"
    assert [order.order_id for order in story.wants(CancelOrder)] == ["B1"]


def test_an_order_that_is_to_come_back_is_asked_for_again_until_it_has():
    story = leaving().reply("T1-x1", Acked("B1")).fill(None, "10", side="SELL", order_id="E2")
    assert len((story >> "5s").wants(CancelOrder)) == 3
    story >> story.report("T1-x1", "cancelled", order_id="B1") >> "1s"
    assert story.flat(25).trade().status is Status.CLOSED_EXTERNAL
    assert story.orders == ["T1-x1 SELL 10"]


def test_nothing_is_called_back_while_nothing_is_to_be_sent():
    story = leaving().reply("T1-x1", Acked("B1"))
    story.process(HaltTrading(form=Form.EVERYTHING, why="trouble", at_ns=story.now_ns))
    story.fill(None, "10", side="SELL", order_id="E2")
    assert (story >> "5s").wants(CancelOrder) == []
