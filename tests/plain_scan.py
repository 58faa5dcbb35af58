"""The reference for the trigger index: every price is judged for every trade."""

from tradebot.core.guard.trade_rules import Levels, Verdict, judge
from tradebot.core.guard.trades import Marks


class PlainScan:
    """Armed trades in a dict; nothing is clever here."""

    def __init__(self) -> None:
        self.trades: dict[str, tuple[Levels, Marks]] = {}

    def add(self, trade_id: str, levels: Levels, marks: Marks) -> None:
        """Arm a trade, or arm it anew."""
        self.trades[trade_id] = (levels, marks)

    def drop(self, trade_id: str) -> None:
        """Disarm a trade."""
        del self.trades[trade_id]

    def marks(self) -> dict[str, Marks]:
        """Return what every trade remembers now."""
        return {trade_id: marks for trade_id, (_, marks) in self.trades.items()}

    def tick(self, price: float) -> dict[str, Verdict]:
        """Judge every trade, keep what it remembers, return the verdicts that leave."""
        leaving = {}
        for trade_id, (levels, marks) in self.trades.items():
            verdict = judge(levels, marks, price)
            self.trades[trade_id] = (levels, verdict.marks)
            if verdict.leaves:
                leaving[trade_id] = verdict
        return leaving
