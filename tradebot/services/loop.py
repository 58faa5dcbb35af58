"""The one task that calls the engine, and the bounded queue in front of it.

A turn takes what waits, writes what changed to the journal, and only then lets the
world hear of it: an order can never leave before the decision is on disk.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from tradebot.core.engine import Engine
from tradebot.core.events import Event
from tradebot.core.inputs import Input, Tick, Timer
from tradebot.core.intents import Intent, PlaceOrder
from tradebot.core.records import Record
from tradebot.errors import StoreError
from tradebot.ports import Journal, Say

TICKS_MAX = 65_536  # waiting ticks; above it low, high and last of each instrument are kept
ROOM = 4_096  # waiting ticks below which a fast source may go on
TURN_TICKS = 256  # ticks of one turn: a quarter of a millisecond of quiet ones

Outputs = Sequence[Event | Intent]


class Deliver(Protocol):
    """Who hands a turn's outputs to the parts that they concern."""

    def __call__(self, outputs: Outputs, *, is_safe: bool) -> None:
        """Take outputs; ``is_safe``: what led to them is on disk."""


class EngineLoop:
    """The engine's queue and its only caller; the ``Inbox`` of every adapter.

    Orders, fills, commands and timers come before ticks and are never dropped. Ticks are
    judged one by one; beyond the bound, an instrument's waiting ticks are thinned to
    their low, high and last, the adverse extremes kept.
    """

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        *,
        say: Say,
        deliver: Deliver,
        keep: Callable[[list[Record], int], None],
        pulse: Callable[[], None],
    ) -> None:
        """Connect the engine to the world.

        Args:
            deliver: takes a turn's outputs.
            keep: takes a turn's records and their journal frame, for the database.
            pulse: called at each timer that the engine has taken; feeds the watchdog.
        """
        self.engine = engine
        self._journal = journal
        self._say = say
        self._deliver = deliver
        self._keep = keep
        self._pulse = pulse
        self._urgent: deque[tuple[Input, asyncio.Future[Outputs] | None]] = deque()
        self._ticks: deque[Tick] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._frame = 0
        self._heard_seq = 0
        self._journal_failed = False
        self.ticks_judged = 0
        self.ticks_thinned = 0
        self.turns = 0

    def tick(self, tick: Tick) -> None:
        """Offer a tick."""
        self._ticks.append(tick)
        if len(self._ticks) > ROOM:
            self._room.clear()
            if len(self._ticks) > TICKS_MAX:
                self._thin()
        self._wake.set()

    def put(self, item: Input) -> None:
        """Deliver anything else, before the ticks that wait."""
        self._urgent.append((item, None))
        self._wake.set()

    async def room(self) -> None:
        """Wait until fewer ticks wait than a fast source may fill up."""
        await self._room.wait()

    def command(self, item: Input) -> asyncio.Future[Outputs]:
        """Put an input, and return its outputs once its turn is in the journal."""
        answer: asyncio.Future[Outputs] = asyncio.get_running_loop().create_future()
        self._urgent.append((item, answer))
        self._wake.set()
        return answer

    @property
    def waiting(self) -> int:
        """Inputs that have not been taken."""
        return len(self._urgent) + len(self._ticks)

    async def run(self) -> None:
        """Take inputs for ever; between turns everybody else runs."""
        while True:
            if not self._urgent and not self._ticks:
                self._wake.clear()
                self._room.set()
                await self._wake.wait()
            self.turn()
            await asyncio.sleep(0)

    def turn(self) -> None:
        """Take what is urgent and some ticks, journal the changes, tell the world."""
        self.turns += 1
        outputs: list[Event | Intent] = []
        answers: list[tuple[asyncio.Future[Outputs], Outputs]] = []
        while self._urgent:
            item, answer = self._urgent.popleft()
            out = self.engine.process(item)
            outputs.extend(out)
            if answer is not None:
                answers.append((answer, out))
            if type(item) is Timer:
                self._pulse()
        self._take_ticks(outputs)
        is_safe = self._write(outputs)
        for answer, out in answers:
            if not answer.done():
                answer.set_result(out)
        if outputs:
            self._deliver(outputs, is_safe=is_safe)

    def finish(self) -> None:
        """Take everything that waits, after ``run`` was stopped: the last turns of a life."""
        while self.waiting:
            self.turn()
        self._write(())

    def _take_ticks(self, outputs: list[Event | Intent]) -> None:
        """Judge ticks until the turn is full or one of them asks for something."""
        ticks, process = self._ticks, self.engine.process
        tick = None
        for _ in range(min(TURN_TICKS, len(ticks))):
            tick = ticks.popleft()
            self.ticks_judged += 1
            out = process(tick)
            if out:
                outputs.extend(out)
                break
        if tick is not None:
            self.engine.hear(tick)
        if len(ticks) <= ROOM:
            self._room.set()

    def _write(self, outputs: Outputs) -> bool:
        """Journal what changed; on the disk itself where an order is about to leave."""
        book = self.engine.book
        if outputs or book.is_dirty() or book.heard_seq != self._heard_seq:
            self._heard_seq = book.heard_seq
            records = book.drain()
            is_safe = self._journaled(records, sync=any(type(o) is PlaceOrder for o in outputs))
            self._keep(records, self._frame)
            return is_safe
        return True

    def _journaled(self, records: list[Record], *, sync: bool) -> bool:
        """Write one frame; False where the disk refused, once said and then remembered."""
        try:
            self._frame = self._journal.append(records)
            if sync:
                self._journal.sync()
        except StoreError as error:
            if not self._journal_failed:
                self._say("journal.failed", "critical", error=str(error))
            self._journal_failed = True
            return False
        if self._journal_failed:
            self._journal_failed = False
            self._say("journal.back", "warning")
        return True

    def _thin(self) -> None:
        """Keep the low, the high and the last waiting tick of each instrument, in order."""
        keep: dict[str, list[Tick]] = {}
        for tick in self._ticks:
            kept = keep.get(tick.instrument)
            if kept is None:
                keep[tick.instrument] = [tick, tick, tick]
                continue
            if tick.ltp < kept[0].ltp:
                kept[0] = tick
            if tick.ltp > kept[1].ltp:
                kept[1] = tick
            kept[2] = tick
        before = len(self._ticks)
        wanted = {id(tick) for kept in keep.values() for tick in kept}
        self._ticks = deque(tick for tick in self._ticks if id(tick) in wanted)
        self.ticks_thinned += before - len(self._ticks)
        self._say("ticks.thinned", "warning", kept=len(self._ticks), of=before)
