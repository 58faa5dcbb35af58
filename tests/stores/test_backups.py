"""A backup has its name once it is known to be whole; the oldest go after that, not before."""

import shutil
import sqlite3
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.stores.samples import a_line, a_trade
from tradebot.errors import DamageError, StoreError
from tradebot.stores import backups as module
from tradebot.stores.backups import Backups
from tradebot.stores.checks import check_file
from tradebot.stores.sqlite import SqliteStore

NOW_NS = 1_767_584_700_500_000_000  # 2026-01-05T03:45:00.5Z


@pytest.fixture
async def store(tmp_path):
    made = await SqliteStore.open(tmp_path / "tradebot.db")
    yield made
    await made.close()


async def made(store, backups, frame, now_ns=NOW_NS):
    await store.commit([a_trade(frame), a_line(frame)], frame, full_sync=True)
    return await backups.make(store, now_ns)


async def test_a_backup_is_whole_private_and_named_by_number_time_and_frame(store, tmp_path):
    backup = await made(store, Backups(tmp_path / "backups", 3), 7)
    assert backup.path.name == "tradebot-00000001-20260105T034500Z-7.db"
    assert backup.at == datetime(2026, 1, 5, 3, 45, tzinfo=UTC)
    assert (check_file(backup.path).frame, backup.frame) == (7, 7)
    assert backup.size == backup.path.stat().st_size
    assert stat.S_IMODE(backup.path.stat().st_mode) == 0o600
    assert [path.name for path in backup.path.parent.iterdir()] == [backup.path.name]


async def test_of_many_the_newest_are_kept_whatever_the_clock_says(store, tmp_path):
    backups = Backups(tmp_path / "backups", 3)
    for frame in range(1, 6):
        await made(store, backups, frame, NOW_NS - frame * 10**12)
    assert [backup.frame for backup in backups.found()] == [5, 4, 3]
    assert [backup.number for backup in Backups(tmp_path / "backups", 3).found()] == [5, 4, 3]


async def test_the_journal_may_let_go_of_what_two_backups_have(store, tmp_path):
    backups = Backups(tmp_path / "backups", 2)
    held = [backups.frame_held]
    for frame in (3, 5, 9):
        await made(store, backups, frame)
        held.append(backups.frame_held)
    assert held == [0, 0, 3, 5]
    assert Backups(tmp_path / "backups", 2).frame_held == 5


async def test_a_copy_that_is_not_whole_gets_no_name_and_removes_nothing(store, tmp_path):
    backups = Backups(tmp_path / "backups", 2)
    for frame in (1, 2):
        await made(store, backups, frame)
    store._connection.database.execute("UPDATE told SET body = x'7b7d' WHERE number = 1")
    with pytest.raises(DamageError, match=r"a copy of the database is not whole: .*row 1/T1"):
        await made(store, backups, 3)
    assert [backup.frame for backup in backups.found()] == [2, 1]
    assert len(list((tmp_path / "backups").glob("*.db"))) == 2
    assert backups.suspicion.exists()


async def test_what_a_killed_process_left_half_made_is_no_backup_and_goes(store, tmp_path):
    (tmp_path / "backups").mkdir()
    for name in ("draft.part", "draft.part-journal", "notes.txt"):
        (tmp_path / "backups" / name).write_text("half")
    backups = Backups(tmp_path / "backups", 2)
    assert backups.found() == []
    backup = await made(store, backups, 1)
    left = {path.name for path in (tmp_path / "backups").iterdir()}
    assert left == {backup.path.name, "notes.txt"}


async def test_a_copy_that_fails_leaves_nothing_behind(tmp_path):
    class Refusing:
        async def copy_to(self, path: Path, *, pause_s: float) -> None:
            assert (path.name, pause_s) == ("draft.part", module.COPY_PAUSE_S)
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        await Backups(tmp_path / "backups", 2).make(Refusing(), NOW_NS)
    assert list((tmp_path / "backups").iterdir()) == []


async def test_a_directory_that_cannot_be_made_is_named(store, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*: (no backup|cannot read): Not a directory"):
        await Backups(tmp_path / "file" / "backups", 2).make(store, NOW_NS)


async def test_the_oldest_go_before_backups_take_the_last_room(store, tmp_path, monkeypatch):
    backups = Backups(tmp_path / "backups", 12)
    for frame in range(1, 6):
        await made(store, backups, frame)
    room = 1 << 20

    def disk_usage(directory):
        held = sum(path.stat().st_size for path in directory.iterdir())
        return SimpleNamespace(free=module.ROOM_LEFT_BYTES + room - held)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    newest = backups.found()[0]
    room = 4 * newest.size
    backups.make_room(newest.path)
    assert [backup.frame for backup in backups.found()] == [5, 4, 3]
    room = newest.size
    with pytest.raises(StoreError, match=r"no backup: \d+ MiB are free, \d+ are needed"):
        backups.make_room(newest.path)
    assert [backup.frame for backup in backups.found()] == [5, 4]


async def test_a_backup_opens_as_a_database(store, tmp_path):
    backup = await made(store, Backups(tmp_path / "backups", 2), 4)
    again = await SqliteStore.open(backup.path)
    assert [saved.trade.trade_id for saved in (await again.load()).trades] == ["T4"]
    assert again.frame == 4
    await again.close()
    assert sqlite3.connect(backup.path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_in_a_hurry_no_pauses_are_made(store, tmp_path, monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    await store.commit([a_line(n, why="x" * 900) for n in range(1, 500)], 1, full_sync=True)
    backups = Backups(tmp_path / "backups", 2)
    await backups.make(store, NOW_NS, hurry=True)
    assert set(slept) == {0.0}
    await backups.make(store, NOW_NS)
    assert {module.COPY_PAUSE_S, module.CHECK_PAUSE_S} <= set(slept)
