"""A position is the fold of its executions, and money is conserved in it."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.playbook import KEY
from tradebot.core.account.positions import (
    Left,
    Position,
    agreed,
    corrected,
    doubted,
    folded,
    left_flat,
)
from tradebot.core.inputs import Execution, OrderSide

FILL = re.compile(r"([+-])(\d+)@(\S+)")


def executions(script):
    """Read "+100@50 -150@55" as executions."""
    return [
        Execution(
            execution_id=f"E{number}",
            order_id="O",
            client_order_id=None,
            key=KEY,
            side=OrderSide.BUY if sign == "+" else OrderSide.SELL,
            quantity=Decimal(quantity),
            price=Decimal(price),
            at_ns=number + 1,
        )
        for number, (sign, quantity, price) in enumerate(FILL.findall(script))
    ]


def fold(script):
    position = Position(key=KEY)
    for execution in executions(script):
        position = folded(position, execution)
    return position


@pytest.mark.parametrize(
    ("script", "quantity", "average", "realized"),
    [
        ("", 0, None, 0),
        ("+100@50", 100, 50, 0),
        ("+100@50 +100@60", 200, 55, 0),
        ("+100@50 -40@55", 60, 50, 200),
        ("+100@50 -100@45", 0, None, -500),
        ("+100@50 -150@55", -50, 55, 500),
        ("+100@50 -150@55 +50@52", 0, None, 650),
        ("-100@50", -100, 50, 0),
        ("-100@50 -100@60", -200, 55, 0),
        ("-100@50 +40@45", -60, 50, 200),
        ("-100@50 +150@45", 50, 45, 500),
        ("+3@10 +3@11 -2@12", 4, Decimal("10.5"), 3),
        ("+1@10 +2@11 -1@12 -2@12", 0, None, 4),
    ],
)
def test_a_position_is_the_fold_of_its_executions(script, quantity, average, realized):
    position = fold(script)
    assert (position.quantity, position.average, position.realized) == (quantity, average, realized)
    assert position.version == len(script.split())


def test_flat_is_flat_whatever_a_division_left():
    position = fold("+1@10 +2@11 -1@10 -1@10 -1@10")
    assert (position.quantity, position.cost) == (0, 0)


fills = st.lists(
    st.tuples(st.sampled_from("+-"), st.integers(1, 99), st.integers(1, 999)), max_size=12
)


@given(fills, st.integers(1, 999))
def test_money_is_conserved(script, price):
    position = fold(" ".join(f"{sign}{quantity}@{at}" for sign, quantity, at in script))
    cash = sum(quantity * at * (-1 if sign == "+" else 1) for sign, quantity, at in script)
    held = sum(quantity * (1 if sign == "+" else -1) for sign, quantity, _ in script)
    assert position.quantity == held
    worth = position.realized + position.quantity * price - position.cost
    assert abs(worth - (cash + held * price)) < Decimal("1e-15")


@given(fills)
def test_the_average_lies_between_the_prices_that_were_paid(script):
    position = fold(" ".join(f"{sign}{quantity}@{at}" for sign, quantity, at in script))
    if position.average is not None:
        paid = [at for _, _, at in script]
        assert min(paid) - Decimal("1e-20") <= position.average <= max(paid) + Decimal("1e-20")


@pytest.mark.parametrize(
    ("script", "net", "average"),
    [("+100@50", 40, 50), ("+100@50", -10, 50), ("", 10, 0), ("+100@50", 0, None)],
)
def test_a_correction_takes_the_brokers_net_and_keeps_the_average(script, net, average):
    before = fold(script)
    after = corrected(before, Decimal(net), asked_at_ns=10**10 + 5, at_ns=10**10 + 9)
    assert (after.included_ns, after.corrected_at_ns) == (5, 10**10 + 9)
    assert (after.quantity, after.average) == (net, average)
    assert after.realized == before.realized
    assert after.version == before.version + 1


def counted(script, *, corrected_at_ns=0):
    """Return a long position of ten by the broker's net, after these executions at 1, 2, ... ns."""
    position = corrected(Position(key=KEY), Decimal(10), asked_at_ns=0, at_ns=corrected_at_ns)
    for execution in executions(script):
        position = folded(position, execution)
    return position


