"""A database is whole, or the check says where it is not, and changes nothing."""

import sqlite3

import pytest

from tests.stores.samples import a_high, a_line, a_position, a_trade, an_execution, an_exit
from tradebot.core.guard.trades import Status
from tradebot.core.records import Heard, Record
from tradebot.errors import DamageError, StoreError
from tradebot.stores.checks import check_file, check_pages, store_error
from tradebot.stores.sqlite import SqliteStore

RECORDS: list[Record] = [
    *(a_trade(1), a_trade(2, status=Status.CLOSED), an_exit(1), an_execution()),
    *(a_position(), a_high(1, 805.0), a_line(1), Heard(seq=5, at_ns=6)),
]


@pytest.fixture
async def path(tmp_path):
    store = await SqliteStore.open(tmp_path / "tradebot.db")
    await store.commit(RECORDS, 8, full_sync=True)
    await store.close()
    return tmp_path / "tradebot.db"


def test_an_epoch_that_is_no_number_is_damage():
    from tradebot.stores.checks import meta

    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE meta (epoch, frame, open_trades)")
    db.execute("INSERT INTO meta VALUES (NULL, 1, 1)")
    with pytest.raises(DamageError, match="are not three numbers"):
        meta(db)
    db.close()


def root_page(path, name):
    db = sqlite3.connect(path)
    (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    db.close()
    return page


def edited(path, statement):
    db = sqlite3.connect(path)
    with db:
        db.execute(statement)
    db.close()


def test_a_whole_database_says_what_it_holds_and_is_left_as_it_was(path):
    before = path.read_bytes()
    pauses: list[None] = []
    checked = check_file(path, pause=lambda: pauses.append(None))
    assert (checked.epoch, checked.frame, checked.open_trades) == (1, 8, 1)
    assert checked.rows == len(RECORDS)
    assert len(pauses) == 7  # one after each table's rows
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["tradebot.db"]


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("UPDATE trades SET strategy = 'x' WHERE number = 2", "row T2/2/1/1/x of table trades"),
        ("UPDATE exits SET done = 1", "table exits is damaged: checksum"),
        ("UPDATE executions SET at_ns = 11", "table executions is damaged: checksum"),
        ("UPDATE positions SET body = x''", "table positions is damaged: checksum"),
        ("UPDATE highs SET rank = 806", "table highs is damaged: checksum"),
        ("UPDATE heard SET checksum = 1", "table heard is damaged: checksum"),
        ("UPDATE told SET trade_id = 'T2'", "table told is damaged: checksum"),
        ("UPDATE meta SET open_trades = 2", "1 open trades, its count is 2"),
        ("DELETE FROM meta", "table meta has 0 rows, not one"),
    ],
)
def test_what_was_changed_behind_its_back_is_found(path, statement, wrong):
    edited(path, statement)
    with pytest.raises(DamageError, match=rf"tradebot.db: .*{wrong}"):
        check_file(path)


def test_an_index_that_does_not_say_what_its_table_says_is_damage(path):
    data = path.read_bytes()
    at = data.index(b"e1", (root_page(path, "sqlite_autoindex_executions_1") - 1) * 4096)
    path.write_bytes(data[:at] + b"e2" + data[at + 2 :])
    with pytest.raises(DamageError, match="missing from index sqlite_autoindex_executions"):
        check_file(path)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [(b"", "the file is empty"), (b"SQLite format 3\0" + bytes(9_000), "malformed|not a database")],
)
def test_a_file_that_is_no_database_is_damage(tmp_path, content, wrong):
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(DamageError, match=wrong):
        check_file(tmp_path / "x.db")


def test_a_file_that_cannot_be_read_is_no_damage(tmp_path):
    with pytest.raises(StoreError, match=r"x.db: cannot read: No such file") as raised:
        check_file(tmp_path / "x.db")
    assert not isinstance(raised.value, DamageError)


def test_text_that_is_not_utf8_is_damage_and_a_full_disk_is_none(tmp_path):
    decoding = sqlite3.OperationalError("Could not decode to UTF-8 column 'x' with text '\\udcff'")
    full = sqlite3.OperationalError("database or disk is full")
    assert isinstance(store_error(tmp_path, decoding), DamageError)
    assert not isinstance(store_error(tmp_path, full), DamageError)


def test_a_message_that_is_not_utf8_itself_is_damage(tmp_path):
    with pytest.raises(UnicodeDecodeError) as raised:
        b"malformed database schema (\xce)".decode()
    assert isinstance(store_error(tmp_path, raised.value), DamageError)


@pytest.mark.parametrize(("version", "is_damage"), [(1, False), (2, False), (3, True), (66, True)])
def test_a_file_that_denies_writing_by_its_header_is_damaged(path, version, is_damage):
    data = bytearray(path.read_bytes())
    data[18] = version
    path.write_bytes(data)
    refused = sqlite3.OperationalError("attempt to write a readonly database")
    refused.sqlite_errorcode = sqlite3.SQLITE_READONLY
    assert isinstance(store_error(path, refused), DamageError) is is_damage
    assert not isinstance(store_error(path.with_name("gone.db"), refused), DamageError)


def test_what_sqlite_tells_on_many_lines_is_told_on_one():
    class Torn:
        def execute(self, _sql):
            return [("*** in database main ***\nPage 3: torn\nPage 5: torn",), ("row 1 missing",)]

    with pytest.raises(DamageError) as raised:
        check_pages(Torn())  # type: ignore[arg-type]  # all that it asks a database for
    assert str(raised.value) == "the database is damaged: Page 3: torn; Page 5: torn; row 1 missing"
