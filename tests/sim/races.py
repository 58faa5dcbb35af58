"""People who leave by hand what we are about to leave: they see the same price, and are faster.

Their order has just the size of ours, and no stream may tell of it in time. A fast market is
also when a broker's servers do not answer.
"""

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from tradebot.core.guard.trade_rules import effective_stop
from tradebot.core.guard.trades import Status, Trade
from tradebot.core.inputs import OrderSide

if TYPE_CHECKING:
    from tests.sim.world import World

NEAR = Decimal(1)  # a price so near to a stop makes people leave
UNTOLD = 0.9  # of their orders: no stream tells of these
BUSY = 0.8  # of such times: the broker does not answer to requests for a while
BUSY_S = 4.0
FIRST_S = (0.05, 2.0)  # how long their order comes before the price that moves us


class Races:
    """Who is faster than our stops."""

    def __init__(self, world: "World", rng: Random) -> None:
        self._world = world
        self._rng = rng
        self._rate = rng.random() if rng.random() < 0.8 else 0.0

    def run(self, instrument: str) -> float:
        """Let somebody leave where a price has come near to a stop of ours.

        Return for how many seconds we do not see that price yet.
        """
        world, guard = self._world, self._world.life.guard
        if not self._rate or guard is None or not world.life.is_ready or world.life.is_over:
            return 0.0
        price = Decimal(repr(world.exchange.prices[instrument]))
        for trade in list(guard.engine.book.trades.values()):
            if trade.instrument != instrument or trade.status is not Status.ACTIVE:
                continue
            stop = effective_stop(guard.engine.book.levels[trade.trade_id], trade.marks)
            is_near = stop is not None and trade.side.sign * (price - stop.level) <= NEAR
            if is_near and self._rng.random() < self._rate and self._leaves(trade):
                return self._rng.uniform(*FIRST_S)
        return 0.0

    def _leaves(self, trade: Trade) -> bool:
        """Leave as much by hand as a trade has, where that much is held."""
        world = self._world
        key, quantity = trade.key, trade.remaining
        side = OrderSide.SELL if trade.side.sign > 0 else OrderSide.BUY
        is_held = trade.side.sign * world.exchange.nets.get(key, Decimal(0)) >= quantity > 0
        if not is_held or world.promises.requests.is_just_like_a_doubt(key, side, quantity):
            return False
        world.seen["somebody who was faster than our stop"] += 1
        was_dead = world.stream_is_dead
        if self._rng.random() < UNTOLD:
            world.stream_is_dead = True
        world.exchange.fill(world.exchange.accept(key, side, quantity), quantity)
        world.stream_is_dead = was_dead
        if self._rng.random() < BUSY:
            world.busy_until_s = world.loop.time() + BUSY_S
        return True
