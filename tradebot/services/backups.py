"""When backups are made, and what is known when they are not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

from tradebot.errors import StoreError
from tradebot.metrics import Figure, one
from tradebot.ports import Clock, Say

RETRY_S = 30.0  # after a failure, where the interval is longer


class Made(Protocol):
    """A backup that was made."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def frame(self) -> int:
        """The last journal frame in it."""

    @property
    def size(self) -> int:
        """Its bytes."""

    @property
    def at_ns(self) -> int:
        """When it was made, to the second."""


class BackupSchedule:
    """Makes a backup from time to time and whenever asked; one at a time.

    A backup that fails stops nothing: the guard goes on, and says so until one succeeds.
    """

    def __init__(
        self,
        make: Callable[[], Awaitable[Made]],
        *,
        every_s: float,
        newest: Made | None,
        clock: Clock,
        say: Say,
    ) -> None:
        """Take what makes a backup; ``newest`` is the one of an earlier life."""
        self.every_s = every_s
        self.newest = newest
        self.failing = ""  # why the last one failed; empty: it did not
        self.made = 0
        self.failures = 0
        self._make = make
        self._clock = clock
        self._say = say
        self._one = asyncio.Lock()
        self._wanted = asyncio.Event()

    async def run(self) -> None:
        """Make backups for ever; the first when the newest is as old as may be."""
        while True:
            await self._wait(self._due_s())
            try:
                await self.make()
            except StoreError:
                await self._wait(min(self.every_s, RETRY_S))

    def soon(self) -> None:
        """Have one made now: what was written is not trusted until it was read again."""
        self._wanted.set()

    async def make(self) -> Made:
        """Make one now.

        Raises:
            StoreError: it failed; what there was before is still there.
        """
        async with self._one:
            self._wanted.clear()
            try:
                made = await self._make()
            except StoreError as error:
                self.failures += 1
                if not self.failing:
                    self._say("backup.failed", "critical", error=str(error))
                self.failing = str(error)
                raise
            self.newest = made
            self.made += 1
            level = "warning" if self.failing else "info"
            self.failing = ""
            self._say("backup.made", level, file=made.name, frame=made.frame, bytes=made.size)
            return made

    def reasons(self) -> Iterator[str]:
        """Yield why a look at the backups is needed."""
        if self.failing:
            has = "there is none" if self.newest is None else f"the newest is {self.newest.name}"
            yield f"backups fail, {has}: {self.failing}"

    def figures(self) -> Iterator[Figure]:
        """Yield what is known of the backups."""
        yield one("tradebot_backups_total", "Backups made and checked.", self.made)
        yield one("tradebot_backup_failures_total", "Backups that failed.", self.failures)
        yield one("tradebot_backup_failing", "1 while backups fail.", bool(self.failing))
        if self.newest is not None:
            yield one("tradebot_backup_age_seconds", "Age of the newest backup.", self._age_s())

    def _due_s(self) -> float:
        """Return how long the next one may take to come; a clock that was set back costs one."""
        if self.newest is None or not 0 <= self._age_s() < self.every_s:
            return 0.0
        return self.every_s - self._age_s()

    def _age_s(self) -> float:
        assert self.newest is not None, "the age of no backup"
        return (self._clock.now_ns() - self.newest.at_ns) / 1e9

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            return
