"""Whatever is damaged, a start has every trade, says what it lacks, or is refused."""

import shutil
import sqlite3

import pytest

from tests.services.fakes import Said
from tests.stores.samples import a_line, a_trade
from tradebot.core.guard.trades import Status
from tradebot.errors import DamageError, StoreError
from tradebot.stores import sqlite as store_module
from tradebot.stores.backups import Backups
from tradebot.stores.repair import NUMBERS_SKIPPED, Files, open_or_repair, set_aside
from tradebot.stores.sqlite import SqliteStore

NOW_NS = 1_767_584_700_000_000_000
PAGE = 4096


class State:
    """A state directory: trade n is created at frame n, and every tenth frame is backed up."""

    def __init__(self, folder) -> None:
        self.database = folder / "tradebot.db"
        self.journal = folder / "journal"
        self.backups = Backups(folder / "backups", 3)
        self.said = Said()

    async def live(self, first, last, backup_at=()) -> None:
        opened = await self.open()
        journal, store = opened.journal, opened.store
        for n in range(first, last + 1):
            records = [a_trade(n), a_trade(max(1, n - 3), 2, status=Status.CLOSED), a_line(n)]
            assert journal.append(records) == n
            journal.sync()
            await store.commit(records, n, full_sync=True)
            journal.covered(store.frame_on_disk, self.backups.frame_held)
            if n in backup_at:
                await self.backups.make(store, NOW_NS)
        await store.close()
        journal.close()

    async def open(self):
        files = Files(database=self.database, journal=self.journal, backups=self.backups)
        return await open_or_repair(files, say=self.said)

    async def start(self):
        """Start, and return the open trades' numbers and the reasons."""
        opened = await self.open()
        await opened.store.close()
        opened.journal.close()
        return [s.trade.number for s in opened.restored.snapshot.trades], opened.reasons

    def aside(self):
        return sorted(path.name for path in self.database.parent.glob("*.damaged-*"))

    def smash(self, path=None) -> None:
        path = path or self.database
        path.write_bytes(b"\xff" * path.stat().st_size)

    def smash_journal(self) -> None:
        for path in self.journal.glob("frames-*"):
            self.smash(path)


@pytest.fixture
def state(tmp_path):
    return State(tmp_path)


async def test_a_first_start_and_one_on_whole_files_repair_nothing(state):
    await state.live(1, 12, backup_at=(10,))
    assert await state.start() == ([10, 11, 12], ())
    assert state.said.lines == []


async def test_a_damaged_database_is_made_again_from_backup_and_journal(state):
    await state.live(1, 25, backup_at=(10, 20))
    state.smash()
    trades, (reason,) = await state.start()
    assert trades == [23, 24, 25]
    (kept,) = state.aside()
    assert "from backup tradebot-00000002-20260105T034500Z-20.db and 5 frames" in reason
    assert f"the damaged one is kept as {kept} (" in reason
    assert "file is not a database" in reason
    assert state.said.events == ["store.damaged", "store.repaired"]
    assert await state.start() == ([23, 24, 25], ())


async def test_with_the_newest_backup_damaged_too_the_second_newest_serves(state):
    await state.live(1, 25, backup_at=(10, 20))
    state.smash()
    state.smash(state.backups.found()[0].path)
    trades, (reason,) = await state.start()
    assert trades == [23, 24, 25]
    assert "from backup tradebot-00000001-20260105T034500Z-10.db and 15 frames" in reason
    assert state.said.events == ["store.damaged", "backup.damaged", "store.repaired"]


async def test_before_the_first_backups_the_journal_alone_has_everything(state):
    await state.live(1, 9)
    state.smash()
    trades, (reason,) = await state.start()
    assert trades == [7, 8, 9]
    assert "made again from the journal alone and 9 frames" in reason


@pytest.mark.parametrize("present", [True, False])
async def test_a_database_that_is_missing_or_empty_is_no_first_start(state, present):
    await state.live(1, 25, backup_at=(10, 20))
    state.database.unlink()
    if present:
        state.database.touch()
    trades, (reason,) = await state.start()
    assert trades == [23, 24, 25]
    assert f"is {'empty' if present else 'missing'})" in reason


async def test_a_damaged_row_of_a_trade_that_is_over_is_damage_too(state):
    await state.live(1, 25, backup_at=(10, 20))
    db = sqlite3.connect(state.database)
    db.execute("UPDATE trades SET body = x'00' WHERE number = 2")
    db.commit()
    db.close()
    trades, (reason,) = await state.start()
    assert trades == [23, 24, 25]
    assert "row T2/2/2/1/s of table trades is damaged" in reason


