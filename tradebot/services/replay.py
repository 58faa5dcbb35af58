"""A replay: trades of the past along recorded ticks, through the engine that runs live.

What a live daemon learns from its broker is played here: every order fills at once, at
the price that caused it.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Context, Decimal, InvalidOperation
from typing import Any, ClassVar, NamedTuple

import msgspec

from tradebot.core.engine import Engine
from tradebot.core.events import (
    BookDiffers,
    Event,
    ExitDecided,
    ExitFilled,
    ExitSent,
    PriceHeld,
    PriceResolved,
    TradeClosed,
    TradeRefused,
    TradeStuck,
)
from tradebot.core.guard import admission
from tradebot.core.guard.trades import Reason, Side, TradeRequest
from tradebot.core.inputs import (
    CreateTrade,
    Execution,
    Input,
    InstrumentsLoaded,
    OrderSide,
    Tick,
    Timer,
)
from tradebot.core.intents import Intent, PlaceOrder
from tradebot.core.market.instruments import Instrument, NetKey, instrument_id
from tradebot.core.money import exact, plain
from tradebot.core.policy import Policy

# A price of 15 digits and 18 decimals, twice multiplied, has no more digits than this.
_EXACT = Context(prec=120)
_NEVER_NS = 2**63
# What waits to become durable is thrown away in portions of this many answers.
_DRAIN_EVERY = 4096


class ReplayTrade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One trade of the past."""

    trade_id: str
    request: TradeRequest  # with entry price and quantity
    opened_at_ns: int  # when its entry filled: it is judged by ticks from then on
    line: int  # of its file


class Refusal(NamedTuple):
    """Why a line of the trade file is no trade to replay."""

    line: int
    why: str


