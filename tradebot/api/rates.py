"""How often somebody may ask: an allowance per minute that fills up again all the time."""

from collections.abc import Callable, Hashable

MINUTE_NS = 60_000_000_000


class Rates:
    """An allowance for each of many, in bounded memory (GCRA: one number for each).

    Whoever has been quiet may ask for a whole minute's allowance at once, and from then
    on at its pace: never more than two allowances in a minute.
    """

    def __init__(self, elapsed_ns: Callable[[], int], *, kept_max: int) -> None:
        """Take a clock that never jumps, and how many are remembered."""
        self._elapsed_ns = elapsed_ns
        self._kept_max = kept_max
        self._paid_until: dict[Hashable, int] = {}  # who asked last stands last

    def wait_ns(self, who: Hashable, per_minute: int) -> int:
        """Take one request from the allowance; what is returned is 0.

        Where none is left, nothing is taken, and the time until there is one is returned.
        """
        now_ns = self._elapsed_ns()
        each_ns = -(-MINUTE_NS // per_minute)  # rounded up: never one more than the allowance
        paid_until = max(self._paid_until.pop(who, now_ns), now_ns)
        wait_ns = max(0, paid_until - now_ns - (per_minute - 1) * each_ns)
        self._paid_until[who] = paid_until if wait_ns else paid_until + each_ns
        if len(self._paid_until) > self._kept_max:
            del self._paid_until[next(iter(self._paid_until))]
        return wait_ns
