"""A broker that is half automatic: some requests wait there for somebody's yes or no."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tradebot.core.intents import PlaceOrder

if TYPE_CHECKING:
    from tests.sim.world import World

APPROVED = "queued"
TURNED_DOWN = "turned_down"


class Approvals:
    """What waits for a person, and what becomes of it.

    Nobody lets a request wait for longer than a request may live, but for one of which the
    process has kept that it waits: that one it must wait for, however long it takes.
    """

    def __init__(self, world: "World") -> None:
        self._world = world

    def wait(self, order: PlaceOrder, fate: str, place: Callable[[], None]) -> None:
        """Let a request wait; ``place`` brings it to the exchange."""
        world = self._world
        at_s = world.rng.uniform(0.5, world.request_life_s)
        world.loop.in_world(at_s, partial(self._decide, order, fate, place))

    def _decide(self, order: PlaceOrder, fate: str, place: Callable[[], None]) -> None:
        world = self._world
        requests = world.promises.requests
        if requests.is_kept_as_queued(order) and world.happens("queued"):
            world.seen["a request that waited long for a yes"] += 1
            again_s = world.rng.uniform(5.0, 40.0)
            world.loop.in_world(again_s, partial(self._decide, order, fate, place))
            return
        world.note(f"at the broker somebody decides: {order.client_order_id} is {fate}")
        if fate == APPROVED:
            place()
        else:
            requests.cannot_act(order.client_order_id)
