"""A batch is written as its records say, whatever their order in it."""

import sqlite3

import pytest

from tests.stores.samples import a_high, a_line, a_position, a_trade, an_execution, an_exit
from tradebot.core.guard.trades import Status
from tradebot.core.records import Heard
from tradebot.stores.migrate import migrate
from tradebot.stores.writes import write


@pytest.fixture
def db(tmp_path):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, tmp_path / "t.db")
    yield connection
    connection.close()


def test_versions_decide_inside_one_batch_too(db):
    write(db, [a_trade(1, 3), a_trade(1, 2), a_trade(1, 3, tag="late")])
    assert db.execute("SELECT version, over FROM trades").fetchall() == [(3, 0)]


def test_the_count_of_open_trades_follows_every_change(db):
    def count():
        return db.execute("SELECT open_trades FROM meta").fetchone()[0]

    write(db, [a_trade(1), a_trade(2), a_trade(3, status=Status.CLOSED)])
    assert count() == 2
    write(db, [a_trade(1, 2, status=Status.CLOSED), a_trade(2, 2)])
    assert count() == 1
    write(db, [a_trade(1, 1), a_trade(3, 2)])
    assert count() == 2


def test_highs_that_are_bettered_leave_the_table(db):
    write(db, [a_high(n, price) for n, price in enumerate((5.0, 7.0, 6.0, 6.5, 6.5), start=1)])
    assert db.execute("SELECT number, rank FROM highs").fetchall() == [(2, 7.0), (5, 6.5)]


def test_a_thing_that_is_no_record_is_a_broken_promise(db):
    with pytest.raises(AssertionError):
        write(db, [object()])  # type: ignore[list-item]  # the point of it


def test_every_kind_of_record_has_its_table(db):
    write(db, [a_trade(), an_exit(), an_execution(), a_position(), a_high(1, 5.0), a_line()])
    write(db, [Heard(seq=1, at_ns=1), Heard(seq=1, at_ns=2), a_high(1, 5.0), a_high(1, 9.0)])
    for table in ("trades", "exits", "executions", "positions", "highs", "told", "heard"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,), table
    assert db.execute("SELECT at_ns FROM heard").fetchone() == (2,)
