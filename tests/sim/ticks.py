"""The feed's port over the exchange's prices, for one life."""

from typing import TYPE_CHECKING

from tradebot.core.inputs import FeedState, Tick
from tradebot.ports import Inbox

if TYPE_CHECKING:
    from tests.sim.life import Life
    from tests.sim.world import World


FRESH_NS = 5_000_000_000


class SimulatedFeed:
    """Shows what it is asked for, now and then twice, late, wrong or not at all."""

    def __init__(self, world: "World", life: "Life", heard: int) -> None:
        self._world = world
        self._life = life
        self._seq = heard
        self._wanted: set[str] = set()
        self._last: dict[str, Tick] = {}
        self._inbox: Inbox | None = None
        self._is_up = False

    async def run(self, inbox: Inbox) -> None:
        world = self._world
        await world.sleep(world.rng.uniform(0.05, 2.0))
        self._life.step()
        self._inbox = inbox
        while True:
            if self._is_up == world.feed_is_silent:
                self._is_up = not self._is_up
                # One that falls silent does not always say so.
                if self._is_up or world.rng.random() < 0.5:
                    why = "" if self._is_up else "connection lost"
                    inbox.put(FeedState(up=self._is_up, at_ns=world.exchange.now_ns(), why=why))
            await world.sleep(0.5)
            self._life.step()

    def subscribe(self, instrument: str) -> None:
        self._wanted.add(instrument)

    def unsubscribe(self, instrument: str) -> None:
        self._wanted.discard(instrument)

    def show(self, instrument: str, price: float) -> None:
        """Deliver a price that was traded, if anybody wants it."""
        world, inbox = self._world, self._inbox
        if inbox is None or world.feed_is_silent or instrument not in self._wanted:
            return
        last = self._last.get(instrument)
        if last is not None and world.happens("tick_old"):
            world.seen["an old tick again"] += 1
            inbox.tick(last)
        if self._is_fresh(last) and world.happens("bad_print"):
            self._tick(inbox, instrument, world.bad_price(instrument), price)
        tick = self._last[instrument] = self._tick(inbox, instrument, price, price)
        if world.happens("tick_doubled"):
            inbox.tick(tick)

    def _is_fresh(self, last: Tick | None) -> bool:
        """Whether there is a price to doubt another by: the first after a silence is believed."""
        return last is not None and self._world.exchange.now_ns() - last.at_ns < FRESH_NS

    def _tick(self, inbox: Inbox, instrument: str, shown: float, price: float) -> Tick:
        self._seq += 1
        now_ns = self._world.exchange.now_ns()
        spread = 0.5
        tick = Tick(instrument, shown, now_ns, now_ns, price - spread, price + spread, self._seq)
        inbox.tick(tick)
        return tick
