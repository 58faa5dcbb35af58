"""When a row of a book came to be, as far as can be known by our own clock."""

LAG_NS_MAX = 10_000_000_000  # a book may be so old when it is read
KEPT_NS = 2 * 24 * 3_600_000_000_000


class Sightings:
    """The time of each row of one book.

    What a row states is in the broker's zone, or in UTC, or the time of the reading. So it
    is believed only where it can be checked: between the last reading in which the row
    was missing and the one in which it appeared. All else happened when we first saw it,
    which is late, and late is the safe side: an order of ours that looked old would be
    taken for somebody else's, and sent again.
    """

    def __init__(self) -> None:
        """Start before the first reading."""
        self._since_ns: dict[str, int] = {}
        self._read_ns: int | None = None

    def at_ns(self, name: str, stated_ns: int | None, now_ns: int) -> int:
        """Return when the row of this name came, which is in a book read now."""
        known = self._since_ns.get(name)
        if known is not None:
            return known
        at_ns = now_ns
        if stated_ns is not None and self._read_ns is not None:
            earliest_ns = self._read_ns - LAG_NS_MAX
            at_ns = stated_ns if earliest_ns <= stated_ns <= now_ns else now_ns
        self._since_ns[name] = at_ns
        return at_ns

    def was_read(self, asked_ns: int) -> None:
        """Note that a whole book was asked for at this time; what it lacked came later."""
        self._read_ns = asked_ns
        oldest_ns = asked_ns - KEPT_NS
        if min(self._since_ns.values(), default=asked_ns) < oldest_ns:
            self._since_ns = {
                name: at_ns for name, at_ns in self._since_ns.items() if at_ns >= oldest_ns
            }
