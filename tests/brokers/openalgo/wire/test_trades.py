"""Fills from rows that have no ids, come in any order, and may stand there twice."""

import random
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from tests.brokers.openalgo.wire.samples import TRADE, fills_of, spoiled, success, trade_rows
from tradebot.brokers.openalgo.books.told_fills import ToldFills
from tradebot.brokers.openalgo.wire.answers import answer_of
from tradebot.brokers.openalgo.wire.trades import Fill, Limit, repeated

A, B = TRADE["orderid"], "250408001002737"


def rows(*changes):
    found = trade_rows(success([{**TRADE, **change} for change in changes]))
    assert found is not None
    return found


def fill(quantity, price=812.5, at="10:00:00", order=A):
    return {"orderid": order, "quantity": quantity, "average_price": price, "timestamp": at}


def names(found, limits=None, told=None):
    return sorted(fill.name for fill in fills_of(found, limits or {}, told))


def test_a_row_says_what_was_traded():
    (row,) = rows({})
    assert (row.quantity, row.price, row.side.value) == (100, Decimal("812.55"), "SELL")
    (fill,) = fills_of([row], {})
    assert fill.name == f"{A}/100@812.55/1"


def test_names_stay_when_rows_come_in_another_order_or_others_come_between():
    first = rows(fill(40, 100), fill(60, 101))
    later = rows(fill(5, 99), fill(60, 101), fill(40, 100), fill(40, 100, order=B))
    assert set(names(first)) <= set(names(later))
    assert len(names(later)) == 4


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(0, 3)), max_size=8))
def test_the_order_of_rows_never_matters(drawn):
    found = rows(*(fill(q, p, f"10:00:0{s}") for q, p, s in drawn))
    mixed = list(found)
    random.Random(len(drawn)).shuffle(mixed)
    assert names(found) == names(mixed)


def test_a_number_has_one_spelling():
    assert names(rows({"quantity": "40.0", "average_price": "100.50"})) == [f"{A}/40@100.5/1"]


def test_two_like_fills_of_different_times_are_two():
    assert names(rows(fill(50, at="10:00:00"), fill(50, at="10:00:01"))) == [
        f"{A}/50@812.5/1",
        f"{A}/50@812.5/2",
    ]


@pytest.mark.parametrize(
    ("limit", "count"),
    [
        (None, 1),  # nobody has told of the order: the second one waits
        (Limit(Decimal(0), Decimal(150)), 1),  # open, and nobody says how much of it filled
        (Limit(Decimal(100), Decimal(150)), 2),  # its row says that so much has filled
        (Limit(Decimal(100), Decimal(100)), 2),  # complete
        (Limit(Decimal(50), Decimal(50)), 1),  # complete with one: the other is its double
        (Limit(Decimal(75), Decimal(150)), 1),  # more than one, and two would be too many
    ],
)
def test_two_rows_alike_in_everything_are_two_fills_only_if_the_order_filled_so_much(limit, count):
    found = rows(fill(50), fill(50))
    assert repeated(found) == {A}
    limits = {} if limit is None else {A: limit}
    assert len(fills_of(found, limits)) == count


def test_a_book_of_which_every_row_is_doubled_tells_each_fill_once():
    once = [fill(40, 100), fill(60, 101)]
    limits = {A: Limit(Decimal(100), Decimal(100))}
    assert names(rows(*once, *once), limits) == names(rows(*once), limits)
    assert names(rows(*once, *once)) == names(rows(*once))


def test_no_more_is_told_than_the_order_can_have_filled():
    found = rows(fill(60, 100), fill(60, 101), fill(40, 102))
    told = fills_of(found, {A: Limit(Decimal(100), Decimal(100))})
    assert sum(fill.row.quantity for fill in told) == 100


HONEST = [fill(11, 98.8), fill(11, 98.85), fill(11, 98.85)]
OF_HONEST = [f"{A}/11@98.8/1", f"{A}/11@98.85/1", f"{A}/11@98.85/2"]
COMPLETE = {A: Limit(Decimal(33), Decimal(33))}


def told_of(*fills):
    return {A: {fill.name: fill for fill in fills}}


TOLD = told_of(*fills_of(rows(*HONEST), COMPLETE))


def test_a_book_that_comes_doubled_later_tells_no_other_fill_than_before():
    assert names(rows(*HONEST), COMPLETE) == OF_HONEST
    assert names(rows(*HONEST, *HONEST), COMPLETE, TOLD) == OF_HONEST


