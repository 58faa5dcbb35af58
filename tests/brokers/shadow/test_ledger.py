"""The shadow's file: what was once told is told the same for ever."""

import sqlite3
from decimal import Decimal

import pytest

from tests.brokers.shadow.world import SBIN, TCS
from tradebot.brokers.shadow.ledger import Ledger
from tradebot.core.inputs import Execution, OrderSide
from tradebot.errors import BrokerError

NOW_NS = 1_800_000_000_000_000_000
DAY_NS = 24 * 3_600_000_000_000


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "shadow.db")
    ledger.open(NOW_NS)
    yield ledger
    ledger.close()


def again(ledger, now_ns=NOW_NS):
    """Open the same file as the next process would."""
    ledger.close()
    other = Ledger(ledger.path)
    other.open(now_ns)
    return other


def a_fill(name, quantity="100", side=OrderSide.SELL, *, price="805.5", key=SBIN, at_ns=NOW_NS):
    return Execution(
        execution_id=name,
        order_id=name,
        client_order_id=None,
        key=key,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        at_ns=at_ns,
    )


def told(ledger, *fills):
    return [(fill.execution_id, fill.quantity) for fill in ledger.told(fills)]


def test_without_a_departure_all_is_told(ledger):
    assert told(ledger, a_fill("A"), a_fill("B", "30")) == [("A", 100), ("B", 30)]


def test_what_the_person_leaves_after_the_shadow_is_told_only_beyond_it(ledger):
    ledger.depart(a_fill("P"), "T1")
    fills = [a_fill("A", "30", price="804"), a_fill("B", "90", price="803")]
    assert told(ledger, *fills) == [("B", 20)]
    departure = ledger.departures["P"]
    assert (departure.open, departure.left, departure.notional) == (0, 100, 30 * 804 + 70 * 803)


def test_a_departure_is_noted_once(ledger):
    ledger.depart(a_fill("P"), "T1")
    told(ledger, a_fill("A"))
    ledger.depart(a_fill("P"), "T1")
    assert ledger.departures["P"].open == 0


def test_the_oldest_departure_is_followed_first(ledger):
    ledger.depart(a_fill("P", "50"), "T1")
    ledger.depart(a_fill("Q", "50"), "T2")
    told(ledger, a_fill("A", "60"))
    assert [each.open for each in ledger.departures.values()] == [0, 40]
    assert [each.execution_id for each in ledger.on(SBIN)] == ["Q"]


@pytest.mark.parametrize(
    "fill", [a_fill("A", side=OrderSide.BUY), a_fill("A", key=TCS)], ids=["more", "elsewhere"]
)
def test_other_executions_follow_no_departure(ledger, fill):
    ledger.depart(a_fill("P"), "T1")
    assert told(ledger, fill) == [("A", 100)]
    assert ledger.departures["P"].open == 100


def test_an_answer_is_the_same_whenever_it_is_asked_for(ledger):
    before, after = a_fill("A"), a_fill("B", "130")
    assert told(ledger, before) == [("A", 100)]
    ledger.depart(a_fill("P"), "T1")
    first = told(ledger, before, after)
    assert first == [("A", 100), ("B", 30)]
    assert told(ledger, before, after) == first
    assert told(again(ledger), before, after) == first


def test_the_next_process_finds_all_of_it(ledger):
    ledger.depart(a_fill("P"), "T1")
    told(ledger, a_fill("A", "40", price="803"))
    ledger.cancel("R-1", Decimal(5))
    other = again(ledger)
    assert other.departures == ledger.departures
    assert other.instruments_open() == {"NSE:SBIN"}
    assert (other.cancelled("R-1"), other.cancelled("R-2")) == (5, None)


def test_units_that_are_gone_have_no_price(ledger):
    ledger.depart(a_fill("P", "50"), "T1")
    ledger.depart(a_fill("Q", "50"), "T2")
    ledger.is_gone(SBIN, Decimal(70))
    assert [(each.open, each.left) for each in ledger.departures.values()] == [(0, 0), (30, 0)]


def test_what_no_broker_lists_any_more_is_forgotten(ledger):
    old, young = a_fill("A", at_ns=NOW_NS), a_fill("B", at_ns=NOW_NS + 5 * DAY_NS)
    told(ledger, old, young)
    other = again(ledger, NOW_NS + 8 * DAY_NS)
    assert (other.is_new(old), other.is_new(young)) == (True, False)


def test_an_execution_that_is_listed_twice_counts_once(ledger):
    ledger.depart(a_fill("P"), "T1")
    told(ledger, a_fill("A", "60"), a_fill("A", "60"))
    assert ledger.departures["P"].open == 40


def test_a_disk_that_refuses_hides_no_departure_and_lets_nothing_be_told(ledger):
    holder = sqlite3.connect(ledger.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    ledger.depart(a_fill("P"), "T1")
    assert ledger.departures["P"].open == 100
    with pytest.raises(BrokerError, match=r"shadow\.db, the shadow's file: database is locked"):
        ledger.told([a_fill("A")])
    assert ledger.departures["P"].open == 100
    holder.execute("ROLLBACK")
    assert told(ledger, a_fill("A")) == []
    assert again(ledger).departures["P"].open == 0
    holder.close()


def test_a_closed_ledger_tells_nothing(ledger):
    ledger.close()
    ledger.close()
    with pytest.raises(BrokerError, match="closed"):
        ledger.told([a_fill("A")])


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"\x00" * 4096])
def test_a_file_that_is_none_is_named_and_left(tmp_path, content):
    path = tmp_path / "shadow.db"
    path.write_bytes(content)
    with pytest.raises(BrokerError, match=r"shadow\.db"):
        Ledger(path).open(NOW_NS)
    assert path.read_bytes() == content


def test_a_file_of_a_newer_version_is_not_touched(ledger):
    ledger.close()
    with sqlite3.connect(ledger.path) as file:
        file.execute("PRAGMA user_version = 9")
    with pytest.raises(BrokerError, match="newer"):
        ledger.open(NOW_NS)


@pytest.mark.parametrize("column", ["quantity", "side"])
def test_a_row_that_cannot_be_is_a_file_that_cannot_be_used(ledger, column):
    ledger.depart(a_fill("P"), "T1")
    ledger.close()
    with sqlite3.connect(ledger.path) as file:
        file.execute(f"UPDATE departures SET {column} = 'x'")
    with pytest.raises(BrokerError, match=r"shadow\.db"):
        ledger.open(NOW_NS)
