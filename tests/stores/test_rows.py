"""Records become bytes and rows, and come back the same or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stores.samples import (
    KEY,
    a_decision,
    a_high,
    a_position,
    a_trade,
    an_execution,
    an_exit,
    records,
)
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import Execution
from tradebot.core.leaving.exit import State
from tradebot.core.records import Heard, Record, TradeSaved
from tradebot.errors import StoreError
from tradebot.stores.rows import (
    bodies,
    execution_row,
    exit_row,
    heard_row,
    high_row,
    packed,
    position_row,
    rank,
    told_row,
    trade_row,
    unpacked,
)


@given(st.lists(records(), max_size=8))
def test_a_frame_gives_back_its_records_with_their_types(items):
    assert unpacked(packed(items)) == items


def test_the_richest_records_survive_both_forms():
    sent = an_execution().execution
    items: list[Record] = [a_decision(), an_exit(), an_execution(), a_position()]
    assert unpacked(packed(items)) == items
    (execution,) = bodies([execution_row(sent)], Execution, "executions")
    assert execution == sent
    assert type(execution.key) is type(KEY)
    assert str(execution.quantity) == "0.001"


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x91\xa1\xff", packed([])[:-1], b"\x91\x80"])
def test_bytes_that_are_no_records_are_a_value_error(payload):
    with pytest.raises(ValueError, match=r"."):
        unpacked(payload)


@pytest.mark.parametrize(
    ("row", "keys"),
    [
        (trade_row(a_trade(3, 2)), ("T3", 3, 2, 0, "s")),
        (trade_row(a_trade(3, 2, status=Status.CLOSED)), ("T3", 3, 2, 1, "s")),
        (exit_row(an_exit(3, 2, 5).exit), ("T3", 2, 5, 0)),
        (exit_row(an_exit(3, 2, 5, State.DONE).exit), ("T3", 2, 5, 1)),
        (execution_row(an_execution("e", 7).execution), ("e", "o1", 7)),
        (position_row(a_position(1, 4).position), (*KEY, 4)),
        (told_row(a_decision(8, 2)), (8, "T2")),
        (heard_row(Heard(seq=2, at_ns=3)), (1, 2, 3)),
        (high_row(a_high(4, 8.5)), ("NSE:SBIN LONG last", 4, 8.5)),
        (high_row(a_high(4, 8.5, "A:B C SHORT mid")), ("A:B C SHORT mid", 4, -8.5)),
    ],
)
def test_a_row_carries_the_keys_that_the_tables_are_asked_by(row, keys):
    assert row[:-2] == keys


def test_more_rank_is_a_better_price_on_either_side():
    assert rank(a_high(1, 11.0)) > rank(a_high(1, 10.0))
    assert rank(a_high(1, 10.0, "X:Y SHORT last")) > rank(a_high(1, 11.0, "X:Y SHORT last"))


@pytest.mark.parametrize("place", range(7))
def test_a_change_of_any_column_is_damage(place):
    row = list(trade_row(a_trade(3)))
    value = row[place]
    row[place] = value + (
        b" " if isinstance(value, bytes) else "x" if isinstance(value, str) else 1
    )
    with pytest.raises(StoreError, match=r"^row .*3.* of table trades is damaged: checksum$"):
        bodies([trade_row(a_trade(1)), tuple(row)], TradeSaved, "trades")


def test_a_body_that_is_no_text_of_ours_is_damage():
    with pytest.raises(StoreError, match="row T3/3/1/0/s of table trades is damaged"):
        bodies([(*trade_row(a_trade(3))[:5], None, 0)], TradeSaved, "trades")


def test_a_sound_row_of_another_kind_is_named():
    rows = [trade_row(a_trade(1)), exit_row(an_exit(2).exit)]
    with pytest.raises(StoreError, match=r"row T2/1/1/0 of table trades is not readable: .*trade"):
        bodies(rows, TradeSaved, "trades")
