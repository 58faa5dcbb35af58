"""The file: private, whole or refused, one writer, nothing half applied."""

import asyncio
import gc
import os
import random
import sqlite3
import stat
import time

import pytest

from tests.stores.samples import a_high, a_line, a_trade, an_execution, an_exit
from tradebot.core.guard.trades import Status
from tradebot.core.records import Snapshot
from tradebot.errors import DamageError, LockHeldError, MigrationError, StoreError
from tradebot.stores import sqlite as module
from tradebot.stores.checks import check_file
from tradebot.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "tradebot.db"


@pytest.fixture
async def store(path):
    made = await SqliteStore.open(path)
    yield made
    await made.close()


async def reopened(store, path):
    await store.close()
    return await SqliteStore.open(path)


def edited(path, *statements):
    """Change a closed file behind the store's back."""
    db = sqlite3.connect(path, isolation_level=None)
    for sql, *asked in statements:
        db.execute(sql, asked)
    db.close()


async def test_files_are_private(path):
    path.parent.mkdir()
    path.touch(mode=0o644)
    store = await SqliteStore.open(path)
    await store.commit([a_trade()], 1, full_sync=True)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    await store.close()


async def test_missing_directories_are_made(store, path):
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750
    assert sorted(file.name for file in path.parent.iterdir()) == ["tradebot.db", "tradebot.db-wal"]


async def test_what_was_committed_is_there_after_a_reopening(store, path):
    await store.commit([a_trade(3), an_exit(3), a_high(2, 5.5)], 8, full_sync=False)
    before = await store.load()
    again = await reopened(store, path)
    assert await again.load() == before
    assert (again.frame, again.frame_on_disk) == (8, 8)
    await again.close()


async def test_each_opening_is_a_new_epoch_above_the_journals(store, path):
    assert store.epoch == 1
    store = await reopened(store, path)
    assert store.epoch == 2
    await store.close()
    store = await SqliteStore.open(path, epoch_above=40)
    assert store.epoch == 41
    await store.close()


async def test_a_replaced_process_can_write_no_more(store):
    await store.commit([a_trade(1)], 1, full_sync=True)
    store.epoch -= 1
    with pytest.raises(LockHeldError, match="another process has taken over from epoch"):
        await store.commit([a_trade(2)], 2, full_sync=True)
    assert [saved.trade.number for saved in (await store.load()).trades] == [1]


async def test_a_full_sync_commit_reaches_the_disk_and_another_may_wait(store):
    for full in (True, False):
        await store.commit([], 1, full_sync=full)
        found = await store._run(lambda db: db.execute("PRAGMA synchronous").fetchone())
        assert found == (2 if full else 1,)


async def test_a_second_process_is_refused(store, path):
    with pytest.raises(LockHeldError, match=r"another process has .*tradebot.db open"):
        await SqliteStore.open(path, lock_wait_s=0)


async def test_a_broken_promise_in_a_batch_applies_nothing_of_it(store):
    with pytest.raises(AssertionError):
        await store.commit([a_trade(1), object()], 9, full_sync=True)
    assert await store.load() == Snapshot()
    assert store.frame == 0
    await store.commit([a_trade(1)], 1, full_sync=True)


async def test_cancelled_commits_are_whole_and_the_next_ones_untouched(store):
    """Every commit is three records; cancelled at any point it leaves three or none."""
    draw = random.Random(3)

    async def commit(number):
        trade, line = a_trade(number), a_line(number, number)
        await store.commit([trade, an_exit(number), line], number, full_sync=number % 2 == 0)

    kept = set()
    for number in range(1, 120):
        task = asyncio.get_running_loop().create_task(commit(number))
        for _ in range(draw.randrange(4)):
            await asyncio.sleep(0)
        if draw.random() < 0.5:
            task.cancel()
        else:
            kept.add(number)
    await asyncio.gather(*(t for t in asyncio.all_tasks() if t is not asyncio.current_task()),
                         return_exceptions=True)  # fmt: skip
    snapshot = await store.load()
    trades = {saved.trade.number for saved in snapshot.trades}
    assert trades >= kept
    assert {exit_.trade_id for exit_ in snapshot.exits} == {f"T{n}" for n in trades}
    for number in range(1, 120):
        assert len(await store.story(f"T{number}")) == (number in trades)


async def test_tasks_that_commit_at_once_do_not_mix(store):
    batches = [[a_trade(n), a_trade(n + 100), object()][: 2 + n % 2] for n in range(1, 60)]
    commits = [store.commit(b, n, full_sync=False) for n, b in enumerate(batches, start=1)]
    results = await asyncio.gather(*commits, return_exceptions=True)
    whole = {n for n, result in enumerate(results, start=1) if result is None}
    assert whole == set(range(2, 60, 2))
    trades = {saved.trade.number for saved in (await store.load()).trades}
    assert trades == whole | {n + 100 for n in whole}