@pytest.mark.parametrize(
    ("script", "quantity", "to_sell", "to_buy"),
    [
        ("+6@50", 16, 10, 0),  # in the ten already, or on top of them
        ("-4@50", 6, 6, 0),
        ("-14@50", -4, 0, 0),
        ("+6@50 +1@50 +2@50", 19, 12, 0),  # the third came after the net
    ],
)
def test_what_the_brokers_net_may_have_had_in_it_is_not_counted_on(
    script, quantity, to_sell, to_buy
):
    position = counted(script, corrected_at_ns=2)
    assert position.quantity == quantity
    assert position.held_for(OrderSide.SELL) == to_sell
    assert position.held_for(OrderSide.BUY) == to_buy


def test_what_counts_twice_is_forgotten_when_the_broker_agrees_or_corrects():
    before = counted("+6@50", corrected_at_ns=1)
    for after in (agreed(before), corrected(before, Decimal(16), asked_at_ns=2, at_ns=3)):
        assert after.held_for(OrderSide.SELL) == 16
        assert after.version == before.version + 1
    assert agreed(fold("+6@50")) == fold("+6@50")


@given(fills)
def test_a_position_that_no_net_replaced_holds_what_it_says(script):
    position = fold(" ".join(f"{sign}{quantity}@{at}" for sign, quantity, at in script))
    assert position.held_for(OrderSide.SELL) - position.held_for(OrderSide.BUY) == position.quantity


@pytest.mark.parametrize(
    ("script", "side", "to_sell", "to_buy"),
    [("+10@50", "SELL", 4, 0), ("-10@50", "BUY", 0, 4), ("+10@50", "BUY", 10, 0)],
)
def test_what_an_order_may_have_taken_untold_is_not_counted_on(script, side, to_sell, to_buy):
    before = fold(script)
    after = doubted(before, OrderSide(side), Decimal(6), 99)
    assert (after.held_for(OrderSide.SELL), after.held_for(OrderSide.BUY)) == (to_sell, to_buy)
    assert (after.quantity, after.version) == (before.quantity, before.version + 1)
    assert after.moved_at_ns == 99
    assert agreed(after).held_for(OrderSide.SELL) == before.held_for(OrderSide.SELL)


@pytest.mark.parametrize(
    ("script", "opened_ns"),
    [
        ("", 0),
        ("+100@50", 1),
        ("+100@50 +100@60 -40@55", 1),
        ("+100@50 -100@45", 0),
        ("+100@50 -100@45 -7@50", 3),
        ("+100@50 -150@55", 2),
    ],
)
def test_a_position_knows_which_execution_opened_it(script, opened_ns):
    assert fold(script).opened_ns == opened_ns


def test_a_corrected_position_was_opened_by_nothing_that_we_have_seen():
    after = corrected(fold("+100@50"), Decimal(150), asked_at_ns=9, at_ns=9)
    assert after.opened_ns == 0
    (more,) = executions("+100@50")
    assert folded(after, more).opened_ns == 0


def test_a_position_is_left_until_something_executes_or_is_held():
    left = Left(side=OrderSide.SELL, trade_id="T1", at_ns=7)
    flat = fold("+100@50 -100@45")
    after = left_flat(flat, left)
    assert (flat.left, after.left, after.version) == (None, left, flat.version + 1)
    (more,) = executions("+100@50")
    assert folded(after, more).left is None
    assert corrected(after, Decimal(5), asked_at_ns=9, at_ns=9).left is None
    assert corrected(after, Decimal(0), asked_at_ns=9, at_ns=9).left == left
