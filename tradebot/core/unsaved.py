"""What has changed since the journal was last given it.

The newest state of each thing, and every line of its story: of what changed twice only the
last is written, of what was told nothing is left out.
"""

from collections.abc import Callable

from tradebot.core.account.positions import Position
from tradebot.core.guard.lines import Line
from tradebot.core.guard.trades import Trade
from tradebot.core.leaving.exit import Exit
from tradebot.core.market.instruments import NetKey
from tradebot.core.records import (
    ExecutionSaved,
    ExitSaved,
    FindingsSaved,
    HaltSaved,
    HighReached,
    PositionSaved,
    Record,
    Told,
    TradeSaved,
)


class Unsaved:
    """The changes of a book that are not in the journal yet."""

    def __init__(self) -> None:
        """Start with nothing to write."""
        self.trades: dict[str, Trade] = {}
        self.exits: dict[tuple[str, int], Exit] = {}  # by trade and number
        self.positions: dict[NetKey, Position] = {}
        self.moved: dict[Line, None] = {}  # lines whose best prices moved
        self.lines: list[ExecutionSaved | Told | HaltSaved | FindingsSaved] = []  # as they came

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.lines or self.trades or self.exits or self.positions or self.moved)

    def drain(self, saved: Callable[[Trade], TradeSaved]) -> list[Record]:
        """Return all of it, best prices first, and forget it.

        Highs come before the trades, so that a trade's ``highs_seen`` counts all highs that
        its own best price already includes.

        Args:
            saved: the durable form of a trade, with the best price that its line holds for it.
        """
        records: list[Record] = []
        for line in self.moved:
            for name, triggers in line.names():
                prices = triggers.drain_highs()
                before = triggers.highs_count - len(prices)
                records.extend(
                    HighReached(line=name, number=number, price=price)
                    for number, price in enumerate(prices, before + 1)
                )
        records.extend(saved(trade) for trade in self.trades.values())
        records.extend(ExitSaved(exit=exit_) for exit_ in self.exits.values())
        records.extend(PositionSaved(position=position) for position in self.positions.values())
        records.extend(self.lines)
        for kept in (self.trades, self.exits, self.positions, self.moved, self.lines):
            kept.clear()
        return records
