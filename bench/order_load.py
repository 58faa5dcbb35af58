"""From a tick to the first byte of its order, while 5,000 ticks a second pass and all is saved.

As ``bench.order``, but the daemon guards 500 trades along a market that goes on: each
trade's trail moves with every tenth tick, the journal and the database are on the disk, and
a stop is reached somewhere in between. Beside it the same daemon without that market, and the
floor: one frame written and synced by hand, then the same bytes. Where a disk is shared its
slow syncs are in all of the rows.
"""

import asyncio
import gc
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

import uvloop

from bench import order
from bench.rounds import percentile
from tradebot.services.persister import Persister
from tradebot.services.supervisor import Supervisor
from tradebot.stores.journal import FileJournal
from tradebot.stores.sqlite import SqliteStore

EXITS = 1_000
WARM = 50
TRADES = 500
TICKS_PER_S = 5_000
BURST_S = 0.002  # the ticks of so long come together
RISES_EVERY = 10  # ticks
SAVED_EVERY_S = 0.25


class Loaded(order.Daemon):
    """The daemon with files of its own, and a market that can be switched on."""

    @classmethod
    async def opened(cls, wire: order.Wire, folder: Path, supervisor: Supervisor) -> "Loaded":
        journal = FileJournal.open(folder / "journal")
        store = await SqliteStore.open(folder / "tradebot.db", epoch_above=journal.epoch_seen)
        journal.recover(epoch=store.epoch, after=store.frame)
        made = cls(wire, journal, supervisor)
        made.store = store
        persister = Persister(
            store,
            every_s=SAVED_EVERY_S,
            say=order._say,
            covered=lambda _frame: journal.covered(store.frame_on_disk),
        )
        made.loop._keep = persister.keep
        supervisor.start("persister", persister.run())
        supervisor.start("market", made.market())
        return made

    store: SqliteStore
    is_on = False
    ticks = 0

    async def market(self) -> None:
        """Deliver ticks at their times for ever, while it is on."""
        due_s = perf_counter()
        while True:
            due_s = max(due_s + BURST_S, perf_counter() - 0.1)
            await asyncio.sleep(due_s - perf_counter())
            if self.is_on:
                for number in range(round(TICKS_PER_S * BURST_S)):
                    rises = number % RISES_EVERY == 0
                    ticks = self.guard.rising(1) if rises else self.guard.quiet(1)
                    self.loop.tick(ticks[0])
                    self.ticks += 1


def main() -> None:
    """Measure and print."""
    order.TRADES = TRADES
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        port = server.getsockname()[1]
        with subprocess.Popen(
            [sys.executable, "-m", "bench.order", str(server.fileno())],
            pass_fds=[server.fileno()],
        ) as broker:
            try:
                uvloop.run(_measured(port, Path(folder)))
            finally:
                broker.terminate()


async def _measured(port: int, folder: Path) -> None:
    supervisor, wire = Supervisor(order._say), order.Wire(port)
    daemon = await Loaded.opened(wire, folder, supervisor)
    file = os.open(folder / "frame", os.O_RDWR | os.O_CREAT)
    os.pwrite(file, bytes(4096), 0)
    os.fsync(file)

    def write_frame() -> None:
        os.pwrite(file, b"x" * 1024, 0)
        os.fdatasync(file)

    exits: dict[str, Callable[[], Awaitable[None]]] = {
        "floor, one frame synced": order.Floor(wire, write_frame).exit,
        "the market stands still": daemon.exit,
        "under load": daemon.exit,
    }
    took: dict[str, list[float]] = {name: [] for name in exits}
    passed_s, ticks = 0.0, 0
    gc.collect()
    gc.freeze()
    for number in range(WARM + EXITS):
        for name, leave in exits.items():
            daemon.is_on = name == "under load"
            began_s, before = perf_counter(), daemon.ticks
            await asyncio.sleep(BURST_S * (1 + number % 4))  # let some of the market pass
            await leave()
            if daemon.is_on:
                passed_s, ticks = passed_s + perf_counter() - began_s, ticks + daemon.ticks - before
            if number >= WARM:
                took[name].append(wire.took_ns / 1_000)
    await supervisor.stop_all()
    await daemon.store.close()
    print(f"{TRADES} trades, {ticks / passed_s:,.0f} ticks a second while the market is on")
    print(f"{'tick to order byte, µs':28} {'p50':>8} {'p99':>8} {'max':>8}")
    for name, values in took.items():
        middle, high = percentile(values, 50), percentile(values, 99)
        print(f"{name:28} {middle:8,.0f} {high:8,.0f} {max(values):8,.0f}")