async def test_a_file_that_is_no_database_is_named(path):
    path.parent.mkdir()
    path.write_bytes(b"not a database, and long enough to be looked at as one" * 99)
    with pytest.raises(StoreError, match=r"tradebot.db: file is not a database"):
        await SqliteStore.open(path)


async def test_a_newer_schema_stops_the_start(store, path):
    await store.close()
    edited(path, ("PRAGMA user_version = 77",), ("CREATE TABLE new (x)",))
    with pytest.raises(MigrationError, match="schema 77"):
        await SqliteStore.open(path)


async def test_a_path_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match=r"tradebot.db: cannot open: File exists"):
        await SqliteStore.open(tmp_path / "state" / "tradebot.db")


async def test_a_file_that_sqlite_cannot_open_is_named(path, monkeypatch):
    def refuse(*_, **__):
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(StoreError, match=r"tradebot.db: unable to open database file"):
        await SqliteStore.open(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
async def test_a_file_that_may_not_be_opened_is_named(store, path):
    await store.close()
    path.chmod(0)
    with pytest.raises(StoreError, match=r"tradebot.db: .*Permission denied"):
        await SqliteStore.open(path)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            "UPDATE trades SET body = CAST(replace(body, 'SB', 'BS') AS BLOB)",
            "row T1/1/1/0/s of table trades",
        ),
        ("UPDATE trades SET version = 9", "row T1/1/9/0/s of table trades is damaged: checksum"),
        ("UPDATE exits SET body = x'00'", "row T1/1/1/0 of table exits is damaged"),
        ("UPDATE executions SET at_ns = 11", "row e1/o1/11 of table executions is damaged"),
        ("UPDATE highs SET rank = 6", "row NSE:SBIN LONG last/1/6.0 of table highs is damaged"),
        ("UPDATE meta SET open_trades = 2", "table trades has 1 open trades, its count is 2"),
    ],
)
async def test_a_damaged_row_is_named(store, path, edit, message):
    await store.commit([a_trade(), an_exit(), an_execution(), a_high(1, 5.0)], 1, full_sync=True)
    await store.close()
    edited(path, (edit,))
    again = await SqliteStore.open(path)
    with pytest.raises(StoreError, match=f"tradebot.db: .*{message}"):
        await again.load()
    await again.close()


async def test_a_damaged_page_is_named_by_sqlites_own_check(store, path):
    await store.commit([a_trade(n) for n in range(1, 200)], 1, full_sync=True)
    await store.close()
    edited(path, ("PRAGMA wal_checkpoint(TRUNCATE)",))
    data = bytearray(path.read_bytes())
    for page in range(20, 40):
        data[page * 4096 : page * 4096 + 12] = os.urandom(12)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"tradebot.db: .*(damaged|malformed)"):
        await _loaded(path)


async def _loaded(path):
    store = await SqliteStore.open(path)
    try:
        return await store.load()
    finally:
        await store.close()


async def test_pages_of_history(store):
    over = [a_trade(n, status=Status.CLOSED, strategy="ab"[n % 2]) for n in (1, 2, 3)]
    await store.commit([*over, an_execution()], 1, full_sync=False)
    assert await store.history(limit=1, before=3, strategy="b") == [over[0]]
    assert await store.trade("T9") is None


async def test_a_closed_store_refuses(store):
    await store.close()
    with pytest.raises(StoreError, match=r"tradebot.db: the database is closed"):
        await store.load()


async def test_history_and_story_read_only_sound_rows(store, path):
    await store.commit([a_trade(status=Status.CLOSED), a_line()], 1, full_sync=True)
    await store.close()
    edited(path, ("UPDATE trades SET checksum = 1",), ("UPDATE told SET checksum = 1",))
    store = await SqliteStore.open(path)
    for call in (store.history(limit=9), store.trade("T1"), store.story("T1")):
        with pytest.raises(StoreError, match="is damaged: checksum"):
            await call
    await store.close()


async def test_the_collector_runs_again_after_a_load(store):
    assert gc.isenabled()
    await store.load()
    assert gc.isenabled()
    gc.disable()
    try:
        await store.load()
        assert not gc.isenabled()
    finally:
        gc.enable()


async def test_a_close_that_fails_is_told(path, monkeypatch):
    store = await SqliteStore.open(path)

    async def fail():
        raise sqlite3.OperationalError("disk I/O error")

    real = store._connection.close
    monkeypatch.setattr(store._connection, "close", fail)
    with pytest.raises(StoreError, match=r"tradebot.db: disk I/O error"):
        await store.close()
    await real()


# Copies.