class ReplayExit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One exit of a trade, or of a part of it."""

    trade_id: str
    at_ns: int
    reason: Reason
    level: Decimal | None  # None: no level decided, but the time
    trigger_price: Decimal  # of the tick that decided; of a time exit the last one before it
    best_price: Decimal | None  # unstepped; None: no active trail
    quantity: Decimal
    fill_price: Decimal
    pnl: Decimal  # of this quantity, before charges

    def words(self) -> dict[str, str | int | None]:
        """Return the exit as the keys and values of a JSON object."""
        return {
            "trade_id": self.trade_id,
            "ts_ns": self.at_ns,
            "reason": self.reason.value,
            "level": None if self.level is None else plain(self.level),
            "trigger_price": plain(self.trigger_price),
            "best_price": None if self.best_price is None else plain(self.best_price),
            "quantity": plain(self.quantity),
            "fill_price": plain(self.fill_price),
            "pnl": plain(self.pnl),
        }


class Replay:
    """One run over one recording."""

    def __init__(
        self, policy: Policy, instruments: Sequence[Instrument], trades: Sequence[ReplayTrade]
    ) -> None:
        """Make the lines of all instruments that the trades name.

        A line without a trade keeps its last price all the same, so that its gate knows
        what is a jump when a trade opens later.
        """
        self.engine = Engine(policy)
        self.engine.process(InstrumentsLoaded(tuple(instruments)))
        self.ticks = 0
        self.instruments: set[str] = set()  # that had a tick
        self.exits: Counter[Reason] = Counter()
        self.open = len(trades)
        self.held = self.confirmed = self.refuted = 0  # suspect prices
        self._trades = {trade.trade_id: (place, trade) for place, trade in enumerate(trades)}
        assert len(self._trades) == len(trades), "two trades have one id"
        self._unopened = deque(sorted(trades, key=lambda trade: trade.opened_at_ns))
        for trade in trades:
            self.engine.book.line(_id_of(trade.request))
        self._due_ns = self._next_due_ns()
        self._decided: dict[tuple[str, int], ExitDecided] = {}  # not sent yet, by trade and exit
        self._sent: dict[str, ExitDecided] = {}  # by client order id
        self._ended: list[ReplayExit] = []  # in the order of time
        self._answers = 0

    def refusals(self) -> list[Refusal]:
        """Find every trade that is no plan for its entry, in the order given."""
        found = []
        for _, trade in self._trades.values():
            try:
                why = admission.planned_refusal(self.engine.book, trade.trade_id, trade.request)
            except InvalidOperation:
                why = f"trade {trade.trade_id} has levels of more than 28 digits"
            if why is not None:
                found.append(Refusal(trade.line, why))
        return found

    @property
    def dropped(self) -> int:
        """How many impossible or outdated prices the gates have dropped."""
        return sum(line.gate.dropped for line in self.engine.book.lines.values())

    @property
    def without_ticks(self) -> list[str]:
        """Return the instruments that trades name and no tick has had."""
        return sorted(self.engine.book.lines.keys() - self.instruments)

    def run(self, ticks: Iterable[Tick]) -> Iterator[ReplayExit]:
        """Yield the exits in the order of time, those of one time as the trades were given.

        Nothing happens after the last tick: what has no reason to leave until then is
        still open.
        """
        process, ended, see = self.engine.process, self._ended, self.instruments.add
        for tick in ticks:
            at_ns = tick.at_ns
            if ended and ended[-1].at_ns < at_ns:
                yield from self._taken()
            if at_ns >= self._due_ns:
                self._move_clock(at_ns)
            answer = process(tick)
            if answer:
                self._take(answer)
            see(tick.instrument)
            self.ticks += 1
        yield from self._taken()

    def _taken(self) -> list[ReplayExit]:
        """Return the exits that wait, once no other of their time can come."""
        self._ended.sort(key=lambda exit_: (exit_.at_ns, self._trades[exit_.trade_id][0]))
        taken = self._ended[:]
        self._ended.clear()
        return taken

    def _move_clock(self, at_ns: int) -> None:
        """Open the trades and judge the deadlines that come before a tick of ``at_ns``."""
        while (due_ns := self._due_ns) <= at_ns:
            if self.engine.next_deadline_ns() == due_ns:
                self._feed(Timer(due_ns))
            else:
                self._open(self._unopened.popleft())
            self._due_ns = self._next_due_ns()

    def _next_due_ns(self) -> int:
        deadline_ns = self.engine.next_deadline_ns()
        opens_ns = self._unopened[0].opened_at_ns if self._unopened else _NEVER_NS
        return opens_ns if deadline_ns is None else min(deadline_ns, opens_ns)

    def _open(self, trade: ReplayTrade) -> None:
        """Give a trade the position that its entry made, and have it guarded.

        No broker nets here: its account is its own, so that the trades do not either.
        """
        request = msgspec.structs.replace(
            trade.request, trade_id=trade.trade_id, account=trade.trade_id
        )
        assert request.quantity is not None, f"{trade.trade_id}: no quantity"
        assert request.entry_price is not None, f"{trade.trade_id}: no entry price"
        entry_id = f"{trade.trade_id}-entry"
        entry = Execution(
            execution_id=entry_id,
            order_id=entry_id,
            client_order_id=None,
            key=NetKey(trade.trade_id, request.exchange, request.symbol, request.product),
            side=OrderSide.BUY if request.side is Side.LONG else OrderSide.SELL,
            quantity=request.quantity,
            price=request.entry_price,
            at_ns=trade.opened_at_ns,
        )
        self._feed(entry)
        # Not strict: ``refusals`` has looked at every plan before the first tick.
        self._feed(CreateTrade(request=request, at_ns=trade.opened_at_ns))

    def _feed(self, item: Input) -> None:
        self._take(self.engine.process(item))

    def _take(self, answer: Sequence[Event | Intent]) -> None:
        """Take what the engine says and do what it wants, to the last order."""
        waiting, notes = list(answer), self._notes
        for said in waiting:  # it grows by what the fills of its orders bring
            if type(said) is PlaceOrder:
                waiting += self.engine.process(self._filled(said))
            # A look-up, because most of what is said concerns nobody here.
            elif (note := notes.get(type(said))) is not None:
                note(self, said)
        self._answers += 1
        if self._answers % _DRAIN_EVERY == 0:
            self.engine.book.drain()

    def _note_decided(self, said: ExitDecided) -> None:
        self._decided[said.trade_id, said.exit] = said

    def _note_sent(self, said: ExitSent) -> None:
        self._sent[said.client_order_id] = self._decided.pop((said.trade_id, said.exit))

    def _note_closed(self, _said: TradeClosed) -> None:
        self.open -= 1

    def _note_held(self, _said: PriceHeld) -> None:
        self.held += 1

    def _note_resolved(self, said: PriceResolved) -> None:
        self.confirmed += said.confirmed
        self.refuted += not said.confirmed

    def _refuse(self, said: Event) -> None:
        raise AssertionError(f"a replay has no reason for {said}")

    def _filled(self, order: PlaceOrder) -> Execution:
        """Return the execution of an order that fills at once; with it there is no doubt left.

        A broker would say that it has the order, and that it is complete; neither says
        more than an execution of all of it.
        """
        decided = self._sent[order.client_order_id]
        return Execution(
            execution_id=order.client_order_id,
            order_id=order.client_order_id,
            client_order_id=order.client_order_id,
            key=order.key,
            side=order.side,
            quantity=order.quantity,
            price=self._price_of(decided),
            at_ns=decided.at_ns,
        )

    def _note_filled(self, filled: ExitFilled) -> None:
        decided = self._sent.pop(filled.client_order_id)
        assert filled.quantity == decided.quantity, f"a part of {decided} has filled"
        request = self._trades[filled.trade_id][1].request
        assert request.entry_price is not None, f"{filled.trade_id} has no entry price"
        entry, exit_ = request.entry_price, filled.price
        points = _EXACT.subtract(*((exit_, entry) if request.side is Side.LONG else (entry, exit_)))
        multiplier = self.engine.book.instrument(_id_of(request)).multiplier
        self.exits[decided.reason] += 1
        self._ended.append(
            ReplayExit(
                trade_id=filled.trade_id,
                at_ns=decided.at_ns,
                reason=decided.reason,
                level=decided.level,
                trigger_price=filled.price,  # an order fills at the price that caused it
                best_price=None if decided.best_price is None else exact(decided.best_price),
                quantity=filled.quantity,
                fill_price=filled.price,
                pnl=_EXACT.multiply(_EXACT.multiply(points, filled.quantity), multiplier),
            )
        )

    def _price_of(self, decided: ExitDecided) -> Decimal:
        """Return the price that was judged; where none was ever seen, the entry's."""
        if decided.ltp is not None:
            return exact(decided.ltp)
        entry = self._trades[decided.trade_id][1].request.entry_price
        assert entry is not None, f"{decided.trade_id} has no entry price"
        return entry

    # Of the class: a replay that referred to itself would wait for the collector.
    _notes: ClassVar[dict[type, Callable[["Replay", Any], None]]] = {
        ExitDecided: _note_decided,
        ExitSent: _note_sent,
        ExitFilled: _note_filled,
        TradeClosed: _note_closed,
        PriceHeld: _note_held,
        PriceResolved: _note_resolved,
        **dict.fromkeys((TradeRefused, TradeStuck, BookDiffers), _refuse),
    }


def _id_of(request: TradeRequest) -> str:
    return instrument_id(request.exchange, request.symbol)
