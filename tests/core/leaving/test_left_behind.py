"""An order that the market leaves behind is called back, and what is left of it goes on."""

import pytest

from tests.core.ladder_stories import climbing, prices
from tradebot.core.events import TradeStuck
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import Acked
from tradebot.core.intents import CancelOrder, PlaceOrder, QueryOrder


def test_a_fill_that_races_the_cancel_counts():
    story = climbing() >> "2s"
    story.fill("T1-x1", "4", order_id="B1")
    story >> story.report("T1-x1", "cancelled", filled="7", order_id="B1")
    assert len(story.orders) == 1  # three units more are on their way to us
    story.fill("T1-x1", "3", order_id="B1")
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 3"]


def test_a_cancel_that_comes_too_late_changes_nothing():
    story = climbing() >> "2s"
    story.fill("T1-x1", "10", order_id="B1")
    assert story.trade().status is Status.CLOSED
    assert len(story.orders) == 1


def test_a_cancel_of_which_nothing_is_heard_is_asked_for_ever_more_slowly():
    """Qubx 434: a refused cancel was taken for a live order, 14,000 times in 20 hours."""
    story = climbing() >> "10m"
    assert 20 < len(story.wants(CancelOrder)) < 30
    assert len(story.wants(QueryOrder)) == len(story.wants(CancelOrder))
    assert story.orders == ["T1-x1 SELL 10"]
    assert len(story.events(TradeStuck)) > 0


def test_an_order_at_the_last_step_follows_a_market_that_goes_on_falling():
    story = climbing() >> "2s"
    for attempt in range(1, 4):
        story >> story.report(f"T1-x{attempt}", "cancelled", order_id=f"B{attempt}")
        story.reply(f"T1-x{attempt + 1}", Acked(f"B{attempt + 1}"))
        if attempt < 3:
            story >> "2s"
    for price in (750, 710):
        story.process(story.tick(price, bid=price - 0.5, ask=price + 0.5))
        story.process(story.tick(price - 0.5, bid=price - 1, ask=price))
    assert [cancel.order_id for cancel in (story >> "2s").wants(CancelOrder)][3:] == ["B4"]


@pytest.mark.parametrize(
    ("side", "steps"),
    [
        ("LONG", [None, "794.50", "770.65", "715.05", "715.05"]),
        ("SHORT", [None, "805.50", "829.70", "886.05", "886.05"]),
    ],
)
def test_what_is_left_goes_out_at_the_next_step_until_it_is_filled(side, steps):
    story = climbing(side) >> "2s"
    for attempt in range(1, 5):
        name = f"T1-x{attempt}"
        story >> story.report(name, "cancelled", order_id=f"B{attempt}")
        story.reply(f"T1-x{attempt + 1}", Acked(f"B{attempt + 1}")) >> "2s"
    assert prices(story) == steps
    assert {order.quantity for order in story.wants(PlaceOrder)} == {10}
    assert story.fill("T1-x5", "10", order_id="B5").trade().status is Status.CLOSED
