"""A store that is a few dictionaries: the newest version of each thing, as on disk."""

from collections.abc import Iterable
from operator import attrgetter

import msgspec

from tradebot.core.account.positions import Position
from tradebot.core.adoption.found import Findings
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.inputs import Execution
from tradebot.core.leaving.exit import Exit
from tradebot.core.leaving.halt import Halt
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


class RecordStore:
    """What a store holds after any records: the newest version of each thing, all highs."""

    def __init__(self) -> None:
        self.trades: dict[str, TradeSaved] = {}
        self.exits: dict[tuple[str, int], Exit] = {}
        self.positions: dict[NetKey, Position] = {}
        self.executions: dict[str, Execution] = {}
        self.highs: dict[tuple[str, int], HighReached] = {}
        self.told: dict[int, Told] = {}
        self.heard: Heard | None = None
        self.halt = Halt()
        self.findings = Findings()
        self.uncovered: dict[tuple[str, str, str], Uncovered] = {}

    def apply(self, records: Iterable[Record]) -> None:
        """Take records in; one twice, or an older one late, changes nothing."""
        for record in records:
            match record:
                case TradeSaved(trade=trade):
                    was = self.trades.get(trade.trade_id)
                    if was is None or was.trade.version < trade.version:
                        self.trades[trade.trade_id] = record
                case ExitSaved(exit=exit_):
                    name = (exit_.trade_id, exit_.number)
                    if name not in self.exits or self.exits[name].version < exit_.version:
                        self.exits[name] = exit_
                case PositionSaved(position=position):
                    held = self.positions.get(position.key)
                    if held is None or held.version < position.version:
                        self.positions[position.key] = position
                case ExecutionSaved(execution=execution):
                    self.executions.setdefault(execution.execution_id, execution)
                case HighReached(line=line, number=number):
                    self.highs.setdefault((line, number), record)
                case Told(number=number):
                    self.told.setdefault(number, record)
                case Heard():
                    self.heard = record
                case UncoveredSaved(uncovered=row):
                    known = self.uncovered.get(row.name, row)
                    self.uncovered[row.name] = max(known, row, key=attrgetter("version"))
                case FindingsSaved(findings=findings):
                    self.findings = max(self.findings, findings, key=attrgetter("version"))
                case HaltSaved(halt=halt):
                    self.halt = max(self.halt, halt, key=attrgetter("version"))

    def snapshot(self) -> Snapshot:
        """Return what a start needs, after a trip through bytes as in a file."""
        live = {
            name: saved for name, saved in self.trades.items() if not saved.trade.status.is_over
        }
        snapshot = Snapshot(
            trades=tuple(live.values()),
            highs=tuple(self.highs.values()),
            exits=tuple(e for e in self.exits.values() if not e.is_over and e.trade_id in live),
            executions=tuple(self.executions.values()),
            positions=tuple(self.positions.values()),
            trades_made=max((saved.trade.number for saved in self.trades.values()), default=0),
            lines_told=max(self.told, default=0),
            heard=self.heard,
            halt=self.halt,
            findings=self.findings,
            uncovered=tuple(self.uncovered.values()),
        )
        return msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot)
