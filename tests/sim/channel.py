"""Whether the broker tells by itself what becomes of orders: always, never, or while it is proven.

What is said of it here is what an adapter says: a channel counts once it has told of something,
until its end is seen, and what executed before is not told again.
"""

from random import Random
from typing import TYPE_CHECKING

from tradebot.core.inputs import OrderChannel

if TYPE_CHECKING:
    from tests.sim.life import Life
    from tests.sim.world import World

LAG_S_MAX = 10.0
PROVES_SHARE = 0.3  # of brokers that are not said to push


class Channel:
    """The broker's own word on orders, as far as a process may rely on it."""

    def __init__(self, world: "World", rng: Random) -> None:
        self._world = world
        self._pushes = world.policy.exits.pushes
        self._proves = not self._pushes and rng.random() < PROVES_SHARE
        self._life = 0  # to which it was said that it is there
        self._since_s = 0.0
        self._proving = 0  # the life that reads what was before it
        self._begun_s = 0.0

    @property
    def is_there(self) -> bool:
        """Whether anything is pushed at all."""
        return self._pushes or self._proves

    @property
    def is_relied_on(self) -> bool:
        """Whether the process may take silence for nothing having happened."""
        return self._pushes or self._life == self._world.life.number

    def has_told(self, life: "Life") -> None:
        """Let the first thing that it tells a life prove it, once what was before is read."""
        if self._proves and life.number not in {self._life, self._proving}:
            self._proving, self._begun_s = life.number, self._world.loop.time()
            life.do(self._prove(life))

    async def _prove(self, life: "Life") -> None:
        begun_s = self._begun_s
        try:
            executions = await life.gateway.executions()
        except ConnectionError:
            executions = None
        if self._begun_s != begun_s or self._proving != life.number:
            return  # it has ended meanwhile
        self._proving = 0
        # An empty list is no proof of anything.
        if executions and life.gateway.inbox is not None:
            for execution in executions:
                life.gateway.inbox.put(execution)
            self._life, self._since_s = life.number, begun_s
            self._say(life, up=True)

    def has_ended(self) -> None:
        """Say that nothing more is told, if it was relied on."""
        life = self._world.life
        self._proving = 0
        if self._proves and self._life == life.number and not life.is_over:
            self._life = 0
            self._say(life, up=False)

    def had_to_tell(self, at_s: float) -> bool:
        """Whether what happened then was the channel's to tell, or the read's with which it began.

        Books may lag: what that read did not show, no other has to.
        """
        return self.is_relied_on and (self._pushes or at_s >= self._since_s - LAG_S_MAX)

    def _say(self, life: "Life", *, up: bool) -> None:
        world = self._world
        world.seen[f"a channel that is {'there' if up else 'gone'}"] += 1
        world.note(f"gateway: the channel is {'there' if up else 'gone'}")
        if life.gateway.inbox is not None:
            life.gateway.inbox.put(OrderChannel(up=up, at_ns=world.exchange.now_ns()))
