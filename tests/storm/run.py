"""One storm from the first position to the judgement."""

import asyncio
import contextlib
import itertools
import os
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from tests.app.daemon_life import Life
from tests.openalgo.server import OpenAlgoServer
from tests.storm import switches
from tests.storm.events import Events, Mended
from tests.storm.market import StormMarket

KEY = "0123456789abcdef-of-the-storm"
HOLD_S, STALE_S = 2, 1
# A second of the broker's: a request may live for sixty of them, less than the hold.
SCALE = 0.025
SLOT_S = 4.0
SETTLE_S = 150.0
CONFIG = """mode = "live"
[account]
id = "{account}"
[broker]
kind = "openalgo"
rest = "{rest}"
feed = "{feed}"
key = "env:ALGO_KEY"
[exit]
hold_plain = "{hold}s"
reconcile_every = "5s"
[price]
stale_after = "{stale}s"
"""


class Figures(msgspec.Struct, kw_only=True):
    """What one storm has shown."""

    seed: int
    seconds: float
    symbols: int
    trades: int
    crossed: int = 0
    orders: int = 0  # that reached the broker
    requests: int = 0  # placeorder
    lives: int = 0
    blind_s: float = 0.0  # of all instruments, as the daemon reports them
    noticed_s_max: float = 0.0  # age of a price when its silence was noticed
    settled_s: float | None = None  # from the end of the faults until all had left
    events: list[Mended] = []
    hits: dict[str, int] = {}
    wrong: list[str] = []


