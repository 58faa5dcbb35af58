"""The orders of ours that left: what each may still do, and what may not leave beside it.

I2 to I6 and I15 are looked at here, in the moment in which an order is decided or leaves.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.sim.exchange import ExchangeOrder
from tradebot.core.book import Book
from tradebot.core.inputs import Execution, OrderSide, OrderState, Verdict
from tradebot.core.intents import PlaceOrder
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.market.instruments import NetKey
from tradebot.core.records import ExitSaved, Record, Snapshot, TradeSaved

if TYPE_CHECKING:
    from tests.sim.life import Life
    from tests.sim.world import World

LAG_NS_MAX = 10_000_000_000
UNREAD_S_MAX = 9.9  # after a start: nothing is sent before the broker has said what it holds
READ_S_MAX = 2.0  # before an exit, where the broker does not tell by itself what executes
VAIN_S_MAX = 6.5  # so long after such a question has failed, exits leave unasked
SENT_IN_A_MINUTE_MAX = 30  # of one trade; each part that fills may bring one at once
ZERO = Decimal(0)


class Requests:
    """Requests of ours, from their intent on a disk to what the process was told of them."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.unsaved: set[str] = set()  # orders that left with an alert, no disk taking them
        self.ambiguous = 0  # that had no clear answer
        self._durable: set[str] = set()  # orders that a disk has as about to be sent
        self._attempts: dict[str, int] = {}  # by trade: orders that it has named, on a disk
        self._doubts: dict[NetKey, dict[str, None]] = {}  # requests of whose fate none was told
        self._sent: dict[str, PlaceOrder] = {}
        self._can_act: set[str] = set()  # requests that may still act
        self._on_way: dict[str, PlaceOrder] = {}  # of these: not at the exchange yet
        self._open: dict[str, PlaceOrder] = {}  # a life that begins now has them in doubt
        # Likewise, as a disk has them as about to be sent: a life may end before they leave.
        self._meant: dict[str, tuple[NetKey, OrderSide, Decimal]] = {}
        self._sent_at_s: dict[str, list[float]] = {}  # by trade: its orders of the last minute
        self._queued: set[str] = set()  # that wait for somebody's yes, as the process knows
        self._kept_queued: set[str] = set()  # of which a disk has that they do
        self._found: set[NetKey] = set()  # on which this life began with something to guard

    def are_written(self, records: Sequence[Record]) -> None:
        """Note what outlives a death: requests of which a file has what became of them."""
        if not self._world.faults.power_cuts:
            self._are_answered(records)

    def _are_answered(self, records: Sequence[Record]) -> None:
        for record in records:
            if not isinstance(record, ExitSaved) or _is_queued(record.exit):
                continue
            if not record.exit.state.is_in_doubt:
                self._open.pop(str(record.exit.client_order_id), None)
                self._meant.pop(str(record.exit.client_order_id), None)

    def are_durable(self, records: Sequence[Record]) -> None:
        """Note what a disk has: orders as about to be sent, and how many a trade has named."""
        self._are_answered(records)
        for record in records:
            if isinstance(record, TradeSaved):
                trade = record.trade
                self._attempts[trade.trade_id] = max(
                    trade.attempts, self._attempts.get(trade.trade_id, 0)
                )
            elif isinstance(record, ExitSaved) and record.exit.state is State.SENDING:
                exit_, name = record.exit, str(record.exit.client_order_id)
                self._durable.add(name)
                self._meant[name] = exit_.key, exit_.side, exit_.order_quantity
            elif isinstance(record, ExitSaved) and _is_queued(record.exit):
                self._kept_queued.add(str(record.exit.client_order_id))

    def life_began(self, snapshot: Snapshot) -> None:
        """Note what a new life knows: what it is to guard, and what waits for a yes."""
        self._queued = {str(exit_.client_order_id) for exit_ in snapshot.exits if _is_queued(exit_)}
        self._found = {row.trade.key for row in snapshot.trades if row.trade.filled}

    def leave(self, order: PlaceOrder, life: "Life") -> None:
        """Look at an order that leaves the process."""
        name, world = order.client_order_id, self._world
        if name in self._sent and name not in self.unsaved:
            self._world.promises.broken(f"I6 {name} was sent twice")
        self._sent[name] = order
        now_s = world.loop.time()
        lately = [at_s for at_s in self._sent_at_s.get(order.trade_id, ()) if now_s - at_s < 60.0]
        self._sent_at_s[order.trade_id] = [*lately, now_s]
        if len(lately) >= SENT_IN_A_MINUTE_MAX:
            self._world.promises.broken(
                f"I15 {name} is the {len(lately) + 1}th order within a minute"
            )
        doubts = self._doubts.setdefault(order.key, {})
        alive = [doubt for doubt in doubts if self._is_in_doubt(doubt)]
        if alive:
            self._world.promises.broken(
                f"I3 {name} left while {alive} may still act and nobody has told of it"
            )
        if name not in self._durable and name not in self.unsaved:
            self._world.promises.broken(f"I4 {name} left before its intent was on a disk")
        if life is not world.life:
            self._world.promises.broken(f"I5 {name} left from a life that is over")
        doubts[name] = None
        self._open[name] = order
        self._can_act.add(name)
        self._on_way[name] = order

    def _is_in_doubt(self, name: str) -> bool:
        """Whether a request may act of which the process does not know what it waits for."""
        return name in self._can_act and name not in self._queued

    @property
    def nobody_remembers(self) -> bool:
        """Whether an order has left of which no disk knows: a death now may double it."""
        for name in self.unsaved:
            trade_id, _, attempt = name.rpartition("-x")
            if self._attempts.get(trade_id, 0) < int(attempt):
                return True
        return False

    def is_just_like_a_doubt(self, key: NetKey, side: OrderSide, quantity: Decimal) -> bool:
        """Whether an order could be taken for a request of ours whose fate is not on a disk."""
        guard = self._world.life.guard
        lane = None if guard is None else guard.engine.book.lanes.get(key)
        doubts = (exit_ for exit_ in lane or () if exit_.state.is_in_doubt)
        if any((exit_.side, exit_.order_quantity) == (side, quantity) for exit_ in doubts):
            return True
        sent = [*map(self._sent.__getitem__, self._doubts.get(key, ())), *self._open.values()]
        doubted = [(one.key, one.side, one.quantity) for one in sent]
        return (key, side, quantity) in (*doubted, *self._meant.values())

    def was_sent(self, key: NetKey, side: OrderSide, quantity: Decimal) -> bool:
        """Whether an order of ours of this size has ever left."""
        return any(
            (o.key, o.side, o.quantity) == (key, side, quantity) for o in self._sent.values()
        )

    def cannot_act(self, name: str) -> None:
        """Note that a request is lost for good: it never reached the exchange."""
        self._can_act.discard(name)
        self._on_way.pop(name, None)

    def waits(self, name: str) -> None:
        """Note that the process was told that a request waits for somebody's yes."""
        self._queued.add(name)

    def is_kept_as_queued(self, order: PlaceOrder) -> bool:
        """Whether the process knows, in whatever life, that a request waits for a yes."""
        return order.client_order_id in self._kept_queued

    def may_act(self, name: str) -> bool:
        """Whether a request that is not at the exchange may still come there."""
        return name in self._on_way

    def waits_for_nothing(self, name: str) -> bool:
        """Whether a request that the process waits for was turned down, or died without a fill."""
        return name in self._queued and self._verdict_on(name) is Verdict.RESEND

    def is_over(self, name: str) -> bool:
        """Whether a request can bring nothing more."""
        order = self._order_of(name)
        return order.state.is_final if order is not None else not self.may_act(name)

    def verdict_on(self, names: Sequence[str]) -> Verdict | None:
        """Return what somebody who looks at the broker can say of these; None: nothing yet."""
        verdicts = {self._verdict_on(name) for name in names}
        return verdicts.pop() if len(verdicts) == 1 else None

    def _verdict_on(self, name: str) -> Verdict | None:
        if self.may_act(name):
            return None
        order = self._order_of(name)
        if order is None:
            return Verdict.RESEND
        if order.state is OrderState.COMPLETE:
            return Verdict.DONE
        return Verdict.RESEND if order.state.is_final and not order.filled else None

    def _order_of(self, name: str) -> ExchangeOrder | None:
        orders = self._world.exchange.orders.values()
        return next((order for order in orders if order.client_order_id == name), None)

    def arrived(self, name: str) -> None:
        """Note that a request is in the exchange's book."""
        self._on_way.pop(name, None)

    def heard_of(self, client_order_id: str | None) -> None:
        """Note that the living process was told of an order of ours."""
        for doubts in self._doubts.values():
            doubts.pop(client_order_id or "", None)

    def look_at(self, order: PlaceOrder, book: Book) -> None:
        """Look whether an order can take the net past zero, by what the engine can know.

        What others did shortly before the broker's net replaced our fold may be in it or
        not: then the better of both counts.
        """
        world, exchange, key = self._world, self._world.exchange, order.key
        position = book.positions.get(key)
        corrected_ns = 0 if position is None else position.corrected_at_ns
        unknown = unsure = ZERO
        for name, other in exchange.others.items():
            if other.key != key or name in book._seen or self._had_to_ask_for(other):
                continue
            if self._had_to_read(other):
                world.note(f"{name} of somebody else was to be read before {order.client_order_id}")
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
        resting = self._world.resting.reckoned(order, book)
        if held - alive - resting < order.quantity:
            name, told = order.client_order_id, f"{held} held, {alive} alive, {resting} resting"
            self._world.promises.broken(f"I2 {name} asks {order.quantity} of {told}")

    def found(self, key: NetKey) -> bool:
        """Whether this life began with something to guard there."""
        return key in self._found

    def _had_to_read(self, other: Execution) -> bool:
        """Whether a broker that tells of nothing by itself could have been asked for it in time.

        Whatever a question of the last moments has brought is all that could be known.
        """
        world, gateway = self._world, self._world.life.gateway
        asked_s, now_s = gateway.asked_s, world.loop.time()
        age_s = (world.exchange.now_ns() - other.at_ns) / 1e9
        if world.channel.had_to_tell(now_s - age_s):
            return False
        if now_s - gateway.vain_s <= VAIN_S_MAX:
            return False  # a missed stop is worse than not to know
        return min(age_s, now_s - asked_s) > READ_S_MAX

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


def _is_queued(exit_: Exit) -> bool:
    """Whether an exit is known to wait for somebody's yes at the broker."""
    return exit_.state is State.WORKING and exit_.order_id is None
