"""Transactions are whole; a start whose first one the disk refuses claims its epoch in memory."""

import contextlib
import sqlite3

import pytest

from tests.stores.samples import a_trade
from tradebot.errors import LockHeldError, StoreError
from tradebot.stores import sqlite as module
from tradebot.stores.checks import check_file
from tradebot.stores.sqlite import SqliteStore
from tradebot.stores.transaction import Transaction


class Faulty(Transaction):
    """Transactions that fail at their commit while there is an error to fail with."""

    code: int | None = None

    def __exit__(self, kind, *rest):
        if kind is None and self.code is not None:
            error = sqlite3.OperationalError("the disk refuses")
            error.sqlite_errorcode = self.code
            super().__exit__(type(error), *rest)
            raise error
        super().__exit__(kind, *rest)


@pytest.fixture
def disk(monkeypatch):
    """The disk, whose commits can be let fail."""
    faulty = type("FaultyDisk", (Faulty,), {})
    monkeypatch.setattr(module, "Transaction", faulty)
    return faulty


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tradebot.db"


async def used(path, frame=5):
    """Leave a file that a process has used and left."""
    store = await SqliteStore.open(path)
    await store.commit([a_trade(1)], frame, full_sync=True)
    await store.close()


def test_a_transaction_whose_block_or_commit_fails_leaves_nothing(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE kept (value)")
        with pytest.raises(ValueError, match="no"), Transaction(db):  # noqa: PT012 - the block is it
            db.execute("INSERT INTO kept VALUES (1)")
            raise ValueError("no")
        failing = Faulty(db)
        failing.code = sqlite3.SQLITE_FULL
        with pytest.raises(sqlite3.Error, match="refuses"), failing:
            db.execute("INSERT INTO kept VALUES (2)")
        with Transaction(db):
            db.execute("INSERT INTO kept VALUES (3)")
        assert db.execute("SELECT value FROM kept").fetchall() == [(3,)]


@pytest.mark.parametrize(
    "code",
    [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC],
)
async def test_an_epoch_that_cannot_be_written_is_written_by_the_first_commit(path, disk, code):
    await used(path)
    disk.code = code
    store = await SqliteStore.open(path)
    assert (store.epoch, store.unclaimed) == (2, "the disk refuses")
    assert (store.frame, store.frame_on_disk) == (5, 5)
    assert [saved.trade.number for saved in (await store.load()).trades] == [1]
    with pytest.raises(StoreError, match="the disk refuses"):
        await store.commit([a_trade(2)], 6, full_sync=True)
    assert store.unclaimed
    disk.code = None
    await store.commit([a_trade(2)], 6, full_sync=True)
    assert (store.unclaimed, store.frame) == ("", 6)
    await store.commit([a_trade(3)], 7, full_sync=True)
    await store.close()
    assert (check_file(path).epoch, check_file(path).frame) == (2, 7)


async def test_the_epoch_in_memory_is_above_the_journals_too(path, disk):
    await used(path)
    disk.code = sqlite3.SQLITE_FULL
    store = await SqliteStore.open(path, epoch_above=40)
    assert store.epoch == 41
    disk.code = None
    await store.commit([], 5, full_sync=True)
    await store.close()
    assert check_file(path).epoch == 41


@pytest.mark.parametrize("theirs", [2, 3])
async def test_whoever_has_written_the_epoch_first_keeps_the_file(path, disk, theirs):
    await used(path)
    disk.code = sqlite3.SQLITE_FULL
    store = await SqliteStore.open(path)
    disk.code = None
    await store._run(lambda db: db.execute("UPDATE meta SET epoch = ?", (theirs,)))
    with pytest.raises(LockHeldError, match="another process has taken over from epoch 2"):
        await store.commit([a_trade(2)], 6, full_sync=True)
    assert [saved.trade.number for saved in (await store.load()).trades] == [1]
    await store.close()


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT]
)
async def test_whatever_else_is_wrong_with_the_file_refuses_the_start(path, disk, code):
    await used(path)
    disk.code = code
    with pytest.raises(StoreError, match="the disk refuses"):
        await SqliteStore.open(path)