async def test_what_a_backup_found_damaged_is_looked_at_whole_by_the_next_start(state, monkeypatch):
    monkeypatch.setattr(store_module, "CHECKED_PAGES_MAX", 0)
    await state.live(1, 25, backup_at=(10, 20))
    opened = await state.open()
    opened.store._connection.database.execute("UPDATE told SET body = x'00' WHERE number = 2")
    with pytest.raises(DamageError, match="row 2/T1 of table told"):
        await state.backups.make(opened.store, NOW_NS)
    await opened.store.close()
    opened.journal.close()
    trades, (reason,) = await state.start()
    assert trades == [23, 24, 25]
    assert "row 2/T1 of table told is damaged" in reason
    assert await state.start() == ([23, 24, 25], ())
    assert not state.backups.suspicion.exists()


async def test_a_write_ahead_log_is_kept_beside_the_damaged_file(state, tmp_path):
    await state.live(1, 9)
    store = await SqliteStore.open(state.database)
    await store.commit([a_line(99)], 9, full_sync=True)
    for path in (state.database, tmp_path / "tradebot.db-wal"):
        shutil.copy(path, tmp_path / f"{path.name}.copy")
    await store.close()
    for path in (state.database, tmp_path / "tradebot.db-wal"):
        (tmp_path / f"{path.name}.copy").rename(path)
    log = (tmp_path / "tradebot.db-wal").read_bytes()
    data = bytearray(state.database.read_bytes())
    data[PAGE : 3 * PAGE] = bytes(2 * PAGE)
    state.database.write_bytes(data)
    trades, _ = await state.start()
    assert trades == [7, 8, 9]
    kept, kept_log = state.aside()
    assert kept_log == f"{kept}-wal"
    assert (tmp_path / kept_log).read_bytes().startswith(log[: 2 * PAGE])  # the start added to it


async def test_a_database_that_fell_behind_its_backups_is_replaced(state, tmp_path):
    await state.live(1, 5)
    shutil.copy(state.database, tmp_path / "old")
    await state.live(6, 45, backup_at=(20, 30, 40))
    shutil.rmtree(state.journal)
    (tmp_path / "old").rename(state.database)
    trades, reasons = await state.start()
    assert "the database ends at frame 5 of the journal, a backup at 40" in reasons[0]
    assert trades == [38, 39, 40]


async def test_frames_that_are_gone_are_told_and_the_start_that_lacks_least_is_taken(state):
    await state.live(1, 25, backup_at=(10, 20))
    state.smash_journal()
    await state.live(26, 28)
    state.smash()
    trades, reasons = await state.start()
    assert trades == [18, 19, 20, 26, 27, 28]
    assert "frames 21 to 25 of the journal are gone: trades may be missing" in reasons[1]
    assert "store.incomplete" in state.said.events


async def test_a_journal_that_is_gone_is_told_with_the_time_of_the_backup(state):
    await state.live(1, 25, backup_at=(10, 20))
    state.smash()
    shutil.rmtree(state.journal)
    opened = await state.open()
    await opened.store.close()
    opened.journal.close()
    assert [saved.trade.number for saved in opened.restored.snapshot.trades] == [18, 19, 20]
    assert opened.restored.snapshot.trades_made == 20 + NUMBERS_SKIPPED
    reasons = opened.reasons
    assert reasons[1] == "the journal is gone: what came after 2026-01-05 03:45:00 UTC is missing"


async def test_where_nothing_is_left_the_start_is_refused_and_changes_nothing(state):
    await state.live(1, 9)
    state.smash()
    state.smash_journal()
    before = state.database.read_bytes()
    for _ in range(2):
        with pytest.raises(StoreError, match="nothing is left to start from") as raised:
            await state.start()
        assert "file is not a database" in str(raised.value)
        assert "tradebot restore FILE" in str(raised.value)
        assert state.database.read_bytes() == before
        assert state.aside() == []


async def test_without_a_whole_backup_the_sound_rows_of_damaged_files_are_taken(state):
    await state.live(1, 25, backup_at=(10, 20))
    state.smash_journal()
    for path in (state.database, *(backup.path for backup in state.backups.found())):
        db = sqlite3.connect(path)
        with db:
            db.execute("UPDATE told SET body = x'00' WHERE number = 2")
        db.close()
    trades, reasons = await state.start()
    assert trades == [23, 24, 25]
    assert "made again from" in reasons[0]
    assert "sound rows of damaged files" in reasons[0]
    assert reasons[1].startswith("no backup was whole: trades may be missing or old")
    assert "store.incomplete" in state.said.events


async def test_a_disk_that_refuses_is_no_damage(state, monkeypatch):
    await state.live(1, 9)

    def refuses(_store, db):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(SqliteStore, "_load", refuses)
    with pytest.raises(StoreError, match="disk I/O error"):
        await state.start()
    assert state.aside() == []


def test_files_set_aside_in_the_same_second_do_not_replace_each_other(tmp_path):
    names = set()
    for content in (b"a", b"b", b"c"):
        (tmp_path / "tradebot.db").write_bytes(content)
        names.add(set_aside(tmp_path / "tradebot.db", "damaged"))
    assert {path.read_bytes() for path in names} == {b"a", b"b", b"c"}
