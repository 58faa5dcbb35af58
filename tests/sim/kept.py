"""What somebody was told is kept, in whatever life: trades, and their rules (I8)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradebot.core.book import Book
from tradebot.core.guard.trades import Trade
from tradebot.core.records import Record, Snapshot, TradeSaved
from tradebot.stores.memory import MemoryStore

if TYPE_CHECKING:
    from tests.sim.world import World


class Kept:
    """What a life must find of what those before it promised."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._acknowledged: dict[str, None] = {}  # trades of which somebody was told: guarded
        self._edited: dict[str, tuple[object, ...]] = {}  # rules that somebody was told of
        self._edits: dict[str, int] = {}  # by trade: changes of rules under way

    def acknowledged(self, trade_id: str) -> None:
        """Note a trade of which somebody was told that it is guarded."""
        self._acknowledged[trade_id] = None

    def is_promised(self, trade_id: str | None) -> bool:
        """Whether somebody was told that a trade is guarded."""
        return trade_id in self._acknowledged

    def rules_changed(self, trade_id: str) -> None:
        """Forget a stop that a person may have loosened, and the rules before it."""
        self._world.promises.stops.forget(trade_id)
        self._edited.pop(trade_id, None)
        self._edits[trade_id] = self._edits.get(trade_id, 0) + 1

    def rules_are_durable(self, trade_id: str, book: Book) -> None:
        """Note rules that somebody was told are kept, unless they are being changed again."""
        self._edits[trade_id] -= 1
        trade = book.trades.get(trade_id)
        if trade is not None and not self._edits[trade_id]:
            self._edited[trade_id] = _lasting(trade)

    async def life_began(
        self, snapshot: Snapshot, behind: Sequence[Record], store: MemoryStore
    ) -> None:
        """Look whether a new life knows what the ones before it promised."""
        known = {saved.trade.trade_id for saved in snapshot.trades}
        known.update(r.trade.trade_id for r in behind if isinstance(r, TradeSaved))
        for trade_id in self._acknowledged:
            if trade_id not in known and await store.trade(trade_id) is None:
                self._world.promises.broken(f"I8 {trade_id} was acknowledged and is gone")
        saved = [*snapshot.trades, *(r for r in behind if isinstance(r, TradeSaved))]
        saved.sort(key=lambda saved: saved.trade.version)
        for trade in {row.trade.trade_id: row.trade for row in saved}.values():
            if _lasting(trade) != self._edited.get(trade.trade_id, _lasting(trade)):
                self._world.promises.broken(
                    f"I8 {trade.trade_id}: new rules were acknowledged and are gone"
                )


def _lasting(trade: Trade) -> tuple[object, ...]:
    """Return the rules of a trade that no price changes."""
    rules = trade.rules
    return rules.targets, rules.trail, rules.breakeven, rules.time_exit
