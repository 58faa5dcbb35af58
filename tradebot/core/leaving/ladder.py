"""The steps of an exit that the market leaves behind: ever further, until it is filled.

"Market" is often a limit: brokers turn it into a band around a price that may be old, and
on a wide spread such an order rests. So an order that is not filled in time is cancelled,
and what is left of it goes out again at the price of the next step.
"""

from decimal import Decimal

import msgspec

from tradebot.core.guard.trades import Side
from tradebot.core.market.instruments import Instrument
from tradebot.core.money import tick_at_or_above, tick_at_or_below
from tradebot.errors import InputError

FORMS = '"touch", "touch+3%" (that far through the other side\'s best price) or "band"'
# Where no circuit band is known: as far as exchanges let an order run from the last price.
BAND_PERCENT = Decimal(10)


class Rung(msgspec.Struct, frozen=True):
    """One step: how far through the other side's best price; None: to the circuit band."""

    percent: Decimal | None


def parse_rung(text: str, field: str) -> Rung:
    """Read a step as people write it.

    Raises:
        InputError: it is none.
    """
    if text == "band":
        return Rung(None)
    number = text.removeprefix("touch").removeprefix("+").removesuffix("%")
    if text == "touch":
        return Rung(Decimal(0))
    is_number = number.replace(".", "", 1).isdecimal() and number.isascii()
    if text != f"touch+{number}%" or not is_number or not 0 < Decimal(number) <= BAND_PERCENT:
        raise InputError(field, f"{text!r} is no step: must be {FORMS}, at most {BAND_PERCENT} %")
    return Rung(Decimal(number))


def limit_price(rung: Rung, side: Side, touch: Decimal, instrument: Instrument) -> Decimal:
    """Return the price of an order that leaves a trade, at a step of the ladder.

    It is on the instrument's ticks and inside its band. ``touch`` is the best price of the
    other side: the bid for a sale, which leaves a long trade, the ask for a purchase.
    """
    low, high = instrument.price_low, instrument.price_high
    percent = BAND_PERCENT if rung.percent is None else rung.percent
    if side is Side.LONG:
        if rung.percent is None and low is not None:
            return low
        price = tick_at_or_below(touch * (100 - percent) / 100, instrument.tick_size)
        return max(price, low if low is not None else instrument.tick_size)
    if rung.percent is None and high is not None:
        return high
    price = tick_at_or_above(touch * (100 + percent) / 100, instrument.tick_size)
    return price if high is None else min(price, high)
