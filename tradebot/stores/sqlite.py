"""The database: one file, one connection, one thread; whole transactions only.

aiosqlite's connection owns a thread. Each transaction is one function on it, so two tasks
cannot interleave inside BEGIN and COMMIT, and a cancelled caller leaves none half done.
"""

import asyncio
import contextlib
import gc
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import aiosqlite

from tradebot.core.account.positions import Position
from tradebot.core.adoption.found import Findings
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.inputs import Execution
from tradebot.core.leaving.exit import Exit
from tradebot.core.leaving.halt import Halt
from tradebot.core.records import Heard, HighReached, Record, Snapshot, Told, TradeSaved
from tradebot.errors import DamageError, LockHeldError, StoreError
from tradebot.ports import TradeKey
from tradebot.stores.checks import SQLITE_ERRORS, check, check_file, check_pages, meta, store_error
from tradebot.stores.migrate import migrate
from tradebot.stores.rows import Stored, bodies
from tradebot.stores.snapshot import DAY_NS, EXECUTION_DAYS, UNCOVERED_DAYS, needed_highs
from tradebot.stores.sync import sync_file
from tradebot.stores.transaction import Transaction, is_refused_write, sync_fully
from tradebot.stores.writes import write

_Result = TypeVar("_Result")

_LOCK_WAIT_S = 1.0  # a process that dies now lets go within it
CHECKED_PAGES_MAX = 8_192  # 32 MiB: up to it a start holds every row against its checksum
COPY_PAGES = 64  # of one step: 256 KiB


class _Connection(aiosqlite.Connection):
    """aiosqlite's connection, which can also run one function on its thread.

    Its public methods are single statements; a transaction made of them is torn by the
    first await between two. The protected method is what all of them are made of.
    """

    async def run(self, function: Callable[[sqlite3.Connection], _Result]) -> _Result:
        result: _Result = await self._execute(function, self._conn)  # type: ignore[no-untyped-call]
        return result

    @property
    def database(self) -> sqlite3.Connection:
        """The connection itself; SQLite lets its threads use it in turn."""
        return self._conn

    def join(self) -> None:
        """Wait for the thread, after ``close``.

        A connection that could not be made leaves its thread a last answer to give, which
        nobody waits for; given to a loop that has ended meanwhile it is a stray exception.
        """
        self._thread.join()


