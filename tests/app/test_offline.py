"""Without a daemon: a backup is made, one is put in place, and nothing is ever deleted."""

import asyncio

import pytest

from tests.services.fakes import Said
from tests.stores.samples import a_line, a_trade
from tradebot.app.lock import directory_lock
from tradebot.app.offline import back_up, nobody_else, restore
from tradebot.app.state import StateDirectory
from tradebot.core.records import Record
from tradebot.errors import DamageError, InputError, LockHeldError, StoreError
from tradebot.stores.backups import Backups
from tradebot.stores.repair import Files, open_or_repair


@pytest.fixture
def state(tmp_path):
    return StateDirectory(tmp_path / "state")


def lived(state, first, last, *, backup_at=()):
    """Create trade n at frame n; return the open trades of a start and its reasons."""

    async def live():
        backups = Backups(state.backups, 12)
        files = Files(
            database=state.database, journal=state.journal, backups=backups, segment_bytes=4096
        )
        opened = await open_or_repair(files, say=Said())
        found = [saved.trade.number for saved in opened.restored.snapshot.trades]
        for n in range(first, last + 1):
            records: list[Record] = [a_trade(n), a_line(n, why="x" * 2000)]
            opened.journal.append(records)
            await opened.store.commit(records, n, full_sync=True)
            if n in backup_at:
                await backups.make(opened.store, n * 10**9)
            opened.journal.covered(opened.store.frame_on_disk, backups.frame_held)
        await opened.store.close()
        opened.journal.close()
        return found, opened.reasons

    return asyncio.run(live())


def newest(state):
    return Backups(state.backups, 12).found()[0]


def test_a_backup_of_a_stopped_daemon_is_made_and_removes_none(state):
    lived(state, 1, 3, backup_at=(1, 2))
    made = back_up(state)
    assert made.frame == 3
    assert [backup.frame for backup in Backups(state.backups, 12).found()] == [3, 2, 1]
    assert lived(state, 4, 3) == ([1, 2, 3], ())


def test_without_a_database_there_is_nothing_to_back_up(state):
    with pytest.raises(StoreError, match=r"there is no .*tradebot.db; name its directory"):
        back_up(state)


def test_while_a_daemon_runs_neither_is_done(state):
    lived(state, 1, 3, backup_at=(2,))
    lock = directory_lock(state.path)
    lock.take()
    for refused in (lambda: back_up(state), lambda: restore(state, newest(state).path, alone=True)):
        with pytest.raises(LockHeldError, match=r"another daemon guards .*; stop it first"):
            refused()
    lock.release()
    with nobody_else(state), pytest.raises(LockHeldError):
        lock.take()
    lock.take()
    lock.release()


def test_a_restored_backup_gets_from_the_journal_what_came_after_it(state):
    lived(state, 1, 6, backup_at=(2, 4))
    before = state.database.read_bytes()
    done = restore(state, newest(state).path, alone=False)
    assert (done.checked.frame, done.checked.open_trades, done.put_aside) == (4, 4, ())
    assert done.kept is not None
    assert done.kept.read_bytes() == before
    assert lived(state, 7, 6) == ([1, 2, 3, 4, 5, 6], ())


def test_a_backup_is_found_by_its_name(state, monkeypatch, tmp_path):
    lived(state, 1, 6, backup_at=(2, 4))
    monkeypatch.chdir(tmp_path)
    name = newest(state).path.relative_to(state.backups)
    assert restore(state, name, alone=False).backup == newest(state).path


def test_one_that_the_journal_does_not_join_is_refused_unless_it_shall_stand_alone(state):
    lived(state, 1, 12, backup_at=(2, 8, 10))
    first = Backups(state.backups, 12).found()[-1].path
    before = {path: path.stat().st_mtime_ns for path in state.path.rglob("*")}
    with pytest.raises(InputError, match=r"after .*-2.db \(frames 3 to \d\): .*say --alone"):
        restore(state, first, alone=False)
    assert {path: path.stat().st_mtime_ns for path in state.path.rglob("*")} == before
    done = restore(state, first, alone=True)
    aside = [path.name.partition(".replaced-")[0] for path in done.put_aside]
    assert aside[0] == "journal"
    assert len(aside) == 3  # and the two newer backups
    assert lived(state, 3, 3) == ([1, 2], ())
    assert lived(state, 4, 3) == ([1, 2, 3], ())


def test_a_damaged_backup_or_none_is_refused_and_nothing_moves(state):
    lived(state, 1, 6, backup_at=(2, 4))
    before = state.database.read_bytes()
    path = newest(state).path
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(DamageError, match=path.name):
        restore(state, path, alone=True)
    with pytest.raises(InputError, match=r"there is no backup .*x.db; there are tradebot-0"):
        restore(state, state.path / "x.db", alone=True)
    assert state.database.read_bytes() == before
