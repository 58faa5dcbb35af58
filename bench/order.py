"""From a tick to the first byte of its order at the broker, over loopback.

The tick enters the queue of a real ``EngineLoop`` that guards 1,000 other trades, reaches a
stop, and the ``Executor`` sends one request through an open socket. The broker is a process
of its own that notes when its ``recv`` returns. Rows, one exit of each in turn:

* the floor: the same bytes, sent by a task that the same event loop just woke;
* the floor with one frame written and synced first: what this disk takes by itself;
* the daemon without a disk (``MemoryJournal``), and with the intent on disk.

The clock is common to both processes and stands still while either waits for a processor.
Read what a row has above its floor: loopback and wake-ups are in all of them alike.
"""

import asyncio
import gc
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from time import perf_counter_ns

import msgspec
import uvloop

from bench.guard import PRICE, Guard
from bench.rounds import percentile, waited_ns
from tradebot.core.guard.trades import Rules
from tradebot.core.inputs import Acked, OrderSide, Outcome
from tradebot.core.intents import PlaceOrder
from tradebot.core.words.levels import Level, Unit
from tradebot.ports import Journal
from tradebot.services.executor import Executor
from tradebot.services.loop import EngineLoop
from tradebot.services.persister import Persister
from tradebot.services.supervisor import Supervisor
from tradebot.stores.journal import FileJournal
from tradebot.stores.memory import MemoryJournal, MemoryStore

EXITS = 1_000  # of each row
WARM = 50  # exits of each row that are not counted
PAUSE_S = 0.001  # between two exits
TRADES = 1_000
STOP = Rules(stop=Level(Unit.PRICE, Decimal(995)))
HEAD = b"POST /api/v1/placeorder HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
NOTED = struct.Struct("qq")  # when recv returned; how long it had waited for a processor


class Wire:
    """An open socket to the broker."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)  # noqa: FBT003 - it takes no keyword
        self.began = 0  # of the exit that is measured
        self.waited = 0
        self.took_ns = 0

    def begin(self) -> None:
        self.waited = waited_ns()
        self.began = perf_counter_ns()

    async def send(self, order: object) -> None:
        """Send one request, and note when its first byte was there."""
        body = msgspec.json.encode(order)
        self.socket.send(HEAD % len(body) + body)
        waited = waited_ns() - self.waited
        answer = await asyncio.get_running_loop().sock_recv(self.socket, NOTED.size)
        at_ns, waited_there = NOTED.unpack(answer)
        self.took_ns = at_ns - self.began - waited - waited_there


class Daemon:
    """Engine, queue and executor around one journal; the broker is a wire."""

    def __init__(self, wire: Wire, journal: Journal, supervisor: Supervisor) -> None:
        self.wire = wire
        self.guard = Guard(TRADES)
        self.count = 0
        self.loop = EngineLoop(
            self.guard.engine,
            journal,
            say=_say,
            deliver=self._deliver,
            keep=lambda _records, _frame: None,
            pulse=lambda: None,
        )
        store = MemoryStore()
        self.executor = Executor(
            self,  # type: ignore[arg-type] # the one call of a broker that is made here
            self.loop,
            persister=Persister(store, every_s=1.0, say=_say, covered=lambda _frame: None),
            supervisor=supervisor,
            clock=self,
            say=_say,
        )
        supervisor.start(f"engine on {type(journal).__name__}", self.loop.run())

    def now_ns(self) -> int:
        return self.guard.at_ns

    async def place(self, order: PlaceOrder) -> Outcome:
        await self.wire.send(order)
        self.placed.set_result(order)
        return Acked(order_id=order.client_order_id)

    async def exit(self) -> None:
        """Guard one more trade, let a tick reach its stop, and let the broker fill the order."""
        guard, self.count = self.guard, self.count + 1
        name = f"E{self.count}"
        self.placed: asyncio.Future[PlaceOrder] = asyncio.get_running_loop().create_future()
        self.loop.put(guard.fill(f"{name} in", OrderSide.BUY, product=name))
        self.loop.tick(guard.tick(PRICE))
        await self.loop.command(guard.creation(name, STOP, product=name))
        await asyncio.sleep(PAUSE_S)
        self.wire.begin()
        self.loop.tick(guard.tick(995.0))
        order = await self.placed
        sold = guard.fill(name, OrderSide.SELL, product=name, client_order_id=order.client_order_id)
        await self.loop.command(sold)
        assert len(guard.engine.book.trades) == TRADES, "the trade is not closed"

    def _deliver(self, outputs, *, is_safe: bool) -> None:
        for output in outputs:
            if type(output) is PlaceOrder:
                self.executor.place(output, is_safe=is_safe)


class Floor:
    """The same bytes without a daemon."""

    def __init__(self, wire: Wire, before: Callable[[], object]) -> None:
        self.wire = wire
        self._before = before
        self._order = Guard(0).creation("E1", STOP)

    async def exit(self) -> None:
        woken = asyncio.Event()

        async def send() -> None:
            await woken.wait()
            self._before()
            await self.wire.send(self._order)

        async with asyncio.TaskGroup() as group:
            group.create_task(send())
            await asyncio.sleep(PAUSE_S)
            self.wire.begin()
            woken.set()


def main() -> None:
    """Measure and print."""
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
    supervisor, wire = Supervisor(_say), Wire(port)
    on_disk = FileJournal.open(folder / "journal")
    on_disk.recover(epoch=1, after=0)
    in_memory = MemoryJournal()
    in_memory.recover(epoch=1, after=0)
    file = os.open(folder / "frame", os.O_RDWR | os.O_CREAT)
    os.pwrite(file, bytes(4096 * 1024), 0)
    os.fsync(file)

    def write_frame() -> None:
        os.pwrite(file, b"x" * 1024, 0)
        os.fdatasync(file)

    exits: dict[str, Callable[[], Awaitable[None]]] = {
        "floor": Floor(wire, lambda: None).exit,
        "floor, one frame synced": Floor(wire, write_frame).exit,
        "daemon, without a disk": Daemon(wire, in_memory, supervisor).exit,
        "daemon, intent on disk": Daemon(wire, on_disk, supervisor).exit,
    }
    took: dict[str, list[float]] = {name: [] for name in exits}
    gc.collect()
    gc.freeze()
    for number in range(WARM + EXITS):
        for name, leave in exits.items():
            await leave()
            if number >= WARM:
                took[name].append(wire.took_ns / 1_000)
    await supervisor.stop_all()
    _print(took)


def _print(took: dict[str, list[float]]) -> None:
    floor = percentile(took["floor"], 50)
    print(f"{'tick to order byte, µs':28} {'p50':>8} {'p99':>8} {'p50 above the floor':>20}")
    for name, values in took.items():
        middle = percentile(values, 50)
        print(f"{name:28} {middle:8,.0f} {percentile(values, 99):8,.0f} {middle - floor:20,.0f}")


def _say(event: str, level: str = "info", /, **fields: object) -> None:
    print(level, event, fields)


def serve(fd: int) -> None:
    """Be the broker: answer each request with the time at which it was there."""
    server = socket.socket(fileno=fd)
    connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with suppress(ConnectionError):
        while True:
            waited = waited_ns()
            request = connection.recv(65_536)
            at_ns = perf_counter_ns()
            if not request:
                return
            connection.send(NOTED.pack(at_ns, waited_ns() - waited))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
