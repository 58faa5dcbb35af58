"""The clock's ticks: how time comes to an engine that has no clock."""

import asyncio
from collections.abc import Awaitable, Callable

from tradebot.core.inputs import Timer
from tradebot.ports import Clock, Inbox

EVERY_S = 0.1


class Schedule:
    """Puts a timer into the inbox, and never a second one before the first was taken."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        *,
        every_s: float = EVERY_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the inbox to fill and the clock to read."""
        self._inbox = inbox
        self._clock = clock
        self._every_s = every_s
        self._sleep = sleep
        self._is_taken = True

    def taken(self) -> None:
        """Hear that the engine has taken the timer."""
        self._is_taken = True

    async def run(self) -> None:
        """Put timers for ever."""
        while True:
            if self._is_taken:
                self._is_taken = False
                self._inbox.put(Timer(self._clock.now_ns()))
            await self._sleep(self._every_s)
