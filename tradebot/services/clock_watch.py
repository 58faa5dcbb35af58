"""The clock on the wall is held against the one that times everything, and may be set."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from tradebot.core.inputs import ClockSet
from tradebot.ports import Clock, Inbox, Say

EVERY_S = 1.0
TOLERATED_NS = 1_000_000_000
MADE_UP_NS_MAX = 10_000_000_000  # a clock approaches the wall's by itself up to here


class ClockWatch:
    """Tells the engine and a person where the clock on the wall was set.

    Pauses, ages and holds go on by the clock that nobody can set. Sessions and times of day
    follow the wall's: it is the only calendar there is, right or wrong.
    """

    def __init__(
        self,
        clock: Clock,
        follow: Callable[[], int],
        *,
        inbox: Inbox,
        say: Say,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the clock of the inputs; ``follow`` says how far the wall's is ahead of it."""
        self._clock = clock
        self._follow = follow
        self._inbox = inbox
        self._say = say
        self._sleep = sleep
        self._seen_ns = 0
        self._told_ns = 0  # what sessions go by

    async def run(self) -> None:
        """Look every second, for ever."""
        while True:
            self.look()
            await self._sleep(EVERY_S)

    def look(self) -> None:
        """Tell what has changed since the last look, if it is worth a word."""
        ahead_ns = self._follow()
        step_ns, self._seen_ns = ahead_ns - self._seen_ns, ahead_ns
        was_ns = self._told_ns
        if abs(ahead_ns) <= TOLERATED_NS:
            self._told_ns = 0
        elif abs(ahead_ns - was_ns) > TOLERATED_NS:
            self._told_ns = ahead_ns
        if self._told_ns == was_ns:
            return
        self._inbox.put(ClockSet(skew_ns=self._told_ns, at_ns=self._clock.now_ns()))
        if not self._told_ns:
            self._say("clock.agrees", "warning")
        elif not was_ns or abs(step_ns) > TOLERATED_NS:
            self._tell()

    def reasons(self) -> Iterator[str]:
        """Yield why a look at the machine's clock is needed."""
        if self._told_ns:
            yield f"the machine's clock was set, and is {self._distance()} the daemon's time"

    def _tell(self) -> None:
        where = self._distance()
        if abs(self._told_ns) <= MADE_UP_NS_MAX:
            self._say("clock.corrected", "warning", where=where)
        else:
            todo = "see that it is right (timedatectl), then restart"
            self._say("clock.set", "critical", where=where, todo=todo)

    def _distance(self) -> str:
        return f"{abs(self._told_ns) / 1e9:.1f} s {'ahead of' if self._told_ns > 0 else 'behind'}"
