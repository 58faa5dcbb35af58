"""Rows that are kept: no more than there is room for, and the same that were put."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tradebot.ports import TradeKey
from tradebot.services.kept_rows import ROW_BYTES, KeptRows, Row


def key(number, version=1):
    return TradeKey(number, f"T{number}", version)


def a_row(size=100):
    return Row(
        json=Raw(b"x" * size),
        instrument="NSE:SBIN",
        multiplier=Decimal(1),
        reason=None,
        closed_at_ns=7,
    )


def test_a_row_is_kept_under_its_trade_and_version():
    kept, row = KeptRows(), a_row()
    kept.put(key(1), row)
    assert kept.get(key(1)) is row
    assert kept.get(key(1, version=2)) is None
    assert kept.get(key(2)) is None


@pytest.mark.parametrize("order", [*itertools.permutations((1, 2, 3))])
def test_the_rows_of_the_newest_trades_are_kept(order):
    kept = KeptRows(bytes_max=2 * (ROW_BYTES + 100))
    for number in order:
        kept.put(key(number), a_row())
    assert [kept.get(key(number)) is not None for number in (1, 2, 3)] == [False, True, True]


def test_a_row_that_is_larger_than_all_the_room_is_not_kept():
    kept = KeptRows(bytes_max=1_000)
    kept.put(key(1), a_row(2_000))
    assert kept.get(key(1)) is None
    assert kept.bytes == 0


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 900))))
def test_what_is_counted_is_what_is_kept_and_within_the_room(puts):
    kept = KeptRows(bytes_max=4_000)
    last: dict[int, Row] = {}
    for number, size in puts:
        last[number] = a_row(size)
        kept.put(key(number), last[number])
        there = [row for each, row in last.items() if kept.get(key(each)) is row]
        assert kept.bytes == sum(len(bytes(row.json)) + ROW_BYTES for row in there)
        assert kept.bytes <= 4_000
