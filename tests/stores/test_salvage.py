"""Of a damaged database every sound row is saved, and no other."""

import sqlite3

import pytest

from tests.corruption import records_of
from tests.stores.samples import a_trade
from tradebot.core.guard.trades import Status
from tradebot.core.records import HaltSaved, Record, UncoveredSaved
from tradebot.stores.checks import sealed_tables
from tradebot.stores.salvage import RECORDS, salvaged
from tradebot.stores.snapshot import Tables
from tradebot.stores.sqlite import SqliteStore


@pytest.fixture
async def path(tmp_path):
    store = await SqliteStore.open(tmp_path / "tradebot.db")
    for frame in range(1, 21):
        await store.commit(records_of(frame), frame, full_sync=True)
    await store.close()
    return tmp_path / "tradebot.db"


def everything() -> Tables:
    return tables(record for frame in range(1, 21) for record in records_of(frame))


def tables(records) -> Tables:
    made = Tables()
    for record in records:
        made.apply(record)
    return made


async def test_of_a_whole_file_everything_is_saved_and_nothing_changed(path):
    before = path.read_bytes()
    assert vars(tables(salvaged([path]))) == vars(everything())
    assert path.read_bytes() == before


async def test_every_table_with_checksums_can_be_saved(path):
    db = sqlite3.connect(path)
    assert set(sealed_tables(db)) == RECORDS.keys()
    db.close()
    kinds = set(Record.__args__)
    assert {HaltSaved, UncoveredSaved} < kinds
    assert len(kinds) == len(RECORDS)


async def test_a_damaged_row_is_left_out_and_every_other_is_there(path):
    db = sqlite3.connect(path)
    with db:
        db.execute("UPDATE trades SET body = x'7b7d' WHERE number = 4")
        db.execute("UPDATE exits SET version = 9 WHERE trade_id = 'T5'")
    db.close()
    saved = tables(salvaged([path]))
    assert saved.trades.keys() == everything().trades.keys() - {"T4"}
    assert ("T5", 1) not in saved.exits
    assert len(saved.exits) == len(everything().exits) - 1


async def test_of_a_torn_file_there_is_what_its_pages_still_hold(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path.write_bytes(data)
    saved = tables(salvaged([path]))
    assert saved.trades.keys() <= everything().trades.keys()
    for trade_id, trade in saved.trades.items():
        assert everything().trades[trade_id] == trade


async def test_of_several_files_the_newest_state_of_each_row_counts(path, tmp_path):
    store = await SqliteStore.open(tmp_path / "other.db")
    await store.commit([a_trade(20, 7, status=Status.CLOSED)], 1, full_sync=True)
    await store.close()
    for files in ([path, tmp_path / "other.db"], [tmp_path / "other.db", path]):
        assert tables(salvaged(files)).trades["T20"].trade.version == 7


@pytest.mark.parametrize("content", [b"", b"no database at all", b"\xff" * 9_000])
def test_of_what_is_no_database_nothing_is_saved(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    assert salvaged([tmp_path / "x", tmp_path / "missing"]) == []


async def test_a_schema_that_is_no_text_loses_its_file_and_no_other(path, tmp_path):
    broken = tmp_path / "broken.db"
    broken.write_bytes(path.read_bytes().replace(b"NOT NULL", b"\x91\xa9\x92 NULL", 1))
    assert salvaged([broken]) == []
    assert vars(tables(salvaged([broken, path]))) == vars(everything())
