"""Fills that the broker's list has no longer, for good: annulled in its books, or renamed.

The order stands as it stood and so does the net. No calm ends it: who takes each list without
them for a read that failed learns nothing of the account any more.
"""

from collections.abc import Iterable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from tradebot.core.inputs import Execution
from tradebot.services.execution_list import TAKEN_BACK_NS

if TYPE_CHECKING:
    from tests.sim.world import World

THERE = 0.3  # of seeds without power cuts: what a life has lost no list could tell it again
LOOKS_S = (45.0, 180.0)
SHARE = 0.4  # of the fills at a look
# What was told so long ago to a life that lives is in its files, unless these refuse.
DURABLE_S = 30.0


class Annulled:
    """Which fills those are."""

    def __init__(self, world: "World", rng: Random) -> None:
        self._world = world
        self._rng = rng
        self._told_s: dict[str, float] = {}
        self.names: set[str] = set()
        if rng.random() < THERE and not world.faults.power_cuts:
            world.loop.in_world(rng.uniform(*LOOKS_S), partial(self._look))

    @property
    def counted_s(self) -> float:
        """Return how long a life may wait until it takes the broker at its word."""
        return TAKEN_BACK_NS / 1e9 if self.names else 0.0

    def told(self, execution: Execution) -> None:
        """Note when a fill was told first."""
        self._told_s.setdefault(execution.execution_id, self._world.loop.time())

    def less(self, executions: Iterable[Execution]) -> list[Execution]:
        """Return a list as the broker has it."""
        return [one for one in executions if one.execution_id not in self.names]

    def _look(self) -> None:
        world, now_s = self._world, self._world.loop.time()
        is_kept = not (world.store_refuses or world.journal_refuses) and world.life.is_ready
        if not is_kept or now_s - world.life.ready_at_s < DURABLE_S:
            return
        for name, told_s in self._told_s.items():
            if now_s - told_s >= DURABLE_S and self._rng.random() < SHARE:
                self.names.add(name)
                world.seen["a fill that was annulled"] += 1
                world.note(f"exchange: {name} is listed no longer")
