"""People's orders that wait at the broker on positions that we guard: stops, and targets.

What the process was told of such an order, its exits reckon with: no order of ours asks for
more than is held less what theirs may still fill (I2). None of them stays unnoticed where
our exit has left nothing, also where it is heard of only later or by the next process, and each
that waits where we guard is known in the end (I19).
"""

from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from tests.sim.exchange import ExchangeOrder
from tests.sim.requests import LAG_NS_MAX, UNREAD_S_MAX
from tradebot.core.book import Book
from tradebot.core.events import CancelAsked, Event, OrderRests, TradeClosed
from tradebot.core.guard.trades import Status, Trade
from tradebot.core.inputs import BookReply, Execution, Input, OrderReport, OrderSide, OrderState
from tradebot.core.intents import CancelOrder, Intent, PlaceOrder
from tradebot.core.market.instruments import NetKey
from tradebot.core.others.resting import IGNORED_AFTER_NS
from tradebot.core.policy import Persons

if TYPE_CHECKING:
    from tests.sim.world import World

ZERO = Decimal(0)
ON_A_KEY_MAX = 3
ASKED_AGAIN_NS = 35_000_000_000  # the longest pause between two requests, and a moment
ONE_LOOK_NS = 2_000_000_000  # a process counts by a clock that was told it a little earlier


