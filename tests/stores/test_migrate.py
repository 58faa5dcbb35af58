"""A database is brought to this program's schema, or left as it was."""

import sqlite3
import stat
from pathlib import Path

import pytest

from tradebot.errors import DamageError, MigrationError, StoreError
from tradebot.stores import migrate as module
from tradebot.stores.migrate import MIGRATIONS, migrate, statements

TRIGGER = """
-- a comment; with a semicolon
CREATE TABLE a (x INTEGER); CREATE TABLE b (y);
CREATE TRIGGER t AFTER INSERT ON a BEGIN
    INSERT INTO b VALUES (NEW.x);
    DELETE FROM a;
END;
-- the end
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.db"


@pytest.fixture
def db(path):
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "0001_first.sql").write_text("CREATE TABLE a (x); INSERT INTO a VALUES (1);")
    return made


def version(db):
    return db.execute("PRAGMA user_version").fetchone()[0]


def test_an_empty_database_gets_the_whole_schema_and_no_backup(db, path):
    newest = len(list(MIGRATIONS.glob("*.sql")))
    assert migrate(db, path) == newest
    assert version(db) == newest
    assert migrate(db, path) == newest
    assert [file.name for file in path.parent.iterdir()] == ["t.db"]


def test_a_later_migration_copies_the_file_first(db, path, folder):
    assert migrate(db, path, folder) == 1
    (folder / "0002_second.sql").write_text("DROP TABLE a;")
    assert migrate(db, path, folder) == 2
    backup = path.with_name("t.db.schema-1")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    copy = sqlite3.connect(backup)
    assert copy.execute("SELECT x FROM a").fetchall() == [(1,)]
    assert version(copy) == 1
    copy.close()


def test_a_newer_schema_is_refused_by_both_numbers(db, path):
    db.execute("PRAGMA user_version = 77")
    with pytest.raises(MigrationError, match=r"t.db has schema 77, this program knows \d+: run"):
        migrate(db, path)


def test_a_migration_that_fails_leaves_everything_as_it_was(db, path, folder):
    migrate(db, path, folder)
    (folder / "0002_second.sql").write_text("CREATE TABLE c (x); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationError, match=r"t.db: 0002_second.sql failed: no such table"):
        migrate(db, path, folder)
    assert version(db) == 1
    assert db.execute("SELECT name FROM sqlite_schema").fetchall() == [("a",)]


def test_without_a_lock_nothing_is_rolled_back(db, path, folder):
    db.execute("BEGIN")
    with pytest.raises(MigrationError, match=r"0001_first.sql failed: cannot start a transaction"):
        migrate(db, path, folder)
    assert not db.in_transaction


def test_without_a_backup_there_is_no_migration(db, path, folder):
    migrate(db, path, folder)
    (folder / "0002_second.sql").write_text("DROP TABLE a;")
    path.with_name("t.db.schema-1").mkdir()
    with pytest.raises(MigrationError, match=r"t.db.schema-1: no backup, so no migration"):
        migrate(db, path, folder)
    assert version(db) == 1


def test_a_gap_in_the_numbers_is_a_broken_promise(db, path, folder):
    (folder / "0003_third.sql").write_text("SELECT 1;")
    with pytest.raises(AssertionError, match=r"0003_third.sql is not 0002_"):
        migrate(db, path, folder)


def test_a_script_is_cut_into_statements_and_triggers_stay_whole(db):
    for statement in statements(TRIGGER):
        db.execute(statement)
    db.execute("INSERT INTO a VALUES (5)")
    assert db.execute("SELECT y FROM b").fetchall() == [(5,)]


def test_an_unfinished_statement_is_a_broken_promise():
    with pytest.raises(AssertionError, match="unfinished statement"):
        list(statements("CREATE TABLE a (x"))


def test_the_migrations_lie_beside_the_program():
    assert Path(module.__file__).parent / "migrations" == MIGRATIONS
    assert (MIGRATIONS / "0001_book.sql").exists()


def test_a_copy_that_is_not_whole_stops_the_migration(db, path, folder):
    migrate(db, path, folder)
    (folder / "0002_second.sql").write_text("DROP TABLE a;")

    def check(copy):
        raise StoreError(f"{copy.name} is not whole")

    with pytest.raises(MigrationError, match=r"no backup, so no migration: .*part is not whole"):
        migrate(db, path, folder, check)
    assert version(db) == 1
    assert not list(path.parent.glob("*.schema-1"))


@pytest.mark.parametrize(
    ("said", "wrong"),
    [(0, "are not those of schema 0"), (2, "are not those of schema 2"), (9, "are those of")],
)
def test_a_version_that_is_not_that_of_the_tables_is_damage(db, path, folder, said, wrong):
    (folder / "0002_second.sql").write_text("CREATE TABLE c (x);")
    migrate(db, path, folder)
    if said == 2:
        db.execute("DROP TABLE c")
    db.execute(f"PRAGMA user_version = {said}")
    with pytest.raises(DamageError, match=wrong):
        migrate(db, path, folder)
