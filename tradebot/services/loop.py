"""The one task that calls the engine, and the bounded queue in front of it.

A turn takes what waits, writes what changed to the journal, and only then lets the
world hear of it: an order can never leave before the decision is on disk.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

from tradebot.core.engine import Engine
from tradebot.core.events import Event
from tradebot.core.inputs import Execution, Input, OrderReport, Tick, Timer
from tradebot.core.intents import Intent, PlaceOrder
from tradebot.core.records import Record
from tradebot.errors import StoreError
from tradebot.ports import Clock, Journal, Say
from tradebot.services.persister import row_of

TICKS_MAX = 65_536  # waiting ticks; above it low, high and last of each instrument are kept
ROOM = 4_096  # waiting ticks below which a fast source may go on
TURN_TICKS = 256  # ticks of one turn: a quarter of a millisecond of quiet ones
# What the broker stamps says when it happened. An order that leaves for it leaves now, and is
# told from those that were there before it by that time.
_STAMPED = frozenset({Execution, OrderReport})
_BEHIND_NS = 10_000_000  # so far behind the engine's time may be, when it hears of one

Outputs = Sequence[Event | Intent]


class Deliver(Protocol):
    """Who hands a turn's outputs to the parts that they concern."""

    def __call__(self, outputs: Outputs, *, is_safe: bool) -> None:
        """Take outputs; ``is_safe``: what led to them is on disk."""