class SqliteStore:
    """The store in a file. Open it with ``open``."""

    def __init__(self, path: Path, connection: _Connection, execution_days: float) -> None:
        """Call ``open`` instead."""
        self.epoch = 0  # of this process; the journal takes it from here
        self.unclaimed = ""  # why the file does not have that epoch yet
        self.frame = 0  # last journal frame in here
        self.frame_on_disk = 0  # last one that a power cut cannot take back
        self._path = path
        self._connection = connection
        self._execution_days = execution_days
        self._closed = False
        self.is_suspect = False  # ``load`` checks every row, however many there are
        self.on_full: Callable[[], bool] = lambda: False  # makes room on the disk, if it can
        self._copying: asyncio.Future[None] | None = None
        self._gives_up = False  # nobody waits for that copy any more

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        epoch_above: int = 0,
        execution_days: float = EXECUTION_DAYS,
        lock_wait_s: float = _LOCK_WAIT_S,
        on_damage: Callable[[], None] = lambda: None,
    ) -> "SqliteStore":
        """Open the file, bring its schema up, and begin an epoch.

        A disk that takes no writes is no obstacle: the first commit it takes has the epoch.

        Args:
            path: made if it is missing, as are its directories.
            epoch_above: the journal's; after a restored backup it is ahead of the file's.
            execution_days: how far back ``load`` returns executions, from the newest.
            lock_wait_s: how long another process may hold the file.
            on_damage: told of a damaged file while it is open; closing it writes to it.

        Raises:
            MigrationError: the schema is newer than this program, or cannot be brought up.
            StoreError: the file cannot be opened, or is no database.
            LockHeldError: another process has it open.
        """
        _make_file(path)

        def connect() -> sqlite3.Connection:
            # A copy is made beside the commits on a thread of its own; SQLite takes turns.
            return sqlite3.connect(
                path, isolation_level=None, timeout=lock_wait_s, check_same_thread=False
            )

        connection = _Connection(connect, iter_chunk_size=64)
        store = cls(path, connection, execution_days)
        try:
            await connection
            await store._run(lambda db: store._begin(db, epoch_above))
        except SQLITE_ERRORS as error:
            raise store._error(error) from error
        except DamageError:
            on_damage()
            raise
        except StoreError as error:
            if getattr(error.__cause__, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
                raise LockHeldError(f"another process has {path} open") from error
            raise
        finally:
            if not store.epoch:
                await connection.close()
                connection.join()
        return store

    async def load(self) -> Snapshot:
        """Check the file and return what a start needs.

        Raises:
            StoreError: the file or a row is damaged; the message names it.
        """

        def load(db: sqlite3.Connection) -> Snapshot:
            with _collector_off():
                return self._load(db)

        return await self._run(load)

    async def commit(self, records: Sequence[Record], frame: int, *, full_sync: bool) -> None:
        """Apply records in one transaction (see the port). A cancelled call may still apply."""

        def commit(db: sqlite3.Connection) -> None:
            self._commit(db, records, frame, full_sync=full_sync)

        try:
            await self._run(commit)
        except StoreError as error:
            code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
            if code != sqlite3.SQLITE_FULL or not self.on_full():
                raise
            await self._run(commit)

    async def history(
        self, *, limit: int, before: int | None = None, strategy: str | None = None
    ) -> Sequence[TradeSaved]:
        """Return trades that are over, newest first, from below trade number ``before``."""
        where, asked = _over(limit, before, strategy)
        return await self._read(f"{_TRADES} {where}", asked, TradeSaved, "trades")

    async def history_keys(
        self, *, limit: int, before: int | None = None, strategy: str | None = None
    ) -> Sequence[TradeKey]:
        """Return the keys of those trades, for a tenth of the work."""
        where, asked = _over(limit, before, strategy)
        sql = f"{_TRADE_KEYS} {where}"
        return await self._run(lambda db: [TradeKey(*key) for key in db.execute(sql, asked)])

    async def trade(self, trade_id: str) -> TradeSaved | None:
        """Return one trade, whether over or not."""
        found = await self._read(f"{_TRADES} WHERE trade_id = ?", (trade_id,), TradeSaved, "trades")
        return found[0] if found else None

    async def story(self, trade_id: str) -> Sequence[Told]:
        """Return a trade's story, oldest line first."""
        sql = "SELECT number, trade_id, body, checksum FROM told WHERE trade_id = ? ORDER BY number"
        return await self._read(sql, (trade_id,), Told, "told")

    async def copy_to(self, path: Path, *, pause_s: float = 0.0) -> None:
        """Copy the database into a new file while commits go on; what they change is in it.

        A step takes turns with the commits: none waits for more than one of them. The copy
        is not on the disk yet when this returns, and not checked.

        Raises:
            StoreError: it could not be made.
        """
        if self._closed:
            raise StoreError(f"{self._path}: the database is closed")
        if self._copying is not None:  # one that nobody waits for any more is given up
            await asyncio.wait([self._copying])
        self._gives_up = False
        loop = asyncio.get_running_loop()
        copying = self._copying = loop.run_in_executor(None, self._copy, path, pause_s)
        try:
            await asyncio.shield(copying)
        except SQLITE_ERRORS as error:
            raise store_error(path, error) from error
        finally:
            self._gives_up = not copying.done()

    def _copy(self, path: Path, pause_s: float) -> None:
        """Copy step by step, on a thread of its own."""

        def stepped(_status: int, remaining: int, _total: int) -> None:
            if self._closed or self._gives_up:
                raise StoreError(f"{path}: the copy was given up with {remaining} pages to go")
            if remaining:
                time.sleep(pause_s)

        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as copy:
            # What is written anew if anything goes wrong needs no journal and no sync; and
            # pages that do not wait in memory do not all come at the last step.
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -256"):
                copy.execute(f"PRAGMA {pragma}")
            db = self._connection.database
            db.backup(copy, pages=COPY_PAGES, progress=stepped, sleep=pause_s)

    async def close(self) -> None:
        """Bring the file to the disk and close it; a second call changes nothing."""
        self._closed = True
        if self._copying is not None:
            await asyncio.wait([self._copying])
        try:
            await self._connection.close()
        except SQLITE_ERRORS as error:
            raise self._error(error) from error

    async def _read(
        self, sql: str, asked: Sequence[str | int], type_: type[_Result], table: str
    ) -> list[_Result]:
        return await self._run(lambda db: bodies(db.execute(sql, asked).fetchall(), type_, table))

    async def _run(self, function: Callable[[sqlite3.Connection], _Result]) -> _Result:
        if self._closed:
            raise StoreError(f"{self._path}: the database is closed")
        try:
            return await self._connection.run(function)
        except SQLITE_ERRORS as error:
            raise self._error(error) from error
        except StoreError as error:
            if str(self._path) in str(error):
                raise
            raise type(error)(f"{self._path}: {error}") from error

    def _error(self, error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
        return store_error(self._path, error)

    def _begin(self, db: sqlite3.Connection, epoch_above: int) -> None:
        # Exclusive before WAL: then the index of the WAL is memory of ours, no shared file,
        # and no second connection can be there (SQLite 3.40 corrupts a WAL with two).
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        migrate(db, self._path, check=check_file)
        meta(db)
        sync_fully(db, on=True)
        try:
            with Transaction(db):
                sql = "UPDATE meta SET epoch = max(epoch, ?) + 1 RETURNING epoch, frame"
                ((epoch, self.frame),) = db.execute(sql, (epoch_above,)).fetchall()
            is_synced = True
        except SQLITE_ERRORS as error:
            if not is_refused_write(error):
                raise
            # Trades are guarded from memory; the first commit that succeeds writes the epoch.
            self.unclaimed = str(error)
            seen, self.frame, _ = meta(db)
            epoch = max(seen, epoch_above) + 1
            is_synced = _is_synced(self._path.with_name(f"{self._path.name}-wal"))
        self.frame_on_disk = self.frame if is_synced else 0
        self.epoch = epoch

    def _commit(
        self, db: sqlite3.Connection, records: Sequence[Record], frame: int, *, full_sync: bool
    ) -> None:
        sync_fully(db, on=full_sync)
        with Transaction(db):
            write(db, records)
            sql = _CLAIM if self.unclaimed else _GO_ON
            ours = db.execute(sql, (frame, self.epoch)).fetchall()
            if not ours:
                raise LockHeldError(f"another process has taken over from epoch {self.epoch}")
        self.unclaimed = ""
        (self.frame,) = ours[0]
        if full_sync:  # it brings all earlier commits of the WAL to the disk as well
            self.frame_on_disk = self.frame

    def _load(self, db: sqlite3.Connection) -> Snapshot:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        if self.is_suspect or pages <= CHECKED_PAGES_MAX:
            check(db)
        else:
            check_pages(db)

        def rows(sql: str, *asked: int) -> Stored:
            return db.execute(sql, asked).fetchall()

        trades = bodies(rows(f"{_TRADES} WHERE over = 0 ORDER BY number"), TradeSaved, "trades")
        ((count, made, told, newest),) = rows(_COUNTS)
        if count != len(trades):
            raise DamageError(f"table trades has {len(trades)} open trades, its count is {count!r}")
        since = int(newest or 0) - int(self._execution_days * DAY_NS)
        executions = rows(f"{_EXECUTIONS} WHERE at_ns >= ? ORDER BY arrival", since)
        heard = bodies(rows("SELECT one, seq, at_ns, body, checksum FROM heard"), Heard, "heard")
        return Snapshot(
            trades=tuple(trades),
            highs=needed_highs(trades, bodies(rows(_HIGHS), HighReached, "highs")),
            exits=tuple(bodies(rows(_EXITS), Exit, "exits")),
            executions=tuple(bodies(executions, Execution, "executions")),
            positions=tuple(bodies(rows(_POSITIONS), Position, "positions")),
            trades_made=int(made or 0),
            lines_told=int(told or 0),
            heard=heard[0] if heard else None,
            uncovered=tuple(bodies(rows(_UNCOVERED, UNCOVERED_DAYS), Uncovered, "uncovered")),
            halt=next(iter(bodies(rows(_HALT), Halt, "halts")), Halt()),
            findings=next(iter(bodies(rows(_FINDINGS), Findings, "findings")), Findings()),
        )


_GO_ON = "UPDATE meta SET frame = max(frame, ?1) WHERE epoch = ?2 RETURNING frame"
# Below it, not at it: another process may have claimed the same one where no lock reaches.
_CLAIM = """
    UPDATE meta SET epoch = ?2, frame = max(frame, ?1) WHERE epoch < ?2 RETURNING frame"""
_TRADES = "SELECT trade_id, number, version, over, strategy, body, checksum FROM trades"
_TRADE_KEYS = "SELECT number, trade_id, version FROM trades"
_EXECUTIONS = "SELECT execution_id, order_id, at_ns, body, checksum FROM executions"
_EXITS = """
    SELECT trade_id, number, version, done, body, checksum FROM exits
    WHERE done = 0 AND (SELECT over FROM trades WHERE trades.trade_id = exits.trade_id) = 0
    ORDER BY trade_id, number"""
_POSITIONS = """
    SELECT account, exchange, symbol, product, version, body, checksum FROM positions
    ORDER BY account, exchange, symbol, product"""
_HIGHS = "SELECT line, number, rank, body, checksum FROM highs ORDER BY line, number"
_UNCOVERED = """
    SELECT day, instrument, trade_id, version, body, checksum FROM uncovered
    WHERE day >= date((SELECT max(day) FROM uncovered), '-' || ? || ' days')
    ORDER BY day, instrument, trade_id"""
_FINDINGS = "SELECT one, version, body, checksum FROM findings"
_HALT = "SELECT version, body, checksum FROM halts ORDER BY version DESC LIMIT 1"
_COUNTS = """
    SELECT open_trades, (SELECT max(number) FROM trades), (SELECT max(number) FROM told),
           (SELECT max(at_ns) FROM executions) FROM meta"""


def _over(limit: int, before: int | None, strategy: str | None) -> tuple[str, Sequence[str | int]]:
    """Return what chooses trades that are over, and its values."""
    where, asked = "WHERE over = 1", list[str | int]()
    if strategy is not None:
        where += " AND strategy = ?"
        asked.append(strategy)
    if before is not None:
        where += " AND number < ?"
        asked.append(before)
    return f"{where} ORDER BY number DESC LIMIT ?", (*asked, limit)


def _make_file(path: Path) -> None:
    """Make the file for its owner alone; SQLite gives the WAL the same mode."""
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"{path}: cannot open: {error.strerror}") from error


@contextlib.contextmanager
def _collector_off() -> Iterator[None]:
    """Make a million objects without looking for cycles among them: 0.9 s instead of 2.4."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _is_synced(path: Path) -> bool:
    """Bring all that is in a file to the disk, if it can be done."""
    try:
        sync_file(path)
    except OSError:
        return False
    return True
