"""What can be traded: tick size, lot size, multiplier, and the key of a net position."""

import enum
import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec


class Kind(enum.StrEnum):
    """The class of an instrument; price gates and price sources default by it."""

    CASH = "cash"
    FUTURE = "future"
    OPTION = "option"
    PERPETUAL = "perpetual"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable symbol on one exchange."""

    exchange: str
    symbol: str
    kind: Kind = Kind.CASH
    tick_size: Decimal = Decimal("0.01")  # smallest price step, in quote currency
    lot_size: Decimal = Decimal(1)  # smallest tradable bundle, in units
    multiplier: Decimal = Decimal(1)  # money per point and unit
    freeze_quantity: Decimal | None = None  # largest quantity of one order, in units
    price_low: Decimal | None = None  # the broker's circuit band; None: not known
    price_high: Decimal | None = None
    guessed: bool = False  # by its name alone: nobody has described it

    @property
    def id(self) -> str:
        """The id that ticks carry: ``"NSE:SBIN"``."""
        return instrument_id(self.exchange, self.symbol)


# Bounds of what any exchange lists: beyond them exact arithmetic on prices comes to its end.
TICK_SIZE_MIN = Decimal("0.000000001")
TICK_SIZE_MAX = Decimal(1_000_000)
_UNITS_MAX = Decimal(10**12)


def wrong_with(instrument: Instrument) -> str | None:
    """Say why a description cannot be true; None: it may be.

    It is judged as a whole: where one figure is absurd, none of the others is believed.
    """
    tick, lot, freeze = instrument.tick_size, instrument.lot_size, instrument.freeze_quantity
    if not tick.is_finite() or not TICK_SIZE_MIN <= tick <= TICK_SIZE_MAX:
        return f"tick size {tick} is not between {TICK_SIZE_MIN:f} and {TICK_SIZE_MAX}"
    if not lot.is_finite() or not 0 < lot <= _UNITS_MAX:
        return f"lot size {lot} is not between 0 and {_UNITS_MAX}"
    if not instrument.multiplier.is_finite() or instrument.multiplier <= 0:
        return f"multiplier {instrument.multiplier} is not above 0"
    if freeze is not None and (not freeze.is_finite() or not lot <= freeze <= _UNITS_MAX):
        return f"freeze quantity {freeze} is not between its lot size {lot} and {_UNITS_MAX}"
    low, high = instrument.price_low, instrument.price_high
    if any(bound is not None and not bound.is_finite() for bound in (low, high)):
        return f"price band {low} to {high} has no bounds"
    if low is not None and high is not None and low > high:
        return f"price band {low} to {high} holds no price"
    return None


class NetKey(NamedTuple):
    """What the broker nets: one position per account, exchange, symbol and product."""

    account: str
    exchange: str
    symbol: str
    product: str

    @property
    def instrument(self) -> str:
        """The id of the instrument behind this position."""
        return instrument_id(self.exchange, self.symbol)


# Asked for a dozen times in the life of a trade; the same text is found, not made again.
@lru_cache(maxsize=4096)
def instrument_id(exchange: str, symbol: str) -> str:
    """Return the id of an instrument; exchanges hold no colon, so it reads back uniquely."""
    return f"{exchange}:{symbol}"


# OpenAlgo's names: NAME + DDMMMYY + STRIKE + CE/PE, NAME + DDMMMYY + FUT (docs: symbol format).
_OPTION = re.compile(r"\d{2}[A-Z]{3}\d{2}\d+(\.\d+)?(CE|PE)$")
_FUTURE = re.compile(r"\d{2}[A-Z]{3}\d{2}FUT$")


def kind_of(symbol: str) -> Kind:
    """Guess the class of a symbol that no instrument list describes, by its name."""
    if _OPTION.search(symbol):
        return Kind.OPTION
    if _FUTURE.search(symbol):
        return Kind.FUTURE
    if "PERP" in symbol:
        return Kind.PERPETUAL
    return Kind.CASH
