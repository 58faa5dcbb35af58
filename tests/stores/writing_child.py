"""A process that journals and commits as the daemon does, and says what it was promised.

``python -m tests.stores.writing_child STATE LIFE``: each frame has one line of a story, a
trade, and sometimes an exit. ``acks`` gets a line for each promise: ``E`` epoch begun,
``J`` frames synced, ``C`` frames committed with full sync. It waits for a byte to begin.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from tests.stores.samples import a_line, a_trade, an_exit
from tradebot.core.guard.trades import Status
from tradebot.core.records import Record
from tradebot.stores.journal import FileJournal
from tradebot.stores.restore import restore
from tradebot.stores.sqlite import SqliteStore

LIVES = 3  # killed, closed well, killed
FRAMES = 120  # of each life
SEGMENT_BYTES = 16_384
CHECKPOINT_PAGES = 60  # few, so that the log is brought into the database many times


def records_of(number: int) -> list[Record]:
    """Return frame ``number``: the same in every process."""
    draw = random.Random(number)
    trade = number // 3 + 1
    records: list[Record] = [a_line(number, trade, why="x" * draw.choice((5, 50, 900)))]
    for _ in range(draw.choice((1, 1, 2))):
        over = {"status": Status.CLOSED} if draw.random() < 0.2 else {}
        records.append(a_trade(trade, version=number, **over))
    if draw.random() < 0.5:
        records.append(an_exit(trade, version=number))
    return records


class Promises:
    """The file of promises: one write for each, seen in the trace beside all others."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(self, what: str, number: int) -> None:
        os.pwrite(self._fd, f"{what} {number}\n".encode(), 0)


async def live(state: Path, life: int) -> None:
    promises = Promises(state / "acks")
    draw = random.Random(f"life {life}")
    journal = FileJournal.open(state / "journal", segment_bytes=SEGMENT_BYTES)
    store = await SqliteStore.open(state / "tradebot.db", epoch_above=journal.epoch_seen)
    await store._connection.run(
        lambda db: db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}").fetchall()
    )
    recovered = journal.recover(epoch=store.epoch, after=store.frame)
    await restore(store, recovered)
    promises.say("E", store.epoch)
    waiting: list[Record] = []
    for number in range(journal.last + 1, journal.last + 1 + FRAMES):
        records = records_of(number)
        assert journal.append(records) == number
        waiting += records
        if draw.random() < 0.3:
            journal.sync()
            promises.say("J", number)
        if draw.random() < 0.3:
            full = draw.random() < 0.3
            await store.commit(waiting, number, full_sync=full)
            waiting = []
            if full:
                promises.say("C", number)
            journal.covered(store.frame_on_disk)
    if life == 1:
        await store.commit(waiting, journal.last, full_sync=True)
        promises.say("C", journal.last)
        await store.close()
        journal.close()


if __name__ == "__main__":
    sys.stdin.read(1)
    asyncio.run(live(Path(sys.argv[1]), int(sys.argv[2])))
    os._exit(0)
