"""What must survive the process: the durable form of every change of the book.

The engine emits records, the journal appends them and the store commits them. All are
versioned or numbered, so applying one twice, or an older one late, changes nothing.
"""

import msgspec

from tradebot.core.account.positions import Position
from tradebot.core.adoption.found import Findings
from tradebot.core.events import TradeEvent
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.guard.trades import Trade
from tradebot.core.inputs import Execution
from tradebot.core.leaving.exit import Exit
from tradebot.core.leaving.halt import Halt


class TradeSaved(msgspec.Struct, frozen=True, kw_only=True, tag="trade", gc=False):
    """A trade as it stands. ``highs_seen`` counts the highs of its line that it includes."""

    trade: Trade
    highs_seen: int


class HighReached(msgspec.Struct, frozen=True, kw_only=True, tag="high", gc=False):
    """A new best price of one side of one instrument, for every trade that trails there.

    A trade's best price is the best of its own record and of all highs of its line with a
    number above the record's ``highs_seen``. One row moves ten thousand trades.
    """

    line: str  # "NSE:SBIN LONG last": instrument, side, price source
    number: int  # ascending within the line
    price: float


class ExitSaved(msgspec.Struct, frozen=True, kw_only=True, tag="exit", gc=False):
    """An exit as it stands."""

    exit: Exit


class ExecutionSaved(msgspec.Struct, frozen=True, kw_only=True, tag="execution", gc=False):
    """An execution, the first time it was seen."""

    execution: Execution


class PositionSaved(msgspec.Struct, frozen=True, kw_only=True, tag="position", gc=False):
    """A net position as it stands."""

    position: Position


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="told", gc=False):
    """One line of a trade's story. ``number`` ascends over all trades."""

    number: int
    event: TradeEvent


class Heard(msgspec.Struct, frozen=True, kw_only=True, tag="heard", gc=False):
    """How far the inputs have come: the last tick's count and time."""

    seq: int
    at_ns: int


class HaltSaved(msgspec.Struct, frozen=True, kw_only=True, tag="halt", gc=False):
    """A halt, or its release, as a person said it."""

    halt: Halt


class UncoveredSaved(msgspec.Struct, frozen=True, kw_only=True, tag="uncovered", gc=False):
    """What nobody watched of a trade or an instrument on one day, as it stands."""

    uncovered: Uncovered


class FindingsSaved(msgspec.Struct, frozen=True, kw_only=True, tag="findings", gc=False):
    """The positions without a trade, as they stand."""

    findings: Findings


Record = (
    TradeSaved
    | HighReached
    | ExitSaved
    | ExecutionSaved
    | PositionSaved
    | Told
    | Heard
    | HaltSaved
    | UncoveredSaved
    | FindingsSaved
)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a start needs, as the store and the journal hold it.

    ``trades`` are those that are not over; ``exits`` those of these trades that are not
    done; ``executions`` the recent ones, for the dedupe and for entry orders.
    """

    trades: tuple[TradeSaved, ...] = ()
    highs: tuple[HighReached, ...] = ()
    exits: tuple[Exit, ...] = ()
    executions: tuple[Execution, ...] = ()
    positions: tuple[Position, ...] = ()
    trades_made: int = 0  # numbers given to trades so far
    lines_told: int = 0  # numbers given to story lines so far
    heard: Heard | None = None
    halt: Halt = Halt()
    uncovered: tuple[Uncovered, ...] = ()  # of the newest day and those shortly before it
    findings: Findings = Findings()