class Storm:
    """A server, a daemon and a market, for as long as a seed is tried."""

    def __init__(self, folder: Path, seed: int, seconds: float, symbols: int) -> None:
        self.rng = Random(seed)
        self.scale = SCALE
        self._folder = folder
        self.server = OpenAlgoServer(api_key=KEY, seed=seed, scale=SCALE)
        self.server.proxy.patience_s_min = 5.0  # a busy machine is no dead client
        self.market = StormMarket(self.server, symbols, self.rng)
        self.figures = Figures(
            seed=seed, seconds=seconds, symbols=symbols, trades=len(self.market.trades)
        )
        self._life: Life | None = None
        self._told: list[dict[str, Any]] = []  # the logs of lives that are over
        self._cycle = self._alone()

    async def run(self, events: list[str] | None = None) -> Figures:
        """Live through it; ``events`` are those that befall, in turn; None: all, drawn."""
        async with self.server:
            self.market.open()
            await self.server.settled()
            breathing = asyncio.create_task(self.market.breathe())
            try:
                await self._begin()
                crossing = asyncio.create_task(self._crosses())
                await self._blow(events)
                await crossing
                await self._settle()
                self._judge()
            finally:
                breathing.cancel()
                if self._life is not None:
                    self._life.close()
        return self.figures

    async def killed(self) -> None:
        """End the daemon with SIGKILL, and start another life."""
        assert self._life is not None
        self._life.process.kill()
        await asyncio.to_thread(self._life.process.wait)
        self._told += self._life.log()
        self._life.close()
        (self._folder / "log").rename(self._folder / f"log{self.figures.lives}")
        await self._live()

    async def active(self) -> list[dict[str, Any]]:
        """Return the trades that are not over; none while nobody answers."""
        assert self._life is not None
        rows: list[dict[str, Any]] = []
        words: dict[str, object] = {"limit": 500}
        with contextlib.suppress(OSError):
            said = await asyncio.to_thread(self._life.call, "/api/v1/activetrades", words)
            rows = said["trades"]
        return rows

    def log(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one event, of all lives."""
        lines = [*self._told, *(self._life.log() if self._life else ())]
        return [line for line in lines if line["event"] == event]

    async def _live(self) -> None:
        self._life = Life(self._folder, real=True, ALGO_KEY=KEY)
        self.figures.lives += 1
        await asyncio.to_thread(self._life.told, "READY=1")

    async def _begin(self) -> None:
        text = CONFIG.format(
            account=f"STORM-{os.getpid()}",  # one daemon for each, on the whole machine
            rest=self.server.url,
            feed=self.server.feed_url,
            hold=HOLD_S,
            stale=STALE_S,
        )
        (self._folder / "config.toml").write_text(text)
        await self._live()
        assert self._life is not None
        for trade in self.market.trades:
            said = await asyncio.to_thread(self._life.call, "/api/v1/createtrade", trade.words)
            trade.trade_id = said["trade_id"]
        ends_s = time.monotonic() + SETTLE_S
        while any(t["status"] != "ACTIVE" or t["ltp"] is None for t in await self.active()):
            assert time.monotonic() < ends_s, "the trades do not become active"
            await asyncio.sleep(0.1)

    async def _crosses(self) -> None:
        """Let one stop after another be reached, at a steady pace until just before the end."""
        pause_s = 0.9 * self.figures.seconds / self.market.to_cross
        while self.market.to_cross:
            await asyncio.sleep(pause_s)
            self.market.cross()

    async def _blow(self, names: list[str] | None) -> None:
        events = Events(self)
        chosen = names or list(events.names)
        if names is None:
            self.rng.shuffle(chosen)
        turn = itertools.cycle(chosen)
        ends_s = time.monotonic() + self.figures.seconds
        slots = itertools.count()
        said = self._folder / "events"
        while time.monotonic() < ends_s:
            switches.turn(self.server.faults, next(self._cycle))
            self.server.proxy.drop()  # it has to connect among them too
            await asyncio.sleep(min(SLOT_S, self.figures.seconds / 4))
            self._count()
            if next(slots) % 2:
                self.server.faults.clear()
                self.figures.events.append(await events.names[next(turn)]())
                with said.open("ab") as file:
                    stamp = time.strftime("%H:%M:%S ", time.gmtime()).encode()
                    file.write(stamp + msgspec.json.encode(self.figures.events[-1]) + b"\n")
        self.server.faults.clear()

    def _alone(self):
        """Yield each fault alone once, in a drawn order, and a crowd of them after each."""
        while True:
            order = list(switches.ALL)
            self.rng.shuffle(order)
            for rule in order:
                yield switches.alone(rule, self.rng)
                yield switches.drawn(self.rng)

    def _count(self) -> None:
        hits = Counter(self.figures.hits)
        for rule in self.server.faults._rules:
            hits[str(rule.fault)] += rule.hits
        self.figures.hits = dict(hits)

    async def _settle(self) -> None:
        """Wait until everything that was reached has left, and the daemon knows it."""
        began_s = time.monotonic()
        open_left = {t.trade_id for t in self.market.trades if t.crossed_s is None}
        while time.monotonic() - began_s < SETTLE_S:
            if self.market.is_left() and {t["trade_id"] for t in await self.active()} == open_left:
                self.figures.settled_s = round(time.monotonic() - began_s, 1)
                break
            await asyncio.sleep(0.2)
        await asyncio.sleep(2 * HOLD_S)  # what would leave twice, leaves now
        await self._look_at_books()

    async def _look_at_books(self) -> None:
        assert self._life is not None
        wrong = self.figures.wrong
        active = {t["trade_id"]: t for t in await self.active()}
        said = await asyncio.to_thread(self._life.call, "/api/v1/tradehistory", {"limit": 500})
        over = {t["trade_id"]: t for t in said["trades"]}
        for trade in self.market.trades:
            name = trade.trade_id
            if trade.crossed_s is None:
                found = active.get(name, {})
                if (found.get("status"), found.get("quantity")) != ("ACTIVE", trade.quantity):
                    wrong.append(f"{name} is to be guarded: {found or over.get(name)}")
            else:
                found = over.get(name, {})
                is_left = (found.get("status"), found.get("reason")) == ("CLOSED", "stop")
                if not is_left or found.get("quantity") != trade.quantity:
                    wrong.append(f"{name} is to be closed by its stop: {found or active.get(name)}")
        said = await asyncio.to_thread(self._life.call, "/api/v1/coverage")
        self.figures.blind_s = round(sum(_blind(row) for row in _rows(said)), 1)

    def _judge(self) -> None:
        figures, record = self.figures, self.server.record
        figures.wrong += self.market.wrong()
        figures.crossed = len(self.market.crossed)
        figures.orders = len(record.orders()) - len(self.market.trades)
        figures.requests = len(record.asked("placeorder"))
        ages = [float(line["age_ns"]) / 1e9 for line in self.log("instrument.blind")]
        figures.noticed_s_max = round(max(ages, default=0.0), 2)


def _rows(said: Any) -> list[dict[str, Any]]:
    return said if isinstance(said, list) else next(v for v in said.values() if isinstance(v, list))


def _blind(row: dict[str, Any]) -> float:
    return float(row.get("blind_s") or 0.0)
