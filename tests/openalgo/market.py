"""Prices that move on their own: a walk drawn from a seed, for soaks and for runs by hand."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random

from tests.openalgo.catalogue import Catalogue, Contract

BURST_S = 0.02  # above 50 a second, ticks come in bursts
STEPS_MAX = 4  # of the tick size, in one move


class Walk:
    """Moves one instrument after the other; each turn back where it began holds it near."""

    def __init__(
        self,
        catalogue: Catalogue,
        prices: dict[str, float],
        names: Sequence[str],
        rng: Random,
        tell: Callable[[str, float], None],
    ) -> None:
        self._contracts = [_found(catalogue, name) for name in names]
        self._starts = {name: prices[name] for name in names}
        self._prices = prices
        self._rng = rng
        self._tell = tell

    def step(self) -> None:
        """Move one instrument, and tell it."""
        contract = self._rng.choice(self._contracts)
        name = contract.full_name
        now, start = self._prices[name], self._starts[name]
        up = self._rng.random() < 0.5 + 5 * (start - now) / start
        steps = self._rng.randint(0, STEPS_MAX) * (1 if up else -1)
        moved = round(now / contract.tick_size) + steps
        self._tell(name, round(max(1, moved) * contract.tick_size, 6))

    async def run(self, ticks_per_s: float) -> None:
        """Step that often, in real seconds, until cancelled; late steps are made up for."""
        loop = asyncio.get_running_loop()
        began, made = loop.time(), 0
        while True:
            await asyncio.sleep(max(BURST_S, 1 / ticks_per_s))
            due = int((loop.time() - began) * ticks_per_s)
            for _ in range(due - made):
                self.step()
            made = due


def _found(catalogue: Catalogue, name: str) -> Contract:
    exchange, symbol = name.split(":", 1)
    found = catalogue.find(exchange, symbol)
    assert found, f"{name} is not in the catalogue"
    return found
