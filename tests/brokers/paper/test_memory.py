"""The file of the paper world."""

import sqlite3
from decimal import Decimal

import msgspec
import pytest

from tests.brokers.paper.world import SBIN, START_NS
from tradebot.brokers.paper.fate import Step
from tradebot.brokers.paper.memory import Memory, PaperOrder
from tradebot.core.inputs import Execution, OrderSide, OrderState
from tradebot.errors import BrokerError

PRICE = Decimal("812.05")


@pytest.fixture
def memory(tmp_path):
    memory = Memory(tmp_path / "paper.db")
    memory.open(START_NS)
    yield memory
    memory.close()


def again(memory):
    """Open the same file as the next process would."""
    memory.close()
    other = Memory(memory.path)
    other.open(START_NS + 1)
    return other


def an_order(client_order_id="T1-x1", quantity="100", side=OrderSide.BUY):
    return PaperOrder(
        number=0,
        order_id="",
        client_order_id=client_order_id,
        key=SBIN,
        side=side,
        quantity=Decimal(quantity),
        placed_at_ns=5,
        changed_at_ns=5,
        due_at_ns=9,
        steps=(
            Step(4, Decimal(40), OrderState.OPEN),
            Step(4, Decimal("59.5"), OrderState.COMPLETE),
        ),
    )


def a_fill(order, quantity="40", at_ns=9, done=1, state=OrderState.OPEN):
    after = msgspec.structs.replace(
        order,
        filled=order.filled + Decimal(quantity),
        done=done,
        state=state,
        changed_at_ns=at_ns,
        message="part",
    )
    execution = Execution(
        execution_id=f"{order.order_id}-{done}",
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        key=order.key,
        side=order.side,
        quantity=Decimal(quantity),
        price=PRICE,
        at_ns=at_ns,
    )
    return after, execution


def held(memory):
    """Return what each key holds, and what a unit of it has cost."""
    return {key: (held.quantity, held.average) for key, held in memory.positions.items()}


def test_an_order_is_found_by_either_name_also_by_the_next_process(memory):
    order = memory.add(an_order())
    for _ in range(2):
        assert memory.order_of_client("T1-x1") == order
        assert memory.order(order.order_id) == order
        assert memory.open_orders() == [order]
        assert memory.orders(10) == [order]
        memory = again(memory)


def test_what_nobody_wrote_is_not_found(memory):
    order = memory.add(an_order())
    assert memory.order_of_client("T1-x2") is None
    for order_id in ("", "7", f"{memory.world}-2", f"{memory.world}-", "other-1", "x-²"):
        assert memory.order(order_id) is None
    assert memory.order(order.order_id) is not None


def test_the_newest_orders_come_first(memory):
    names = [memory.add(an_order(f"T{n}-x1")).client_order_id for n in range(5)]
    assert [order.client_order_id for order in memory.orders(3)] == names[:1:-1]


def test_a_person_may_give_any_number_of_orders_without_a_name(memory):
    first, second = memory.add(an_order(None)), memory.add(an_order(None))
    assert first.order_id != second.order_id


def test_an_execution_its_order_and_the_position_are_written_as_one(memory):
    order = memory.add(an_order())
    after, execution = a_fill(order)
    memory.save(after, execution)
    for _ in range(2):
        assert memory.order_of_client("T1-x1") == after
        assert memory.executions_since(0) == [execution]
        assert held(memory) == {SBIN: (40, PRICE)}
        memory = again(memory)


def test_the_same_part_of_an_order_cannot_execute_twice(memory):
    order = memory.add(an_order())
    memory.save(*a_fill(order))
    with pytest.raises(BrokerError, match="UNIQUE"):
        memory.save(*a_fill(order))
    assert held(memory) == {SBIN: (40, PRICE)}
    assert len(memory.executions_since(0)) == 1


def test_a_name_cannot_be_used_for_a_second_order(memory):
    memory.add(an_order())
    with pytest.raises(BrokerError, match="UNIQUE"):
        memory.add(an_order(quantity="7"))
    assert memory.orders(9)[0].quantity == 100


def test_a_flat_position_is_no_position(memory):
    memory.save(*a_fill(memory.add(an_order())))
    memory.save(*a_fill(memory.add(an_order("T2-x1", side=OrderSide.SELL))))
    assert held(memory) == {}
    assert held(again(memory)) == {}


