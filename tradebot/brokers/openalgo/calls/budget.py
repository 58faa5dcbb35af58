"""How many requests may leave now, so that none is refused for being one too many."""

from collections import deque

SPAN_S = 1.1  # the server counts a second; requests that left apart may arrive closer together
FREE_SHARE = 0.7  # of what is not urgent: the rest is kept for exits
BACK_OFF_S = 1.0  # after a refusal that does not say how long [W: OpenAlgo's never does]
BACK_OFF_S_MAX = 60.0


class Budget:
    """The requests of one class within the last second, as the server counts them.

    [W] The server's limit is a moving window for each address and route. Urgent requests
    may use all of it, others leave a part free.
    """

    def __init__(self, requests_max: int) -> None:
        """Start with nothing sent; ``requests_max`` is what the server takes in a second."""
        self._max = requests_max
        self._free_max = max(1, int(requests_max * FREE_SHARE))
        self._left: deque[float] = deque()
        self._blocked_until_s = 0.0

    def take(self, now_s: float, *, urgent: bool) -> float:
        """Count a request that leaves now and return 0, or return how long it has to wait."""
        if now_s < self._blocked_until_s:
            return self._blocked_until_s - now_s
        left = self._left
        while left and now_s - left[0] >= SPAN_S:
            left.popleft()
        most = self._max if urgent else self._free_max
        if len(left) < most:
            left.append(now_s)
            return 0.0
        return max(0.001, left[len(left) - most] + SPAN_S - now_s)

    def refused(self, now_s: float, wait_s: float | None) -> None:
        """Let nothing leave for a while: the server has counted more than we have."""
        pause_s = BACK_OFF_S if wait_s is None else min(max(wait_s, BACK_OFF_S), BACK_OFF_S_MAX)
        self._blocked_until_s = max(self._blocked_until_s, now_s + pause_s)
