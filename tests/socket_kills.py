"""A daemon at the fake OpenAlgo server that dies at a system call of its order path.

Each round has a server of its own with positions that somebody opened. One life guards them;
while their stops are reached it dies at its n-th call, and the next ones perhaps too, from
their birth on. Then a life comes to its end, and the server's record judges.
"""

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.forked_daemon import ForkedDaemon, Nursery
from tests.openalgo.faults import Fault
from tests.openalgo.server import OpenAlgoServer
from tests.storm.market import StormMarket
from tests.storm.run import CONFIG, KEY, SCALE, STALE_S
from tests.traced import PATIENCE_S, Tracer

CALLS = ("write", "writev", "sendmsg", "sendto", "fdatasync", "pwrite64", "epoll_pwait")
HOLD_S = 2
SYMBOLS = 6
SETTLE_S = 90.0


class Death(NamedTuple):
    """Where a life was to end, and whether it did."""

    call: str
    number: int
    was_reached: bool
    stage: str  # the last event that it logged


class Round(NamedTuple):
    """What came of one server."""

    deaths: list[Death]
    wrong: list[str]


class Kills:
    """Rounds, in folders of their own."""

    def __init__(self, folder: Path) -> None:
        os.environ["ALGO_KEY"] = KEY  # the lives inherit it
        self.folder = folder
        self.nursery = Nursery()

    def close(self) -> None:
        self.nursery.close()

    async def counted(self) -> dict[str, int]:
        """Live one round to its end, and return how often the busiest thread made each call."""
        world = _World(self, 0, Random(0))
        async with world.server:
            await world.begin()
            tracer = Tracer(world.home / "trace", ",".join(CALLS))
            assert world.daemon.process is not None
            tracer.attach(world.daemon.process.pid)
            world.cross()
            await world.settled()
            await asyncio.to_thread(world.daemon.kill)
            tracer.wait()
            world.end()
        return {call: count for call, count in tracer.counts().items() if call in CALLS}

    async def round(self, number: int, points: list[tuple[str, int]]) -> Round:
        """Die at each point in turn, live on, and judge."""
        world = _World(self, number, Random(number))
        deaths: list[Death] = []
        async with world.server:
            try:
                await world.begin()
                world.unkind()
                for call, nth in points:
                    deaths.append(await world.dies(call, nth))
                world.server.faults.clear()
                await world.live_on()
                await world.settled()
            except (RuntimeError, AssertionError, OSError) as error:
                wrong = [f"after {deaths}: {type(error).__name__} {error}"]
            else:
                wrong = []
            await asyncio.to_thread(world.end)
        return Round(deaths, wrong + list(world.market.wrong()))


class _World:
    def __init__(self, kills: Kills, number: int, rng: Random) -> None:
        self.home = kills.folder / f"round{number}"
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.server = OpenAlgoServer(api_key=KEY, seed=number, scale=SCALE)
        self.server.proxy.patience_s_min = 30.0
        self.market = StormMarket(self.server, SYMBOLS, rng)
        self.daemon = ForkedDaemon(kills.nursery, self.home / "state", self.home / "config.toml")
        self._rng = rng

    async def begin(self) -> None:
        """Have everything guarded."""
        text = CONFIG.format(
            account=f"KILLS-{os.getpid()}",
            rest=self.server.url,
            feed=self.server.feed_url,
            hold=HOLD_S,
            stale=STALE_S,
        )
        self.daemon.config.write_text(text)
        self.market.open()
        await self.server.settled()
        self._breathing = asyncio.create_task(self.market.breathe())
        await asyncio.to_thread(self.daemon.start)
        for trade in self.market.trades:
            said = await asyncio.to_thread(self.daemon.call, "/api/v1/createtrade", trade.words)
            trade.trade_id = said["trade_id"]
        ends_s = time.monotonic() + PATIENCE_S
        while any(t["status"] != "ACTIVE" or t["ltp"] is None for t in await self._active()):
            assert time.monotonic() < ends_s, "the trades do not become active"
            await asyncio.sleep(0.05)

    def unkind(self) -> None:
        """Let some orders fill late, in parts, or have answers that come too late."""
        faults = self.server.faults
        faults.turn_on(Fault.FILLS_IN_PARTS, rate=0.2)
        faults.turn_on(Fault.FILLS_SLOWLY, rate=0.2, value=20.0)
        faults.turn_on(Fault.SLOW, endpoint="placeorder", rate=0.2, value=10.0, acts_after_s=5.0)

    def cross(self) -> None:
        while self.market.to_cross:
            self.market.cross()

    async def dies(self, call: str, nth: int) -> Death:
        """Live until the call is reached, or nothing is left to do."""
        tracer = Tracer(self.home / "trace", call, f"signal=SIGKILL:when={nth}")
        daemon = self.daemon
        if daemon.process is not None and daemon.process.poll() is None:
            await asyncio.to_thread(tracer.attach, daemon.process.pid)
            self.cross()
            daemon.tracer = tracer
        else:
            daemon.tracer = tracer
            try:
                await asyncio.to_thread(daemon.start)
            except RuntimeError:
                assert daemon.process is not None
                if daemon.process.returncode != -signal.SIGKILL:
                    raise
        assert daemon.process is not None
        ends_s = time.monotonic() + SETTLE_S
        while daemon.process.poll() is None and not self._is_over():
            assert time.monotonic() < ends_s, "neither dead nor done"
            await asyncio.sleep(0.05)
        was_reached = daemon.process.poll() is not None
        await asyncio.to_thread(daemon.kill)
        daemon.tracer = None
        return Death(call, nth, was_reached, daemon.last_event())

    async def live_on(self) -> None:
        await asyncio.to_thread(self.daemon.start)

    async def settled(self) -> None:
        """Wait until all has left and the daemon knows it, and then for a second exit."""
        left = {t.trade_id for t in self.market.trades if t.crossed_s is None}
        ends_s = time.monotonic() + SETTLE_S
        while not self._is_over() or {t["trade_id"] for t in await self._active()} != left:
            assert time.monotonic() < ends_s, f"still open: {await self._active()}"
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.5)

    def end(self) -> None:
        self._breathing.cancel()
        if self.daemon.process is not None and self.daemon.process.poll() is None:
            self.daemon.kill()

    def _is_over(self) -> bool:
        return not self.market.to_cross and self.market.is_left()

    async def _active(self) -> list[dict[str, object]]:
        said = await asyncio.to_thread(self.daemon.call, "/api/v1/activetrades", {"limit": 500})
        trades: list[dict[str, object]] = said["trades"]
        return trades
