"""Stops: none is missed (I14), and none loosens by itself (I9)."""

from decimal import Decimal
from typing import TYPE_CHECKING

from tradebot.core.book import Book
from tradebot.core.guard.lines import Line
from tradebot.core.guard.trade_rules import effective_stop, judge
from tradebot.core.guard.trades import Rules, Status, Trade
from tradebot.core.inputs import Input, QuoteReply, Tick

if TYPE_CHECKING:
    from tests.sim.world import World


class Stops:
    """Looks at what prices do to the trades that they reach."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._seen: dict[str, tuple[tuple[Rules, Decimal], Decimal]] = {}
        self._priced_ns: tuple[int, int] | None = None

    def before(self, book: Book, item: Input) -> None:
        """Note how old the last price is that could be believed."""
        self._priced_ns = _priced_ns(_line_of(book, item))

    def after(self, book: Book, item: Input) -> None:
        """Look whether a price that was believed has left every trade that it reaches."""
        line = _line_of(book, item)
        if line is None or _priced_ns(line) == self._priced_ns:
            return
        for trade_id in line.guarded:
            price = self.passed(book, book.trades[trade_id])
            if price is not None:
                self._world.promises.broken(f"I14 {trade_id} is open after {price}")

    def passed(self, book: Book, trade: Trade) -> float | None:
        """Return the last price, if it lies where an open trade must be left by it."""
        line = book.line(trade.instrument)
        is_guarded = trade.status is Status.ACTIVE and not trade.unguarded
        if not is_guarded or trade.trade_id in line.waiting or line.ltp is None or line.gate.fresh:
            return None
        price = line.price_for(trade.side, trade.price_source, line.ltp)
        leaves = judge(book.levels[trade.trade_id], book.live(trade).marks, price).leaves
        # A target of what is leaving already waits for what the entry may still bring.
        is_due = leaves and (leaves[0].part is None or book.unassigned(trade))
        return price if is_due else None

    def look_at(self, book: Book, trade: Trade) -> None:
        """Look whether a stop has loosened that nobody changed."""
        stop = effective_stop(book.levels[trade.trade_id], trade.marks)
        about = (trade.rules, trade.filled)
        was = self._seen.get(trade.trade_id)
        if (
            was is not None
            and was[0] == about
            and (stop is None or trade.side.sign * (stop.level - was[1]) < 0)
        ):
            self._world.promises.broken(f"I9 {trade.trade_id}: stop {was[1]} loosened to {stop}")
        if stop is not None:
            self._seen[trade.trade_id] = (about, stop.level)

    def forget(self, trade_id: str) -> None:
        """Forget a stop that a person may have loosened."""
        self._seen.pop(trade_id, None)

    def life_ended(self, *, power_cut: bool) -> None:
        """Forget marks that may be on no disk: of a power cut, and of a journal that refused."""
        if power_cut or self._world.journal_is_behind:
            self._seen.clear()


def _line_of(book: Book, item: Input) -> Line | None:
    return book.lines.get(item.instrument) if isinstance(item, Tick | QuoteReply) else None


def _priced_ns(line: Line | None) -> tuple[int, int] | None:
    return None if line is None else (line.gate.at_ns, line.gate.received_ns)
