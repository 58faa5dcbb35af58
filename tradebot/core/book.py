"""All live state of the trader, with the set of what must still become durable.

Only the engine's rooms change it, and only inside ``Engine.process``. Every change goes
through a ``put_*`` method, which counts the version and marks the thing dirty; so what
the journal is given can never miss one.
"""

import heapq
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeGuard, get_args

from msgspec.structs import replace

from tradebot.core.account.positions import Frozen, Position, folded
from tradebot.core.account.telling import Telling
from tradebot.core.adoption.found import Findings, Found, Look
from tradebot.core.events import Event, TradeEvent
from tradebot.core.guard.coverage import Coverage
from tradebot.core.guard.lines import Line, set_band
from tradebot.core.guard.trade_rules import Levels, levels_of
from tradebot.core.guard.trades import Side, Trade
from tradebot.core.inputs import Execution, OrderSide
from tradebot.core.intents import Intent, Unsubscribe
from tradebot.core.leaving.exit import Exit
from tradebot.core.leaving.halt import Form, Halt
from tradebot.core.leaving.lane import Lane
from tradebot.core.market.instruments import Instrument, NetKey, kind_of
from tradebot.core.market.price_gate import Gate
from tradebot.core.market.sessions import Session
from tradebot.core.money import NO_UNITS
from tradebot.core.others.order_book import OrderBook
from tradebot.core.others.their_orders import TheirOrders
from tradebot.core.policy import Policy
from tradebot.core.records import (
    ExecutionSaved,
    FindingsSaved,
    HaltSaved,
    Heard,
    Record,
    Told,
    TradeSaved,
    UncoveredSaved,
)
from tradebot.core.unsaved import Unsaved

_OF_A_TRADE = frozenset(get_args(TradeEvent))  # asked 15 times as fast as ``isinstance``

_HOUR_NS = 3_600_000_000_000
_FORGET_EVERY_NS = 6 * _HOUR_NS  # it walks all of them: 5 ms for 20,000
_REMEMBERED_NS = 48 * _HOUR_NS


