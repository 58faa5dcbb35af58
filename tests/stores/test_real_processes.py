"""The real thing: processes that are killed, and a file system that is full."""

import os
import random
import shutil
import signal
import subprocess
import sys

import pytest

from tests.stores.samples import a_line, a_trade
from tests.stores.test_journal import LONG, PAGE, numbers, opened, recovered
from tradebot.errors import StoreError
from tradebot.stores.sqlite import SqliteStore


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root may mount a small file system")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no mount here: {made.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "tradebot.db"


def test_on_a_full_disk_what_the_journal_has_stays_and_space_helps(small_disk):
    journal, _ = opened(small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes((1 << 20) - 8 * PAGE))

    def fill():
        for number in range(1, 99):
            journal.append([a_line(number, why=LONG)])

    with pytest.raises(StoreError, match="No space left on device"):
        fill()
    appended = journal.last
    assert appended > 2
    journal.sync()
    ballast.unlink()
    assert journal.append([a_line(99)]) == appended + 1
    journal.close()
    assert numbers(recovered(small_disk)) == list(range(1, appended + 2))


JOURNALING = """
import sys
from pathlib import Path
from tests.stores.samples import a_line
from tradebot.stores.journal import FileJournal
journal = FileJournal.open(Path(sys.argv[1]), segment_bytes=16384)
journal.recover(epoch=journal.epoch_seen + 1, after=0)
while True:
    number = journal.append([a_line(journal.last + 1)] * (journal.last % 5))
    print(number, flush=True)
    if number % 7 == 0:
        journal.sync()
"""


def test_killed_for_real_every_acknowledged_frame_reads_back(tmp_path):
    draw = random.Random(7)
    last = 0
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", JOURNALING, tmp_path], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        for _ in range(draw.randrange(1, 400)):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().rpartition(b"\n")[0].split()
        child.stdout.close()
        child.wait()
        acknowledged = int(rest[-1]) if rest else 0
        found = recovered(tmp_path)
        assert found.damage == ()
        assert found.dropped == 0
        assert numbers(found) == list(range(1, len(found.frames) + 1))
        assert len(found.frames) >= max(acknowledged, last + 1)
        assert all(len(records) == (number - 1) % 5 for number, records in found.frames)
        last = len(found.frames)


async def test_on_a_full_disk_nothing_is_half_applied_and_space_helps(small_disk):
    store = await SqliteStore.open(small_disk / "tradebot.db")
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(512 << 10))

    async def fill():
        for batch in range(100):
            trades = [a_trade(n) for n in range(batch * 20, batch * 20 + 20)]
            await store.commit(trades, batch + 1, full_sync=True)

    with pytest.raises(StoreError, match=r"tradebot.db: .*(full|I/O)"):
        await fill()
    applied = store.frame
    assert [saved.trade.number for saved in (await store.load()).trades] == [*range(applied * 20)]
    ballast.unlink()
    await store.commit([a_trade(5000)], 999, full_sync=True)
    assert len((await store.load()).trades) == applied * 20 + 1
    assert len(await _kept(store, small_disk)) == applied * 20 + 1
    await store.close()


async def _kept(store, disk):
    await store.close()
    again = await SqliteStore.open(disk / "tradebot.db")
    trades = (await again.load()).trades
    await again.close()
    return trades


COMMITTING = """
import asyncio, sys
from pathlib import Path
from tests.stores.samples import a_trade, an_exit
from tradebot.stores.sqlite import SqliteStore

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]), lock_wait_s=5)
    number = (await store.load()).trades_made
    while True:
        number += 1
        await store.commit([a_trade(number), an_exit(number)], number, full_sync=number % 3 == 0)
        print(number, flush=True)

asyncio.run(main())
"""


async def test_killed_for_real_every_acknowledged_commit_is_there_and_whole(path):
    draw = random.Random(11)
    for _ in range(4):
        child = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
            [sys.executable, "-c", COMMITTING, path], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        for _ in range(draw.randrange(1, 200)):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().rpartition(b"\n")[0].split()
        child.stdout.close()
        child.wait()
        store = await SqliteStore.open(path, lock_wait_s=5)
        snapshot = await store.load()
        assert snapshot.trades_made >= (int(rest[-1]) if rest else 1)
        assert len(snapshot.trades) == len(snapshot.exits) == snapshot.trades_made == store.frame
        await store.close()
