"""Trades: the words of their states, and the figures that are derived from their sums."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.guard.trades import Marks, Rules, Side, Status, Trade
from tradebot.core.market.instruments import NetKey

D = Decimal


def a_trade(**changes: Any) -> Trade:
    trade = Trade(
        trade_id="T17",
        number=17,
        account="PAPER-1",
        strategy="",
        exchange="NSE",
        symbol="SBIN",
        product="MIS",
        side=Side.LONG,
        quantity=D(100),
        rules=Rules(),
        created_at_ns=0,
    )
    return msgspec.structs.replace(trade, **changes)


def test_profit_has_the_sign_of_the_side():
    assert (Side.LONG.sign, Side.SHORT.sign) == (1, -1)


@pytest.mark.parametrize(
    ("status", "over"),
    [
        (Status.PENDING, False),
        (Status.ACTIVE, False),
        (Status.TRIGGERED, False),
        (Status.CLOSED, True),
        (Status.CLOSED_EXTERNAL, True),
        (Status.NEVER_FILLED, True),
    ],
)
def test_history_holds_the_last_three_statuses(status, over):
    assert status.is_over is over


def test_every_status_is_either_active_or_history():
    assert [status.is_over for status in Status] == sorted(status.is_over for status in Status)


def test_a_trade_knows_its_instrument_and_the_net_position_it_is_a_part_of():
    trade = a_trade()
    assert trade.instrument == trade.key.instrument == "NSE:SBIN"
    assert trade.key == NetKey("PAPER-1", "NSE", "SBIN", "MIS")


def test_the_entry_is_the_average_of_its_executions():
    trade = a_trade(filled=D(150), entry_notional=D(50) * 812 + D(100) * 815)
    assert trade.entry == D(814)


def test_a_trade_without_fills_has_no_entry_rather_than_one_of_zero():
    with pytest.raises(AssertionError, match=r"^trade T17 has no filled entry$"):
        _ = a_trade().entry


@pytest.mark.parametrize(
    ("filled", "exited", "remaining"), [(0, 0, 0), (100, 0, 100), (100, 40, 60), (100, 100, 0)]
)
def test_what_remains_is_what_entered_and_has_not_left(filled, exited, remaining):
    assert a_trade(filled=D(filled), exited=D(exited)).remaining == remaining


@pytest.mark.parametrize(
    ("side", "exited", "at", "multiplier", "realized"),
    [
        (Side.LONG, 0, 0, 1, 0),
        (Side.LONG, 40, 830, 1, 1200),
        (Side.LONG, 100, 790, 1, -1000),
        (Side.SHORT, 100, 790, 1, 1000),
        (Side.SHORT, 40, 830, 1, -1200),
        (Side.LONG, 40, 830, 10, 12000),
    ],
)
def test_realized_profit_is_of_the_units_that_left(side, exited, at, multiplier, realized):
    trade = a_trade(
        side=side,
        filled=D(100),
        entry_notional=D(80_000),
        exited=D(exited),
        exit_notional=D(exited * at),
    )
    assert trade.realized_pnl(D(multiplier)) == realized


def test_a_trade_that_never_filled_has_realized_nothing():
    assert a_trade().realized_pnl(D(1)) == 0


@given(
    filled=st.integers(1, 1000),
    entry=st.integers(1, 10**6),
    exit_=st.integers(1, 10**6),
    side=st.sampled_from(list(Side)),
)
def test_a_trade_that_has_left_made_the_difference_of_its_two_sums(filled, entry, exit_, side):
    trade = a_trade(
        side=side,
        filled=D(filled),
        entry_notional=D(entry),
        exited=D(filled),
        exit_notional=D(exit_),
    )
    made = trade.realized_pnl(D(1))
    assert made == pytest.approx(D(side.sign * (exit_ - entry)), abs=D("1E-18"))


def test_a_new_trade_guards_nothing_yet_and_remembers_no_price():
    trade = a_trade()
    assert trade.status is Status.PENDING
    assert trade.marks == Marks(trail_active=False, best_price=None, breakeven_done=False)
    assert trade.remaining == trade.targets_done == 0
    assert trade.reason is None