class Book:
    """Trades, exits, positions, orders and lines of one account's guard."""

    def __init__(self, policy: Policy) -> None:
        """Start empty."""
        self.policy = policy
        self.instruments: dict[str, Instrument] = {}
        self.lines: dict[str, Line] = {}
        self.trades: dict[str, Trade] = {}  # those that are not over
        self.open_on: dict[tuple[NetKey, Side], dict[str, None]] = {}  # their ids, oldest first
        self.levels: dict[str, Levels] = {}  # of trades with a filled entry
        self.exits: dict[str, dict[int, Exit]] = {}  # by trade, then by number; open and done
        self.lanes: dict[NetKey, Lane] = {}  # exits that are not done, as decided
        self.exit_of_order: dict[str, tuple[str, int]] = {}  # by client order id
        self.exit_of_broker_id: dict[str, tuple[str, int]] = {}  # where it keeps not our own
        self.entry_of_order: dict[str, str] = {}  # the broker's order id -> trade
        self.positions: dict[NetKey, Position] = {}
        # Keys whose broker's net is not known: asked again at, given up at.
        self.unread: dict[NetKey, tuple[int, int]] = {}
        # Of these: the net that the broker claims against our version, and since when.
        self.disputes: dict[NetKey, tuple[tuple[Decimal, int], int]] = {}
        # Flat by our book and by the broker's: the version of our net, and since when.
        self.flat_since: dict[NetKey, tuple[int, int]] = {}
        self.corrections: dict[NetKey, tuple[int, ...]] = {}  # of our net, the newest times
        self.frozen: dict[NetKey, Frozen] = {}
        self.reads: dict[NetKey, tuple[int, int]] = {}  # asked at, and our version of it then
        self.book_asked_ns: int | None = None  # an order book is being read since then
        self.book_unread: tuple[str, int, int] | None = None  # account; the rest as ``unread``
        self.empty_books = 0  # in a row
        self.telling = Telling()
        self.orders = OrderBook()  # entry orders and others'
        self.theirs = TheirOrders()  # of these: what may move a net, and is nobody's entry
        self.unfilled: dict[str, Trade] = {}  # NEVER_FILLED ones, by entry order: it may err
        self.order_due_ns: dict[str, int] = {}  # entry orders that may still fill: ask again at
        self.deadlines: list[tuple[int, int, str]] = []  # heap of (at_ns, trade number, trade)
        self.coverage = Coverage()
        self.halt = Halt()
        self.halt_due_ns = 0  # when to say again that nothing is sent
        self.findings = Findings()
        self.look = Look()
        self.trades_made = self.lines_told = 0
        self.heard_seq = self.heard_at_ns = 0
        self.reconcile_due_ns = 0  # 0: not planned yet
        self.restored_ns = 0  # when this life began with what an earlier one has saved
        self.now_ns = 0  # by our clock, as far as the inputs have told it: pauses are counted by it
        self.out: list[Event | Intent] = []
        self._seen: dict[str, int] = {}  # execution ids, with their times
        self._forgot_at_ns = 0
        self._unsaved = Unsaved()

    # What the engine says and wants.

    def say(self, event: Event) -> None:
        """Tell an event; one of a trade becomes a durable line of its story."""
        self.out.append(event)
        if _is_of_a_trade(event):
            self.lines_told += 1
            self._unsaved.lines.append(Told(number=self.lines_told, event=event))

    def want(self, intent: Intent) -> None:
        """Ask for something to be done."""
        self.out.append(intent)

    # What is known.

    def instrument(self, instrument_id: str) -> Instrument:
        """Return an instrument; one that no list describes gets defaults by its name."""
        found = self.instruments.get(instrument_id)
        if found is None:
            exchange, _, symbol = instrument_id.partition(":")
            found = Instrument(exchange=exchange, symbol=symbol, kind=kind_of(symbol), guessed=True)
            self.instruments[instrument_id] = found
        return found

    def line(self, instrument_id: str) -> Line:
        """Return an instrument's line, made at first need."""
        found = self.lines.get(instrument_id)
        if found is None:
            instrument = self.instrument(instrument_id)
            gate = Gate(
                self.session(instrument.exchange),
                self.policy.spikes[instrument.kind],
                holds_jumps=self.policy.holds_jumps,
            )
            set_band(gate, instrument)
            found = self.lines[instrument_id] = Line(instrument, gate)
        return found

    def session(self, exchange: str) -> Session:
        """Return an exchange's session; round the clock where none is set."""
        return self.policy.session(exchange)

    def live(self, trade: Trade) -> Trade:
        """Return a trade with the best price that its line holds for it."""
        if not trade.marks.trail_active:
            return trade
        line = self.lines[trade.instrument]
        triggers = line.triggers(trade.side, trade.price_source)
        if trade.trade_id not in triggers:
            return trade
        best = triggers.best_price(trade.trade_id)
        if best == trade.marks.best_price:
            return trade
        return replace(trade, marks=replace(trade.marks, best_price=best))

    def open_exits(self, trade_id: str) -> list[Exit]:
        """Return a trade's exits that are not done."""
        of_trade = self.exits.get(trade_id)
        if of_trade is None:
            return []
        return [exit_ for exit_ in of_trade.values() if not exit_.is_over]

    def unassigned(self, trade: Trade) -> Decimal:
        """Return the units of a trade that no exit has claimed."""
        left = trade.remaining
        for exit_ in self.open_exits(trade.trade_id):
            left -= exit_.remaining
        return left if left > 0 else NO_UNITS

    def alive(self, trade_id: str) -> Decimal:
        """Return the units of a trade that orders of its exits may still fill."""
        units = NO_UNITS
        for exit_ in self.open_exits(trade_id):
            units += exit_.alive
        return units

    def net(self, key: NetKey) -> Decimal:
        """Return the fold of all executions on a key."""
        position = self.positions.get(key)
        return position.quantity if position else NO_UNITS

    def guarded_net(self, key: NetKey) -> Decimal:
        """Return what the open trades on a key add up to, signed."""
        return sum(
            (
                side.sign * self.trades[trade_id].remaining
                for side in Side
                for trade_id in self.open_on.get((key, side), ())
            ),
            Decimal(0),
        )

    def guards(self, key: NetKey) -> bool:
        """Whether there are open trades on a key."""
        return (key, Side.LONG) in self.open_on or (key, Side.SHORT) in self.open_on

    def order_ids(self, key: NetKey, side: OrderSide, quantity: Decimal) -> tuple[str, ...]:
        """Return the orders known at the broker that could be taken for one of these."""
        return tuple(
            order.order_id
            for order in self.orders.on(key, side)
            if order.quantity in (None, quantity)
        )

    def position_version(self, key: NetKey) -> int:
        """Return how often the net of a key has changed."""
        position = self.positions.get(key)
        return position.version if position else 0

    # What changes.

    def put_trade(self, trade: Trade, **changes: object) -> Trade:
        """Replace a trade by a changed one, one version up."""
        trade_id = trade.trade_id
        changed = replace(trade, version=trade.version + 1, **changes)
        self._unsaved.trades[trade_id] = changed
        self.coverage.touched[trade_id] = None
        if changed.status.is_over:
            self.trades.pop(trade_id, None)
        else:
            self.trades[trade_id] = changed
        return changed

    def put_levels(self, trade: Trade, entry: Decimal | None = None) -> Levels:
        """Compute a trade's levels anew, from its entry or this one, rules and targets taken.

        On the ticks of its line: no level moves because the exchange's table was edited.
        """
        levels = self.levels[trade.trade_id] = levels_of(
            trade.rules,
            trade.side,
            trade.entry if entry is None else entry,
            self.lines[trade.instrument].on_grid(self.instrument(trade.instrument)),
            targets_done=trade.targets_done,
        )
        return levels

    def put_exit(self, exit_: Exit) -> Exit:
        """Keep an exit in its present state, and its lane in order."""
        trade_id, number = name = exit_.trade_id, exit_.number
        self.exits.setdefault(trade_id, {})[number] = exit_
        self._unsaved.exits[name] = exit_
        self.coverage.touched[trade_id] = None
        if exit_.client_order_id is not None:
            self.exit_of_order[exit_.client_order_id] = name
        if not self.policy.exits.tagged:
            self.exit_of_broker_id.update((order_id, name) for order_id in exit_.orders)
        lane = self.lanes.get(exit_.key)
        if lane is None:
            lane = self.lanes[exit_.key] = Lane()
        lane.put(exit_)
        return exit_

    def put_execution(self, execution: Execution) -> bool:
        """Fold an execution into its position; False where it was seen before."""
        if execution.execution_id in self._seen:
            return False
        self.note_seen(execution)
        self._unsaved.lines.append(ExecutionSaved(execution=execution))
        before = self.positions.get(execution.key) or Position(key=execution.key)
        if execution.at_ns >= before.included_ns:
            self.put_position(folded(before, execution))
        return True

    def put_position(self, position: Position) -> None:
        """Keep a net position."""
        self.positions[position.key] = position
        self._unsaved.positions[position.key] = position

    def put_halt(self, form: Form | None, why: str, at_ns: int) -> None:
        """Keep what a person stopped; None: it is released."""
        self.halt = Halt(form=form, why=why, at_ns=at_ns, version=self.halt.version + 1)
        self._unsaved.lines.append(HaltSaved(halt=self.halt))

    def put_findings(self, found: Iterable[Found], first_look_ns: int) -> None:
        """Keep what no trade guards, and when we looked first."""
        was = self.findings
        first_look_ns, kept = was.first_look_ns or first_look_ns, tuple(found)
        if (first_look_ns, kept) != (was.first_look_ns, was.found):
            self.findings = Findings(
                first_look_ns=first_look_ns, found=kept, version=was.version + 1
            )
            self._unsaved.lines.append(FindingsSaved(findings=self.findings))

    def add_deadline(self, trade: Trade) -> None:
        """Wake for a trade's time exit."""
        if trade.deadline_ns is not None:
            heapq.heappush(self.deadlines, (trade.deadline_ns, trade.number, trade.trade_id))

    def note_moved(self, line: Line) -> None:
        """Remember that best prices of a line moved."""
        self._unsaved.moved[line] = None

    def note_seen(self, execution: Execution) -> None:
        """Know an execution when it comes again."""
        self._seen[execution.execution_id] = execution.at_ns

    def forget_old(self, at_ns: int) -> None:
        """Let go of executions and others' orders that no broker tells of any more.

        Brokers repeat those of a trading day. Two days are counted back from the newest
        execution, not from now: over a weekend the last trading day stays the last.
        """
        if at_ns - self._forgot_at_ns < _FORGET_EVERY_NS:
            return
        self._forgot_at_ns = at_ns
        newest_ns = min(at_ns, max(self._seen.values(), default=at_ns))
        since_ns = newest_ns - _REMEMBERED_NS
        self._seen = {name: seen for name, seen in self._seen.items() if seen >= since_ns}
        self.orders.keep(
            lambda order: order.at_ns >= since_ns or order.order_id in self.entry_of_order
        )
        self.exit_of_broker_id = {
            name: exit_
            for name, exit_ in self.exit_of_broker_id.items()
            if name in self.orders or exit_[0] in self.exits
        }
        self.unfilled = {
            name: trade for name, trade in self.unfilled.items() if name in self.orders
        }

    def note_open(self, line: Line, trade: Trade) -> None:
        """Count a trade among those of its line and of its net position."""
        line.guarded.add(trade.trade_id)
        self.open_on.setdefault((trade.key, trade.side), {})[trade.trade_id] = None

    def retire(self, trade: Trade) -> None:
        """Let go of a trade that is over; its story and record are in the store."""
        line, place = self.lines[trade.instrument], (trade.key, trade.side)
        open_here = self.open_on[place]
        del open_here[trade.trade_id]
        if not open_here:
            del self.open_on[place]
        line.disarm(trade)
        line.guarded.discard(trade.trade_id)
        if not line.guarded:
            self.want(Unsubscribe(trade.instrument))
        self.exits.pop(trade.trade_id, None)
        for attempt in range(1, trade.attempts + 1):
            self.exit_of_order.pop(f"{trade.trade_id}-x{attempt}", None)
        self.levels.pop(trade.trade_id, None)
        if trade.order_id is not None:
            self.entry_of_order.pop(trade.order_id, None)
            self.order_due_ns.pop(trade.order_id, None)

    # What must survive.

    def is_dirty(self) -> bool:
        """Whether ``drain`` has something to give."""
        return bool(self._unsaved or self.coverage.is_dirty())

    def drain(self) -> list[Record]:
        """Return every change since the last drain, best prices first."""
        records = self._unsaved.drain(self._saved)
        records.extend(UncoveredSaved(uncovered=row) for row in self.coverage.drain())
        records.append(Heard(seq=self.heard_seq, at_ns=self.heard_at_ns))
        return records

    def _saved(self, trade: Trade) -> TradeSaved:
        triggers = self.line(trade.instrument).triggers(trade.side, trade.price_source)
        return TradeSaved(trade=self.live(trade), highs_seen=triggers.highs_count)


def _is_of_a_trade(event: Event) -> TypeGuard[TradeEvent]:
    return type(event) in _OF_A_TRADE