@pytest.mark.parametrize(
    "read",
    [
        pytest.param([HONEST[0], HONEST[0]], id="doubled, and a part is missing"),
        pytest.param([HONEST[0], fill(11, 98.9)], id="missing, and a price was written anew"),
    ],
)
def test_what_was_told_counts_though_a_reading_lacks_it(read):
    assert set(names(rows(*read), COMPLETE, TOLD)) < set(OF_HONEST)


def test_what_was_told_stays_where_rows_have_all_that_the_order_filled():
    """One is missing and another one doubled."""
    found = rows(HONEST[0], *HONEST[:2])
    assert fills_of(found, COMPLETE, TOLD) == list(TOLD[A].values())


def test_what_was_told_stays_where_nobody_has_told_of_the_order_yet():
    assert names(rows(*HONEST, *HONEST), {}, TOLD) == OF_HONEST


@pytest.mark.parametrize("limits", [COMPLETE, {}])
def test_a_price_that_is_written_anew_changes_nothing_that_was_told(limits):
    anew = rows(*HONEST[:2], fill(11, 98.9))
    assert fills_of(anew, limits, TOLD) == list(TOLD[A].values())


def test_a_first_book_that_is_doubled_as_a_whole_tells_all_of_a_complete_order():
    assert names(rows(*HONEST, *HONEST), COMPLETE) == OF_HONEST


def test_rows_of_the_whole_order_at_the_average_so_far_are_one_fill():
    """[S] shoonya, jainamxts and others: a row for each fill, the order's units in each."""
    whole = {A: Limit(Decimal(0), Decimal(100))}
    (first,) = fills_of(rows(fill(100, 99.5)), whole)
    for limits in (whole, {A: Limit(Decimal(100), Decimal(100))}):
        later = rows(fill(100, 99.5), fill(100, 99.6, at="10:00:01"))
        assert fills_of(later, limits, told_of(first)) == [first]
        later = rows(fill(100, 99.6), fill(100, 99.6, at="10:00:01"))
        assert fills_of(later, limits, told_of(first)) == [first]


def test_what_a_row_of_more_than_the_order_adds_is_at_its_own_price():
    told = told_of(*fills_of(rows(fill(40, 99.5)), {}))
    _, more = fills_of(
        rows(fill(90, 99.6), fill(90, 99.7)), {A: Limit(Decimal(0), Decimal(100))}, told
    )
    assert (more.row.quantity, more.row.price) == (60, Decimal("99.7"))


def test_an_average_that_leaves_no_price_for_the_rest_is_the_price_of_the_rest():
    told = told_of(*fills_of(rows(fill(100, 99.5)), {}))
    _, more = fills_of(rows(fill(101, 98.5)), {}, told)
    assert (more.row.quantity, more.row.price) == (1, Decimal("98.5"))


def test_a_fill_of_fewer_units_than_its_row_is_no_reason_to_tell_another_one():
    """What goes with a departure of a shadow is taken off before anybody is told."""
    (short,) = fills_of(rows(fill(4)), {})
    named = structs.replace(short, name=f"{A}/10@812.5/1")
    gone = structs.replace(short, name=f"{A}/1@1/1")
    assert fills_of(rows(fill(10)), {}, told_of(named, gone)) == [named, gone]


def test_the_row_of_an_order_that_is_behind_its_trades_takes_none_of_them_back():
    behind = {A: Limit(Decimal(50), Decimal(100))}
    assert len(names(rows(fill(50, at="10:00:00"), fill(50, at="10:00:01")), behind)) == 2


class Reading(NamedTuple):
    """How the fills of one order are shown at some time."""

    there: int  # so many have come
    missing: int  # those whose bit is set are left out
    doubled: int  # those whose bit is set stand there twice


FILLS = st.lists(
    st.tuples(st.sampled_from([5, 10]), st.integers(100, 101), st.integers(0, 1)),
    min_size=1,
    max_size=5,
)
BITS, NONE, ALL = st.integers(0, 31), st.just(0), st.just(31)
COUNTS = st.integers(0, 5)
ANY = st.lists(st.builds(Reading, COUNTS, BITS, BITS), max_size=6)
# Each fault by itself: what is left out, or the whole book twice.
PLAIN = st.lists(
    st.builds(Reading, COUNTS, BITS, NONE) | st.builds(Reading, COUNTS, NONE, ALL), max_size=6
)


def told_after(fills, readings, *, is_told, is_known=True):
    """Read a book again and again; return units told and units filled after each reading."""
    memory = ToldFills()
    total = sum(units for units, _, _ in fills)
    for there, missing, doubled in readings:
        come = fills[:there]
        filled = sum(units for units, _, _ in come)
        shown = [
            fill(units, price, f"10:00:0{second}")
            for bit, (units, price, second) in enumerate(come)
            if not missing >> bit & 1
            for _ in range(2 if doubled >> bit & 1 else 1)
        ]
        surely = filled if is_told or filled == total else 0
        limits = {A: Limit(Decimal(surely), Decimal(total))} if is_known else {}
        memory.note(fills_of(rows(*shown), limits, memory.of_day(0)))
        yield memory.units(A), filled


