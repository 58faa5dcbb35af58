"""What the guard does, in figures: counted as events pass, read when somebody asks.

No tick touches any of it. What can be read from the book is read at the question; what
only events tell (an exit, a held price) is counted as a turn's outputs are delivered.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from tradebot.core.book import Book
from tradebot.core.events import Event, ExitDecided, PriceHeld, TradeClosed
from tradebot.core.guard.lines import Line
from tradebot.core.guard.trades import Status
from tradebot.core.intents import Intent
from tradebot.core.leaving.halt import Form
from tradebot.core.records import Record
from tradebot.metrics import Figure, Histogram, one
from tradebot.ports import Clock, Journal
from tradebot.services.coverages import totals, worst
from tradebot.services.loop import EngineLoop
from tradebot.services.persister import Persister

LAG_EVERY_S = 0.1

_OPEN = tuple(status for status in Status if not status.is_over)


class Figures:
    """Counts and durations since the start."""

    def __init__(self, clock: Clock) -> None:
        """Start at nothing."""
        self._clock = clock
        self._exits: Counter[tuple[str, ...]] = Counter()  # by reason
        self._closed: Counter[tuple[str, ...]] = Counter()  # by status
        self._held = 0
        self._decided = Histogram()
        self._appended = Histogram()
        self._synced = Histogram()
        self._lag = Histogram()

    def heard(self, outputs: Iterable[Event | Intent]) -> None:
        """Count what a turn led to."""
        for output in outputs:
            match output:
                case ExitDecided(reason=reason, received_ns=received_ns):
                    self._exits[reason.value,] += 1
                    if received_ns is not None:
                        self._decided.observe(max(0, self._clock.now_ns() - received_ns) / 1e9)
                case TradeClosed(status=status):
                    self._closed[status.value,] += 1
                case PriceHeld():
                    self._held += 1

    def timed(self, journal: Journal) -> Journal:
        """Return the journal with a clock beside it."""
        return _TimedJournal(journal, self._appended, self._synced)

    async def sample_lag(self) -> None:
        """Measure for ever how late the event loop wakes whoever waits for a moment."""
        while True:
            due_s = time.perf_counter() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(0.0, time.perf_counter() - due_s))

    def source(self, loop: EngineLoop, persister: Persister) -> Callable[[], Iterator[Figure]]:
        """Return what tells every figure of a running guard."""

        def figures() -> Iterator[Figure]:
            yield from self._of_loop(loop, persister)
            yield from self._of_book(loop.engine.book)
            yield from self._of_coverage(loop.engine.book)
            yield from self._of_events()

        return figures

    def _of_loop(self, loop: EngineLoop, persister: Persister) -> Iterator[Figure]:
        yield one("tradebot_ticks_judged_total", "Ticks that the engine took.", loop.ticks_judged)
        yield one(
            "tradebot_ticks_thinned_total",
            "Ticks that were passed over in a flood; low, high and last were kept.",
            loop.ticks_thinned,
        )
        yield one("tradebot_turns_total", "Turns of the engine's loop.", loop.turns)
        yield one("tradebot_inputs_waiting", "Inputs that wait for the engine.", loop.waiting)
        yield one(
            "tradebot_store_rows_waiting", "Rows that wait for the database.", persister.waiting
        )
        yield one("tradebot_store_commits_total", "Commits to the database.", persister.commits)
        failing = persister.failing_since_frame is not None
        yield one("tradebot_store_failing", "1 while the database refuses.", failing)

    def _of_book(self, book: Book) -> Iterator[Figure]:
        statuses: Counter[tuple[str, ...]] = Counter({(status.value,): 0 for status in _OPEN})
        statuses.update((trade.status.value,) for trade in book.trades.values())
        yield Figure(
            name="tradebot_trades",
            text="Trades that are not over, by status.",
            labels=("status",),
            values=statuses,
        )
        stuck = sum(trade.stuck for trade in book.trades.values())
        yield one("tradebot_trades_stuck", "Trades whose exit needs a person.", stuck)
        yield Figure(
            name="tradebot_halted",
            text="1 while this form of a halt is in force.",
            labels=("form",),
            values={(form.value,): int(book.halt.form is form) for form in Form},
        )
        lines = book.lines.values()
        guarded = [line for line in lines if line.guarded]
        yield one("tradebot_lines_guarded", "Instruments with trades.", len(guarded))
        blind = sum(line.blind_since_ns is not None for line in guarded)
        yield one("tradebot_lines_blind", "Instruments with trades and without a price.", blind)
        now_ns = self._clock.now_ns()
        blind_ns = sum(_blind_ns(line, now_ns) for line in lines)
        yield one(
            "tradebot_blind_seconds_total",
            "Time in which an instrument with trades had no price, over all.",
            blind_ns / 1e9,
        )
        dropped = sum(line.gate.dropped for line in lines)
        yield one("tradebot_prices_dropped_total", "Prices that were impossible.", dropped)

    def _of_coverage(self, book: Book) -> Iterator[Figure]:
        now_ns = self._clock.now_ns()
        sums, rows = totals(book, now_ns), worst(book, now_ns)
        yield one(
            "tradebot_trades_unguarded",
            "Trades with open units that nothing guards.",
            sums.trades_unguarded,
        )
        yield one(
            "tradebot_day_unguarded_seconds",
            "Time of the trading day in which a trade had unguarded units, over all trades.",
            sums.unguarded_ns / 1e9,
        )
        yield one(
            "tradebot_day_blind_seconds",
            "Time of the trading day in which an open trade had no price, over all trades.",
            sums.blind_ns / 1e9,
        )
        yield Figure(
            name="tradebot_trade_unguarded_seconds",
            text="The same of those trades that were watched least.",
            labels=("trade_id", "day"),
            values={(row.trade_id, row.day): row.unguarded_ns / 1e9 for row in rows},
        )
        yield Figure(
            name="tradebot_trade_blind_seconds",
            text="The same of those trades that were watched least.",
            labels=("trade_id", "day"),
            values={(row.trade_id, row.day): row.blind_ns / 1e9 for row in rows},
        )

    def _of_events(self) -> Iterator[Figure]:
        yield one("tradebot_prices_held_total", "Jumps that waited for a second price.", self._held)
        yield Figure(
            name="tradebot_exits_total",
            text="Decisions to leave, parts included, by reason.",
            labels=("reason",),
            values=self._exits,
        )
        yield Figure(
            name="tradebot_trades_closed_total",
            text="Trades that ended, by status.",
            labels=("status",),
            values=self._closed,
        )
        histograms: Sequence[tuple[str, str, Histogram]] = (
            (
                "tradebot_tick_to_decision_seconds",
                "From the receipt of a tick to its exit being decided and in the journal.",
                self._decided,
            ),
            (
                "tradebot_journal_append_seconds",
                "Writing one frame of the journal.",
                self._appended,
            ),
            (
                "tradebot_journal_sync_seconds",
                "Bringing the journal to the disk.",
                self._synced,
            ),
            (
                "tradebot_loop_lag_seconds",
                "How late the event loop wakes whoever waits, by samples.",
                self._lag,
            ),
        )
        for name, text, histogram in histograms:
            yield Figure(name=name, text=text, histogram=histogram)


class _TimedJournal:
    """A journal whose calls are timed, those that fail too."""

    def __init__(self, journal: Journal, appended: Histogram, synced: Histogram) -> None:
        self._journal = journal
        self._appended = appended
        self._synced = synced

    def append(self, records: Sequence[Record]) -> int:
        began_ns = time.perf_counter_ns()
        try:
            return self._journal.append(records)
        finally:
            self._appended.observe((time.perf_counter_ns() - began_ns) / 1e9)

    def sync(self) -> None:
        began_ns = time.perf_counter_ns()
        try:
            self._journal.sync()
        finally:
            self._synced.observe((time.perf_counter_ns() - began_ns) / 1e9)


def _blind_ns(line: Line, now_ns: int) -> int:
    """Return for how long a line was blind: the times that ended, and the present one."""
    present_ns = 0 if line.blind_since_ns is None else max(0, now_ns - line.blind_since_ns)
    return line.blind_ns + present_ns
