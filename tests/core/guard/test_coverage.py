"""Rows of what nobody watched: counted inside the session, one row a day."""

from decimal import Decimal

import pytest

from tradebot.core.guard.coverage import Coverage, Uncovered
from tradebot.core.market.sessions import ROUND_THE_CLOCK, Session

TEN = Decimal(10)


def a_row(trade_id="T1", **fields):
    return Uncovered(
        instrument="NSE:SBIN",
        trade_id=trade_id,
        day="2026-01-05",
        opens_ns=100,
        closes_ns=1_000,
        **fields,
    )


@pytest.mark.parametrize(
    ("since", "until", "counted"),
    [
        (None, 500, 0),
        (200, 500, 300),
        (0, 500, 400),  # before the open nobody can leave
        (200, 2_000, 800),  # nor after the close
        (0, 50, 0),
        (600, 500, 0),  # a clock that went back
    ],
)
def test_time_counts_inside_the_session_alone(since, until, counted):
    assert a_row(unguarded_ns=7, unguarded_since_ns=since).unguarded_until(until) == 7 + counted
    assert a_row(blind_ns=7, blind_since_ns=since).blind_until(until) == 7 + counted


def test_unguarded_time_goes_on_until_nothing_is_unguarded():
    row = a_row().guarded_but(TEN, 200)
    assert (row.quantity, row.unguarded_since_ns, row.version) == (10, 200, 1)
    row = row.guarded_but(Decimal(4), 300)
    assert (row.quantity, row.unguarded_since_ns, row.unguarded_ns) == (4, 200, 0)
    row = row.guarded_but(Decimal(0), 500)
    assert (row.quantity, row.unguarded_since_ns, row.unguarded_ns) == (0, None, 300)
    row = row.guarded_but(Decimal(0), 600).guarded_but(TEN, 700).guarded_but(Decimal(0), 750)
    assert (row.unguarded_ns, row.version) == (350, 6)


def test_a_day_is_found_once_until_it_ends_or_the_sessions_change():
    coverage, session = Coverage(), Session()
    coverage.clock_ns = 5 * 3_600 * 10**9
    day = coverage.day("NSE", session)
    assert day == ("1970-01-01", ROUND_THE_CLOCK[0], 86_400 * 10**9)
    coverage.clock_ns = 86_400 * 10**9 - 1
    assert coverage.day("NSE", session) is not None
    assert coverage.days["NSE"][1:] == day
    coverage.clock_ns += 1
    assert coverage.day("NSE", session)[0] == "1970-01-02"
    assert coverage.day("NSE", Session(zone="America/New_York"))[0] == "1970-01-01"


def test_only_what_is_put_must_become_durable():
    coverage = Coverage()
    coverage.take((a_row("T1"), a_row("")))
    assert not coverage.is_dirty()
    assert coverage.drain() == []
    coverage.put(a_row("T2"))
    coverage.put(a_row("T2", version=2))
    assert coverage.is_dirty()
    assert coverage.drain() == [a_row("T2", version=2)]
    assert not coverage.is_dirty()
    assert [row.trade_id for row in coverage.rows] == ["", "T1", "T2"]


def test_a_trade_counts_what_its_instrument_counted_since_it_opened():
    coverage = Coverage()
    coverage.open = {"T1": "NSE:SBIN", "T2": "NSE:SBIN", "T3": "NSE:TCS"}
    assert coverage.blind_ns("T1", 500) == 0
    coverage.take((a_row("", blind_ns=50, blind_since_ns=300), a_row("T2", blind_before_ns=120)))
    assert [coverage.blind_ns(f"T{n}", 400) for n in (1, 2, 3)] == [150, 30, 0]


def test_a_trade_that_is_over_has_its_last_figures():
    coverage = Coverage()
    coverage.take((a_row("T1", blind_ns=70, unguarded_ns=9, is_over=True), a_row("", blind_ns=500)))
    assert (coverage.blind_ns("T1", 900), coverage.unguarded_ns("T1", 900)) == (70, 9)
    assert (coverage.blind_ns("T9", 900), coverage.unguarded_ns("T9", 900)) == (0, 0)


def test_there_is_something_to_tell_of_trades_with_a_row_and_on_blind_instruments():
    coverage = Coverage()
    coverage.open = {"T1": "NSE:SBIN", "T2": "NSE:TCS", "T3": "NSE:TCS"}
    coverage.take((a_row("T2"), a_row("T0", is_over=True), a_row("")))
    assert coverage.told_of() == ["T2", "T0", "T1"]
    assert a_row("T2").name == ("NSE:SBIN", "T2", "2026-01-05")
