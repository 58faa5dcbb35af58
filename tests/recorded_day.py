"""A recording cut to the hours that are replayed, and what a plain scan makes of a trade on it."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from tests.shared_data import TICKS
from tradebot.core.events import EntryFilled
from tradebot.core.guard.trade_rules import entry_marks, judge, levels_of
from tradebot.core.guard.trades import Marks, Reason, Trade
from tradebot.core.inputs import Tick
from tradebot.core.market.instruments import Instrument
from tradebot.core.market.price_gate import Gate
from tradebot.core.market.sessions import Session

SOURCE = TICKS / "us_equities_2013-10-10.csv.gz"
SPIKE = Decimal("0.01")


class Print(NamedTuple):
    """One price to be judged."""

    seq: int  # the row of the recording that brought it
    price: float


class Decision(NamedTuple):
    """One exit as it was decided; two of them are equal when nothing differs."""

    reason: Reason
    level: Decimal | None
    quantity: Decimal
    seq: int
    ltp: float | None


def cut_recording(into: Path, from_ns: int, until_ns: int) -> dict[str, list[Print]]:
    """Write the hours that are replayed, and return the prices to be judged, by symbol."""
    prints: dict[str, list[Print]] = defaultdict(list)
    gates: dict[str, Gate] = defaultdict(lambda: Gate(Session(), SPIKE))
    seq = 0
    with gzip.open(SOURCE, "rt") as source, gzip.open(into, "wt") as cut:
        cut.write(next(source))
        for line in source:
            ts_ns, _exchange, symbol, price, *_rest = line.split(",")
            if from_ns <= int(ts_ns) < until_ns:
                seq += 1
                cut.write(line)
                tick = Tick(symbol, float(price), int(ts_ns), int(ts_ns))
                judged = gates[symbol].screen(tick).prices
                prints[symbol].extend(Print(seq, fit) for fit in judged)
    return prints


class PlainScan:
    """One trade judged at every price from its entry on, as far as it was asked to look.

    It goes on where it stopped, so that looking after every kill costs the day once.
    """

    def __init__(self, trade: Trade, prints: list[Print]) -> None:
        self.marks = Marks()
        self.decisions: list[Decision] = []
        self._trade = trade
        self._prints = prints
        self._instrument = Instrument(exchange=trade.exchange, symbol=trade.symbol)
        self._fills: list[EntryFilled] = []
        self._left = Decimal(0)
        self._done = 0
        self._next = 0  # index into the prints

    def look(self, fills: list[EntryFilled], until_seq: int) -> None:
        """Judge all prices up to ``until_seq``; ``fills`` are the entry's, as far as known."""
        for fill in fills[len(self._fills) :]:
            self._judge_until(fill.seq)
            self._fill(fill)
        self._judge_until(until_seq)

    def _fill(self, fill: EntryFilled) -> None:
        self._fills.append(fill)
        if self.decisions and not self._left:
            # It entered after the exit was decided: it leaves at once, for the same reason.
            last = self.decisions[-1].reason
            self.decisions.append(Decision(last, None, fill.quantity, fill.seq, None))
            return
        self._left += fill.quantity
        self._set_levels()
        self.marks = entry_marks(self._levels, self.marks)

    def _judge_until(self, seq: int) -> None:
        for row in self._rows(seq):
            if not self._left:
                continue
            verdict = judge(self._levels, self.marks, row.price)
            for leave in verdict.leaves:
                quantity = self._left
                if leave.part is not None:
                    self._done |= 1 << leave.part
                    part = self._trade.rules.targets[leave.part].quantity
                    quantity = min(self._left, part or self._left)
                self._left -= quantity
                self.decisions.append(
                    Decision(leave.reason, leave.level, quantity, row.seq, row.price)
                )
                if not self._left:
                    break
            else:
                self.marks = verdict.marks
                if verdict.leaves:
                    self._set_levels()

    def _rows(self, seq: int) -> Iterator[Print]:
        while self._next < len(self._prints) and self._prints[self._next].seq <= seq:
            self._next += 1
            yield self._prints[self._next - 1]

    def _set_levels(self) -> None:
        self._levels = levels_of(
            self._trade.rules,
            self._trade.side,
            self._fills[-1].entry,
            self._instrument,
            targets_done=self._done,
        )
