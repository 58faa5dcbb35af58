"""The clock on this machine's wall."""

import time


class SystemClock:
    """The system's time; it may be set, and then it jumps."""

    def now_ns(self) -> int:
        """Return the time, nanoseconds UTC."""
        return time.time_ns()
