"""When the price of a tick was traded, as far as the tick can be believed."""

from tradebot.brokers.openalgo.wire.times import epoch_ns
from tradebot.brokers.openalgo.wire.values import Number

FRESH_NS = 60_000_000_000


class TickTimes:
    """Tells a price that trades now from the last one of an earlier day.

    [W] ``ltt``, the time of the last trade, is seconds, milliseconds, text or absent, and
    of whichever zone; ``timestamp`` is only the time at which the proxy passed it on. What
    can be relied on is that ``ltt`` changes with a trade. So a tick happened when it came,
    unless its ``ltt`` is old and no other one was seen before: then it is a picture of the
    past, sent because we have just subscribed, and is told with the time that it states.
    """

    def __init__(self) -> None:
        """Start without a tick."""
        self._last: dict[str, int] = {}  # the old time of each that has shown no other one

    def at_ns(self, name: str, ltt: Number, now_ns: int) -> int:
        """Return the time of a tick that came now."""
        stated_ns = epoch_ns(ltt)
        if stated_ns is None or stated_ns >= now_ns - FRESH_NS:
            return now_ns
        seen_ns = self._last.setdefault(name, stated_ns)
        return stated_ns if stated_ns == seen_ns else now_ns
