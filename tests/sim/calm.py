"""The calm after the faults: everything has come to its end, and our books are the exchange's.

I7, I11 and I12 are looked at here.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.playbook import START_NS
from tests.sim.exchange import ExchangeOrder
from tradebot.core.book import Book
from tradebot.core.guard.trades import Status, Trade
from tradebot.core.market.instruments import NetKey
from tradebot.stores.memory import MemoryStore

if TYPE_CHECKING:
    from tests.sim.world import World

ZERO = Decimal(0)


class Calm:
    """What must hold once no fault happens any more."""

    def __init__(self, world: "World") -> None:
        self._world = world

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
        exchange, stops = self._world.exchange, self._world.promises.stops
        waits += [f"untold {n}" for n in exchange.untold if self._is_asked_for(n, keys)]
        # A late execution that a correction held already is counted twice until the next read.
        waits += [
            f"the net of {key.symbol}: ours is {book.net(key)}, the broker's {net}"
            for key, net in exchange.nets.items()
            if key in keys and book.net(key) != net
        ]
        # A fill moves levels: what it leaves beyond them goes with the next price, not with it.
        waits += [
            f"I14 {trade.trade_id} is open at {price}, beyond its own level"
            for trade in book.trades.values()
            if (price := stops.passed(book, trade)) is not None
        ]
        waits += self._world.strangers.unsettled(book)
        return waits + self._world.resting.unsettled(book)

    def _is_asked_for(self, name: str, keys: set[NetKey]) -> bool:
        """Whether an execution is on a position with trades, or of an entry of one."""
        execution = self._world.exchange.executions[name]
        order = self._world.exchange.orders.get(execution.order_id or "")
        is_entry = order is not None and self._world.promises.kept.is_promised(order.trade_id)
        return execution.key in keys or is_entry

    async def look_at_end(self, book: Book, store: MemoryStore) -> None:
        """Look at the calm: our books are the exchange's, and every order has its story."""
        exchange = self._world.exchange
        for order in exchange.orders.values():
            if order.client_order_id is not None:
                await self._look_at_story(order, store)
            elif order.trade_id is not None and order.filled:
                await self._look_at_entry(order, store)
        for trade_id in {**exchange.entered, **exchange.left}:
            row = await store.trade(trade_id)
            if row is not None:
                self._look_at_quantities(row.trade)

    def _look_at_quantities(self, trade: Trade) -> None:
        """Look at what a trade has entered and left."""
        name = trade.trade_id
        if not self._world.promises.words.is_counted(name):
            return
        exchange, filled, exited = self._world.exchange, trade.filled, trade.exited
        entered, left = exchange.entered.get(name, ZERO), exchange.left.get(name, ZERO)
        if exited != left:
            self._world.promises.broken(f"I11 {name} exited {exited}, at the exchange {left}")
        if filled != entered and trade.status is not Status.NEVER_FILLED:
            self._world.promises.broken(f"I11 {name} holds {filled} entered, in truth {entered}")
        if trade.status is Status.CLOSED and left != entered:
            self._world.promises.broken(f"I11 {name} is closed, having left {left} of {entered}")
        if trade.status is Status.CLOSED_EXTERNAL and not self._has_others(trade):
            self._world.promises.broken(f"I11 {name} was left by nobody")

    def _has_others(self, trade: Trade) -> bool:
        """Whether somebody else has traded against a trade where it was."""
        others = self._world.exchange.others.values()
        return any(o.key == trade.key and o.side.sign != trade.side.sign for o in others)

    async def _look_at_entry(self, order: ExchangeOrder, store: MemoryStore) -> None:
        """Look whether a life that has seen all of an entry guarded what it brought."""
        seen_all = order.changes[0][0] > START_NS + self._world.life.ready_at_s * 1e9
        saved = await store.trade(order.trade_id or "")
        if seen_all and saved is not None and saved.trade.status is Status.NEVER_FILLED:
            self._world.promises.broken(
                f"I13 {order.trade_id} has entered {order.filled}, and nothing guards it"
            )

    async def _look_at_story(self, order: ExchangeOrder, store: MemoryStore) -> None:
        story = await store.story(order.trade_id or "")
        sent = {getattr(line.event, "client_order_id", None) for line in story}
        if order.client_order_id not in sent:
            self._world.promises.broken(
                f"I12 {order.client_order_id} has no line in its trade's story"
            )
