"""Kinds of orders that the exchange does not take for an instrument, as long as a seed lives.

Orders at the market are barred on many options, and limits far from the last price on all. No
waiting ends it, so a calm does not either: who sends the same order again never leaves.
"""

import enum
from random import Random
from typing import TYPE_CHECKING

from tradebot.core.intents import PlaceOrder

if TYPE_CHECKING:
    from tests.sim.world import World

THERE = 0.3  # of seeds
RANGE = 0.02  # of the last price


class Bar(enum.Enum):
    """What is barred, and how one hears of it."""

    MARKET = "Market orders are not allowed for this contract"
    MARKET_SILENTLY = ""  # acknowledged, and rejected without a word
    FAR = "17070 : The Price is out of the current execution range"


class Bars:
    """The bar of one instrument, if there is any."""

    def __init__(self, world: "World", rng: Random) -> None:
        self._world = world
        self.on: dict[str, Bar] = {}  # by instrument
        if rng.random() < THERE:
            instrument = rng.choice(world.instruments)
            bar = rng.choice([*Bar, Bar.MARKET_SILENTLY])
            self.on[f"{instrument.exchange}:{instrument.symbol}"] = bar

    def of(self, order: PlaceOrder) -> Bar | None:
        """Return what bars an order; None: it may be taken."""
        bar = self.on.get(order.key.instrument)
        if bar is None or not self._bars(bar, order):
            return None
        self._world.seen[f"a bar: {bar.name.lower()}"] += 1
        return bar

    def _bars(self, bar: Bar, order: PlaceOrder) -> bool:
        if bar is not Bar.FAR:
            return order.price is None
        last = self._world.exchange.prices[order.key.instrument]
        return order.price is not None and abs(float(order.price) - last) > RANGE * last
