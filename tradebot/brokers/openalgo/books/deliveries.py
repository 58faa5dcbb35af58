"""What is held for delivery, put together from two books that may both tell of one sale.

A sale of what was held before today is a row below 0 in the position book. [S] The holdings stay as
they were at some brokers, and at others (zerodha) are without what was sold: 100 held and 40 sold
are -40 beside 100 or beside 60. So what there was when the day began is remembered, and the sales
of the position book are taken from that, whichever way the broker has it.
"""

from decimal import Decimal

from tradebot.brokers.openalgo.wire.positions import Place
from tradebot.brokers.openalgo.wire.times import trading_day
from tradebot.core.money import NO_UNITS


class Deliveries:
    """The holdings of each place when the day began, as far as they were seen before a sale."""

    def __init__(self) -> None:
        """Know none."""
        self._before: dict[Place, tuple[int, Decimal]] = {}  # the day, and the most of it

    def held(self, place: Place, today: Decimal, holdings: Decimal, now_ns: int) -> Decimal | None:
        """Return what is held; None: the books alone do not tell it.

        Nobody is short of a delivery.

        Args:
            place: where.
            today: its row of the position book.
            holdings: its row of the holdings.
            now_ns: the time of day.
        """
        day = trading_day(now_ns)
        of_day, most = self._before.get(place, (0, NO_UNITS))
        if today >= 0:
            # Not less than was seen of this day: a sale may be in the holdings first.
            self._before[place] = day, max(holdings, most) if of_day == day else holdings
            return today + holdings
        if place in self._before:
            return max(NO_UNITS, max(most, holdings) + today)
        # Where more was sold than is there, what was sold is in it no longer.
        return holdings if holdings + today < 0 else None
