"""The clocks of this machine: one that only goes on, and the one on its wall."""

import time
from collections.abc import Callable

# Unlike the monotonic clock it counts the time in which the machine was suspended. Both are
# slewed with the wall's clock: it moves away from them only where somebody sets it.
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_READS = 3  # a process that has to wait between two readings takes them for one moment
APPROACHED_NS_MAX = 10_000_000_000
SLOWNESS = 1000  # a pause of two minutes is never wrong by more than an eighth of a second


def _elapsed_ns() -> int:
    return time.clock_gettime_ns(_ELAPSED)


class SystemClock:
    """The time of day as it was at the start, and what has passed since.

    It never jumps and never goes back, whatever is done to the clock on the wall.
    """

    def __init__(
        self,
        *,
        elapsed_ns: Callable[[], int] = _elapsed_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Begin with the time on the wall."""
        self._elapsed_ns = elapsed_ns
        self._wall_ns = wall_ns
        self._since_ns, self._base_ns = self._read_both()
        self._lacks_ns = 0  # to be approached since then

    def now_ns(self) -> int:
        """Return the time, nanoseconds UTC."""
        return self._at(self._elapsed_ns())

    def follow(self) -> int:
        """Return how far the wall's clock is ahead, below 0 behind, and approach it if it is near.

        So a small correction is made up for, by a thousandth of the time that passes. A large
        one never is: either it was wrong, or all that was before was.
        """
        elapsed_ns, wall_ns = self._read_both()
        now_ns = self._at(elapsed_ns)
        ahead_ns = wall_ns - now_ns
        self._since_ns, self._base_ns = elapsed_ns, now_ns
        self._lacks_ns = ahead_ns if abs(ahead_ns) <= APPROACHED_NS_MAX else 0
        return ahead_ns

    def _at(self, elapsed_ns: int) -> int:
        passed_ns = elapsed_ns - self._since_ns
        most_ns = passed_ns // SLOWNESS
        return self._base_ns + passed_ns + max(-most_ns, min(self._lacks_ns, most_ns))

    def _read_both(self) -> tuple[int, int]:
        """Return what has elapsed and what the wall shows, at one moment."""
        return min(self._read() for _ in range(_READS))[1:]

    def _read(self) -> tuple[int, int, int]:
        before_ns, wall_ns, after_ns = self._elapsed_ns(), self._wall_ns(), self._elapsed_ns()
        return after_ns - before_ns, before_ns, wall_ns


class WallClock:
    """The clock that others have too. It may be set, and then it jumps: it times nothing."""

    def now_ns(self) -> int:
        """Return the time, nanoseconds UTC."""
        return time.time_ns()
