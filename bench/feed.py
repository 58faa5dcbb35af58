"""LTP frames of OpenAlgo's over a real websocket, into an engine that guards 10,000 trades.

A process of its own sends blocks of frames that were made before, as fast as the socket takes
them. Rows, one block of each in turn: `websockets` alone, whose messages are received and
thrown away; the feed as the daemon has it, with its queue and engine, until the last frame of
the block is judged. The first row is also as fast as the sender is known to be.

Told are medians over the rounds: CPU time of this process per frame, the ratio, and frames a
second: by the clock on the wall, in the best round, and by a clock that stands still while this
process waits for a processor that others have.
"""

import asyncio
import gc
import subprocess
import sys
import time
from random import Random
from statistics import median
from typing import NamedTuple

import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from bench.guard import Guard
from bench.rounds import waited_ns
from tradebot.brokers.openalgo.calls.client import Client
from tradebot.brokers.openalgo.feed import OpenAlgoFeed
from tradebot.brokers.openalgo.stream.channel_proof import ChannelProof
from tradebot.brokers.openalgo.stream.watch import Patience
from tradebot.core.secret import Secret
from tradebot.services.loop import EngineLoop
from tradebot.services.supervisor import Supervisor
from tradebot.stores.memory import MemoryJournal

FRAMES = 20_000  # of a block
ROUNDS = 15
TRADES = 10_000
NEVER_NS = 10**18
TICK = (
    b'{"type": "market_data", "symbol": "Y", "exchange": "X", "mode": 1, "data": {"symbol": "Y", '
    b'"exchange": "X", "mode": 1, "ltp": %.2f, "ltt": %d, "timestamp": %d}, "broker": "angel"}'
)


class Spent(NamedTuple):
    """What a block took, or all before now."""

    cpu_ns: int
    wall_ns: int
    waited_ns: int  # for a processor


class Bare:
    """A connection whose messages nobody looks at."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self) -> None:
        self._socket = await connect(self._url, compression=None, max_size=None, proxy=None)

    async def block(self) -> None:
        await self._socket.send("go")
        for _ in range(FRAMES):
            await self._socket.recv(decode=False)

    async def close(self) -> None:
        await self._socket.close()


class Fed:
    """The feed, the queue and the engine."""

    def __init__(self, url: str) -> None:
        self.guard = Guard(TRADES)
        self._supervisor = Supervisor(_say)
        journal = MemoryJournal()
        journal.recover(epoch=1, after=0)
        self._loop = EngineLoop(
            self.guard.engine,
            journal,
            say=_say,
            deliver=lambda _outputs, is_safe: None,  # noqa: ARG005 - a port's name
            keep=lambda _records, _frame: None,
            pulse=lambda: None,
        )
        client = Client(
            "http://127.0.0.1:9", Secret("k" * 20), clock=self, say=_say, routes=frozenset()
        )
        self._feed = OpenAlgoFeed(
            url,
            client,
            is_open=lambda _name, _at_ns: True,
            news=_no_news,
            proof=ChannelProof(),
            patience=Patience(poll_ns=NEVER_NS, silent_ns=NEVER_NS, same_ns=0),
            random=Random(1),
        )

    def now_ns(self) -> int:
        return time.time_ns()

    async def open(self) -> None:
        self._feed.subscribe("X:Y")
        self._supervisor.start("engine", self._loop.run())
        self._supervisor.start("feed", self._feed.run(self._loop))
        while not self._feed._is_welcome:  # noqa: ASYNC110 - the feed has no event for it
            await asyncio.sleep(0.01)
        self._seen = self._loop.ticks_judged + self._loop.ticks_thinned

    async def block(self) -> None:
        loop = self._loop
        assert self._feed._line.socket is not None
        await self._feed._line.socket.send("go")
        self._seen += FRAMES
        while loop.ticks_judged + loop.ticks_thinned < self._seen - 1:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.002)
        self._seen = loop.ticks_judged + loop.ticks_thinned

    async def close(self) -> None:
        await self._supervisor.stop_all()
        assert len(self.guard.engine.book.trades) == TRADES, "a trade was left"
        print(f"{self._loop.ticks_judged:,} ticks judged, {self._loop.ticks_thinned:,} thinned")


def main() -> None:
    """Measure and print."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.feed"], stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        try:
            uvloop.run(_measured(f"ws://127.0.0.1:{int(sender.stdout.readline())}"))
        finally:
            sender.terminate()


async def _measured(url: str) -> None:
    rows: dict[str, Bare | Fed] = {"websockets alone": Bare(url), "feed and engine": Fed(url)}
    took: dict[str, list[Spent]] = {name: [] for name in rows}
    for row in rows.values():
        await row.open()
    gc.collect()
    gc.freeze()
    for number in range(ROUNDS + 1):
        for name, row in rows.items():
            before = _spent()
            await row.block()
            now = _spent()
            if number:
                took[name].append(Spent(*(b - a for a, b in zip(before, now, strict=True))))
    for row in rows.values():
        await row.close()
    cpu_us = {
        name: median(b.cpu_ns for b in blocks) / FRAMES / 1e3 for name, blocks in took.items()
    }
    heads = ("frames/s", "best", "not waiting")
    print(f"{'':20} {'CPU us/frame':>13} {'ratio':>6} " + " ".join(f"{h:>12}" for h in heads))
    for name, blocks in took.items():
        walls = [block.wall_ns for block in blocks]
        not_waiting = median(block.wall_ns - block.waited_ns for block in blocks)
        took_ns = median(walls), min(walls), not_waiting
        rates = " ".join(f"{FRAMES * 1e9 / ns:12,.0f}" for ns in took_ns)
        ratio = cpu_us[name] / cpu_us["websockets alone"]
        print(f"{name:20} {cpu_us[name]:13.2f} {ratio:6.2f} {rates}")


def _spent() -> Spent:
    return Spent(time.process_time_ns(), time.perf_counter_ns(), waited_ns())


async def _no_news() -> tuple[()]:
    return ()


def _say(event: str, level: str = "info", /, **fields: object) -> None:
    if level != "info":
        print(level, event, fields)


async def serve_blocks() -> None:
    """Be the proxy: let anybody in, and send a block whenever one is asked for."""
    rng, now_ms = Random(1), time.time_ns() // 1_000_000 + 3_600_000
    prices = [999.0 + 0.05 * rng.randint(0, 10) for _ in range(FRAMES)]
    frames = [TICK % (ltp, now_ms + at, now_ms + at) for at, ltp in enumerate(prices)]
    # A text frame of a server: no mask, one length byte or three.
    heads = [
        b"\x81" + (bytes([len(f)]) if len(f) < 126 else b"\x7e" + len(f).to_bytes(2))
        for f in frames
    ]
    block = b"".join(head + frame for head, frame in zip(heads, frames, strict=True))

    async def handle(socket: ServerConnection) -> None:
        async for message in socket:
            if message == "go":
                socket.transport.write(block)
            elif b"authenticate" in (message if isinstance(message, bytes) else message.encode()):
                await socket.send('{"type": "auth", "status": "success"}')

    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve_blocks())
