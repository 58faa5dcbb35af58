"""Recorded ticks: what is read, what is refused and in which words, and the merge."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.inputs import Tick
from tradebot.core.words.tick_files import AT_NS_MAX, AT_NS_MIN, merged, read_ticks
from tradebot.errors import InputError

T = 1_381_392_000_795_000_000
PLAIN = "ts_ns,exchange,symbol,price"


def read(*rows, header=PLAIN):
    return list(read_ticks([header + "\n", *(row + "\n" for row in rows)], "day.csv"))


def complaint(*rows, header=PLAIN):
    with pytest.raises(InputError) as caught:
        read(*rows, header=header)
    return caught.value


def test_a_row_becomes_a_tick_received_when_it_happened():
    assert read(f"{T},US,SPY,166.43") == [Tick("US:SPY", 166.43, T, T, None, None, 1)]


def test_rows_are_numbered_from_one_in_the_order_of_the_file():
    ticks = read(*(f"{T + n // 2},US,SPY,166.4{n}" for n in range(5)))
    assert [tick.seq for tick in ticks] == [1, 2, 3, 4, 5]


def test_all_ticks_of_an_instrument_share_one_string():
    first, second, third = read(f"{T},US,SPY,1", f"{T},US,SPY,2", f'{T},"US",SPY,3')
    assert first.instrument is second.instrument
    assert third.instrument == "US:SPY"


@pytest.mark.parametrize(
    ("header", "row", "sides"),
    [
        ("qty,bid,ask", "200,166.42,166.44", (166.42, 166.44)),
        ("ask,bid,qty", "166.44,166.42,200", (166.42, 166.44)),
        ("ask", "166.44", (None, 166.44)),
        ("bid,ask", ",166.44", (None, 166.44)),
        ("bid,ask", "166.42,", (166.42, None)),
        ("bid,ask", ", ", (None, None)),
        ("bid,ask", "0,inf", (None, None)),
        ("bid,ask", "-1,nan", (None, None)),
        ("qty", "", (None, None)),
        ("qty", " ", (None, None)),
        ("QTY", "0", (None, None)),
    ],
)
def test_columns_after_the_price_come_in_any_order_and_may_be_blank(header, row, sides):
    for _ in range(2):  # once an instrument is known the short way reads its rows
        ticks = read(
            f"{T},US,SPY,166.43,{row}", f"{T},US,SPY,166.43,{row}", header=f"{PLAIN},{header}"
        )
        assert [(tick.bid, tick.ask) for tick in ticks] == [sides, sides]


@pytest.mark.parametrize("price", ["0", "-3.5", "inf", "-inf", "1e999"])
def test_a_number_that_is_no_price_is_left_to_the_price_gate(price):
    first, second = read(f"{T},US,SPY,{price}", f"{T},US,SPY,{price}")
    assert first.ltp == second.ltp == float(price)


def test_the_word_nan_is_left_to_the_price_gate():
    assert math.isnan(read(f"{T},US,SPY,nan")[0].ltp)


def test_lines_may_end_as_on_windows_and_begin_with_a_byte_order_mark():
    lines = [f"\ufeff{PLAIN},bid\r\n", f"{T},US,SPY,1,\r\n", f"{T},US,SPY,2,3\r\n", "\r\n"]
    assert [(tick.ltp, tick.bid) for tick in read_ticks(lines, "x")] == [(1, None), (2, 3)]


def test_blank_lines_are_no_rows():
    assert [tick.seq for tick in read("", f"{T},US,SPY,1", "  ", f"{T},US,SPY,1", "")] == [1, 2]


def test_a_file_with_a_header_alone_holds_no_ticks():
    assert read() == []


def test_quoted_cells_may_hold_commas_and_quotes():
    ticks = read(f'"{T}","US","SPY, ""old""","166.43"', f'{T}, "US" ,SPY,1')
    assert [tick.instrument for tick in ticks] == ['US:SPY, "old"', "US:SPY"]


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("soon,US,SPY,1", "ts_ns", "'soon' is not a time; write whole nanoseconds UTC"),
        ("1.5e18,US,SPY,1", "ts_ns", "is not a time"),
        (f"{T}.0,US,SPY,1", "ts_ns", "is not a time"),
        ("1_381_392_000_795_000_000,US,SPY,1", "ts_ns", "is not a time"),
        (",US,SPY,1", "ts_ns", "'' is not a time"),
        (f"-{T},US,SPY,1", "ts_ns", "is not between 1990 and 2100"),
        ("1381392000,US,SPY,1", "ts_ns", "is not between 1990 and 2100"),
        (f"{AT_NS_MAX},US,SPY,1", "ts_ns", "is not between 1990 and 2100"),
        (f"{AT_NS_MIN - 1},US,SPY,1", "ts_ns", "is not between 1990 and 2100"),
        (f"{T - 1},US,SPY,1", "ts_ns", f"{T - 1}' is before {T} of the row above"),
        (f"{T},,SPY,1", "exchange", "is empty"),
        (f"{T},US, ,1", "symbol", "is empty"),
        (f"{T},U:S,SPY,1", "exchange", "holds a colon"),
        (f"{T},US,S\0PY,1", "symbol", "holds a NUL byte"),
        (f"{T},US,S\udcffPY,1", "symbol", "not UTF-8"),
        (f"{T},US,S\tPY,1", "symbol", "control characters"),
        (f"{T},US,SPY,", "price", "'' is not a number; write it like 812.05"),
        (f"{T},US,SPY,1.2.3", "price", "'1.2.3' is not a number"),
        (f"{T},US,SPY,1_000", "price", "is not a number"),
        (f"{T},US,SPY,1\0", "price", "is not a number"),
        (f"{T},US,SPY", "price", "3 of 4 columns, 'price' is missing"),
        (f"{T}", "exchange", "1 of 4 columns, 'exchange' is missing"),
        (f"{T},US,SPY,1,5", "row", "5 columns, the header has 4: ts_ns,exchange,symbol,price"),
        (f'{T},US,"SPY,1', "row", "a quote that does not end in this line"),
        (f'{T},US,S"P"Y,1', "row", "quote"),
    ],
)
def test_a_wrong_row_is_named_by_file_line_column_and_value(row, column, says):
    error = complaint(f"{T},US,SPY,166.43", row)
    assert error.field == column
    assert str(error).startswith("day.csv:3: ")
    assert says in str(error)


