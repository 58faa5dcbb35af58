"""One transaction on an open database: all or nothing, and how far it reaches."""

import sqlite3

_REFUSED_WRITES = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_DIR_FSYNC,
}


class Transaction:
    """All or nothing: rolls back whatever the reason, if SQLite has not done so itself."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Take a connection in autocommit mode."""
        self._db = db

    def __enter__(self) -> None:
        """Begin, as the one that writes."""
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit where nothing was raised."""
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def sync_fully(db: sqlite3.Connection, *, on: bool) -> None:
    """Let commits from now on reach the disk before they return, or not."""
    db.execute(f"PRAGMA synchronous = {'FULL' if on else 'NORMAL'}")


def is_refused_write(error: Exception) -> bool:
    """Whether the disk takes no writes: it is full or failing, and what it holds can be read."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_FULL or code in _REFUSED_WRITES