class EngineLoop:
    """The engine's queue and its only caller; the ``Inbox`` of every adapter.

    Orders, fills, commands and timers come before ticks and are never dropped. Ticks are
    judged one by one; beyond the bound, an instrument's waiting ticks are thinned to
    the last and the lows and highs of its prices, the adverse extremes kept.
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
        clock: Clock | None = None,
        ticks_max: int = TICKS_MAX,
    ) -> None:
        """Connect the engine to the world.

        Args:
            deliver: takes a turn's outputs.
            keep: takes a turn's records and their journal frame, for the database.
            pulse: called at each timer that the engine has taken; feeds the watchdog.
            clock: says between two timers what time it is; None: nobody does.
            ticks_max: how many ticks may wait.
        """
        self.engine = engine
        self._journal = journal
        self._say = say
        self._deliver = deliver
        self._keep = keep
        self._pulse = pulse
        self._clock = clock
        self._urgent: deque[tuple[Input, asyncio.Future[Outputs] | None]] = deque()
        self._ticks: deque[Tick] = deque()
        self._ticks_max = self._thin_above = ticks_max
        self._room_below = min(ROOM, ticks_max)
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._frame = 0
        self._heard_seq = 0
        self._journal_failed = False
        self._owed: dict[Hashable, Record] = {}  # what the journal refused, newest per row
        self._answers: list[tuple[asyncio.Future[Outputs], Outputs]] = []  # of this turn
        self._tidies = False  # a timer came since the index was found tidy
        self._is_broken = False  # a turn raised, and left the book half changed
        # Given each turn's inputs, as they were taken, and outputs; None: nobody records.
        self.record: Callable[[list[Input], Outputs], None] | None = None
        self._inputs: list[Input] = []  # of this turn, while somebody records
        self.ticks_judged = 0
        self.ticks_thinned = 0
        self.turns = 0

    def tick(self, tick: Tick) -> None:
        """Offer a tick."""
        self._ticks.append(tick)
        if len(self._ticks) > self._room_below:
            self._room.clear()
            if len(self._ticks) > self._thin_above:
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
        if self._is_broken:
            answer.cancel()
            return answer
        self._urgent.append((item, answer))
        self._wake.set()
        return answer

    @property
    def waiting(self) -> int:
        """Inputs that have not been taken."""
        return len(self._urgent) + len(self._ticks)

    def sync(self) -> None:
        """Bring every change so far to the journal's disk.

        Raises:
            StoreError: it refuses, or lacks what it refused earlier.
        """
        if self._owed:
            self._append([])
        self._journal.sync()

    async def run(self) -> None:
        """Take inputs for ever; between turns everybody else runs."""
        while True:
            if not self._urgent and not self._ticks:
                if self._tidies:
                    self._tidies = self.engine.tidy()
                    await asyncio.sleep(0)
                    continue
                self._wake.clear()
                self._room.set()
                await self._wake.wait()
            self.turn()
            await asyncio.sleep(0)

    def turn(self) -> None:
        """Take what is urgent and some ticks, journal the changes, tell the world."""
        assert not self._is_broken, "a turn after one that raised"
        is_whole = False
        outputs: list[Event | Intent] = []
        try:
            self._take_turn(outputs)
            is_whole = True
        finally:
            if self._inputs:  # a turn that raised is recorded too: it shows why
                inputs, self._inputs = self._inputs, []
                if self.record is not None:
                    self.record(inputs, outputs)
            if not is_whole:
                self._abandon()

    def finish(self) -> None:
        """Take everything that waits, after ``run`` was stopped: the last turns of a life.

        After a turn that raised there are none: half a change must not become durable.
        """
        if self._is_broken:
            return
        while self.waiting:
            self.turn()
        self._write((), is_time=True)

    def _take_turn(self, outputs: list[Event | Intent]) -> None:
        self.turns += 1
        is_time = self._take_urgent(outputs)
        self._take_ticks(outputs)
        is_safe = self._write(outputs, is_time=is_time)
        answers, self._answers = self._answers, []
        for answer, out in answers:
            if not answer.done():
                answer.set_result(out)
        if outputs:
            self._deliver(outputs, is_safe=is_safe)

    def _abandon(self) -> None:
        """Let nobody wait for the answer of an engine that is gone."""
        self._is_broken = True
        for _, answer in self._urgent:
            if answer is not None:
                answer.cancel()
        for answer, _ in self._answers:
            answer.cancel()

    @property
    def _process(self) -> Callable[[Input], Outputs]:
        """The engine's, or one that also notes what it takes."""
        return self.engine.process if self.record is None else self._noted

    def _noted(self, item: Input) -> Outputs:
        self._inputs.append(item)
        return self.engine.process(item)

    def _take_urgent(self, outputs: list[Event | Intent]) -> bool:
        """Judge all that is not a tick; return whether a timer was among it."""
        is_time = False
        process = self._process
        while self._urgent:
            item, answer = self._urgent.popleft()
            if answer is not None:
                self._answers.append((answer, ()))
            if type(item) in _STAMPED:
                outputs.extend(self._told_the_time())
            out = process(item)
            outputs.extend(out)
            if answer is not None:
                self._answers[-1] = (answer, out)
            if type(item) is Timer:
                self._tidies = True
                is_time = True
                self._pulse()
        return is_time

    def _told_the_time(self) -> Outputs:
        """Tell the engine what time it is, where the last timer is too old for what comes now."""
        now_ns = 0 if self._clock is None else self._clock.now_ns()
        is_behind = now_ns - self.engine.book.now_ns >= _BEHIND_NS
        return self._process(Timer(now_ns)) if is_behind else ()

    def _take_ticks(self, outputs: list[Event | Intent]) -> None:
        """Judge ticks until the turn is full or one of them asks for something."""
        ticks, process = self._ticks, self._process
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
        if len(ticks) <= self._room_below:
            self._room.set()

    def _write(self, outputs: Outputs, *, is_time: bool) -> bool:
        """Journal what changed; on the disk itself where an order is about to leave.

        How far quiet ticks have come is written when it is time, not at every turn: a
        start that hears some of them again changes nothing by it.
        """
        book = self.engine.book
        is_late = is_time and (self._journal_failed or book.heard_seq != self._heard_seq)
        if not (outputs or is_late or book.is_dirty()):
            return True
        self._heard_seq = book.heard_seq
        records = book.drain()
        sync = any(type(o) is PlaceOrder for o in outputs)
        is_safe = self._journaled(records, sync=sync, is_time=is_time)
        self._keep(records, self._frame)
        return is_safe

    def _journaled(self, records: list[Record], *, sync: bool, is_time: bool) -> bool:
        """Write one frame; False where the disk refused, once said and then remembered.

        What it refused goes into the next frame that it takes: a later frame rests on it.
        While it refuses it is tried with each timer and for each order.
        """
        if self._journal_failed and not (sync or is_time):
            self._owe(records)
            return False
        try:
            self._append(records)
            if sync or self._journal_failed:
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

    def _append(self, records: list[Record]) -> None:
        """Write these records and those owed as one frame, or owe these too."""
        try:
            self._frame = self._journal.append([*self._owed.values(), *records])
        except StoreError:
            self._owe(records)
            raise
        self._owed.clear()

    def _owe(self, records: list[Record]) -> None:
        for record in records:
            row = row_of(record)
            self._owed.pop(row, None)
            self._owed[row] = record

    def _thin(self) -> None:
        """Keep the extremes and the last waiting tick of each instrument, in order."""
        lows: dict[tuple[str, int], tuple[float, Tick]] = {}
        highs: dict[tuple[str, int], tuple[float, Tick]] = {}
        lasts: dict[str, Tick] = {}
        for tick in self._ticks:
            lasts[tick.instrument] = tick
            for kind, price in enumerate(_prices(tick)):
                # What can be no price must not stand for the lowest one.
                if price is None or not 0 < price < math.inf:
                    continue
                name = tick.instrument, kind
                if name not in lows or price < lows[name][0]:
                    lows[name] = price, tick
                if name not in highs or price > highs[name][0]:
                    highs[name] = price, tick
        before = len(self._ticks)
        wanted = {id(tick) for _, tick in (*lows.values(), *highs.values())}
        wanted.update(id(tick) for tick in lasts.values())
        self._ticks = deque(tick for tick in self._ticks if id(tick) in wanted)
        # Where so many instruments wait that little could go, the next time is far off.
        self._thin_above = max(self._ticks_max, 2 * len(self._ticks))
        self.ticks_thinned += before - len(self._ticks)
        self._say("ticks.thinned", "warning", kept=len(self._ticks), of=before)


def _prices(tick: Tick) -> tuple[float | None, ...]:
    """Return every price that some trade may be judged by."""
    if tick.bid is None or tick.ask is None:
        return tick.ltp, tick.bid, tick.ask
    return tick.ltp, tick.bid, tick.ask, (tick.bid + tick.ask) / 2