@pytest.mark.parametrize(
    ("cell", "column", "says"),
    [
        ("many,,", "qty", "'many' is not a number"),
        ("-1,,", "qty", "'-1' is not a quantity; write a number >= 0"),
        ("nan,,", "qty", "is not a quantity"),
        (",x,", "bid", "'x' is not a number"),
        ("1,2,1_0", "ask", "'1_0' is not a number"),
    ],
)
def test_a_wrong_optional_cell_is_named_too(cell, column, says):
    row = f"{T},US,SPY,166.43"
    error = complaint(f"{row},1,2,3", f"{row},{cell}", header=f"{PLAIN},qty,bid,ask")
    assert (error.field, str(error).startswith("day.csv:3: ")) == (column, True)
    assert says in str(error)


def test_rows_before_a_wrong_one_are_delivered():
    ticks = read_ticks([PLAIN, f"{T},US,SPY,1", "x"], "day.csv")
    assert next(ticks).seq == 1
    with pytest.raises(InputError):
        next(ticks)


@pytest.mark.parametrize(
    ("header", "field", "says"),
    [
        ("", "header", "day.csv: the file is empty; its first line must be ts_ns,exchange"),
        (f"{T},US,SPY,1", "header", "day.csv:1: the header is missing"),
        (
            "time,exchange,symbol,price",
            "ts_ns",
            "is 'time' and must be 'ts_ns' (did you mean 'ts_ns'?",
        ),
        ("ts_ns,exchnge,symbol,price", "exchange", "(did you mean 'exchange'?)"),
        ("ts_ns,exchange,symbol,ltp", "price", "(did you mean 'price'?)"),
        ("ts_ns,symbol,exchange,price", "exchange", "column 2 is 'symbol' and must be 'exchange';"),
        ("ts_ns,exchange,symbol", "price", "column 4 is '' and must be 'price'"),
        (f"{PLAIN},volume", "volume", "unknown column 'volume' (did you mean 'qty'?); after price"),
        (f"{PLAIN},bit", "bit", "did you mean 'bid'?"),
        (f"{PLAIN},open_interest", "open_interest", "; after price may follow qty, bid, ask"),
        (f"{PLAIN},price", "price", "unknown column 'price'"),
        (f"{PLAIN},bid,bid", "bid", "column 'bid' is there twice"),
        ("\x1f\udc8b\x08", "ts_ns", "must be 'ts_ns'"),
    ],
)
def test_a_wrong_header_is_refused_with_the_right_one(header, field, says):
    error = complaint(header=header)
    assert error.field == field
    assert says in str(error)


def test_no_line_at_all_is_an_empty_file():
    with pytest.raises(InputError, match=r"none\.csv: the file is empty"):
        list(read_ticks([], "none.csv"))


def test_files_are_merged_by_time_and_numbered_anew():
    one = read_ticks([PLAIN, f"{T},A,X,1", f"{T + 2},A,X,2"], "one")
    two = read_ticks([PLAIN, f"{T + 1},B,Y,3", f"{T + 3},B,Y,4"], "two")
    assert [(tick.ltp, tick.seq) for tick in merged([one, two])] == [(1, 1), (3, 2), (2, 3), (4, 4)]


def test_one_file_and_no_file_merge_too():
    assert [tick.seq for tick in merged([read_ticks([PLAIN, f"{T},A,X,1"], "one")])] == [1]
    assert list(merged([])) == []


@given(st.lists(st.lists(st.integers(0, 4)), min_size=2, max_size=4))
def test_equal_times_keep_the_order_of_the_files(offsets):
    sources = [
        [Tick(f"F{file}:{row}", 1.0, T + at, T + at) for row, at in enumerate(sorted(times))]
        for file, times in enumerate(offsets)
    ]
    expected = sorted((tick for source in sources for tick in source), key=lambda tick: tick.at_ns)
    result = list(merged(sources))
    assert [tick.instrument for tick in result] == [tick.instrument for tick in expected]
    assert [tick.seq for tick in result] == list(range(1, len(expected) + 1))


def test_the_short_way_and_the_exact_rule_agree():
    """The same rows, once with plain cells and once quoted, which only the exact rule reads."""
    drawn = random.Random(7)
    rows = [
        [
            str(T + n // 3),
            "US",
            drawn.choice(["SPY", "AIG"]),
            drawn.choice(["1.5", "0", "2e1", "-7"]),
        ]
        + [drawn.choice(["", "5", "0", "12.25"]) for _ in range(3)]
        for n in range(500)
    ]
    header = f"{PLAIN},bid,qty,ask"
    quoted = read(*(",".join(f'"{cell}"' for cell in row) for row in rows), header=header)
    assert read(*(",".join(row) for row in rows), header=header) == quoted
