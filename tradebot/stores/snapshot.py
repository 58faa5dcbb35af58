"""The version rules in memory: what a store holds after any sequence of records.

The database applies the same rules in SQL; the contract suite holds both to one another.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import assert_never

from tradebot.core.account.positions import Position
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.guard.lines import line_name
from tradebot.core.guard.trades import Trade
from tradebot.core.inputs import Execution
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.market.instruments import NetKey
from tradebot.core.records import (
    ExecutionSaved,
    ExitSaved,
    FindingsSaved,
    HaltSaved,
    Heard,
    HighReached,
    PositionSaved,
    Record,
    Snapshot,
    Told,
    TradeSaved,
    UncoveredSaved,
)
from tradebot.core.restore import by_line
from tradebot.stores.rows import rank

EXECUTION_DAYS = 2  # the dedupe and entry orders look no further back; a weekend is no trading day
UNCOVERED_DAYS = 7
DAY_NS = 86_400_000_000_000
_version = attrgetter("version")


class Tables:
    """Every table as a dictionary. A record twice, or an older one late, changes nothing."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        snapshot = snapshot or Snapshot()
        self.trades: dict[str, TradeSaved] = {s.trade.trade_id: s for s in snapshot.trades}
        self.exits: dict[tuple[str, int], Exit] = {
            (exit_.trade_id, exit_.number): exit_ for exit_ in snapshot.exits
        }
        self.executions: dict[str, Execution] = {e.execution_id: e for e in snapshot.executions}
        self.positions: dict[NetKey, Position] = {p.key: p for p in snapshot.positions}
        self.highs: dict[str, list[HighReached]] = by_line(snapshot.highs)
        self.told: dict[int, Told] = {}
        self.heard = snapshot.heard
        self.halt = snapshot.halt
        self.findings = snapshot.findings
        self.uncovered: dict[tuple[str, str, str], Uncovered] = {
            row.name: row for row in snapshot.uncovered
        }
        self.trades_made = snapshot.trades_made
        self.lines_told = snapshot.lines_told

    def apply(self, record: Record) -> None:
        """Take one record in."""
        match record:
            case TradeSaved(trade=trade):
                was = self.trades.get(trade.trade_id)
                if was is None or trade.version > was.trade.version:
                    self.trades[trade.trade_id] = record
                    self.trades_made = max(self.trades_made, trade.number)
            case ExitSaved(exit=exit_):
                key = (exit_.trade_id, exit_.number)
                if (last := self.exits.get(key)) is None or exit_.version > last.version:
                    self.exits[key] = exit_
            case PositionSaved(position=position):
                held = self.positions.get(position.key)
                if held is None or position.version > held.version:
                    self.positions[position.key] = position
            case ExecutionSaved(execution=execution):
                self.executions.setdefault(execution.execution_id, execution)
            case HighReached(line=line):
                self.highs[line] = with_high(self.highs.get(line, []), record)
            case Told(number=number):
                self.told.setdefault(number, record)
                self.lines_told = max(self.lines_told, number)
            case Heard(seq=seq, at_ns=at_ns):
                if self.heard is None or (seq, at_ns) > (self.heard.seq, self.heard.at_ns):
                    self.heard = record
            case UncoveredSaved(uncovered=row):
                self.uncovered[row.name] = newer(self.uncovered.get(row.name), row)
            case HaltSaved(halt=halt):
                self.halt = max(self.halt, halt, key=_version)
            case FindingsSaved(findings=findings):
                self.findings = max(self.findings, findings, key=_version)
            case _:
                assert_never(record)

    def copy(self) -> "Tables":
        """Return tables with the same content that change apart from these."""
        tables = Tables()
        tables.trades, tables.exits = dict(self.trades), dict(self.exits)
        tables.executions, tables.positions = dict(self.executions), dict(self.positions)
        tables.highs, tables.told = dict(self.highs), dict(self.told)  # its lists are replaced
        tables.heard, tables.halt = self.heard, self.halt
        tables.findings = self.findings
        tables.uncovered = dict(self.uncovered)
        tables.trades_made, tables.lines_told = self.trades_made, self.lines_told
        return tables

    def snapshot(self, execution_days: float = EXECUTION_DAYS) -> Snapshot:
        """Return what a start needs of it."""
        trades = sorted(
            (saved for saved in self.trades.values() if not saved.trade.status.is_over),
            key=lambda saved: saved.trade.number,
        )
        live = {saved.trade.trade_id for saved in trades}
        newest = max((e.at_ns for e in self.executions.values()), default=0)
        since = newest - int(execution_days * DAY_NS)
        return Snapshot(
            trades=tuple(trades),
            highs=needed_highs(trades, [high for line in self.highs.values() for high in line]),
            exits=tuple(
                exit_
                for _, exit_ in sorted(self.exits.items())
                if exit_.state is not State.DONE and exit_.trade_id in live
            ),
            executions=tuple(e for e in self.executions.values() if e.at_ns >= since),
            positions=tuple(position for _, position in sorted(self.positions.items())),
            trades_made=self.trades_made,
            lines_told=self.lines_told,
            heard=self.heard,
            halt=self.halt,
            findings=self.findings,
            uncovered=lately(self.uncovered.values()),
        )