@given(FILLS, ANY, st.booleans(), st.booleans())
@example(  # a fill that was told in another one's place, with more to come
    [(10, 100, 0), (5, 100, 0), (10, 101, 0), (5, 101, 0)],
    [Reading(3, 3, 4), Reading(3, 4, 0)],
    True,
    True,
)
@example([(5, 100, 0), (5, 101, 0)], [Reading(2, 1, 2), Reading(3, 0, 3)], False, True)
@example(
    [(5, 100, 0), (5, 101, 0), (5, 100, 1), (5, 100, 0)],
    [Reading(2, 1, 2), Reading(3, 0, 0)],
    True,
    True,
)
def test_no_readings_ever_tell_more_than_has_filled(fills, readings, is_told, is_known):
    readings = sorted(readings)
    for told, filled in told_after(fills, readings, is_told=is_told, is_known=is_known):
        assert told <= filled


@given(FILLS, PLAIN, st.booleans())
@example(  # a row stood for what was told of another one, and two others are alike
    [(5, 100, 1), (5, 100, 1), (10, 100, 0)], [Reading(1, 0, 0), Reading(3, 3, 0)], False
)
def test_a_whole_book_of_a_complete_order_tells_all_of_it(fills, readings, is_told):
    whole = Reading(len(fills), 0, 0)
    *_, (told, filled) = told_after(fills, [*sorted(readings), whole], is_told=is_told)
    assert told == filled


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(9_900, 10_100)), min_size=1, max_size=6),
    st.lists(st.integers(1, 6), max_size=4),
    st.booleans(),
    st.booleans(),
)
def test_one_row_of_an_order_that_grows_tells_all_units_and_all_money(fills, reads, known, again):
    """A trade book made of an order book: what has filled so far, at the average."""
    memory = ToldFills()
    total = sum(units for units, _ in fills)
    limits = {A: Limit(Decimal(0), Decimal(total))} if known else {}
    before: list[Fill] = []
    for there in sorted(reads):
        filled = sum(units for units, _ in fills[:there])
        paid = sum(units * price for units, price in fills[:there])
        told = fills_of(rows(fill(filled, paid / filled)), limits, memory.of_day(0))
        assert told[: len(before)] == before  # no list lacks what an earlier one had
        memory.note(told)
        assert memory.units(A) == filled
        assert float(sum(f.row.quantity * f.row.price for f in told)) == pytest.approx(paid)
        assert len({f.name for f in told}) == len(told)
        if again:
            assert fills_of(rows(fill(filled, paid / filled)), limits, memory.of_day(0)) == told
        before = told


def test_rows_that_only_look_alike_are_not_repeated():
    assert repeated(rows(fill(50), fill(50, order=B), fill(50, at="10:00:01"))) == set()


def test_a_price_that_is_missing_follows_from_the_value():
    (row,) = rows({"average_price": 0, "trade_value": "8125", "quantity": "10"})
    assert row.price == Decimal("812.5")


def test_a_row_may_not_say_a_price():
    (row,) = rows({"average_price": 0, "trade_value": 0})
    assert row.price == 0


def test_a_row_without_units_tells_of_nothing():
    assert rows({"quantity": 0}) == []


@pytest.mark.parametrize("change", [
    {"orderid": None}, {"action": "?"}, {"quantity": "?"}, {"quantity": -5}, {"symbol": ""},
    {"exchange": None},
])  # fmt: skip
def test_a_row_that_cannot_be_read_spoils_the_book(change):
    assert trade_rows(success([TRADE, {**TRADE, **change}])) is None


@pytest.mark.parametrize("data", [None, {}, "x", [5], {"trades": []}])
def test_what_is_no_trade_book_is_none(data):
    assert trade_rows(success(data)) is None
    assert trade_rows(success([], mode="analyze")) is None


@given(spoiled({"status": "success", "data": [TRADE, TRADE]}))
def test_no_trade_book_makes_the_reader_raise_or_tells_of_fills_without_units(raw):
    found = [row for row in trade_rows(answer_of(200, raw)) or () if row.price]
    for told in fills_of(found or (), {}):
        assert told.row.quantity > 0
        assert told.row.price > 0
    assert repeated(found or ()) <= {row.order_id for row in found or ()}
