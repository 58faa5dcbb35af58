"""All that decides what an engine will say next, as a value that can be written and read.

A snapshot is what survives a process: a start from it asks the broker anew. A checkpoint
is an engine in the middle of its life, held prices and open questions included: an engine
made from it answers every further input as the first one does, event for event. So a
recording can begin at any turn. Only what waits to become durable is not in it.
"""

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from tradebot.core.account.positions import Frozen, Position
from tradebot.core.account.telling import Telling
from tradebot.core.adoption.found import Findings, Look
from tradebot.core.book import Book
from tradebot.core.engine import Engine
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.guard.lines import Doubt, Line, set_band
from tradebot.core.guard.trades import Marks, PriceSource, Side, Trade
from tradebot.core.leaving.exit import Exit
from tradebot.core.leaving.halt import Halt
from tradebot.core.leaving.lane import Lane
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.market.price_gate import Gate
from tradebot.core.market.sessions import ROUND_THE_CLOCK
from tradebot.core.others.orders import Order
from tradebot.core.others.their_orders import Theirs
from tradebot.core.policy import Policy

_WHOLES = 4  # fields of a checkpoint that are in its first piece
PIECE = 200  # things of one kind in one piece: a few tenths of a millisecond to write


class GateState(msgspec.Struct, frozen=True, kw_only=True):
    """A price gate; what it is set to comes from the policy."""

    ltp: float | None  # None: there was no price yet
    at_ns: int
    received_ns: int
    held: float | None
    fresh: bool
    dropped: int
    opens_ns: int
    closes_ns: int
    near: float
    spike: Decimal  # of the class that the instrument had when it was set


class SideState(msgspec.Struct, frozen=True, kw_only=True):
    """The armed trades of one side and price source, with their marks as they are now."""

    side: Side
    source: PriceSource
    highs_count: int
    armed: tuple[tuple[str, Marks], ...]


