"""A recording through an engine of its own: the exits it decides, and whether they are the same.

The engine that runs live takes what a live one took, in its order. Nothing is played: what
the broker said is in the recording too.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tradebot.core.checkpoint import engine_of
from tradebot.core.engine import Engine
from tradebot.core.events import Event, ExitDecided, ExitFilled, TradeClosed
from tradebot.core.guard.trades import Reason
from tradebot.core.inputs import Input, Tick
from tradebot.core.intents import Intent
from tradebot.core.money import exact, plain
from tradebot.core.recording import End, Head, Part, Said, Step, Taken, answer_text


class Difference(NamedTuple):
    """The first answer that is not the live engine's."""

    where: str
    live: str | None  # None: it said nothing more
    ours: str | None


class RecordedExit(msgspec.Struct, kw_only=True):
    """One exit as it was decided, and what its executions have made of it so far."""

    decided: ExitDecided
    sign: int  # of the trade
    multiplier: Decimal
    filled: Decimal = Decimal(0)
    notional: Decimal = Decimal(0)

    def words(self) -> dict[str, str | int | None]:
        """Return the exit as the keys and values of a JSON object, as a replay writes it.

        Without an execution there is neither fill price nor P&L.
        """
        decided = self.decided
        fill_price = pnl = None
        if self.filled:
            fill_price = plain(self.notional / self.filled)
        if self.filled and decided.entry is not None:
            points = self.notional - decided.entry * self.filled
            pnl = plain(self.sign * points * self.multiplier)
        return {
            "trade_id": decided.trade_id,
            "ts_ns": decided.at_ns,
            "reason": decided.reason.value,
            "level": None if decided.level is None else plain(decided.level),
            "trigger_price": None if decided.ltp is None else plain(exact(decided.ltp)),
            "best_price": None if decided.best_price is None else plain(exact(decided.best_price)),
            "quantity": plain(decided.quantity),
            "fill_price": fill_price,
            "pnl": pnl,
        }


class Recorded:
    """One run over one recording, part after part."""

    def __init__(self, *, check: bool = False) -> None:
        """Start with nothing.

        Args:
            check: compare every answer with the live engine's, and stop at the first
                that differs.
        """
        self.ticks = self.inputs = 0
        self.answers = 0  # compared and the same
        self.parts = 0
        self.exits: Counter[Reason] = Counter()
        self.difference: Difference | None = None
        self.cut: list[str] = []  # where the recording was cut off
        self._check = check
        self._engine: Engine | None = None
        self._head: Head | None = None
        self._follows = False  # the next part goes on where this one ended
        self._last: Tick | None = None
        self._said: deque[tuple[str, bytes]] = deque()  # by ours and not compared: where, what
        self._open: dict[tuple[str, int], RecordedExit] = {}

    def run(self, parts: Iterable[tuple[str, Iterable[Step]]]) -> Iterator[RecordedExit]:
        """Yield each exit once it has filled or its trade is over; the others at the end.

        Args:
            parts: name and steps of each, in the order of time.
        """
        for name, steps in parts:
            for step in steps:
                yield from self._take(name, step)
                if self.difference is not None:
                    return
        yield from self._left()

    def _take(self, name: str, step: Step) -> Iterator[RecordedExit]:
        match step:
            case Part():
                yield from self._begin(step)
            case Taken():
                yield from self._process(name, step)
            case Said():
                for answer in step.answers if self._check else ():
                    self._compare(f"{name}, after {step.rows} ticks", answer)
            case End():
                self._follows = step.is_whole
                if not step.is_whole:
                    self.cut.append(f"{name}: {step.why}")
                    self._said.clear()  # what was said to it may be cut off too
                elif self._said:
                    where, ours = self._said[0]
                    self.difference = Difference(where, None, ours.decode())

    def _begin(self, part: Part) -> Iterator[RecordedExit]:
        """Go on with the engine that we have, or take the one with which the part begins."""
        before, self._head = self._head, part.head
        self.parts += 1
        if (
            before is None
            or not self._follows
            or (part.head.recording, part.head.number) != (before.recording, before.number + 1)
        ):
            yield from self._left()
            self._engine, self._last = engine_of(part.state), None
        self._follows = False

    def _process(self, name: str, taken: Taken) -> Iterator[RecordedExit]:
        engine, item = self._engine, taken.item
        assert engine is not None, "an input before a part"
        self.inputs += 1
        if type(item) is Tick:
            self.ticks += 1
            self._last = item
        elif self._last is not None:
            # Live, the loop tells how far the ticks have come before it takes anything else.
            engine.hear(self._last)
            self._last = None
        answers = engine.process(item)
        if not answers:
            return
        if self._check:
            where = f"{name}, after {taken.rows} ticks, at {_described(item)}"
            self._said.extend((where, answer_text(answer)) for answer in answers)
        yield from self._noted(engine, answers)

    def _compare(self, where: str, live: bytes) -> None:
        if self.difference is not None:
            return
        if not self._said:
            self.difference = Difference(where, live.decode(), None)
            return
        place, ours = self._said.popleft()
        if ours == live:
            self.answers += 1
        else:
            self.difference = Difference(place, live.decode(), ours.decode())

    def _noted(self, engine: Engine, answers: Sequence[Event | Intent]) -> Iterator[RecordedExit]:
        """Follow the exits."""
        for said in answers:
            match said:
                case ExitDecided():
                    self.exits[said.reason] += 1
                    self._open[said.trade_id, said.exit] = _opened(engine, said)
                case ExitFilled():
                    exit_ = self._open.get((said.trade_id, said.exit))
                    if exit_ is None:
                        continue  # decided before the recording began
                    exit_.filled += said.quantity
                    exit_.notional += said.quantity * said.price
                    if exit_.filled >= exit_.decided.quantity:
                        yield self._open.pop((said.trade_id, said.exit))
                case TradeClosed():
                    for key in [key for key in self._open if key[0] == said.trade_id]:
                        yield self._open.pop(key)
                case _:
                    pass

    def _left(self) -> Iterator[RecordedExit]:
        left, self._open = self._open, {}
        yield from left.values()


def _opened(engine: Engine, decided: ExitDecided) -> RecordedExit:
    # A trade that is over by now left nothing to be filled: its sign does not matter.
    trade = engine.book.trades.get(decided.trade_id)
    if trade is None:
        return RecordedExit(decided=decided, sign=0, multiplier=Decimal(1))
    multiplier = engine.book.instrument(trade.instrument).multiplier
    return RecordedExit(decided=decided, sign=trade.side.sign, multiplier=multiplier)


def _described(item: Input) -> str:
    at_ns = getattr(item, "at_ns", None)
    what = f" {item.instrument} {item.ltp}" if type(item) is Tick else ""
    return f"{type(item).__name__}{what}" + ("" if at_ns is None else f" of {at_ns}")
