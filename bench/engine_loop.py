"""Ticks and turns a second through the engine's queue, with the journal on a real disk.

Each tick is judged on its own: that none was thinned is asserted. All workloads take turns, round
by round, in one process on one event loop (uvloop), so that what else the machine does
hits them alike; told are medians over the rounds, of CPU time, and ratios to the bare
engine. The source waits for room, as a fast replay does.
"""

import asyncio
import gc
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import process_time_ns

import uvloop

from tradebot.core.engine import Engine
from tradebot.core.guard.trades import Rules, Side, TradeRequest, Trail
from tradebot.core.inputs import CreateTrade, Tick, Timer
from tradebot.core.policy import Policy
from tradebot.core.words.levels import Level, Unit
from tradebot.services.loop import EngineLoop
from tradebot.services.supervisor import Supervisor
from tradebot.stores.journal import FileJournal

ROUNDS = 15
TICKS = 50_000  # in one round of one workload
INSTRUMENTS = 20
TRADES = 50  # on each instrument
SECOND_NS = 1_000_000_000
BURSTS = (1, 16, 256, 4_096)  # ticks that a source delivers before others run
RULES = Rules(
    stop=Level(Unit.PRICE, Decimal(500)), trail=Trail(by=Level(Unit.PERCENT, Decimal(30)))
)


class Nowhere:
    """A journal that writes nothing."""

    frames = 0

    def append(self, _records) -> int:
        self.frames += 1
        return self.frames

    def sync(self) -> None:
        pass


class Workload:
    """One row of the table: a guard, a way of delivering ticks, and what it took."""

    def __init__(self, name: str, journal, *, burst: int, rising: bool = False) -> None:
        self.name = name
        self.burst = burst
        self.engine = Engine(Policy())
        self.loop = EngineLoop(
            self.engine,
            journal,
            say=_say,
            deliver=_deliver,
            keep=lambda _records, _frame: None,
            pulse=lambda: None,
        )
        self.ns: list[float] = []  # per tick
        self.turns: list[float] = []  # per second
        self._seq = 0
        self._rising = rising
        for request in _requests():
            self.loop.put(CreateTrade(request=request, at_ns=SECOND_NS))
        self.loop.finish()

    def ticks(self) -> list[Tick]:
        """Return a round's ticks; every 0.1 s of them a timer is due, see ``_deliver``."""
        ticks = []
        for _ in range(TICKS):
            self._seq += 1
            ltp = 1_000 + (0.0005 * self._seq / INSTRUMENTS if self._rising else self._seq % 7)
            at_ns = SECOND_NS + self._seq * 5_000
            name = f"X:S{self._seq % INSTRUMENTS}"
            ticks.append(Tick(name, ltp, at_ns, at_ns, seq=self._seq))
        return ticks

    async def round(self) -> None:
        ticks = self.ticks()
        turns, judged = self.loop.turns, self.loop.ticks_judged
        gc.collect()
        begin = process_time_ns()
        await self._deliver(ticks)
        spent = process_time_ns() - begin
        assert self.loop.ticks_judged - judged == TICKS, "ticks are missing"
        assert not self.loop.ticks_thinned, "ticks were thinned"
        self.ns.append(spent / TICKS)
        self.turns.append((self.loop.turns - turns) * 1e9 / spent)

    async def _deliver(self, ticks: list[Tick]) -> None:
        for first in range(0, TICKS, self.burst):
            for tick in ticks[first : first + self.burst]:
                self.loop.tick(tick)
            if first % 20_000 < self.burst:  # 0.1 s at 200,000 a second
                self.loop.put(Timer(ticks[first].at_ns))
            await self.loop.room()
            await asyncio.sleep(0)
        while self.loop.waiting:  # noqa: ASYNC110 - an event would be a cost of its own
            await asyncio.sleep(0)


class Bare(Workload):
    """The engine without a queue."""

    async def _deliver(self, ticks: list[Tick]) -> None:
        process = self.engine.process
        for tick in ticks:
            process(tick)
        self.loop.turns += 1
        self.loop.ticks_judged += len(ticks)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(_measured(list(_workloads(Path(folder)))))


def _workloads(folder: Path) -> Iterator[Workload]:
    yield Bare("engine alone, quiet", Nowhere(), burst=TICKS)
    for burst in BURSTS:
        journal = _journal(folder / f"quiet-{burst}")
        yield Workload(f"queue and journal, quiet, by {burst}", journal, burst=burst)
    yield Workload("queue, no journal, quiet, by 1", Nowhere(), burst=1)
    yield Bare("engine alone, highs", Nowhere(), burst=TICKS, rising=True)
    for burst in BURSTS:
        journal = _journal(folder / f"highs-{burst}")
        yield Workload(f"queue and journal, highs, by {burst}", journal, burst=burst, rising=True)


async def _measured(workloads: list[Workload]) -> None:
    supervisor = Supervisor(_say)
    for workload in workloads:
        supervisor.start(workload.name, workload.loop.run())
    gc.freeze()
    for _ in range(ROUNDS):
        for workload in workloads:
            await workload.round()
    await supervisor.stop_all()
    unit = median(workloads[0].ns)
    print(f"{'':38} {'ns/tick':>9} {'ratio':>7} {'ticks/s':>11} {'turns/s':>9}")
    for row in workloads:
        ns = median(row.ns)
        rate, turns = 1e9 / ns, median(row.turns)
        print(f"{row.name:38} {ns:9,.0f} {ns / unit:7.1f} {rate:11,.0f} {turns:9,.0f}")


def _requests() -> Iterator[TradeRequest]:
    for number in range(INSTRUMENTS * TRADES):
        yield TradeRequest(
            account="A",
            exchange="X",
            symbol=f"S{number % INSTRUMENTS}",
            product="MIS",
            side=Side.LONG,
            quantity=Decimal(1),
            entry_price=Decimal(990),
            rules=RULES,
        )


class _Endless(FileJournal):
    """A journal whose database is always up to date."""

    def append(self, records) -> int:
        number = super().append(records)
        if not number % 1_000:
            self.covered(number - 1)
        return number


def _journal(folder: Path) -> FileJournal:
    journal = _Endless.open(folder)
    journal.recover(epoch=1, after=0)
    return journal


def _deliver(outputs, *, is_safe: bool) -> None:
    pass


def _say(event: str, level: str = "info", /, **fields: object) -> None:
    print(level, event, fields)
