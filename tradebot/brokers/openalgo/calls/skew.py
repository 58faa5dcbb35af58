"""How far the server's clock is from ours, as far as the headers of its answers tell."""

from email.utils import parsedate_to_datetime

import msgspec

_SECOND_NS = 1_000_000_000


class Offset(msgspec.Struct, frozen=True):
    """Between which bounds the server's clock is ahead of ours; below 0 it is behind."""

    least_ns: int
    most_ns: int

    @property
    def surely_ns(self) -> int:
        """What is sure of it, towards 0: 0 where both clocks may show the same."""
        if self.least_ns > 0:
            return self.least_ns
        return min(0, self.most_ns)


class Skew:
    """Learns from each answer. Nothing is ever timed by that clock: it is told, and no more.

    RFC 9110 section 6.6.1: a Date is a whole second, so a single one says no more than that
    the server's clock stood within that second at some time between sending and receiving.
    What several say together is narrower than each.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self.offset: Offset | None = None
        self.round_trip_ns: int | None = None  # the shortest seen, by the monotonic clock

    def heard(self, date: str, sent_ns: int, took_ns: int) -> None:
        """Take an answer's Date.

        Args:
            date: the header's text; one that is no time says nothing.
            sent_ns: when the request left, by our clock.
            took_ns: how long the answer took, by the monotonic clock.
        """
        if self.round_trip_ns is None or took_ns < self.round_trip_ns:
            self.round_trip_ns = took_ns
        try:
            said_ns = int(parsedate_to_datetime(date).timestamp()) * _SECOND_NS
        except (ValueError, TypeError, OverflowError, OSError):
            return
        found = Offset(said_ns - sent_ns - took_ns, said_ns + _SECOND_NS - sent_ns)
        was = self.offset
        if was is not None and found.least_ns <= was.most_ns and was.least_ns <= found.most_ns:
            found = Offset(max(was.least_ns, found.least_ns), min(was.most_ns, found.most_ns))
        self.offset = found  # where they exclude each other, a clock was set: the newer counts
