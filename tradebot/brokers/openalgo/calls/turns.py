"""Whose turn it is where more wants to leave than the server takes in a second."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable

from tradebot.brokers.openalgo.calls.budget import SPAN_S, Budget

Rank = tuple[float, ...]
AT_ONCE: Rank = ()  # before all that have one: a cancel makes room for an exit


class Turns:
    """A queue before a budget: urgent requests first, of these the lowest rank, then the oldest.

    While nobody waits, a request that the budget has room for leaves without a pause.
    """

    def __init__(self, budget: Budget, *, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Take the budget, and what passes the time until it has room."""
        self.budget = budget
        self._sleep = sleep
        self._serial = itertools.count()
        self._waiting: list[tuple[bool, Rank, int]] = []
        self._called: dict[int, asyncio.Future[None]] = {}  # by serial: who waits to be the first

    async def take(self, *, urgent: bool, rank: Rank, within_s: float) -> float | None:
        """Wait for a turn, and count the request.

        Args:
            urgent: an exit waits for it.
            rank: the lowest leaves first.
            within_s: how long the turn may be waited for.

        Returns:
            None: now. Else how long it would still be, in seconds, and nothing is counted.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting and not self.budget.take(loop.time(), urgent=urgent):
            return None
        mine = not urgent, rank, next(self._serial)
        heapq.heappush(self._waiting, mine)
        try:
            return await self._wait(mine, loop.time() + within_s)
        finally:
            self._waiting.remove(mine)
            heapq.heapify(self._waiting)
            self._call_the_first()

    async def _wait(self, mine: tuple[bool, Rank, int], last_s: float) -> float | None:
        """Pass the time until it is our turn: the first waits for the budget, others for him."""
        loop = asyncio.get_running_loop()
        while True:
            if self._waiting[0] == mine:
                wait_s = self.budget.take(loop.time(), urgent=not mine[0])
                if not wait_s:
                    return None
                if loop.time() + wait_s > last_s:
                    return wait_s
                await self._sleep(wait_s)
                continue
            called = self._called[mine[2]] = loop.create_future()
            try:
                async with asyncio.timeout_at(last_s):
                    await called
            except TimeoutError:
                return SPAN_S
            finally:
                del self._called[mine[2]]

    def _call_the_first(self) -> None:
        if self._waiting:
            called = self._called.get(self._waiting[0][2])
            if called is not None and not called.done():
                called.set_result(None)
