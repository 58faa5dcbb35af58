"""What leaving would have saved or cost, and how far a shadow is from its account."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brokers.shadow.world import SBIN
from tradebot.brokers.shadow.departures import Departure, gone_of, net_of, outcomes
from tradebot.core.inputs import OrderSide


def a_departure(quantity="100", price="805.5", side=OrderSide.SELL, name="1", trade_id="T1"):
    return Departure(
        execution_id=name,
        trade_id=trade_id,
        key=SBIN,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        at_ns=int(name),
        open=Decimal(quantity),
    )


@pytest.mark.parametrize(
    ("side", "followed", "ltp", "saved"),
    [
        (OrderSide.SELL, [], "800", "550"),  # the account still holds what fell further
        (OrderSide.SELL, [], "812.5", "-700"),  # it came back
        (OrderSide.BUY, [], "800", "-550"),
        (OrderSide.BUY, [], "812.5", "700"),
        (OrderSide.SELL, [("100", "803")], None, "250"),  # the person left lower
        (OrderSide.SELL, [("40", "803")], "800", "430"),
        (OrderSide.SELL, [("40", "803")], None, None),  # nobody knows what the rest is worth
        (OrderSide.SELL, [("40", None), ("60", "803")], None, "150"),
        (OrderSide.SELL, [("100", None)], "800", None),  # nor what nobody told of
    ],
)
def test_leaving_is_held_against_the_persons_own_way_and_the_price_now(side, followed, ltp, saved):
    departure = a_departure(side=side)
    for units, price in followed:
        departure = departure.followed(Decimal(units), None if price is None else Decimal(price))
    (outcome,) = outcomes([departure])
    found = outcome.saved(None if ltp is None else Decimal(ltp))
    assert found == (None if saved is None else Decimal(saved))


def test_all_executions_of_a_trade_make_one_outcome():
    parts = [
        a_departure("40", "806", name="1").followed(Decimal(10), Decimal(800)),
        a_departure("60", "805", name="2"),
        a_departure("10", "700", name="3", trade_id="T2"),
    ]
    first, second = outcomes(parts)
    assert (first.trade_id, first.quantity, first.price) == ("T1", 100, Decimal("805.4"))
    assert (first.open, first.left, first.left_price, first.at_ns) == (90, 10, 800, 2)
    assert (second.trade_id, second.left_price) == ("T2", None)


@pytest.mark.parametrize(
    ("real", "off", "gone"),
    [
        ("150", "-100", "0"),
        ("100", "-100", "0"),
        ("60", "-60", "40"),
        ("0", "0", "100"),
        ("-50", "0", "100"),
    ],
)
def test_a_shadow_never_holds_the_other_side_of_its_account(real, off, gone):
    departures = [a_departure()]
    assert net_of(departures, Decimal(real)) == Decimal(off)
    assert gone_of(departures, Decimal(real)) == Decimal(gone)


@given(
    st.integers(-1000, 1000), st.lists(st.integers(1, 500), max_size=4), st.sampled_from(OrderSide)
)
def test_the_shadows_net_lies_between_nothing_and_the_accounts(real, quantities, side):
    departures = [a_departure(str(units), side=side) for units in quantities]
    net = real + net_of(departures, Decimal(real))
    assert min(0, real) <= net <= max(0, real)
