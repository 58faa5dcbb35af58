"""Whether a database is whole: its pages, every row against its checksum, and the counts.

``quick_check`` alone sees a quarter of single-bit flips; the rows' checksums see those in
rows, and the count of open trades an index or a page that has lost some.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tradebot.errors import DamageError, StoreError
from tradebot.stores.rows import check_sums

# Python's lock is held for a chunk, a fifth of a millisecond, and then let go of.
_CHUNK = 100
_NOT_IN_SUM = {"arrival", "body", "checksum"}  # columns that are no part of a row's key
_WRITE_VERSION_MAX = b"\x02"
# A message of SQLite's that quotes a damaged schema may itself not be UTF-8.
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole database holds."""

    schema: int
    epoch: int
    frame: int  # the last journal frame in it
    open_trades: int
    rows: int


def check_file(path: Path, *, pause: Callable[[], None] = lambda: None) -> Checked:
    """Check a closed database file that nobody writes to; it is not changed.

    Args:
        path: a file without a write-ahead log beside it.
        pause: called after each hundred rows.

    Raises:
        DamageError: it is not whole; the message says where.
        StoreError: it cannot be read.
    """
    try:
        _check_size(path)
        # Immutable: read only, without a lock and without files of its own beside it.
        uri = f"{path.resolve().as_uri()}?immutable=1"
        db = sqlite3.connect(uri, uri=True, isolation_level=None)
        with contextlib.closing(db):
            return check(db, pause=pause)
    except OSError as error:
        raise StoreError(f"{path}: cannot read: {error.strerror}") from error
    except SQLITE_ERRORS as error:
        raise store_error(path, error) from error
    except DamageError as error:
        raise DamageError(f"{path}: {error}") from error


def check(db: sqlite3.Connection, *, pause: Callable[[], None] = lambda: None) -> Checked:
    """Check all of an open database.

    Raises:
        DamageError: it is not whole.
        sqlite3.Error: SQLite says so first, or cannot read.
    """
    # An index that lies makes an upsert miss its row; the quick check does not look at them.
    check_pages(db, "integrity_check(3)")
    rows = sum(_checked_rows(db, table, pause) for table in sealed_tables(db))
    epoch, frame, open_trades = meta(db)
    check_count(db, open_trades)
    (schema,) = db.execute("PRAGMA user_version").fetchone()
    return Checked(schema=schema, epoch=epoch, frame=frame, open_trades=open_trades, rows=rows)


def check_pages(db: sqlite3.Connection, pragma: str = "quick_check(3)") -> None:
    """Check the pages and the tables' constraints."""
    found = [str(line) for (lines,) in db.execute(f"PRAGMA {pragma}") for line in lines.split("\n")]
    if found != ["ok"]:
        # The first line names the database only: SQLite has several, we have one.
        told = [line for line in found if not line.startswith("*** in database")]
        raise DamageError(f"the database is damaged: {'; '.join(told)}")


def check_count(db: sqlite3.Connection, open_trades: int) -> None:
    """Count the open trades in the table itself, past every index."""
    sql = "SELECT count(*) FROM trades NOT INDEXED WHERE over = 0"
    ((count,),) = db.execute(sql).fetchall()
    if count != open_trades:
        raise DamageError(f"table trades has {count} open trades, its count is {open_trades}")


def meta(db: sqlite3.Connection) -> tuple[int, int, int]:
    """Return epoch, frame and the count of open trades."""
    found = db.execute("SELECT epoch, frame, open_trades FROM meta").fetchall()
    if len(found) != 1:
        raise DamageError(f"table meta has {len(found)} rows, not one")
    if not all(isinstance(value, int) for value in found[0]):
        raise DamageError(f"table meta holds {found[0]}, which are not three numbers")
    epoch, frame, open_trades = found[0]
    return int(epoch), int(frame), int(open_trades)


def sealed_tables(db: sqlite3.Connection) -> Iterator[str]:
    """Yield the tables whose rows carry a checksum."""
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    for (table,) in db.execute(sql).fetchall():
        if "checksum" in _columns(db, table):
            yield str(table)


def sealed_sql(db: sqlite3.Connection, table: str) -> str:
    """Return the question for a table's rows: keys, body, checksum; past every index."""
    keys = [column for column in _columns(db, table) if column not in _NOT_IN_SUM]
    return f"SELECT {', '.join(keys)}, body, checksum FROM {table} NOT INDEXED"  # noqa: S608 - names of our schema


def store_error(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
    """Return what SQLite said as an error of ours; damage as damage."""
    # The lower byte is the kind. Text that is not UTF-8 is an error of Python's own module,
    # which has no code.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    is_damage = code in _DAMAGED or "decode" in str(error)
    is_damage |= code == sqlite3.SQLITE_READONLY and _denies_writing(path)
    return (DamageError if is_damage else StoreError)(f"{path}: {error}")


def _denies_writing(path: Path) -> bool:
    """Whether the file itself says that only later versions of SQLite may write to it.

    SQLite file format 1.3: the byte at 18 is 1, or 2 for a write-ahead log.
    """
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(18)
        return file.read(1) > _WRITE_VERSION_MAX
    return False


def _check_size(path: Path) -> None:
    if path.stat().st_size == 0:  # to SQLite a new database
        raise DamageError("the file is empty")


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [str(column) for _, column, *_ in db.execute(f'PRAGMA table_info("{table}")')]


def _checked_rows(db: sqlite3.Connection, table: str, pause: Callable[[], None]) -> int:
    rows = 0
    cursor = db.execute(sealed_sql(db, table))
    while chunk := cursor.fetchmany(_CHUNK):
        check_sums(chunk, table)
        rows += len(chunk)
        pause()
    return rows
