"""What must hold in every world, checked as it happens. A number is that of the invariant.

I1 and I2 are the exchange's to see. I9 and I13 are looked at between steps, I3 to I6 when
an order leaves, I8 at each start, I7, I11, I12 and I14 when all has become calm.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.playbook import START_NS
from tests.sim.exchange import ExchangeOrder
from tests.sim.sightings import Sightings
from tradebot.core.book import Book
from tradebot.core.engine import Engine
from tradebot.core.events import BookDiffers, Event, ExitDecided, TradeClosed, TradeStuck
from tradebot.core.exits import State
from tradebot.core.inputs import Execution, Input, OrderSide, OrderState
from tradebot.core.instruments import NetKey
from tradebot.core.intents import Intent, PlaceOrder
from tradebot.core.records import ExitSaved, Record, Snapshot, TradeSaved
from tradebot.core.trade_rules import effective_stop, judge
from tradebot.core.trades import PastStop, Reason, Rules, Status, Trade
from tradebot.stores.memory import MemoryStore

if TYPE_CHECKING:
    from tests.sim.life import Life
    from tests.sim.world import World

BY_PRICE = {Reason.STOP, Reason.TARGET, Reason.TRAIL, Reason.BREAKEVEN}
LAG_NS_MAX = 10_000_000_000
LATE_NS_MAX = 3_000_000_000  # after its time
UNREAD_S_MAX = 9.9  # after a start: nothing is sent before the broker has said what it holds
SENT_IN_A_MINUTE_MAX = 30  # of one trade; each part that fills may bring one at once
ZERO = Decimal(0)


class Promises:
    """The invariants of one world; ``wrong`` lists what broke them."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._wrong: list[str] = []
        self.acknowledged: dict[str, None] = {}  # trades of which somebody was told: guarded
        self._edited: dict[str, tuple[object, ...]] = {}  # rules that somebody was told of: kept
        self.unsaved: set[str] = set()  # orders that left with an alert, no disk taking them
        self._durable: set[str] = set()  # orders that a disk has as about to be sent
        self._attempts: dict[str, int] = {}  # by trade: orders that it has named, on a disk
        self._doubts: dict[NetKey, dict[str, None]] = {}  # requests of whose fate none was told
        self._sent: dict[str, PlaceOrder] = {}
        self._can_act: set[str] = set()  # requests that may still act
        self._on_way: dict[str, PlaceOrder] = {}  # of these: not at the exchange yet
        self._stops: dict[str, tuple[tuple[Rules, Decimal], Decimal]] = {}
        self._sent_at_s: dict[str, list[float]] = {}  # by trade: its orders of the last minute
        self._deadlines: dict[tuple[str, int | None, int], int] = {}  # and since when seen
        self._found: set[NetKey] = set()  # on which this life began with something to guard
        self._edits: dict[str, int] = {}  # by trade: changes of rules under way
        self._sightings = Sightings(world.seen)
        self.exits = 0
        self.stuck = 0
        self.ambiguous = 0

    @property
    def wrong(self) -> list[str]:
        return self._world.exchange.wrong + self._wrong

    # As it happens.

    def watch(self, engine: Engine) -> None:
        """Look at each order in the moment in which the engine decides to send it."""
        process, sightings = engine.process, self._sightings

        def watched(item: Input) -> Sequence[Event | Intent]:
            sightings.before(engine.book, item)
            out = process(item)
            sightings.after(engine.book, item, out)
            for thing in out:
                if isinstance(thing, PlaceOrder):
                    self._look_at_order(thing, engine.book)
            return out

        engine.process = watched  # type: ignore[method-assign]

    def are_durable(self, records: Sequence[Record]) -> None:
        """Note what a disk has: orders as about to be sent, and how many a trade has named."""
        for record in records:
            if isinstance(record, TradeSaved):
                trade = record.trade
                self._attempts[trade.trade_id] = max(
                    trade.attempts, self._attempts.get(trade.trade_id, 0)
                )
            elif isinstance(record, ExitSaved) and record.exit.state is State.SENDING:
                self._durable.add(str(record.exit.client_order_id))

    def order_leaves(self, order: PlaceOrder, life: "Life") -> None:
        name, world = order.client_order_id, self._world
        if name in self._sent and name not in self.unsaved:
            self._break(f"I6 {name} was sent twice")
        self._sent[name] = order
        now_s = world.loop.time()
        lately = [at_s for at_s in self._sent_at_s.get(order.trade_id, ()) if now_s - at_s < 60.0]
        self._sent_at_s[order.trade_id] = [*lately, now_s]
        if len(lately) >= SENT_IN_A_MINUTE_MAX:
            self._break(f"I15 {name} is the {len(lately) + 1}th order within a minute")
        doubts = self._doubts.setdefault(order.key, {})
        alive = [doubt for doubt in doubts if doubt in self._can_act]
        if alive:
            self._break(f"I3 {name} left while {alive} may still act and nobody has told of it")
        if name not in self._durable and name not in self.unsaved:
            self._break(f"I4 {name} left before its intent was on a disk")
        if life is not world.life:
            self._break(f"I5 {name} left from a life that is over")
        doubts[name] = None
        self._can_act.add(name)
        self._on_way[name] = order

    @property
    def nobody_remembers(self) -> bool:
        """Whether an order has left of which no disk knows: a death now may double it."""
        for name in self.unsaved:
            trade_id, _, attempt = name.rpartition("-x")
            if self._attempts.get(trade_id, 0) < int(attempt):
                return True
        return False

    def is_just_like_a_doubt(self, key: NetKey, side: OrderSide, quantity: Decimal) -> bool:
        """Whether an order could be taken for a request of ours of whose fate none was told."""
        guard = self._world.life.guard
        lane = None if guard is None else guard.engine.book.lanes.get(key)
        doubts = (exit_ for exit_ in lane or () if exit_.state.is_in_doubt)
        if any((exit_.side, exit_.order_quantity) == (side, quantity) for exit_ in doubts):
            return True
        return any(
            (sent.side, sent.quantity) == (side, quantity)
            for sent in map(self._sent.__getitem__, self._doubts.get(key, ()))
        )

    def order_cannot_act(self, name: str) -> None:
        """Note that a request is lost for good: it never reached the exchange."""
        self._can_act.discard(name)
        self._on_way.pop(name, None)

    def order_arrived(self, name: str) -> None:
        """Note that a request is in the exchange's book."""
        self._on_way.pop(name, None)

    def answered(self, name: str) -> None:
        """Note that the living process has a clear answer to a request."""
        self.heard_of(name)

    def heard_of(self, client_order_id: str | None) -> None:
        """Note that the living process was told of an order of ours."""
        for doubts in self._doubts.values():
            doubts.pop(client_order_id or "", None)

    def told(self, event: Event) -> None:
        """Look at what the engine says."""
        world = self._world
        world.seen[type(event).__name__] += 1
        world.note(f"engine: {event}")
        if isinstance(event, ExitDecided):
            self.exits += 1
            bad = event.ltp is not None and any(
                event.ltp == price or (event.ltp != event.ltp and price != price)  # noqa: PLR0124
                for price in world.bad_prices
            )
            if bad and event.reason in BY_PRICE:
                self._break(f"I10 {event.trade_id} left at the bad print {event.ltp}")
        elif isinstance(event, BookDiffers):
            self._look_at_correction(event)
        elif isinstance(event, TradeStuck):
            self.stuck += 1
        elif isinstance(event, TradeClosed) and event.status is Status.CLOSED_EXTERNAL:
            world.seen["closed by somebody else"] += 1

    def _look_at_correction(self, event: BookDiffers) -> None:
        """Look whether the net that replaced ours was the broker's own after all that we knew."""
        exchange, guard = self._world.exchange, self._world.life.guard
        assert guard is not None, "an event without a guard"
        key = next(k for k in exchange.net_changes if k.instrument == event.instrument)
        known = (exchange.executions.get(name) for name in guard.engine.book._seen)
        known_ns = max((e.at_ns for e in known if e is not None and e.key == key), default=0)
        since_ns = max(event.at_ns - LAG_NS_MAX, min(known_ns, event.at_ns))
        possible = {net for at_ns, net in exchange.net_changes[key] if at_ns >= since_ns}
        possible.add(exchange.net(key, exchange.now_ns() - since_ns))
        if event.broker not in possible:
            self._break(f"I11 {key.symbol}: {event.broker} was believed, which is not held")

    async def life_began(
        self, snapshot: Snapshot, behind: Sequence[Record], store: MemoryStore
    ) -> None:
        """Look whether a new life knows what the ones before it promised."""
        known = {saved.trade.trade_id for saved in snapshot.trades}
        known.update(r.trade.trade_id for r in behind if isinstance(r, TradeSaved))
        for trade_id in self.acknowledged:
            if trade_id not in known and await store.trade(trade_id) is None:
                self._break(f"I8 {trade_id} was acknowledged and is gone")
        saved = [*snapshot.trades, *(r for r in behind if isinstance(r, TradeSaved))]
        saved.sort(key=lambda saved: saved.trade.version)
        for trade in {row.trade.trade_id: row.trade for row in saved}.values():
            if _lasting(trade) != self._edited.get(trade.trade_id, _lasting(trade)):
                self._break(f"I8 {trade.trade_id}: new rules were acknowledged and are gone")
        self._found = {row.trade.key for row in snapshot.trades if row.trade.filled}
        self._sightings.of_a_start(snapshot)
        exchange = self._world.exchange
        remembered = {execution.execution_id for execution in snapshot.executions}
        exchange.untold = {name: None for name in exchange.executions if name not in remembered}

    def life_ended(self, *, power_cut: bool) -> None:
        """Forget what a power cut may take: the newest marks, which were not synced."""
        if power_cut or self._world.journal_refuses:
            self._stops.clear()

    def _look_at_order(self, order: PlaceOrder, book: Book) -> None:
        """Look whether an order can take the net past zero, by what the engine can know.

        What others did shortly before the broker's net replaced our fold may be in it or
        not: then the better of both counts.
        """
        exchange, key = self._world.exchange, order.key
        position = book.positions.get(key)
        corrected_ns = 0 if position is None else position.corrected_at_ns
        unknown = unsure = ZERO
        for name, other in exchange.others.items():
            if other.key != key or name in book._seen or self._had_to_ask_for(other):
                continue
            if other.at_ns > corrected_ns:
                unknown += other.side.sign * other.quantity
            elif other.at_ns > corrected_ns - LAG_NS_MAX:
                unsure += other.side.sign * other.quantity
        alive = sum((o.quantity for o in self._on_way.values() if o.key == key), ZERO)
        alive += sum(
            o.quantity - o.filled
            for o in exchange.orders.values()
            if o.key == key and o.client_order_id and o.state is OrderState.OPEN
        )
        known = exchange.nets.get(key, ZERO) - unknown
        held = max(-order.side.sign * net for net in (known, known - unsure))
        if held - alive < order.quantity:
            name = order.client_order_id
            self._break(f"I2 {name} asks {order.quantity} of {held} held, {alive} alive")

    def _had_to_ask_for(self, other: Execution) -> bool:
        """Whether a life that has just begun could have known it, had it asked the broker."""
        began_s = self._world.life.ready_at_s
        age_ns = self._world.exchange.now_ns() - other.at_ns
        lived_s = self._world.loop.time() - began_s
        return (
            other.key in self._found
            and lived_s < UNREAD_S_MAX
            and age_ns > lived_s * 1e9 + LAG_NS_MAX
        )

    def look(self, book: Book) -> None:
        """Look at the book between two steps."""
        owners: dict[str, str] = {}
        for trade in book.trades.values():
            claimed = sum((e.remaining for e in book.open_exits(trade.trade_id)), ZERO)
            if claimed > max(trade.remaining, ZERO):
                self._break(f"I13 {trade.trade_id} leaves {claimed} of {trade.remaining}")
            if trade.status is Status.ACTIVE:
                if trade.armed or trade.past_stop is PastStop.EXIT:
                    self._look_at_stop(book, book.live(trade))
                self._look_at_guard(book, trade)
                self._look_at_deadline(trade)
            for exit_ in book.exits.get(trade.trade_id, {}).values():
                name = f"{exit_.trade_id}/{exit_.number}"
                if exit_.order_id and owners.setdefault(exit_.order_id, name) != name:
                    self._break(f"I6 {exit_.order_id} belongs to {owners[exit_.order_id]}, {name}")

    def _look_at_deadline(self, trade: Trade) -> None:
        """Look whether a trade is left at its time: an edit may set one that is over already."""
        about = trade.trade_id, trade.deadline_ns, self._world.life.number
        since_ns = self._deadlines.setdefault(about, self._world.exchange.now_ns())
        late_ns = self._world.exchange.now_ns() - max(trade.deadline_ns or 0, since_ns)
        if trade.deadline_ns is not None and late_ns > LATE_NS_MAX:
            self._break(f"I14 {trade.trade_id} is open {late_ns} ns after its time")

    def _look_at_guard(self, book: Book, trade: Trade) -> None:
        line = book.line(trade.instrument)
        armed = trade.trade_id in line.triggers(trade.side, trade.price_source)
        if not armed and trade.trade_id not in line.waiting and not trade.unguarded:
            self._break(f"I13 {trade.trade_id} is active, and nothing guards it")

    def _look_at_stop(self, book: Book, trade: Trade) -> None:
        stop = effective_stop(book.levels[trade.trade_id], trade.marks)
        about = (trade.rules, trade.filled)
        was = self._stops.get(trade.trade_id)
        if (
            was is not None
            and was[0] == about
            and (stop is None or trade.side.sign * (stop.level - was[1]) < 0)
        ):
            self._break(f"I9 {trade.trade_id}: stop {was[1]} loosened to {stop}")
        if stop is not None:
            self._stops[trade.trade_id] = (about, stop.level)

    def rules_changed(self, trade_id: str) -> None:
        """Forget a stop that a person may have loosened, and the rules before it."""
        self._stops.pop(trade_id, None)
        self._edited.pop(trade_id, None)
        self._edits[trade_id] = self._edits.get(trade_id, 0) + 1

    def rules_are_durable(self, trade_id: str, book: Book) -> None:
        """Note rules that somebody was told are kept, unless they are being changed again."""
        self._edits[trade_id] -= 1
        trade = book.trades.get(trade_id)
        if trade is not None and not self._edits[trade_id]:
            self._edited[trade_id] = _lasting(trade)

    # When all is calm.

    def unsettled(self, book: Book) -> list[str]:
        """Return what has not come to its end yet."""
        waits = [
            f"{exit_.trade_id}/{exit_.number} {exit_.state}"
            for lane in book.lanes.values()
            for exit_ in lane
        ]
        waits += [
            f"{trade.trade_id} {trade.status}"
            for trade in book.trades.values()
            if trade.status is Status.TRIGGERED
        ]
        keys = {trade.key for trade in book.trades.values()}
        exchange = self._world.exchange
        waits += [f"untold {n}" for n in exchange.untold if exchange.executions[n].key in keys]
        # A late execution that a correction held already is counted twice until the next read.
        waits += [
            f"the net of {key.symbol}: ours is {book.net(key)}, the broker's {net}"
            for key, net in exchange.nets.items()
            if key in keys and book.net(key) != net
        ]
        return waits

    async def look_at_end(self, book: Book, store: MemoryStore) -> None:
        """Look at the calm: our books are the exchange's, and every order has its story."""
        exchange = self._world.exchange
        for order in exchange.orders.values():
            if order.client_order_id is not None:
                await self._look_at_story(order, store)
            elif order.trade_id is not None and order.filled:
                await self._look_at_entry(order, store)
        for trade_id in {**exchange.entered, **exchange.left}:
            saved = await store.trade(trade_id)
            if saved is not None:
                self._look_at_quantities(saved.trade)
        for trade in book.trades.values():
            if trade.status is Status.ACTIVE and not trade.unguarded:
                self._look_for_missed_stop(book, trade)

    def _look_at_quantities(self, trade: Trade) -> None:
        exchange = self._world.exchange
        left = exchange.left.get(trade.trade_id, ZERO)
        if trade.exited != left:
            self._break(f"I11 {trade.trade_id} exited {trade.exited}, at the exchange {left}")
        entered = exchange.entered.get(trade.trade_id, ZERO)
        if trade.filled != entered and trade.status is not Status.NEVER_FILLED:
            self._break(f"I11 {trade.trade_id} holds {trade.filled} entered, in truth {entered}")
        if trade.status is Status.CLOSED and left != entered:
            self._break(f"I11 {trade.trade_id} is closed, having left {left} of {entered}")
        if trade.status is Status.CLOSED_EXTERNAL and not exchange.others:
            self._break(f"I11 {trade.trade_id} was left by nobody")

    async def _look_at_entry(self, order: ExchangeOrder, store: MemoryStore) -> None:
        """Look whether a life that has seen all of an entry guarded what it brought."""
        seen_all = order.changes[0][0] > START_NS + self._world.life.ready_at_s * 1e9
        saved = await store.trade(order.trade_id or "")
        if seen_all and saved is not None and saved.trade.status is Status.NEVER_FILLED:
            self._break(f"I13 {order.trade_id} has entered {order.filled}, and nothing guards it")

    async def _look_at_story(self, order: ExchangeOrder, store: MemoryStore) -> None:
        story = await store.story(order.trade_id or "")
        sent = {getattr(line.event, "client_order_id", None) for line in story}
        if order.client_order_id not in sent:
            self._break(f"I12 {order.client_order_id} has no line in its trade's story")

    def _look_for_missed_stop(self, book: Book, trade: Trade) -> None:
        line = book.line(trade.instrument)
        if line.ltp is None or line.gate.fresh or trade.trade_id in line.waiting:
            return
        price = line.price_for(trade.side, trade.price_source, line.ltp)
        live = book.live(trade)
        if judge(book.levels[trade.trade_id], live.marks, price).leaves:
            self._break(f"I14 {trade.trade_id} is open at {price}, beyond its own level")

    def _break(self, what: str) -> None:
        if what not in self._wrong:
            self._wrong.append(what)
            self._world.note(f"WRONG: {what}")


def _lasting(trade: Trade) -> tuple[object, ...]:
    """Return the rules of a trade that no price changes."""
    rules = trade.rules
    return rules.targets, rules.trail, rules.breakeven, rules.time_exit