def test_executions_are_read_from_a_time_on_oldest_first(memory):
    order = memory.add(an_order())
    part, first = a_fill(order, at_ns=100)
    memory.save(part, first)
    whole, second = a_fill(part, "59.5", at_ns=200, done=2, state=OrderState.COMPLETE)
    memory.save(whole, second)
    assert memory.executions_since(100) == [first, second]
    assert memory.executions_since(101) == [second]
    assert memory.open_orders() == []


def test_the_market_is_kept(memory):
    assert memory.market() is None
    memory.save_market(b'{"a":1}')
    memory.save_market(b'{"a":2}')
    assert again(memory).market() == b'{"a":2}'


def test_opening_never_resets_the_world(memory):
    world = memory.world
    memory.add(an_order())
    reopened = again(memory)
    assert reopened.world == world
    assert len(reopened.orders(9)) == 1


def test_another_world_repeats_no_order_id(tmp_path):
    """A daemon that knows the executions of one world must see those of another as new."""
    ids = set()
    for number in range(3):
        memory = Memory(tmp_path / f"{number}.db")
        memory.open(START_NS + number * 1_000_000)
        ids.add(memory.add(an_order()).order_id)
        memory.close()
    assert len(ids) == 3


def test_a_world_may_begin_at_the_dawn_of_time(tmp_path):
    memory = Memory(tmp_path / "paper.db")
    memory.open(0)
    assert memory.add(an_order()).order_id == "0-1"
    memory.close()


def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "paper.db"
    path.write_bytes(b"no database " * 100)
    with pytest.raises(BrokerError, match=r"paper\.db, the paper world's file: file is not a dat"):
        Memory(path).open(START_NS)
    assert path.read_bytes() == b"no database " * 100


def test_the_file_of_a_newer_tradebot_is_refused(memory):
    memory.close()
    with sqlite3.connect(memory.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(BrokerError, match=r"newer tradebot \(99\)"):
        memory.open(START_NS)


def test_a_file_of_the_first_version_goes_on(memory):
    before = memory.add(an_order())
    for column in ("price", "trigger_price"):
        memory._db.execute(f"ALTER TABLE orders DROP COLUMN {column}")
    memory._db.execute("ALTER TABLE positions DROP COLUMN cost")
    memory._db.execute("PRAGMA user_version = 1")
    memory.close()
    memory.open(START_NS)
    assert memory.order(before.order_id) == before
    assert memory.order(memory.add(an_order("T2-x1")).order_id).price is None


def test_a_file_without_costs_finds_them_in_its_executions(memory):
    order = memory.add(an_order())
    memory.save(*a_fill(order))
    memory._db.execute("ALTER TABLE positions DROP COLUMN cost")
    memory._db.execute("PRAGMA user_version = 2")
    for _ in range(2):
        memory = again(memory)
        assert held(memory) == {SBIN: (40, PRICE)}
    memory.close()


def test_a_folder_that_is_missing_is_an_error_of_the_broker(tmp_path):
    with pytest.raises(BrokerError, match="unable to open"):
        Memory(tmp_path / "none" / "paper.db").open(START_NS)


def test_a_write_that_is_refused_changes_nothing(memory):
    order = memory.add(an_order())
    locker = sqlite3.connect(memory.path, isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    with pytest.raises(BrokerError, match="locked"):
        memory.save(*a_fill(order))
    assert held(memory) == {}
    locker.execute("ROLLBACK")
    locker.close()
    memory.save(*a_fill(order))
    assert held(memory) == {SBIN: (40, PRICE)}


def test_a_read_that_fails_is_an_error_of_the_broker(memory):
    locker = sqlite3.connect(memory.path, isolation_level=None)
    locker.execute("DROP TABLE executions")
    locker.close()
    with pytest.raises(BrokerError, match="no such table"):
        memory.executions_since(0)


def test_a_closed_file_answers_nothing(memory):
    memory.close()
    memory.close()
    with pytest.raises(BrokerError, match=r"paper\.db is closed"):
        memory.orders(1)
    with pytest.raises(BrokerError, match=r"paper\.db is closed"):
        memory.add(an_order())
