"""What must hold in every world, checked as it happens. A number is that of the invariant.

I1 is the exchange's to see. What leaves is in ``requests``, what must be kept in ``kept``,
what prices reach in ``stops``, what people are told in ``words``, and the end in ``calm``;
here is what the engine says (I10, I11), and its book between two steps (I6, I13, I14).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.sim.calm import Calm
from tests.sim.kept import Kept
from tests.sim.requests import LAG_NS_MAX, Requests
from tests.sim.sightings import Sightings
from tests.sim.stops import Stops
from tests.sim.words import Words
from tradebot.core.adoption.found_events import PositionAdopted
from tradebot.core.book import Book
from tradebot.core.engine import Engine
from tradebot.core.events import BookDiffers, EntryFilled, Event, ExitDecided, TradeClosed
from tradebot.core.guard.admission import ADOPTED_PREFIX
from tradebot.core.guard.trades import PastStop, Reason, Status, Trade
from tradebot.core.inputs import Input
from tradebot.core.intents import Intent, PlaceOrder
from tradebot.core.records import Record, Snapshot, TradeSaved
from tradebot.stores.memory import MemoryStore

if TYPE_CHECKING:
    from tests.sim.world import World

BY_PRICE = {Reason.STOP, Reason.TARGET, Reason.TRAIL, Reason.BREAKEVEN}
UNTOLD_NS_MAX = 1_500_000_000  # an exit waits so long for what may have executed
LATE_NS_MAX = 3_000_000_000  # after its time
ZERO = Decimal(0)


class Promises:
    """The invariants of one world; ``wrong`` lists what broke them."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._wrong: list[str] = []
        self.requests = Requests(world)
        self.kept = Kept(world)
        self.stops = Stops(world)
        self.words = Words(world)
        self.calm = Calm(world)
        self._sightings = Sightings(world.seen)
        self._deadlines: dict[tuple[str, int | None, int], int] = {}  # and since when seen
        self.exits = 0
        self.stirred_at_s = 0.0  # an exit was decided, others traded, or a doubt was ended

    @property
    def wrong(self) -> list[str]:
        return self._world.exchange.wrong + self._wrong

    def broken(self, what: str) -> None:
        """Note a promise that was broken."""
        if what not in self._wrong:
            self._wrong.append(what)
            self._world.note(f"WRONG: {what}")

    def watch(self, engine: Engine) -> None:
        """Look at what each input brings, in the moment in which the engine decides."""
        process, sightings, stops = engine.process, self._sightings, self.stops

        def watched(item: Input) -> Sequence[Event | Intent]:
            sightings.before(engine.book, item)
            stops.before(engine.book, item)
            out = process(item)
            stops.after(engine.book, item)
            self.words.after(out)
            sightings.after(engine.book, item, out)
            self._world.resting.after(engine.book, item, list(out))
            for thing in out:
                if isinstance(thing, PlaceOrder):
                    self.requests.look_at(thing, engine.book)
            return out

        engine.process = watched  # type: ignore[method-assign]

    async def life_began(
        self, snapshot: Snapshot, behind: Sequence[Record], store: MemoryStore
    ) -> None:
        """Look at what a new life has found of the ones before it."""
        await self.kept.life_began(snapshot, behind, store)
        self.requests.life_began(snapshot)
        self._world.resting.life_began()
        self.words.life_began(snapshot)
        self._sightings.of_a_start(snapshot)
        exchange = self._world.exchange
        saved = [*snapshot.trades, *(record for record in behind if isinstance(record, TradeSaved))]
        for row in sorted(saved, key=lambda row: row.trade.version):
            if row.trade.adopted:  # it may have grown in the moment of the death
                exchange.entered[row.trade.trade_id] = row.trade.filled
        remembered = {execution.execution_id for execution in snapshot.executions}
        exchange.untold = {name: None for name in exchange.executions if name not in remembered}

    def told(self, event: Event) -> None:
        """Look at what the engine says."""
        world = self._world
        world.seen[type(event).__name__] += 1
        world.note(f"engine: {event}")
        if isinstance(event, ExitDecided):
            self.exits += 1
            self.stirred_at_s = world.loop.time()
            bad = event.ltp is not None and any(
                event.ltp == price or (event.ltp != event.ltp and price != price)  # noqa: PLR0124
                for price in world.bad_prices
            )
            if bad and event.reason in BY_PRICE:
                self.broken(f"I10 {event.trade_id} left at the bad print {event.ltp}")
        elif isinstance(event, EntryFilled) and event.trade_id.startswith(ADOPTED_PREFIX):
            # Nobody has entered it for us: what it guards is what it may leave.
            world.exchange.entered[event.trade_id] = event.filled
        elif isinstance(event, PositionAdopted):
            world.strangers.told(event)
        elif isinstance(event, BookDiffers):
            self._look_at_correction(event)
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
            self.broken(f"I11 {key.symbol}: {event.broker} was believed, which is not held")

    def look(self, book: Book) -> None:
        """Look at the book between two steps."""
        self.words.look(book)
        self._world.strangers.look_at(book)
        for key, since_ns in book.telling.waits:
            if book.now_ns - since_ns > UNTOLD_NS_MAX:
                self.broken(f"I14 exits on {key.symbol} wait for executions since {since_ns}")
        owners: dict[str, str] = {}
        for trade in book.trades.values():
            claimed = sum((e.remaining for e in book.open_exits(trade.trade_id)), ZERO)
            if claimed > max(trade.remaining, ZERO):
                self.broken(f"I13 {trade.trade_id} leaves {claimed} of {trade.remaining}")
            if trade.status is Status.ACTIVE:
                if trade.armed or trade.past_stop is PastStop.EXIT:
                    self.stops.look_at(book, book.live(trade))
                self._look_at_guard(book, trade)
                self._look_at_deadline(trade)
            for exit_ in book.exits.get(trade.trade_id, {}).values():
                name = f"{exit_.trade_id}/{exit_.number}"
                if exit_.order_id and owners.setdefault(exit_.order_id, name) != name:
                    self.broken(f"I6 {exit_.order_id} belongs to {owners[exit_.order_id]}, {name}")

    def _look_at_deadline(self, trade: Trade) -> None:
        """Look whether a trade is left at its time: an edit may set one that is over already."""
        about = trade.trade_id, trade.deadline_ns, self._world.life.number
        since_ns = self._deadlines.setdefault(about, self._world.exchange.now_ns())
        late_ns = self._world.exchange.now_ns() - max(trade.deadline_ns or 0, since_ns)
        if trade.deadline_ns is not None and late_ns > LATE_NS_MAX:
            self.broken(f"I14 {trade.trade_id} is open {late_ns} ns after its time")

    def _look_at_guard(self, book: Book, trade: Trade) -> None:
        line = book.line(trade.instrument)
        armed = trade.trade_id in line.triggers(trade.side, trade.price_source)
        if not armed and trade.trade_id not in line.waiting and not trade.unguarded:
            self.broken(f"I13 {trade.trade_id} is active, and nothing guards it")
