"""Time as the broker has it: real, but each of its seconds takes as long as a test wants."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Time(Protocol):
    """What the scripted broker needs to know of time."""

    def now_s(self) -> float:
        """Return the broker's seconds since some start."""

    def wall_ns(self) -> int:
        """Return the time of day, nanoseconds UTC."""

    def after(self, seconds: float, what: Callable[[], object]) -> None:
        """Let something happen that many of the broker's seconds from now."""


class Pace:
    """The time of the running loop; ``scale`` is how long a second of the broker's takes."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self._calls: set[asyncio.TimerHandle] = set()
        self.on_done: Callable[[], None] = lambda: None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to come."""
        return not self._calls

    def now_s(self) -> float:
        return asyncio.get_running_loop().time() / self.scale

    def wall_ns(self) -> int:
        return time.time_ns()

    def after(self, seconds: float, what: Callable[[], object]) -> None:
        def happen() -> None:
            self._calls.discard(handle)
            what()
            self.on_done()

        handle = asyncio.get_running_loop().call_later(seconds * self.scale, happen)
        self._calls.add(handle)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.scale)

    def stop(self) -> None:
        """Let nothing happen any more of what was to come."""
        for call in self._calls:
            call.cancel()
        self._calls.clear()
