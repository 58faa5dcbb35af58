"""The calm after the faults: everything has come to its end, and our books are the exchange's.

I7, I11 and I12 are looked at here.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.playbook import START_NS
from tests.sim.exchange import ExchangeOrder
from tradebot.core.book import Book
from tradebot.core.trades import Status, Trade
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
        waits += [f"untold {n}" for n in exchange.untold if exchange.executions[n].key in keys]
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

    def _look_at_quantities(self, trade: Trade) -> None:
        exchange = self._world.exchange
        left = exchange.left.get(trade.trade_id, ZERO)
        if trade.exited != left:
            self._world.promises.broken(
                f"I11 {trade.trade_id} exited {trade.exited}, at the exchange {left}"
            )
        entered = exchange.entered.get(trade.trade_id, ZERO)
        if trade.filled != entered and trade.status is not Status.NEVER_FILLED:
            self._world.promises.broken(
                f"I11 {trade.trade_id} holds {trade.filled} entered, in truth {entered}"
            )
        if trade.status is Status.CLOSED and left != entered:
            self._world.promises.broken(
                f"I11 {trade.trade_id} is closed, having left {left} of {entered}"
            )
        if trade.status is Status.CLOSED_EXTERNAL and not exchange.others:
            self._world.promises.broken(f"I11 {trade.trade_id} was left by nobody")

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
