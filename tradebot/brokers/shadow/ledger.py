"""What a shadow remembers: its departures, and what the engine was told of the account.

The same answer for ever, also after a kill: an execution of the person's that once went
with a departure is never told to the engine later, and one that was told stays told. The
file survives kill -9, not a power cut: no order depends on it.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from tradebot.brokers.shadow.departures import Departure
from tradebot.core.inputs import Execution, OrderReport
from tradebot.core.market.instruments import NetKey
from tradebot.errors import BrokerError

_BUSY_S = 0.1  # somebody looks into the file; the loop must not wait long for him
_TOLD_KEPT_NS = 7 * 24 * 3_600_000_000_000  # no broker lists an execution for so long
_VERSION = 1
_NONE_KNOWN: Mapping[str, int] = {}
_SCHEMA = """
CREATE TABLE departures (
    number INTEGER PRIMARY KEY, execution_id TEXT NOT NULL UNIQUE, trade_id TEXT NOT NULL,
    account TEXT NOT NULL, exchange TEXT NOT NULL, symbol TEXT NOT NULL, product TEXT NOT NULL,
    side TEXT NOT NULL, quantity TEXT NOT NULL, price TEXT NOT NULL, at_ns INTEGER NOT NULL,
    open TEXT NOT NULL, left TEXT NOT NULL, notional TEXT NOT NULL
) STRICT;
CREATE TABLE told ( -- of each execution of the account: how many units the engine hears of
    execution_id TEXT PRIMARY KEY, quantity TEXT NOT NULL, at_ns INTEGER NOT NULL
) STRICT;
CREATE TABLE cancelled ( -- orders of the person's that the shadow took for cancelled
    order_id TEXT PRIMARY KEY, filled TEXT NOT NULL
) STRICT;
"""
_KEEP = (
    "INSERT INTO departures (execution_id, trade_id, account, exchange, symbol, product, side,"
    " quantity, price, at_ns, open, left, notional) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (execution_id) DO UPDATE"
    " SET open = excluded.open, left = excluded.left, notional = excluded.notional"
)
_READ = (
    "SELECT execution_id, trade_id, account, exchange, symbol, product, side, quantity, price,"
    " at_ns, open, left, notional FROM departures ORDER BY number"
)


class Ledger:
    """The file, and what is in it. ``open`` before use."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is opened yet."""
        self.path = path
        self.departures: dict[str, Departure] = {}  # by execution, oldest first
        self._open: dict[str, Departure] = {}  # of them, what the account still holds
        self.version = 0  # of the departures
        self._told: dict[str, Decimal] = {}
        self._cancelled: dict[str, Decimal] = {}
        self._unsaved: dict[str, Departure] = {}  # the disk refused them
        self._followed: dict[str, Decimal] = {}  # units by order, of what was listed last
        self._sent_ns: dict[str, int] = {}  # of this life's departures: when their orders left
        self._connection: sqlite3.Connection | None = None

    def open(self, now_ns: int) -> None:
        """Open the file, or make it.

        Args:
            now_ns: the time; what is older than any broker's list is forgotten.

        Raises:
            BrokerError: it cannot be used; it is left as it is.
        """
        try:
            self._connection = sqlite3.connect(self.path, _BUSY_S, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")
            self._load(self._connection, now_ns)
        except (sqlite3.Error, ArithmeticError, ValueError) as error:
            self.close()
            raise BrokerError(f"{self.path.name}, the shadow's file: {error}") from error
        except BrokerError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; a second call changes nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def on(self, key: NetKey) -> list[Departure]:
        """Return what the account still holds of a key and the shadow has left, oldest first."""
        return [each for each in self._open.values() if each.key == key]

    def keys_open(self) -> set[NetKey]:
        """Return the keys of which the account holds something that the shadow has left."""
        return {each.key for each in self._open.values()}

    def instruments_open(self) -> set[str]:
        """Return the instruments of these keys."""
        return {each.key.instrument for each in self._open.values()}

    def depart(self, execution: Execution, trade_id: str, sent_ns: int | None = None) -> None:
        """Note an execution of the shadow's own; one twice changes nothing.

        Args:
            execution: of the order that left.
            trade_id: whose exit it is.
            sent_ns: when that order left, where it is known.

        It counts also where the disk refuses it: it is written with what comes next, and the
        paper exchange remembers it beside us.
        """
        if execution.execution_id in self.departures:
            return
        departure = Departure(
            execution_id=execution.execution_id,
            trade_id=trade_id,
            key=execution.key,
            side=execution.side,
            quantity=execution.quantity,
            price=execution.price,
            at_ns=execution.at_ns,
            open=execution.quantity,
        )
        self._keep(departure)
        if sent_ns is not None:
            self._sent_ns[departure.execution_id] = sent_ns
        self._unsaved[departure.execution_id] = departure
        try:
            self._write([], {}, {})
        except BrokerError:
            return

    def is_new(self, execution: Execution) -> bool:
        """Whether nobody has been told of an execution of the account yet."""
        return execution.execution_id not in self._told

    def told(
        self, executions: Iterable[Execution], known: Mapping[str, int] = _NONE_KNOWN
    ) -> list[Execution]:
        """Return of the account's executions as much as the engine is to hear.

        Units that the shadow has left are gone from the engine's book: as the person leaves
        them too, the oldest first, he leaves nothing else. An order that the engine knew of
        when its exit was sent is none of that: the exit has left it its units.

        Args:
            executions: all that the account lists.
            known: since when the engine has known of the account's orders.

        Raises:
            BrokerError: it cannot be remembered, so nothing is told.
        """
        executions = list(executions)
        changed: dict[str, Departure] = {}
        told: dict[str, tuple[Decimal, int]] = {}
        for execution in executions:
            if self.is_new(execution) and execution.execution_id not in told:
                units = self._left_over(execution, changed, known.get(execution.order_id))
                told[execution.execution_id] = units, execution.at_ns
        if told or self._unsaved:
            self._write(list(changed.values()), told, {})
        self._followed = {}
        for execution in executions:
            units = execution.quantity - self._told[execution.execution_id]
            before = self._followed.get(execution.order_id, Decimal(0))
            self._followed[execution.order_id] = before + units
        return [
            msgspec.structs.replace(execution, quantity=units)
            for execution in executions
            if (units := self._told[execution.execution_id])
        ]

    def following(self, report: OrderReport, known_ns: int) -> Decimal:
        """Return how many units of an account's order go with departures, or will."""
        sent = self._sent_ns
        older = [
            each.open
            for each in self.on(report.key)
            if each.side is report.side and sent.get(each.execution_id, each.at_ns) < known_ns
        ]
        done = self._followed.get(report.order_id, Decimal(0))
        return min(report.quantity, done + sum(older, Decimal(0)))

    def is_gone(self, key: NetKey, units: Decimal) -> None:
        """Note that so many units which the shadow has left are gone, at nobody's price.

        Raises:
            BrokerError: it cannot be remembered.
        """
        changed = []
        for departure in self.on(key):
            if taken := min(units, departure.open):
                changed.append(departure.followed(taken, None))
                units -= taken
        self._write(changed, {}, {})

    def cancel(self, order_id: str, filled: Decimal) -> None:
        """Take an order of the person's for cancelled, with what it had filled.

        Raises:
            BrokerError: it cannot be remembered.
        """
        self._write([], {}, {order_id: filled})

    def cancelled(self, order_id: str) -> Decimal | None:
        """Return what an order had filled when the shadow took it for cancelled, if it did."""
        return self._cancelled.get(order_id)

    def _left_over(
        self, execution: Execution, changed: dict[str, Departure], known_ns: int | None
    ) -> Decimal:
        """Return the units of an execution that are no departure's; note those that are."""
        units = execution.quantity
        if execution.order_id in self._cancelled:
            known_ns = None  # for the shadow it was over
        for departure in self.on(execution.key):
            sent_ns = self._sent_ns.get(departure.execution_id, departure.at_ns)
            if known_ns is not None and known_ns <= sent_ns:
                continue
            now = changed.get(departure.execution_id, departure)
            if now.side is execution.side and (taken := min(units, now.open)):
                changed[now.execution_id] = now.followed(taken, execution.price)
                units -= taken
        return units

    def _write(
        self,
        departures: Sequence[Departure],
        told: dict[str, tuple[Decimal, int]],
        cancelled: dict[str, Decimal],
    ) -> None:
        """Write it all or nothing, then believe it."""
        connection = self._connection
        if connection is None:
            raise BrokerError(f"{self.path.name} is closed")
        rows = {**self._unsaved, **{each.execution_id: each for each in departures}}
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_KEEP, [_row(each) for each in rows.values()])
            connection.executemany(
                "INSERT INTO told VALUES (?, ?, ?)",
                [(name, str(units), at_ns) for name, (units, at_ns) in told.items()],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO cancelled VALUES (?, ?)",
                [(name, str(filled)) for name, filled in cancelled.items()],
            )
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise BrokerError(f"{self.path.name}, the shadow's file: {error}") from error
        self._unsaved.clear()
        for each in departures:
            self._keep(each)
        self._told.update((name, units) for name, (units, _at_ns) in told.items())
        self._cancelled.update(cancelled)

    def _keep(self, departure: Departure) -> None:
        self.version += 1
        self.departures[departure.execution_id] = departure
        if departure.open:
            self._open[departure.execution_id] = departure
        else:
            self._open.pop(departure.execution_id, None)

    def _load(self, connection: sqlite3.Connection, now_ns: int) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise BrokerError(f"{self.path.name} was written by a newer tradebot ({version})")
        if version == 0:
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT")
        connection.execute("DELETE FROM told WHERE at_ns < ?", (now_ns - _TOLD_KEPT_NS,))
        for row in connection.execute(_READ):
            self._keep(_departure(row))
        self._told = _decimals(connection.execute("SELECT execution_id, quantity FROM told"))
        self._cancelled = _decimals(connection.execute("SELECT * FROM cancelled"))


def _row(departure: Departure) -> tuple[object, ...]:
    return (
        departure.execution_id,
        departure.trade_id,
        *departure.key,
        departure.side.value,
        str(departure.quantity),
        str(departure.price),
        departure.at_ns,
        str(departure.open),
        str(departure.left),
        str(departure.notional),
    )


def _departure(row: tuple[object, ...]) -> Departure:
    execution_id, trade_id, *key, side, quantity, price, at_ns, open_, left, notional = row
    fields = {
        "execution_id": execution_id,
        "trade_id": trade_id,
        "key": key,
        "side": side,
        "quantity": quantity,
        "price": price,
        "at_ns": at_ns,
        "open": open_,
        "left": left,
        "notional": notional,
    }
    return msgspec.convert(fields, Departure)


def _decimals(rows: Iterable[tuple[str, str]]) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in rows}
