"""What the paper world remembers: its orders, executions, positions and market, in one file.

The world is not the daemon: it must go on where it was, whatever happened to the daemon.
So it is written at once, and never reset. It survives kill -9, not a power cut: a
simulation is not worth a disk sync per order.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec

from tradebot.brokers.paper.fate import Step
from tradebot.core.account.positions import Position, folded
from tradebot.core.inputs import Execution, OrderReport, OrderSide, OrderState
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import exact
from tradebot.errors import BrokerError

_VERSION = 3
_BUSY_S = 0.1  # somebody looks into the file; the loop must not wait long for him
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE orders (
    number INTEGER PRIMARY KEY,
    client_order_id TEXT UNIQUE, -- null: a person's
    account TEXT NOT NULL, exchange TEXT NOT NULL, symbol TEXT NOT NULL, product TEXT NOT NULL,
    side TEXT NOT NULL, quantity TEXT NOT NULL, filled TEXT NOT NULL,
    state TEXT NOT NULL, message TEXT NOT NULL,
    placed_at_ns INTEGER NOT NULL, changed_at_ns INTEGER NOT NULL, due_at_ns INTEGER NOT NULL,
    steps TEXT NOT NULL, done INTEGER NOT NULL,
    price TEXT, trigger_price TEXT -- of one that waits for it
) STRICT;
CREATE INDEX orders_open ON orders (number) WHERE state = 'open';
CREATE TABLE executions (
    number INTEGER PRIMARY KEY, order_number INTEGER NOT NULL, part INTEGER NOT NULL,
    quantity TEXT NOT NULL, price TEXT NOT NULL, at_ns INTEGER NOT NULL,
    UNIQUE (order_number, part)
) STRICT;
CREATE INDEX executions_at ON executions (at_ns);
CREATE TABLE positions (
    account TEXT, exchange TEXT, symbol TEXT, product TEXT, quantity TEXT NOT NULL,
    cost TEXT NOT NULL DEFAULT '0', -- the sum of quantity times price of what is open
    PRIMARY KEY (account, exchange, symbol, product)
) STRICT;
"""
_FROM_1_TO_2 = """
ALTER TABLE orders ADD COLUMN price TEXT;
ALTER TABLE orders ADD COLUMN trigger_price TEXT;
"""
_FROM_2_TO_3 = "ALTER TABLE positions ADD COLUMN cost TEXT NOT NULL DEFAULT '0'"
_KEEP_POSITION = "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?)"
_ORDER = (
    "number, client_order_id, account, exchange, symbol, product, side, quantity, filled, "
    "state, message, placed_at_ns, changed_at_ns, due_at_ns, steps, done, price, trigger_price"
)
_ADD_ORDER = f"INSERT INTO orders ({_ORDER}) VALUES (NULL{', ?' * 17})"  # noqa: S608 - no value in it
_MOVE_ORDER = (
    "UPDATE orders SET filled = ?, state = ?, message = ?, changed_at_ns = ?, due_at_ns = ?,"
    " done = ? WHERE number = ?"
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class PaperOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order in the paper exchange's book, with all that is to happen to it."""

    number: int
    order_id: str
    client_order_id: str | None  # None: a person's
    key: NetKey
    side: OrderSide
    quantity: Decimal
    filled: Decimal = Decimal(0)
    state: OrderState = OrderState.OPEN
    message: str = ""
    placed_at_ns: int
    changed_at_ns: int
    due_at_ns: int  # when the next step happens
    steps: tuple[Step, ...]
    done: int = 0  # steps that have happened
    price: Decimal | None = None  # a limit: nothing executes before this price or a better one
    trigger: Decimal | None = None  # a stop: nothing executes before this price or a worse one

    @property
    def rests(self) -> bool:
        """Whether it was placed to wait for a price."""
        return self.price is not None or self.trigger is not None

    def waits(self, ltp: float) -> bool:
        """Whether it rests in the book at a price."""
        last = exact(ltp)
        if self.price is not None:
            return self.side.sign * (last - self.price) > 0
        return (
            self.trigger is not None
            and not self.done
            and self.side.sign * (self.trigger - last) > 0
        )

    def report(self) -> OrderReport:
        """Return the exchange's word on this order."""
        return OrderReport(
            order_id=self.order_id,
            client_order_id=self.client_order_id,
            key=self.key,
            side=self.side,
            quantity=self.quantity,
            filled=self.filled,
            state=self.state,
            at_ns=self.changed_at_ns,
            message=self.message,
            price=self.price,
            trigger=self.trigger,
        )


class Memory:
    """The file of the paper world. What a call has written, kill -9 cannot take back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.positions: dict[NetKey, Position] = {}  # as in the file; flat ones are absent
        self.world = ""
        self._connection: sqlite3.Connection | None = None

    def open(self, now_ns: int) -> None:
        """Open the file, or make the first one of a new world.

        Raises:
            BrokerError: it cannot be used; it is left as it is.
        """
        try:
            # One transaction per call, begun by hand: see _transaction.
            self._connection = sqlite3.connect(self.path, _BUSY_S, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")
            self._prepare(now_ns)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            self.close()
            raise self._trouble(error) from error
        except BrokerError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; a second call changes nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def add(self, order: PaperOrder) -> PaperOrder:
        """Write a new order, and return it with its number and its order id."""
        with self._transaction():
            number = self._db.execute(_ADD_ORDER, _row(order)).lastrowid
        assert number is not None, "an INSERT has a row"
        return msgspec.structs.replace(order, number=number, order_id=f"{self.world}-{number}")

    def save(self, order: PaperOrder, execution: Execution | None) -> None:
        """Write what happened to an order, its execution and the position, as one."""
        position = self._position(order.key)
        with self._transaction():
            self._db.execute(
                _MOVE_ORDER,
                (
                    str(order.filled),
                    order.state.value,
                    order.message,
                    order.changed_at_ns,
                    order.due_at_ns,
                    order.done,
                    order.number,
                ),
            )
            if execution is not None:
                position = folded(position, execution)
                self._db.execute(
                    "INSERT INTO executions (order_number, part, quantity, price, at_ns)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (
                        order.number,
                        order.done,
                        str(execution.quantity),
                        str(execution.price),
                        execution.at_ns,
                    ),
                )
                self._db.execute(_KEEP_POSITION, _position_row(position))
        self._hold(position)

    def order_of_client(self, client_order_id: str) -> PaperOrder | None:
        """Return the order of that client order id."""
        orders = self._orders("WHERE client_order_id = ?", client_order_id)
        return orders[0] if orders else None

    def order(self, order_id: str) -> PaperOrder | None:
        """Return the order of that id of ours."""
        world, _, number = order_id.rpartition("-")
        if world != self.world or not (number.isascii() and number.isdigit()):
            return None
        orders = self._orders("WHERE number = ?", int(number))
        return orders[0] if orders else None

    def open_orders(self) -> list[PaperOrder]:
        """Return the orders to which something is still to happen, oldest first."""
        return self._orders("WHERE state = 'open' ORDER BY number")

    def orders(self, limit: int) -> list[PaperOrder]:
        """Return the newest orders, newest first."""
        return self._orders("ORDER BY number DESC LIMIT ?", limit)

    def executions_since(self, at_ns: int) -> list[Execution]:
        """Return the executions at or after a time, oldest first."""
        rows = self._read(
            "SELECT order_number, part, e.quantity, e.price, at_ns, client_order_id,"
            " account, exchange, symbol, product, side FROM executions e"
            " JOIN orders o ON o.number = order_number WHERE at_ns >= ? ORDER BY e.number",
            at_ns,
        )
        return [
            msgspec.convert(
                {
                    "execution_id": f"{self.world}-{number}-{part}",
                    "order_id": f"{self.world}-{number}",
                    "client_order_id": client_order_id,
                    "key": key,
                    "side": side,
                    "quantity": quantity,
                    "price": price,
                    "at_ns": at_ns,
                },
                Execution,
            )
            for number, part, quantity, price, at_ns, client_order_id, *key, side in rows
        ]

    def market(self) -> bytes | None:
        """Return the simulated market as it was saved last, None before the first time."""
        rows = self._read("SELECT value FROM meta WHERE name = 'market'")
        return str(rows[0][0]).encode() if rows else None

    def save_market(self, state: bytes) -> None:
        """Keep the state of the simulated market."""
        with self._transaction():
            self._set("market", state.decode())

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise BrokerError(f"{self.path.name} is closed")
        return self._connection

    def _prepare(self, now_ns: int) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise BrokerError(f"{self.path.name} was written by a newer tradebot ({version})")
        if version == 0:
            # Order ids carry the world's name: a second world must not repeat those of the
            # first, because the daemon would take its executions for ones already seen.
            world = _base36(now_ns // 1_000_000)
            script = f"{_SCHEMA} INSERT INTO meta VALUES ('world', '{world}');"  # noqa: S608 - our digits
            self._db.executescript(f"BEGIN; {script} PRAGMA user_version = {_VERSION}; COMMIT")
        if version == 1:
            self._db.executescript(f"BEGIN; {_FROM_1_TO_2} PRAGMA user_version = 2; COMMIT")
            version = 2
        self.world = self._db.execute("SELECT value FROM meta WHERE name = 'world'").fetchone()[0]
        if version == 2:  # noqa: PLR2004 - the file's
            self._add_costs()
        rows = self._db.execute("SELECT * FROM positions")
        for *key, quantity, cost in rows:
            self._hold(Position(key=NetKey(*key), quantity=Decimal(quantity), cost=Decimal(cost)))

    def _add_costs(self) -> None:
        """Give positions what they have cost, from all executions that there were."""
        found: dict[NetKey, Position] = {}
        for execution in self.executions_since(0):
            before = found.get(execution.key) or Position(key=execution.key)
            found[execution.key] = folded(before, execution)
        with self._transaction():
            self._db.execute(_FROM_2_TO_3)
            self._db.executemany(_KEEP_POSITION, map(_position_row, found.values()))
            self._db.execute("PRAGMA user_version = 3")

    def _position(self, key: NetKey) -> Position:
        return self.positions.get(key) or Position(key=key)

    def _hold(self, position: Position) -> None:
        if position.quantity:
            self.positions[position.key] = position
        else:
            self.positions.pop(position.key, None)

    def _orders(self, where: str, *values: object) -> list[PaperOrder]:
        rows = self._read(f"SELECT {_ORDER} FROM orders {where}", *values)  # noqa: S608 - no value in it
        return [self._order(*row) for row in rows]

    def _order(self, number: object, client_order_id: object, *rest: object) -> PaperOrder:
        account, exchange, symbol, product, side, *more = rest
        quantity, filled, state, message, placed_at_ns, changed_at_ns, due_at_ns, *more = more
        steps, done, price, trigger = more
        fields = {
            "number": number,
            "order_id": f"{self.world}-{number}",
            "client_order_id": client_order_id,
            "key": (account, exchange, symbol, product),
            "side": side,
            "quantity": quantity,
            "filled": filled,
            "state": state,
            "message": message,
            "placed_at_ns": placed_at_ns,
            "changed_at_ns": changed_at_ns,
            "due_at_ns": due_at_ns,
            "steps": msgspec.json.decode(str(steps)),
            "done": done,
            "price": price,
            "trigger": trigger,
        }
        return msgspec.convert(fields, PaperOrder)

    def _read(self, statement: str, *values: object) -> Sequence[tuple[object, ...]]:
        try:
            return self._db.execute(statement, values).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._trouble(error) from error

    def _set(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise self._trouble(error) from error

    def _trouble(self, error: Exception) -> BrokerError:
        return BrokerError(f"{self.path.name}, the paper world's file: {error}")


def _row(order: PaperOrder) -> tuple[object, ...]:
    return (
        order.client_order_id,
        *order.key,
        order.side.value,
        str(order.quantity),
        str(order.filled),
        order.state.value,
        order.message,
        order.placed_at_ns,
        order.changed_at_ns,
        order.due_at_ns,
        msgspec.json.encode(order.steps).decode(),
        order.done,
        None if order.price is None else str(order.price),
        None if order.trigger is None else str(order.trigger),
    )


def _position_row(position: Position) -> tuple[str, ...]:
    return (*position.key, str(position.quantity), str(position.cost))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
