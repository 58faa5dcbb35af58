"""What becomes of one paper order."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.brokers.paper.fate import Chances, Step, fate_of
from tradebot.core.inputs import OrderState

ONE = Decimal(1)


def fates(chances, quantity="100", lot=ONE, count=300):
    return [fate_of(f"T{n}-x1", Decimal(quantity), lot, chances) for n in range(count)]


def test_a_kind_exchange_fills_every_order_whole_after_the_latency():
    for fate in fates(Chances(latency_ns=7)):
        assert (fate.request_lost, fate.reply_lost, fate.refused) == (False, False, False)
        assert fate.steps == (Step(7, Decimal(100), OrderState.COMPLETE),)


@given(st.text(), st.integers(0, 9))
def test_the_same_order_meets_the_same_fate_again(name, seed):
    chances = Chances(seed=seed, partial_fills=0.5, rejects=0.5, lose_replies=0.5)
    one, other = (fate_of(name, Decimal(9), ONE, chances) for _ in range(2))
    assert one == other


def test_another_seed_is_another_world():
    assert fates(Chances(seed=1, partial_fills=0.5)) != fates(Chances(seed=2, partial_fills=0.5))


def test_half_of_the_rejections_come_before_acceptance_and_half_after():
    drawn = fates(Chances(rejects=1.0))
    assert 100 < sum(fate.refused for fate in drawn) < 200
    for fate in drawn:
        assert [(step.quantity, step.state) for step in fate.steps] == [(0, OrderState.REJECTED)]


@pytest.mark.parametrize(
    ("chances", "lost"),
    [(Chances(lose_requests=0.25), "request_lost"), (Chances(lose_replies=0.25), "reply_lost")],
)
def test_a_share_of_the_requests_is_left_without_an_answer(chances, lost):
    assert 45 < sum(getattr(fate, lost) for fate in fates(chances)) < 105


@given(st.integers(1, 40), st.sampled_from(["1", "75", "0.001"]), st.text(max_size=5))
def test_parts_are_lots_and_never_more_than_the_order(lots, lot, name):
    lot = Decimal(lot)
    fate = fate_of(name, lots * lot, lot, Chances(partial_fills=1.0))
    *parts, last = fate.steps
    filled = sum(step.quantity for step in fate.steps)
    assert all(step.quantity % lot == 0 for step in fate.steps)
    assert all(step.quantity > 0 and step.state is OrderState.OPEN for step in parts)
    assert len(fate.steps) == 1 if lots == 1 else 2 <= len(fate.steps) <= min(lots, 3)
    if last.state is OrderState.CANCELLED:
        assert last.quantity == 0
        assert 0 < filled < lots * lot
    else:
        assert (last.state, filled) == (OrderState.COMPLETE, lots * lot)


def test_of_the_orders_in_parts_a_third_loses_its_rest():
    drawn = fates(Chances(partial_fills=1.0))
    cancelled = sum(fate.steps[-1].state is OrderState.CANCELLED for fate in drawn)
    assert 70 < cancelled < 130


def test_changing_one_share_leaves_the_other_draws_as_they_were():
    before = fates(Chances(partial_fills=0.4))
    after = fates(Chances(partial_fills=0.4, lose_replies=0.5))
    assert [fate.steps for fate in before] == [fate.steps for fate in after]
