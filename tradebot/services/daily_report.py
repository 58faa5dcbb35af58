"""The day's report, at a time of the day."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tradebot.ports import Clock, Letter
from tradebot.services.digest import Digest, next_ns

LOOK_S = 20.0  # a clock that was put right is noticed so soon


class DailyReport:
    """Posts a letter every day at the same time of a wall's clock."""

    def __init__(
        self,
        digest: Digest,
        posts: Sequence[Callable[[Letter], None]],
        *,
        whose: str,
        minutes: int,
        zone: str,
        clock: Clock,
        wall: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take who writes it, and who sends it.

        Args:
            digest: writes it.
            posts: take it; none of them waits.
            whose: which daemon it is of.
            minutes: after midnight.
            zone: of the wall.
            clock: by which closed trades are timed.
            wall: the clock that says when the minute has come; it may be set.
        """
        self._digest = digest
        self._posts = posts
        self._whose = whose
        self._minutes = minutes
        self._zone = zone
        self._clock = clock
        self._wall = wall
        self._sleep = sleep

    async def run(self) -> None:
        """Report every day, for ever."""
        while True:
            due_ns = next_ns(self._wall.now_ns(), self._minutes, self._zone)
            while (left_ns := due_ns - self._wall.now_ns()) > 0:
                await self._sleep(min(LOOK_S, left_ns / 1e9))
            letter = await self._digest.report(self._whose, self._clock.now_ns())
            for post in self._posts:
                post(letter)
