"""From a tick on the websocket to the order's request, at the fake OpenAlgo server.

The server is this process; it notes when it hands a tick to the websocket and when the
request is there. Rows, one exit of each in turn: the floor, a process that waits for a tick
with `websockets` and posts the same request with `aiohttp` over a new connection, as the
adapter does; and the daemon, its decision on disk before the order leaves.

Told is what a clock on the wall says; the same less what either process waited for a
processor, which is the machine's and not theirs; and the processor time that the server took
meanwhile: that is the bench's own part, and with it what it answers to reads of the daemon.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import aiohttp
from websockets.asyncio.client import connect

from bench.rounds import percentile, waited_ns
from tests.app.daemon_life import Life
from tests.openalgo.catalogue import Contract
from tests.openalgo.server import OpenAlgoServer

KEY = "0123456789abcdef-of-the-bench"
EXITS = 150
WARM = 10
PAUSE_S = 0.15  # ten orders a second are allowed
FLOOR = "NSE:FLOOR"
CONFIG = """mode = "live"
[account]
id = "BENCH-ORDER"
[broker]
kind = "openalgo"
rest = "{rest}"
feed = "{feed}"
key = "env:ALGO_KEY"
"""


class Took(NamedTuple):
    """What one exit took, in microseconds."""

    us: float  # by the clock
    at_work_us: float  # less what server and client have waited for a processor
    served_us: float  # processor time of the server meanwhile


ROWS = ("by the clock", "without waiting for a processor", "the server's own processor time")


class Watched:
    """A server that notes when a request for an order is there."""

    def __init__(self, server: OpenAlgoServer) -> None:
        self.server = server
        self._asked = asyncio.Event()
        self._at_ns = 0
        told: Callable[[], None] = server._rest.on_request
        seen = 0

        def on_request() -> None:
            nonlocal seen
            orders = sum(r.endpoint == "placeorder" for r in server.record.requests[seen:])
            seen = len(server.record.requests)
            if orders and not self._asked.is_set():
                self._at_ns = time.perf_counter_ns()
                self._asked.set()
            told()

        server._rest.on_request = on_request

    async def took(self, name: str, price: float, by: int) -> Took:
        """Send a tick, and wait for the order that process ``by`` sends for it."""
        self._asked.clear()
        before, began_ns = _spent(by), time.perf_counter_ns()
        self.server.price(name, price)
        await asyncio.wait_for(self._asked.wait(), 10.0)
        waited, served = (now - then for now, then in zip(_spent(by), before, strict=True))
        took_ns = self._at_ns - began_ns
        return Took(took_ns / 1000, (took_ns - waited) / 1000, served / 1000)


def _spent(by: int) -> tuple[int, int]:
    """Return what the main threads have waited for a processor, and what ours has used of it."""
    waited = waited_ns() + waited_ns(Path(f"/proc/{by}/schedstat"))
    return waited, time.thread_time_ns()


def main() -> None:
    """Measure and print."""
    took = asyncio.run(_measured())
    floor = percentile([one.at_work_us for one in took["floor"]], 50)
    for name, exits in took.items():
        print(f"{f'{name}: tick to order request, us':36} {'p50':>8} {'p99':>8} {'most':>8}")
        for what, values in zip(ROWS, zip(*exits, strict=True), strict=True):
            told = (percentile(values, 50), percentile(values, 99), max(values))
            print(f"  {what:34} " + " ".join(f"{us:8,.0f}" for us in told))
    middle = percentile([one.at_work_us for one in took["daemon"]], 50)
    print(f"ratio of the middle ones, without waiting: {middle / floor:.2f}")


async def _measured() -> dict[str, list[Took]]:
    took: dict[str, list[Took]] = {"floor": [], "daemon": []}
    async with OpenAlgoServer(api_key=KEY) as server:
        with tempfile.TemporaryDirectory() as folder:
            names = [f"NSE:B{number:03}" for number in range(WARM + EXITS)]
            for name in (FLOOR, *names):
                contract = Contract(exchange="NSE", symbol=name[4:], price=100.0)
                server.account.catalogue.add(contract)
                server.price(name, 100.0)
            command = [sys.executable, "-m", "bench.openalgo_order", server.url, server.feed_url]
            child = subprocess.Popen(command)  # noqa: ASYNC220 - before anything is measured
            life = await _guarding(server, Path(folder), names)
            try:
                watched = Watched(server)
                for number, name in enumerate(names):
                    for row in ("floor", "daemon"):
                        # The tick before is half a point off: no jump, and no stop.
                        before, last = (100.05, 100.0) if row == "floor" else (99.9, 99.4)
                        place = FLOOR if row == "floor" else name
                        server.price(place, before + 0.05 * (number % 2))
                        await asyncio.sleep(PAUSE_S)
                        by = child.pid if row == "floor" else life.process.pid
                        one = await watched.took(place, last - 0.05 * (number % 2), by)
                        if number >= WARM:
                            took[row].append(one)
                        await asyncio.sleep(PAUSE_S)
                assert server.record.harm() == [], server.record.harm()
            finally:
                child.terminate()
                child.wait()
                life.close()
    return took


async def _guarding(server: OpenAlgoServer, folder: Path, names: list[str]) -> Life:
    """Start a daemon that guards a position of each instrument."""
    (folder / "config.toml").write_text(CONFIG.format(rest=server.url, feed=server.feed_url))
    for name in names:
        server.by_hand(name, "BUY", 10)
    server.by_hand(FLOOR, "BUY", 10 * len(names))
    await server.settled()
    life = Life(folder, real=True, ALGO_KEY=KEY)
    await asyncio.to_thread(life.told, "READY=1")
    for name in names:
        words = {
            "exchange": "NSE",
            "symbol": name[4:],
            "product": "MIS",
            "side": "LONG",
            "quantity": 10,
            "entry_price": 100,
            "stop": "@99.5",
        }
        await asyncio.to_thread(life.call, "/api/v1/createtrade", words)
    count = 0
    while count < len(names):
        for name in names:
            server.price(name, 100.05 if server.account.prices[name] == 100.0 else 100.0)
        await asyncio.sleep(0.5)
        said = await asyncio.to_thread(life.call, "/api/v1/activetrades", {"limit": 500})
        count = sum(t["status"] == "ACTIVE" and t["ltp"] is not None for t in said["trades"])
    return life


async def floor(rest: str, feed: str) -> None:
    """Post an order for every second tick of one instrument."""
    order = {
        "apikey": KEY,
        "strategy": "floor",
        "symbol": "FLOOR",
        "exchange": "NSE",
        "action": "SELL",
        "quantity": "10",
        "pricetype": "MARKET",
        "product": "MIS",
    }
    sessions = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
    async with connect(feed, compression=None, proxy=None) as socket, sessions as session:
        await socket.send(f'{{"action": "authenticate", "api_key": "{KEY}"}}')
        symbols = '[{"symbol": "FLOOR", "exchange": "NSE"}]'
        await socket.send(f'{{"action": "subscribe", "symbols": {symbols}, "mode": 1}}')
        async for frame in socket:
            text = frame if isinstance(frame, str) else frame.decode()
            if '"ltp": 100.0,' in text or '"ltp": 99.95,' in text:
                async with session.post(f"{rest}/api/v1/placeorder", json=order) as answer:
                    await answer.read()


if __name__ == "__main__":
    asyncio.run(floor(sys.argv[1], sys.argv[2]))
