"""One thing that is asked for again until it is granted."""


class Wish:
    """When to ask; who is never answered asks ever more rarely."""

    def __init__(self, again_s: float, again_s_max: float) -> None:
        """Wish for nothing yet."""
        self._again_s = self._pause_s = again_s
        self._again_s_max = again_s_max
        self._due_s: float | None = None

    def begin(self) -> None:
        """Wish for it from now on."""
        self._due_s, self._pause_s = float("-inf"), self._again_s

    def granted(self) -> None:
        """Note that it was granted."""
        self._due_s = None

    def is_due(self, now_s: float) -> bool:
        """Whether to ask now, which counts as asked."""
        if self._due_s is None or now_s < self._due_s:
            return False
        self._due_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, self._again_s_max)
        return True