class Resting:
    """Whoever places them, what the exchange makes of them, and what must hold."""

    def __init__(self, world: "World", rng: Random, moments: Random) -> None:
        self._world = world
        self._rng = rng
        # Somebody places a stop in the moment in which an exit of ours leaves nothing.
        self._moments = moments
        self._in_moments = moments.random() * 0.5 if moments.random() < 0.5 else 0.0
        self._rate = rng.random() * 0.4 if rng.random() < 0.6 else 0.0
        # Of requests to cancel one: the broker never hears of it.
        self._unheard = rng.random() * 0.9 if rng.random() < 0.6 else 0.0
        self._orders: dict[str, ExchangeOrder] = {}
        self._fired: set[str] = set()
        self._told: set[str] = set()  # of which this life was told that they wait
        # When this life asked to cancel them: first, and last, without a long pause between.
        self._asked_ns: dict[str, tuple[int, int]] = {}
        self._named: set[str] = set()  # of which a person was told
        self._flat: dict[str, int] = {}  # left where our exit left nothing, and in which life
        # Of which nobody knew in that moment: in which life it was, and the fills until then.
        self._late: dict[str, tuple[int, int]] = {}
        self._trades: dict[str, Trade] = {}

    def of(self, order_id: str) -> bool:
        """Whether an order is one of these."""
        return order_id in self._orders

    # People.

    def look(self) -> None:
        """Let somebody place one now and then, or take one back."""
        world, rng = self._world, self._rng
        guard = world.life.guard
        if rng.random() >= self._rate or guard is None or world.life.is_over:
            return
        waiting = [order for order in self._orders.values() if order.state is OrderState.OPEN]
        if waiting and rng.random() < 0.1:
            world.seen["a resting order that its owner took back"] += 1
            world.exchange.end(rng.choice(waiting), OrderState.CANCELLED)
            return
        trades = [t for t in guard.engine.book.trades.values() if t.filled and t.remaining > 0]
        leaving = [trade for trade in trades if trade.status is Status.TRIGGERED]
        if trades:
            trade = rng.choice(leaving if leaving and rng.random() < 0.5 else trades)
            self._place(trade, guard.engine.book)

    def _place(self, trade: Trade, book: Book) -> None:
        """Place a stop or a target for all of a trade, of its position, or for a part."""
        world, rng, key = self._world, self._rng, trade.key
        net = trade.side.sign * world.exchange.nets.get(key, ZERO)
        there = [o for o in self._orders.values() if o.key == key and o.state is OrderState.OPEN]
        if net <= 0 or len(there) >= ON_A_KEY_MAX:
            return
        side = OrderSide.SELL if trade.side.sign > 0 else OrderSide.BUY
        part = Decimal(rng.randint(1, max(1, int(net))))
        quantity = rng.choice([trade.remaining, trade.remaining, net, part])
        last = Decimal(repr(world.exchange.prices[key.instrument]))
        away = trade.side.sign * rng.randint(4, 80) * Decimal("0.05")
        is_stop = rng.random() < 0.6
        # A limit may be a request of ours in doubt; a stop cannot, because ours never wait.
        if not is_stop and world.promises.requests.is_just_like_a_doubt(key, side, quantity):
            return
        # Nor can one that is to leave in a moment be told from it where no price was known.
        if not is_stop and book.line(key.instrument).ltp is None:
            return
        world.seen["a person's stop" if is_stop else "a person's target"] += 1
        order = world.exchange.accept(
            key,
            side,
            quantity,
            price=None if is_stop else last + away,
            trigger=last - away if is_stop else None,
        )
        self._orders[order.order_id] = order
        world.exchange.on_change(order)

    def about_to_fill(self, order: ExchangeOrder, quantity: Decimal) -> None:
        """Let somebody place a stop in the moment in which our exit leaves the last of a position.

        The process hears of it later, or dies before that.
        """
        world, rng = self._world, self._moments
        net = world.exchange.nets.get(order.key, ZERO)
        is_last = order.client_order_id is not None and net + order.side.sign * quantity == 0
        if not is_last or rng.random() >= self._in_moments:
            return
        last = Decimal(repr(world.exchange.prices[order.key.instrument]))
        away = order.side.sign * rng.randint(4, 80) * Decimal("0.05")
        stop = world.exchange.accept(order.key, order.side, abs(net), trigger=last + away)
        self._orders[stop.order_id] = stop
        world.loop.in_world(rng.uniform(0.05, 6.0), partial(world.exchange.on_change, stop))
        if world.faults.deaths and rng.random() < 0.5:
            world.life.dies_in = rng.randint(5, 60)

    def end(self) -> None:
        """Let whoever wanted to be left alone take everything back: it waits for him alone."""
        self._unheard = self._in_moments = 0.0
        if self._world.policy.exits.persons is Persons.LEAVE:
            for order in self._orders.values():
                self._world.exchange.end(order, OrderState.CANCELLED)

    # The exchange.

    def priced(self, instrument: str) -> None:
        """Let fill what a price has reached, a moment later, perhaps in parts."""
        world, rng = self._world, self._rng
        last = Decimal(repr(world.exchange.prices[instrument]))
        for order in self._orders.values():
            is_here = order.key.instrument == instrument and order.state is OrderState.OPEN
            if not is_here or order.order_id in self._fired or not _is_reached(order, last):
                continue
            self._fired.add(order.order_id)
            world.seen["a resting order that fired"] += 1
            at_s = rng.uniform(0.002, 0.4)
            first = order.quantity
            if rng.random() < 0.3 and order.quantity > 1:
                first = Decimal(rng.randint(1, int(order.quantity)))
            world.loop.in_world(at_s, partial(self._fill, order, first))
            if first < order.quantity:
                again_s = at_s + rng.uniform(0.05, 3.0)
                rest = partial(self._fill, order, order.quantity - first)
                world.loop.in_world(again_s, rest)

    def _fill(self, order: ExchangeOrder, quantity: Decimal) -> None:
        """Let one fill, unless nobody could tell it from a request of ours in doubt.

        Its row carries the time of its last change from then on: it may have been there before.
        """
        world, guard = self._world, self._world.life.guard
        lane = () if guard is None else guard.engine.book.lanes.get(order.key) or ()
        is_told = order.trigger is not None or any(order.order_id in one.known for one in lane)
        doubts = world.promises.requests
        if not is_told and doubts.is_just_like_a_doubt(order.key, order.side, order.quantity):
            world.exchange.end(order, OrderState.CANCELLED)
            return
        world.fill(order, quantity)

    def loses(self, order_id: str | None) -> bool:
        """Say whether a request to cancel one of these never gets there."""
        is_lost = order_id in self._orders and self._rng.random() < self._unheard
        self._world.seen["a cancel of theirs that was lost"] += is_lost
        return is_lost

    def cancelled(self, order: ExchangeOrder) -> None:
        """Note what a cancel of ours meets at the exchange."""
        if order.order_id in self._fired and order.filled:
            self._world.seen["a cancel that raced a fill of theirs"] += 1

    # What the process knows.

    def life_began(self) -> None:
        """Forget what an earlier life was told and asked."""
        self._told.clear()
        self._asked_ns.clear()

    def after(self, book: Book, item: Input, out: list[Event | Intent]) -> None:
        """Look at what the engine was told, and at what it makes of it."""
        match item:
            case OrderReport():
                self._note_told(book, item)
            case BookReply(orders=rows):
                for row in rows or ():
                    self._note_told(book, row)
            case _:
                pass
        self._trades.update(book.trades)
        for thing in out:
            match thing:
                case CancelOrder(client_order_id=None, order_id=order_id):
                    assert order_id is not None, "a cancel that names nothing"
                    now_ns = self._world.exchange.now_ns()
                    first_ns, last_ns = self._asked_ns.get(order_id, (now_ns, now_ns))
                    goes_on = now_ns - last_ns <= ASKED_AGAIN_NS
                    self._asked_ns[order_id] = first_ns if goes_on else now_ns, now_ns
                    if order_id not in self._orders:
                        self._world.promises.broken(f"I19 {order_id} is no order of a person's")
                case OrderRests() | CancelAsked():
                    self._named.add(thing.order_id)
                case TradeClosed(status=Status.CLOSED):
                    self._note_flat(book, self._trades[thing.trade_id])
                case _:
                    pass

    def _note_told(self, book: Book, report: OrderReport) -> None:
        """Note an order that the book has taken in: a book that has shrunk says nothing."""
        known = book.orders.get(report.order_id)
        if report.order_id in self._orders and known is not None and known.quantity is not None:
            self._told.add(report.order_id)
            late = "a resting order heard of after our exit had left nothing"
            self._world.seen[late] += report.order_id in self._late

    def _note_flat(self, book: Book, trade: Trade) -> None:
        if _guards(book, trade.key) or book.net(trade.key):
            return
        exchange, life = self._world.exchange, self._world.life.number
        fills = [e for e in exchange.executions.values() if e.key == trade.key]
        for order in self._orders.values():
            is_here = order.key == trade.key and order.side.sign != trade.side.sign
            if not is_here or order.state is not OrderState.OPEN:
                continue
            if order.order_id in self._told:
                self._world.seen["a resting order where our exit left nothing"] += 1
                self._flat[order.order_id] = life
            elif order.changes[-1][0] <= fills[-1].at_ns and _all_seen(book, fills):
                self._late[order.order_id] = life, len(fills)

    def _flat_in(self, order: ExchangeOrder, book: Book) -> int | None:
        """Return the life whose exit left nothing where an order rests that is known by now."""
        if order.order_id in self._flat:
            return self._flat[order.order_id]
        life, fills = self._late.get(order.order_id, (None, 0))
        is_told = order.order_id in self._told and not _guards(book, order.key)
        is_since = len(self._world.exchange.net_changes.get(order.key, ())) == fills
        return life if is_told and is_since else None

    # What must hold.

    def reckoned(self, sent: PlaceOrder, book: Book) -> Decimal:
        """Return the units that an order of ours had to leave to theirs."""
        here = (o for o in self._orders.values() if (o.key, o.side) == (sent.key, sent.side))
        return sum((self._left(order, book) for order in here), ZERO)

    def _left(self, order: ExchangeOrder, book: Book) -> Decimal:
        """Return what an order may still fill, or has and the engine cannot know it yet."""
        position = book.positions.get(order.key)
        corrected_ns = 0 if position is None else position.corrected_at_ns
        unseen = sum(
            (
                e.quantity
                for name, e in self._world.exchange.others.items()
                if e.order_id == order.order_id
                and name not in book._seen
                and e.at_ns > corrected_ns
            ),
            ZERO,
        )
        open_ = order.quantity - order.filled if order.state is OrderState.OPEN else ZERO
        left = open_ + unseen
        is_none = not left or not self._had_to_know(order) or self._is_given_up(order, book)
        return ZERO if is_none else left

    def _had_to_know(self, order: ExchangeOrder) -> bool:
        """Whether a life was told of an order, or begins and would be if it asked first."""
        if order.order_id in self._told:
            return True
        world = self._world
        lived_s = world.loop.time() - world.life.ready_at_s
        age_ns = world.exchange.now_ns() - order.changes[0][0]
        is_old = age_ns > lived_s * 1e9 + LAG_NS_MAX
        return is_old and lived_s < UNREAD_S_MAX and world.promises.requests.found(order.key)

    def _is_given_up(self, order: ExchangeOrder, book: Book) -> bool:
        """Whether an order is a target that was asked for long enough, and lies away."""
        asked_ns = self._asked_ns.get(order.order_id)
        ltp = book.line(order.key.instrument).ltp
        if asked_ns is None or order.price is None or ltp is None:
            return False
        now_ns = self._world.exchange.now_ns()
        is_long = now_ns - asked_ns[0] >= IGNORED_AFTER_NS - ONE_LOOK_NS
        is_away = order.side.sign * (float(order.price) - ltp) < 0
        if is_away and is_long and now_ns - asked_ns[1] <= ASKED_AGAIN_NS:
            self._world.seen["a target that an exit did not wait for"] += 1
            return True
        return False

    def unsettled(self, book: Book) -> list[str]:
        """Return what is to be cancelled yet, or not known yet."""
        keys = {trade.key for trade in book.trades.values() if trade.remaining}
        leaves = self._world.policy.exits.persons is Persons.LEAVE
        waits = []
        for order in self._orders.values():
            if order.state is not OrderState.OPEN:
                continue
            life = self._flat_in(order, book)
            is_flat = not self._world.exchange.nets.get(order.key, ZERO)
            if life is not None and is_flat and order.order_id not in self._named:
                waits.append(f"I19 {order.order_id} rests on nothing, and nobody was told")
            elif life == self._world.life.number and is_flat and not leaves:
                waits.append(f"I19 {order.order_id} rests where our exit has left nothing")
            elif order.key in keys and order.order_id not in self._told:
                waits.append(f"I19 {order.order_id} rests, and is not known")
        return waits


def _guards(book: Book, key: NetKey) -> bool:
    return any(open_key == key for open_key, _side in book.open_on)


def _all_seen(book: Book, fills: list[Execution]) -> bool:
    """Whether nothing will be told later that executed before."""
    return all(fill.execution_id in book._seen for fill in fills)


def _is_reached(order: ExchangeOrder, last: Decimal) -> bool:
    """Whether a price lets an order fill: its trigger has traded, or its limit."""
    if order.trigger is not None:
        return order.side.sign * (last - order.trigger) >= 0
    assert order.price is not None, "a resting order that waits for nothing"
    return order.side.sign * (order.price - last) >= 0


def none(world: "World") -> Resting:
    """Return a world in which nobody has orders resting."""
    resting = Resting(world, Random(0), Random(0))
    resting._rate = resting._in_moments = 0.0
    return resting
