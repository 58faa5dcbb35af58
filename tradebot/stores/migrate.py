"""Numbered SQL files that bring a database to the schema of this program."""

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tradebot.errors import DamageError, MigrationError, StoreError
from tradebot.stores.checks import SQLITE_ERRORS

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(
    db: sqlite3.Connection,
    path: Path,
    migrations: Path = MIGRATIONS,
    check: Callable[[Path], object] = lambda _path: None,
) -> int:
    """Apply what is missing and return the schema's version.

    Each file and its ``user_version`` are one transaction. A database that already holds a
    schema is copied beside itself first.

    Args:
        db: a connection in autocommit mode (``isolation_level=None``).
        path: the database's file; backups lie beside it.
        migrations: where the numbered files are.
        check: raises StoreError where a copy is not whole; then nothing is migrated.

    Raises:
        MigrationError: a newer program made the database, or a file failed; the database
            is as it was.
        DamageError: the tables are not those of the version that the database names.
    """
    files = _numbered(migrations)
    newest = len(files)
    (version,) = db.execute("PRAGMA user_version").fetchone()
    _check_tables(db, version, files)
    if version > newest:
        raise MigrationError(
            f"{path} has schema {version}, this program knows {newest}: run the newer tradebot"
        )
    if 0 < version < newest:
        _back_up(db, path.with_name(f"{path.name}.schema-{version}"), check)
    for number in range(version + 1, newest + 1):
        _apply(db, path, files[number - 1], number)
    return newest


def _check_tables(db: sqlite3.Connection, version: int, files: Sequence[Path]) -> None:
    """Hold the tables that are there against the version, before anything is changed.

    A flipped bit in the version would otherwise look like a newer program's work, or have
    the tables made once more.
    """
    has = _tables(db)
    expected = min(version, len(files))
    is_ours = has == _tables_after(files[:expected]) if expected >= 0 else not has
    if version > len(files) and is_ours:
        wrong = f"its tables are those of schema {expected}"
    elif version <= len(files) and not is_ours:
        wrong = f"its tables are not those of schema {version}"
    else:
        return
    raise DamageError(f"the database says schema {version}, and {wrong}")


def _tables_after(files: Sequence[Path]) -> dict[str, object]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        for file in files:
            for statement in statements(file.read_text()):
                db.execute(statement)
        return _tables(db)


def _tables(db: sqlite3.Connection) -> dict[str, object]:
    """Return every table with its columns; indexes and triggers by name alone."""
    sql = "SELECT name, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    return {
        name: db.execute(f'PRAGMA table_info("{name}")').fetchall() if kind == "table" else kind
        for name, kind in db.execute(sql).fetchall()
    }


def _numbered(migrations: Path) -> list[Path]:
    files = sorted(migrations.glob("*.sql"))
    for number, file in enumerate(files, start=1):
        assert re.fullmatch(rf"{number:04}_\w+\.sql", file.name), f"{file.name} is not {number:04}_"
    return files


def _apply(db: sqlite3.Connection, path: Path, file: Path, number: int) -> None:
    try:
        db.execute("BEGIN EXCLUSIVE")
        for statement in statements(file.read_text()):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
    except SQLITE_ERRORS as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise MigrationError(f"{path}: {file.name} failed: {error}") from error


def statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; the body of a trigger stays whole.

    ``executescript`` would commit first, and so tear schema and ``user_version`` apart.
    """
    statement = ""
    for piece in re.findall(r"[^;]*;|[^;]+$", script):
        statement += piece
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    assert not _without_comments(statement), f"unfinished statement: {statement}"


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text).strip()


def _back_up(db: sqlite3.Connection, target: Path, check: Callable[[Path], object]) -> None:
    """Copy the database, whole or not at all; an older copy of the same schema is replaced."""
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        copy = sqlite3.connect(part)
        try:
            db.backup(copy)
        finally:
            copy.close()
        check(part)
        part.replace(target)
    except (OSError, *SQLITE_ERRORS, StoreError) as error:
        raise MigrationError(f"{target}: no backup, so no migration: {error}") from error
