"""Stories about the real engine, told in prices and in what was decided.

    Playbook(a_trade(trail="5pts")) >> 801 << None >> 806 << None >> 801 << "trail @ 801"

``>>`` lets something happen: a price (a second later than what was before), a time like
``"5s"``, or any input. ``<<`` says which exits were decided since the last ``<<``: the
reason and the level, with ``" for 4"`` where that is not all that entered; a list where
there are several, None where there are none.
"""

import itertools
from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any, Self

import msgspec

from tests.core.written_rules import written
from tests.fakes import RecordStore
from tests.unkind_world import OF_THE_NIGHT, SECOND_NS, World
from tradebot.core.book import Book
from tradebot.core.engine import Engine
from tradebot.core.events import Event, ExitDecided
from tradebot.core.guard.trades import (
    PastStop,
    PriceSource,
    Rules,
    Side,
    TimeExit,
    Trade,
    TradeRequest,
)
from tradebot.core.inputs import (
    BookReply,
    CreateTrade,
    Execution,
    Input,
    InstrumentsLoaded,
    OrderReport,
    OrderSide,
    OrderState,
    Outcome,
    PlaceReply,
    PositionsReply,
    QueryReply,
    Tick,
    Timer,
)
from tradebot.core.intents import AskQuote, Intent, PlaceOrder, ReadPosition
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.money import plain
from tradebot.core.policy import Policy
from tradebot.core.words.levels import parse_clock_minutes, parse_duration_ns

START_NS = 1_760_000_000 * SECOND_NS
SBIN = Instrument(exchange="NSE", symbol="SBIN", tick_size=Decimal("0.05"))
KEY = NetKey("A1", "NSE", "SBIN", "MIS")


def rules(*, after: str | None = None, at: str | None = None, **words: Any) -> Rules:
    """Return rules in words; ``after="45m"`` and ``at="15:10"`` are the time exits."""
    time_exit = None
    if after is not None or at is not None:
        time_exit = TimeExit(
            after_ns=None if after is None else parse_duration_ns(after, "after"),
            at_minutes=None if at is None else parse_clock_minutes(at, "at"),
        )
    return msgspec.structs.replace(written(**words), time_exit=time_exit)


def a_trade(
    *,
    trade_id: str | None = None,
    side: str = "LONG",
    entry: str = "800",
    quantity: str = "10",
    order_id: str | None = None,
    symbol: str = "SBIN",
    past_stop: str = "exit",
    price_source: str = "last",
    **words: Any,
) -> TradeRequest:
    """Return a request to guard ten SBIN bought at 800, or what the words say instead."""
    return TradeRequest(
        trade_id=trade_id,
        account="A1",
        exchange="NSE",
        symbol=symbol,
        product="MIS",
        side=Side(side),
        quantity=None if order_id else Decimal(quantity),
        entry_price=None if order_id else Decimal(entry),
        order_id=order_id,
        rules=rules(**words),
        past_stop=PastStop(past_stop),
        price_source=PriceSource(price_source),
    )


