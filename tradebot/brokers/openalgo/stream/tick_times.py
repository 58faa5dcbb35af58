"""Whether a tick is a trade of now, as far as the tick can be believed."""

from tradebot.brokers.openalgo.wire.times import epoch_ns
from tradebot.brokers.openalgo.wire.values import Number

FRESH_NS = 60_000_000_000


class TickTimes:
    """Tells a price that trades now from the last one of an earlier hour or day.

    [W] ``ltt``, the time of the last trade, is seconds, milliseconds, text or absent, and
    of whichever zone; ``timestamp`` is only the time at which the proxy passed it on. What
    can be relied on is that ``ltt`` or the price changes with a trade. So a tick happened
    when it came, unless its ``ltt`` is old and nothing else was seen before: then it is a
    picture of the past, sent because we have just subscribed ([I #1638] of weeks ago), and
    says nothing of the price now.
    """

    def __init__(self) -> None:
        """Start without a tick."""
        # The old time, and its price, of each that has shown no other one.
        self._last: dict[str, tuple[int, float]] = {}

    def is_past(self, name: str, ltt: Number, ltp: float, now_ns: int) -> bool:
        """Whether a tick that came now is such a picture."""
        if ltt is None:
            return False
        stated_ns = epoch_ns(ltt)
        if stated_ns is None or stated_ns >= now_ns - FRESH_NS:
            return False
        return self._last.setdefault(name, (stated_ns, ltp)) == (stated_ns, ltp)