async def test_a_copy_holds_what_was_committed_while_it_was_made(store, tmp_path, monkeypatch):
    await store.commit([a_line(n, why="x" * 900) for n in range(1, 2_000)], 1, full_sync=True)
    store._connection.database.execute("PRAGMA wal_checkpoint")
    acknowledged, copied = [0], [0]  # commits; how many there were at each step of the copy
    sleep = time.sleep

    def noted(pause_s: float) -> None:
        copied.append(acknowledged[-1])
        sleep(pause_s)

    monkeypatch.setattr(time, "sleep", noted)
    copying = asyncio.ensure_future(store.copy_to(tmp_path / "copy.db", pause_s=0.005))
    while not copying.done():
        frame = acknowledged[-1] + 1
        await store.commit([a_trade(frame), a_line(frame + 10_000)], frame, full_sync=True)
        acknowledged.append(frame)
    await copying
    checked = check_file(tmp_path / "copy.db")
    assert copied[-1] > 2  # the copy took turns with them
    assert checked.frame == checked.open_trades
    assert copied[-1] <= checked.frame <= acknowledged[-1]


async def test_a_copy_that_nobody_waits_for_is_given_up_and_another_can_be_made(store, tmp_path):
    await store.commit([a_line(n, why="x" * 900) for n in range(1, 2_000)], 1, full_sync=True)
    copying = asyncio.ensure_future(store.copy_to(tmp_path / "copy.db", pause_s=0.05))
    await asyncio.sleep(0)
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    await store.copy_to(tmp_path / "another.db", pause_s=0)
    assert check_file(tmp_path / "another.db").frame == 1
    assert not store._copying.exception()


async def test_closing_ends_a_copy_and_says_so(store, tmp_path):
    await store.commit([a_line(n, why="x" * 900) for n in range(1, 2_000)], 1, full_sync=True)
    copying = asyncio.ensure_future(store.copy_to(tmp_path / "copy.db", pause_s=0.05))
    await asyncio.sleep(0)
    await store.close()
    with pytest.raises(StoreError, match=r"copy.db: the copy was given up with \d+ pages to go"):
        await copying
    with pytest.raises(StoreError, match="closed"):
        await store.copy_to(tmp_path / "copy.db")


async def test_a_copy_that_cannot_be_written_is_named(store, tmp_path):
    (tmp_path / "copy.db").mkdir()
    with pytest.raises(StoreError, match=r"copy.db: unable to open"):
        await store.copy_to(tmp_path / "copy.db")


async def test_on_a_full_disk_room_is_made_once_and_the_commit_goes_through(store, monkeypatch):
    real = SqliteStore._commit
    asked: list[int] = []

    def full(*arguments, **words):
        if len(asked) < 1:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        real(*arguments, **words)

    monkeypatch.setattr(SqliteStore, "_commit", full)
    with pytest.raises(StoreError, match="disk is full"):
        await store.commit([a_trade()], 1, full_sync=True)
    store.on_full = lambda: not asked.append(1)  # type: ignore[func-returns-value]  # None
    await store.commit([a_trade()], 1, full_sync=True)
    assert store.frame == len(asked) == 1


# Damage.


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("UPDATE told SET body = x'7b7d'", "row 1/T1 of table told is damaged: checksum"),
        ("UPDATE trades SET version = 9", "table trades is damaged: checksum"),
        ("UPDATE meta SET open_trades = 7", "1 open trades, its count is 7"),
        ("DELETE FROM meta", "table meta has 0 rows"),
        ("PRAGMA user_version = 77", "schema 77, and its tables are those of schema"),
        ("PRAGMA user_version = 0", "schema 0, and its tables are not those of schema 0"),
        ("ALTER TABLE told RENAME COLUMN body TO bodx", "are not those of schema"),
    ],
)
async def test_damage_is_told_from_every_other_trouble(store, path, statement, wrong):
    await store.commit([a_trade(), a_line()], 1, full_sync=True)
    await store.close()
    edited(path, (statement,))
    with pytest.raises(DamageError, match=wrong):
        await loaded(path)


async def loaded(path):
    store = await SqliteStore.open(path)
    try:
        return await store.load()
    finally:
        await store.close()


async def test_a_large_file_has_the_rows_checked_that_a_start_needs(store, path, monkeypatch):
    await store.commit([a_trade(), a_line()], 1, full_sync=True)
    await store.close()
    edited(path, ("UPDATE told SET body = x'7b7d'",))
    monkeypatch.setattr(module, "CHECKED_PAGES_MAX", 0)
    store = await SqliteStore.open(path)
    assert len((await store.load()).trades) == 1
    with pytest.raises(DamageError, match="row 1/T1 of table told"):
        await store.story("T1")
    await store.close()