class Playbook:
    """The real engine, a store, and a kind broker; or none, for tests that answer themselves."""

    def __init__(
        self,
        *trades: TradeRequest,
        policy: Policy | None = None,
        instruments: Iterable[Instrument] = (SBIN,),
        broker: bool = True,
    ) -> None:
        self.now_ns = START_NS
        self.instruments = tuple(instruments)
        self.policy = policy or Policy()
        self.world = World(Random(1)) if broker else None
        self.store = RecordStore()
        self.said: list[Event] = []
        self.wanted: list[Intent] = []
        self._told = 0
        self._reads_answered = 0
        self._serial = itertools.count(1)
        self.engine = self._started()
        for request in trades:
            self.create(request)
        self._hear_world()

    def create(self, request: TradeRequest, **words: Any) -> Self:
        """Guard a trade whose position exists, at the broker too."""
        before = self.book.trades_made
        self.process(CreateTrade(request=request, at_ns=self.now_ns, **words))
        if self.world is not None and request.quantity and self.book.trades_made > before:
            trade = next(reversed(self.book.trades.values()))
            self.world.adopt(trade.trade_id, trade.key, trade.side.sign * request.quantity)
        return self

    @property
    def book(self) -> Book:
        return self.engine.book

    def __bool__(self) -> bool:
        """A story that was told to its end is true: ``assert story >> 801 << None``."""
        return True

    def __rshift__(self, what: object) -> Self:
        match what:
            case int() | float():
                self._pass(SECOND_NS)
                self.process(self.tick(what))
            case str():
                self._pass(parse_duration_ns(what, "time"))
            case _:
                self.process(what)  # type: ignore[arg-type]  # any input
        self._hear_world()
        return self

    def __lshift__(self, expected: str | list[str] | None) -> Self:
        wanted = [] if expected is None else [expected] if isinstance(expected, str) else expected
        decided = [
            self._in_words(event)
            for event in self.said[self._told :]
            if isinstance(event, ExitDecided)
        ]
        self._told = len(self.said)
        assert decided == wanted, f"decided {decided}, not {wanted}"
        return self

    def process(self, item: Input) -> list[Event | Intent]:
        """Let the engine take an input, its records become durable, its wishes be heard."""
        out = list(self.engine.process(item))
        self._take(out)
        return out

    def restarted(self) -> Self:
        """Kill the daemon, and start another from what is durable."""
        if self.world is not None:
            self.world.daemon_died()
        self.engine = self._started()
        self._take(self.engine.restore(self.store.snapshot(), self.now_ns))
        if self.world is None and self.policy.exits.tagged:
            self.process(BookReply(orders=(OF_THE_NIGHT,), at_ns=self.now_ns))
        return self

    def tick(self, ltp: float, *, symbol: str = "SBIN", **words: Any) -> Tick:
        """Return a tick of now."""
        times = {"at_ns": self.now_ns, "received_ns": self.now_ns, "seq": next(self._serial)}
        return Tick(instrument=f"NSE:{symbol}", ltp=float(ltp), **(times | words))

    def events(self, type_: type) -> list[Any]:
        """Return all events of one type so far."""
        return [event for event in self.said if isinstance(event, type_)]

    def wants(self, type_: type) -> list[Any]:
        """Return all intents of one type so far."""
        return [intent for intent in self.wanted if isinstance(intent, type_)]

    @property
    def orders(self) -> list[str]:
        """Every order sent: ``"T1-x1 SELL 10"``."""
        return [
            f"{order.client_order_id} {order.side} {plain(order.quantity)}"
            for order in self.wants(PlaceOrder)
        ]

    def trade(self, trade_id: str = "T1") -> Trade:
        """Return a trade as it is now, or as it ended."""
        open_trade = self.book.trades.get(trade_id)
        if open_trade is None:
            return self.store.trades[trade_id].trade
        return self.book.live(open_trade)

    # What a broker says, for tests that answer themselves.

    def reply(self, name: str, outcome: Outcome) -> Self:
        self.process(PlaceReply(client_order_id=name, outcome=outcome, at_ns=self.now_ns))
        return self

    def fill(self, name: str | None, quantity: str, price: str = "800", **words: Any) -> Self:
        self.process(self.execution(name, quantity, price, **words))
        return self

    def execution(
        self,
        name: str | None,
        quantity: str,
        price: str = "800",
        *,
        side: str = "SELL",
        order_id: str | None = None,
        execution_id: str | None = None,
        key: NetKey = KEY,
        ago: str = "0s",
    ) -> Execution:
        return Execution(
            execution_id=execution_id or f"E{next(self._serial)}",
            order_id=order_id or f"B-{name}",
            client_order_id=name,
            key=key,
            side=OrderSide(side),
            quantity=Decimal(quantity),
            price=Decimal(price),
            at_ns=self.now_ns - parse_duration_ns(ago, "ago"),
        )

    def report(self, name: str | None, state: str, filled: str = "0", **words: Any) -> OrderReport:
        """Return a report of an order of ten; ``order_id`` names one of others."""
        fields = {"order_id": f"B-{name}", "key": KEY, "side": OrderSide.SELL, "message": ""}
        return OrderReport(
            client_order_id=name,
            quantity=Decimal(10),
            filled=Decimal(filled),
            state=OrderState(state),
            at_ns=self.now_ns,
            **(fields | words),
        )

    def query_reply(self, name: str, *, answered: bool = True, **words: Any) -> QueryReply:
        report = self.report(name, **words) if words else None
        return QueryReply(client_order_id=name, report=report, answered=answered, at_ns=self.now_ns)

    def net(self, net: str | None, key: NetKey = KEY) -> PositionsReply:
        return PositionsReply(key=key, net=None if net is None else Decimal(net), at_ns=self.now_ns)

    def read(self, net: str | None) -> Self:
        """Answer the one read of the net that waits for an answer."""
        self._reads_answered += 1
        assert len(self.wants(ReadPosition)) == self._reads_answered, "no read waits"
        return self >> self.net(net)

    def reads(self, *nets: str | None) -> Self:
        """Answer reads of the net one after the other, each as soon as it waits."""
        for net in nets:
            while len(self.wants(ReadPosition)) == self._reads_answered:
                self._pass(SECOND_NS)
            self.read(net)
        return self

    def flat(self, seconds: int) -> Self:
        """Answer every read of the net within a time: nothing is held."""
        for _ in range(seconds):
            if len(self.wants(ReadPosition)) > self._reads_answered:
                self.read("0")
            self._pass(SECOND_NS)
        return self

    def _started(self) -> Engine:
        engine = Engine(self.policy)
        engine.process(InstrumentsLoaded(self.instruments))
        return engine

    def _take(self, out: Iterable[Event | Intent]) -> None:
        self.store.apply(self.book.drain())
        for thing in out:
            if isinstance(thing, Intent):
                self.wanted.append(thing)
                # The second source of prices is silent, so that stories tell of every price.
                if self.world is not None and not isinstance(thing, AskQuote):
                    self.world.act(thing)
            else:
                self.said.append(thing)

    def _pass(self, time_ns: int) -> None:
        """Let time pass, with a timer every half second."""
        until_ns = self.now_ns + time_ns
        while self.now_ns < until_ns:
            self.now_ns = min(until_ns, self.now_ns + SECOND_NS // 2)
            self._hear_world()
            self.process(Timer(self.now_ns))

    def _hear_world(self) -> None:
        if self.world is not None:
            for item in self.world.due(self.now_ns):
                self.process(item)

    def _in_words(self, decided: ExitDecided) -> str:
        words = str(decided.reason)
        if decided.level is not None:
            words += f" @ {plain(decided.level)}"
        if decided.quantity != self.trade(decided.trade_id).filled:
            words += f" for {plain(decided.quantity)}"
        return words


__all__ = ["KEY", "SBIN", "START_NS", "Playbook", "a_trade", "rules"]