class LineState(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's line."""

    instrument: Instrument
    grid: Decimal | None = None
    gate: GateState
    sides: tuple[SideState, ...]
    guarded: tuple[str, ...]
    waiting: tuple[str, ...]
    bid: float | None
    ask: float | None
    seq: int
    since_ns: int
    blind_since_ns: int | None
    blind_ns: int
    quote_asked: bool
    opened_ns: int = 0
    closes_ns: int = ROUND_THE_CLOCK[1]
    doubt: Doubt | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a book."""

    trades_made: int
    lines_told: int
    heard_seq: int
    heard_at_ns: int
    now_ns: int = 0
    restored_ns: int = 0
    reconcile_due_ns: int = 0
    book_asked_ns: int | None = None
    book_unread: tuple[str, int, int] | None = None
    empty_books: int = 0
    telling: Telling = Telling()
    forgot_at_ns: int
    halt_due_ns: int = 0
    clock_ns: int = 0
    look: Look = msgspec.field(default_factory=Look)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An engine, or a piece of one: every sequence is in the order in which the book has it."""

    policy: Policy | None = None
    counts: Counts | None = None
    halt: Halt | None = None
    findings: Findings | None = None
    instruments: tuple[Instrument, ...] = ()
    lines: tuple[LineState, ...] = ()
    trades: tuple[Trade, ...] = ()
    exits: tuple[Exit, ...] = ()
    lanes: tuple[tuple[NetKey, tuple[tuple[str, int], ...]], ...] = ()
    exit_of_order: tuple[tuple[str, tuple[str, int]], ...] = ()
    entry_of_order: tuple[tuple[str, str], ...] = ()
    positions: tuple[Position, ...] = ()
    unread: tuple[tuple[NetKey, tuple[int, int]], ...] = ()
    disputes: tuple[tuple[NetKey, tuple[tuple[Decimal, int], int]], ...] = ()
    flat_since: tuple[tuple[NetKey, tuple[int, int]], ...] = ()
    corrections: tuple[tuple[NetKey, tuple[int, ...]], ...] = ()
    frozen: tuple[tuple[NetKey, Frozen], ...] = ()
    exit_of_broker_id: tuple[tuple[str, tuple[str, int]], ...] = ()
    reads: tuple[tuple[NetKey, tuple[int, int]], ...] = ()
    orders: tuple[Order, ...] = ()
    theirs: tuple[Theirs, ...] = ()
    unfilled: tuple[tuple[str, Trade], ...] = ()
    order_due_ns: tuple[tuple[str, int], ...] = ()
    deadlines: tuple[tuple[int, int, str], ...] = ()
    seen: tuple[tuple[str, int], ...] = ()
    coverage: tuple[Uncovered, ...] = ()


def checkpoint(engine: Engine) -> Checkpoint:
    """Return an engine as it is between two inputs."""
    book = engine.book
    return Checkpoint(
        policy=book.policy,
        counts=Counts(
            trades_made=book.trades_made,
            lines_told=book.lines_told,
            heard_seq=book.heard_seq,
            heard_at_ns=book.heard_at_ns,
            now_ns=book.now_ns,
            restored_ns=book.restored_ns,
            reconcile_due_ns=book.reconcile_due_ns,
            book_asked_ns=book.book_asked_ns,
            book_unread=book.book_unread,
            empty_books=book.empty_books,
            telling=book.telling,
            forgot_at_ns=book._forgot_at_ns,  # noqa: SLF001 - as above
            halt_due_ns=book.halt_due_ns,
            clock_ns=book.coverage.clock_ns,
            look=msgspec.structs.replace(book.look),
        ),
        halt=book.halt,
        findings=book.findings,
        instruments=tuple(book.instruments.values()),
        lines=tuple(_line_state(line) for line in book.lines.values()),
        trades=tuple(book.trades.values()),
        exits=tuple(exit_ for of_trade in book.exits.values() for exit_ in of_trade.values()),
        lanes=tuple(
            (key, tuple((exit_.trade_id, exit_.number) for exit_ in lane))
            for key, lane in book.lanes.items()
        ),
        exit_of_order=tuple(book.exit_of_order.items()),
        entry_of_order=tuple(book.entry_of_order.items()),
        positions=tuple(book.positions.values()),
        unread=tuple(book.unread.items()),
        disputes=tuple(book.disputes.items()),
        flat_since=tuple(book.flat_since.items()),
        corrections=tuple(book.corrections.items()),
        frozen=tuple(book.frozen.items()),
        exit_of_broker_id=tuple(book.exit_of_broker_id.items()),
        reads=tuple(book.reads.items()),
        orders=tuple(book.orders),
        theirs=tuple(book.theirs),
        unfilled=tuple(book.unfilled.items()),
        order_due_ns=tuple(book.order_due_ns.items()),
        deadlines=tuple(book.deadlines),
        seen=tuple(book._seen.items()),  # noqa: SLF001 - all of a book, and nothing else
        coverage=tuple(book.coverage.rows),
    )


def engine_of(state: Checkpoint) -> Engine:
    """Return an engine that goes on where the other one was."""
    assert state.policy is not None, "a checkpoint without its policy"
    assert state.counts is not None, "a checkpoint without its counts"
    engine = Engine(state.policy)
    book = engine.book
    book.trades_made, book.lines_told = state.counts.trades_made, state.counts.lines_told
    book.heard_seq, book.heard_at_ns = state.counts.heard_seq, state.counts.heard_at_ns
    book.now_ns = state.counts.now_ns
    book.restored_ns = state.counts.restored_ns
    book.reconcile_due_ns = state.counts.reconcile_due_ns
    book.book_asked_ns = state.counts.book_asked_ns
    book.book_unread = state.counts.book_unread
    book.empty_books = state.counts.empty_books
    book.telling = state.counts.telling
    book._forgot_at_ns = state.counts.forgot_at_ns  # noqa: SLF001 - as above
    book.halt_due_ns = state.counts.halt_due_ns
    book.coverage.clock_ns = state.counts.clock_ns
    book.coverage.take(state.coverage)
    book.halt = state.halt or Halt()
    book.findings = state.findings or Findings()
    book.look = msgspec.structs.replace(state.counts.look)
    book.instruments.update((instrument.id, instrument) for instrument in state.instruments)
    book.trades.update((trade.trade_id, trade) for trade in state.trades)
    book.coverage.open.update((t.trade_id, t.instrument) for t in state.trades if t.remaining)
    for exit_ in state.exits:
        book.exits.setdefault(exit_.trade_id, {})[exit_.number] = exit_
    for key, names in state.lanes:
        lane = book.lanes[key] = Lane()
        for trade_id, number in names:
            lane.put(book.exits[trade_id][number])
    book.exit_of_order.update(state.exit_of_order)
    book.entry_of_order.update(state.entry_of_order)
    book.positions.update((position.key, position) for position in state.positions)
    book.unread.update(state.unread)
    book.disputes.update(state.disputes)
    book.flat_since.update(state.flat_since)
    book.corrections.update(state.corrections)
    book.frozen.update(state.frozen)
    book.exit_of_broker_id.update(state.exit_of_broker_id)
    book.reads.update(state.reads)
    for order in state.orders:
        book.orders.put(order)
    for theirs in state.theirs:
        book.theirs.put(theirs)
    book.unfilled.update(state.unfilled)
    book.order_due_ns.update(state.order_due_ns)
    book.deadlines.extend(state.deadlines)
    book._seen.update(state.seen)  # noqa: SLF001 - as above
    for line in state.lines:
        _make_line(book, line)
    return engine


def pieces(state: Checkpoint) -> Iterator[Checkpoint]:
    """Yield a checkpoint in pieces, none of which takes long to write; at least one."""
    yield Checkpoint(
        policy=state.policy, counts=state.counts, halt=state.halt, findings=state.findings
    )
    for name in Checkpoint.__struct_fields__[_WHOLES:]:
        whole = getattr(state, name)
        for first in range(0, len(whole), PIECE):
            yield Checkpoint(**{name: whole[first : first + PIECE]})


def joined(parts: Iterable[Checkpoint]) -> Checkpoint:
    """Return the checkpoint that these are the pieces of."""
    values: dict[str, list[object]] = {name: [] for name in Checkpoint.__struct_fields__[_WHOLES:]}
    policy, counts, halt, findings = None, None, None, None
    for part in parts:
        policy, counts = part.policy or policy, part.counts or counts
        halt, findings = part.halt or halt, part.findings or findings
        for name, whole in values.items():
            whole.extend(getattr(part, name))
    found = {name: tuple(whole) for name, whole in values.items()}
    first = Checkpoint(policy=policy, counts=counts, halt=halt, findings=findings)
    return msgspec.structs.replace(first, **found)


def _line_state(line: Line) -> LineState:
    return LineState(
        instrument=line.instrument,
        grid=line.grid,
        gate=_gate_state(line.gate),
        sides=tuple(
            SideState(
                side=side, source=source, highs_count=triggers.highs_count, armed=tuple(triggers)
            )
            for (side, source), triggers in line.sides.items()
        ),
        guarded=tuple(sorted(line.guarded)),
        waiting=tuple(sorted(line.waiting)),
        bid=line.bid,
        ask=line.ask,
        seq=line.seq,
        since_ns=line.since_ns,
        blind_since_ns=line.blind_since_ns,
        blind_ns=line.blind_ns,
        quote_asked=line.quote_asked,
        opened_ns=line.opened_ns,
        closes_ns=line.closes_ns,
        doubt=line.doubt,
    )


def _gate_state(gate: Gate) -> GateState:
    return GateState(
        ltp=None if math.isnan(gate.ltp) else gate.ltp,
        at_ns=gate.at_ns,
        received_ns=gate.received_ns,
        held=gate.held,
        fresh=gate.fresh,
        dropped=gate.dropped,
        opens_ns=gate.opens_ns,
        closes_ns=gate.closes_ns,
        near=gate.near,
        spike=gate.spike,
    )


def _make_line(book: Book, state: LineState) -> None:
    line = Line(state.instrument, _gate(book, state))
    book.lines[state.instrument.id] = line
    line.grid = state.grid
    line.bid, line.ask, line.seq = state.bid, state.ask, state.seq
    line.since_ns, line.quote_asked = state.since_ns, state.quote_asked
    line.blind_since_ns, line.blind_ns = state.blind_since_ns, state.blind_ns
    line.opened_ns, line.closes_ns, line.doubt = state.opened_ns, state.closes_ns, state.doubt
    line.waiting.update(state.waiting)
    for trade_id in sorted(state.guarded, key=lambda name: book.trades[name].number):
        book.note_open(line, book.trades[trade_id])
        if book.trades[trade_id].filled:
            book.put_levels(book.trades[trade_id])
    for side in state.sides:
        triggers = line.triggers(side.side, side.source, side.highs_count)
        for trade_id, marks in side.armed:
            triggers.add(trade_id, book.levels[trade_id], marks)
    line.refresh()


def _gate(book: Book, state: LineState) -> Gate:
    was = state.gate
    gate = Gate(
        book.session(state.instrument.exchange),
        was.spike,
        holds_jumps=book.policy.holds_jumps,
    )
    set_band(gate, state.instrument)
    gate.ltp = math.nan if was.ltp is None else was.ltp
    gate.at_ns, gate.received_ns = was.at_ns, was.received_ns
    gate.held, gate.fresh, gate.dropped = was.held, was.fresh, was.dropped
    gate.opens_ns, gate.closes_ns, gate.near = was.opens_ns, was.closes_ns, was.near
    return gate
