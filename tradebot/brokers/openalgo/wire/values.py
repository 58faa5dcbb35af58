"""Numbers, names and sides as OpenAlgo writes them: half of them as text."""

import math
import re
from decimal import Decimal

from tradebot.core.inputs import OrderSide

Number = int | float | str | None  # [W] both kinds are sent, for the same field

NUMBER_MAX = Decimal(10**15)
MESSAGE_LENGTH_MAX = 200

_NUMBER = re.compile(r"[+-]?[0-9]{1,16}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
_ID_LENGTH_MAX = 64
# [S] what mappers make of an id that the broker did not give
_NO_ID = frozenset({"", "0", "null", "none", "nan"})


def decimal(value: Number) -> Decimal | None:
    """Return an exact number; None: it is none, or beyond all meaning."""
    match value:
        case str():
            text = value.strip().replace(",", "")
            if not _NUMBER.fullmatch(text):
                return None
            exact = Decimal(text)
        case int():
            exact = Decimal(value) if abs(value) <= NUMBER_MAX else NUMBER_MAX + 1
        case float() if math.isfinite(value):
            exact = Decimal(repr(value))
        case _:
            return None
    return exact if abs(exact) <= NUMBER_MAX else None


def units(value: Number) -> Decimal | None:
    """Return a signed quantity without trailing zeros; None: it is none."""
    exact = decimal(value)
    return None if exact is None else exact.normalize() + 0


def above_zero(value: Number) -> Decimal | None:
    """Return a number above 0; None for all else: 0 is what is sent for "not there"."""
    exact = decimal(value)
    return exact if exact is not None and exact > 0 else None


def price(value: Number) -> float | None:
    """Return a price that somebody may have paid; None for 0, less, NaN and what is no number.

    [W] 0 passes straight through the websocket; [S] 19 of 36 plugins fill it in for a
    price that they were not sent.
    """
    if value is None:
        return None
    if type(value) is not float:
        exact = decimal(value)
        if exact is None:
            return None
        value = float(exact)
    return value if 0.0 < value <= 1e15 else None  # noqa: PLR2004 - as NUMBER_MAX


def name(value: object) -> str | None:
    """Return an order's id as text; None where there is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**_ID_LENGTH_MAX else ""
    if not isinstance(value, str):
        return None
    text = value.strip()
    usable = text.isprintable() and len(text) <= _ID_LENGTH_MAX
    return text if usable and text.lower() not in _NO_ID else None


def side(value: object) -> OrderSide | None:
    """Return the side that an ``action`` names; None: no side."""
    text = value.strip().upper() if isinstance(value, str) else ""
    return OrderSide(text) if text in ("BUY", "SELL") else None


def code(value: str | None) -> str:
    """Return an exchange or a product as it is written everywhere else; empty: it is not told.

    [S] Plugins pass some of their broker's own words on, and not all of these write in capitals:
    "mis" in one book and "MIS" in another would be two positions.
    """
    return (value or "").strip().upper()


def tidy(text: str) -> str:
    """Return what a server said as one bounded, printable line."""
    line = "".join(char if char.isprintable() else " " for char in text[: 4 * MESSAGE_LENGTH_MAX])
    line = " ".join(line.split())
    return line if len(line) <= MESSAGE_LENGTH_MAX else f"{line[:MESSAGE_LENGTH_MAX]}..."