def replayed(snapshot: Snapshot, frames: Iterable[Sequence[Record]]) -> Snapshot:
    """Return the snapshot after journal frames.

    Exact when the snapshot stands at the frame before the first of them. A snapshot does
    not hold what is over, so a frame that the database already has, and has gone on from,
    could bring a closed trade back; ``restore`` therefore commits first and loads then,
    and comes here only when the database refuses to be written.
    """
    tables = Tables(snapshot)
    for records in frames:
        for record in records:
            tables.apply(record)
    return tables.snapshot()


def with_high(highs: list[HighReached], high: HighReached) -> list[HighReached]:
    """Return one line's highs with another: ascending numbers, each better than all after it.

    A high that a later one equals or betters can never be anybody's best again. The result
    does not depend on the order in which highs arrive.
    """
    worth = rank(high)
    if any(h.number == high.number or (h.number > high.number and rank(h) >= worth) for h in highs):
        return highs
    kept = [h for h in highs if h.number > high.number or rank(h) > worth]
    return sorted([*kept, high], key=attrgetter("number"))


def needed_highs(
    trades: Iterable[TradeSaved], highs: Iterable[HighReached]
) -> tuple[HighReached, ...]:
    """Return the highs that some open trade has not seen, and the last of every line.

    The last one stays although everybody may have seen it: its number is where the engine
    goes on counting, and a number given twice would be taken for an old record.
    """
    lines = by_line(highs)
    seen: dict[str, int] = {}
    for saved in trades if lines else ():
        line = line_of(saved.trade)
        seen[line] = min(saved.highs_seen, seen.get(line, saved.highs_seen))
    return tuple(
        high
        for line, ascending in sorted(lines.items())
        for high in ascending
        if high is ascending[-1] or (line in seen and high.number > seen[line])
    )


def newer(known: Uncovered | None, row: Uncovered) -> Uncovered:
    """Return the row of the higher version; the known one, where both are the same."""
    return row if known is None or row.version > known.version else known


def lately(rows: Iterable[Uncovered]) -> tuple[Uncovered, ...]:
    """Return the rows of the newest day and of those shortly before it, in order.

    Exchanges close on different days, so the day of one may be over when that of another is not.
    """
    ordered = sorted(rows, key=lambda row: (row.day, row.instrument, row.trade_id))
    if not ordered:
        return ()
    since = date.fromisoformat(ordered[-1].day) - timedelta(days=UNCOVERED_DAYS)
    return tuple(row for row in ordered if row.day >= since.isoformat())


def line_of(trade: Trade) -> str:
    """Return the line of highs that moves this trade's trail."""
    return line_name(trade.instrument, trade.side, trade.price_source)
