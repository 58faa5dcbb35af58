"""Exact numbers, and rounding to the tick named by its direction."""

from decimal import Decimal
from functools import lru_cache

NO_UNITS = Decimal(0)


# One price is judged for many trades and stays the best for many ticks: making the text
# of a float takes ten times as long as finding it here. An int is not its float.
@lru_cache(maxsize=4096, typed=True)
def exact(price: float) -> Decimal:
    """Return the decimal text of a float price as a ``Decimal``.

    A feed's ``812.05`` arrives as the nearest double; its shortest text is again
    ``812.05``, so no digit that the exchange did not send enters the arithmetic.
    """
    return Decimal(repr(price))


def tick_at_or_below(value: Decimal, tick_size: Decimal) -> Decimal:
    """Return the highest multiple of ``tick_size`` that is not above ``value``."""
    count, rest = divmod(value, tick_size)
    if rest < 0:  # Decimal division truncates towards zero; a floor is wanted
        count -= 1
    return count * tick_size


def tick_at_or_above(value: Decimal, tick_size: Decimal) -> Decimal:
    """Return the lowest multiple of ``tick_size`` that is not below ``value``."""
    count, rest = divmod(value, tick_size)
    if rest > 0:
        count += 1
    return count * tick_size


def plain(value: Decimal) -> str:
    """Return ``value`` as text without exponent or trailing zeros: ``"812.5"``, ``"100"``."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
