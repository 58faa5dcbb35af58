"""Levels and times as people write them: "1.5%", "12.5pts", "@812.5", "45m", "15:10"."""

import enum
import re
from decimal import Decimal

import msgspec

from tradebot.errors import InputError

FORMS = '"1.5%" (percent), "12.5pts" (distance per unit) or "@812.5" (a price)'

# re.ASCII: ``\d`` would read the digits of every script.
_LEVEL = re.compile(r"(@?)(\d{1,15}(?:\.\d{1,15})?)(%|pts)?", re.ASCII)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_NS_OF = {
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}


class Unit(enum.StrEnum):
    """What the number of a level counts."""

    PERCENT = "%"
    POINTS = "pts"
    PRICE = "@"

    def __init__(self, text: str) -> None:
        """Know what it is: a member finds that out faster than its class finds a member."""
        self.is_percent = text == "%"
        self.is_price = text == "@"


class Level(msgspec.Struct, frozen=True, gc=False):
    """One level as written; what it means depends on the rule that holds it."""

    unit: Unit
    value: Decimal  # percent, points or price, by ``unit``; never negative

    def __str__(self) -> str:
        """Return the text that parses back to this level."""
        number = format(self.value, "f")
        return f"@{number}" if self.unit.is_price else f"{number}{self.unit}"

    def distance(self, of: Decimal) -> Decimal:
        """Return this level as a price distance; a percent is taken of ``of``."""
        assert not self.unit.is_price, f"{self} is a price, not a distance"
        return of * self.value / 100 if self.unit.is_percent else self.value


def parse_level(text: object, field: str, *, price_allowed: bool = True) -> Level:
    """Read a level.

    Raises:
        InputError: anything but the three forms, a bare number above all: ``stop = 2``
            has been read as percent, points and price by three programs.
    """
    forms = FORMS if price_allowed else FORMS.rpartition(" or ")[0].replace(", ", " or ")
    if isinstance(text, str) and (match := _LEVEL.fullmatch(text.strip())):
        at, number, unit = match.groups()
        if at and unit is None and price_allowed:
            return Level(Unit.PRICE, Decimal(number))
        if not at and unit is not None:
            return Level(Unit(unit), Decimal(number))
    message = f"{field} = {text!r} is not a level; write {forms}"
    raise InputError(field, message)


def parse_duration_ns(text: object, field: str) -> int:
    """Read ``"250ms"``, ``"30s"``, ``"45m"``, ``"2h"`` or ``"1d"`` as nanoseconds.

    Raises:
        InputError: anything else.
    """
    if isinstance(text, str) and (match := _DURATION.fullmatch(text.strip())):
        return int(Decimal(match[1]) * _NS_OF[match[2]])
    message = f'{field} = {text!r} is not a duration; write "250ms", "30s", "45m", "2h" or "1d"'
    raise InputError(field, message)


def parse_clock_minutes(text: object, field: str) -> int:
    """Read a time of day ``"HH:MM"`` as minutes after midnight in the exchange's zone.

    Raises:
        InputError: anything else.
    """
    if isinstance(text, str) and (match := _CLOCK.fullmatch(text.strip())):
        return int(match[1]) * 60 + int(match[2])
    message = f'{field} = {text!r} is not a time of day; write "HH:MM", "00:00" to "23:59"'
    raise InputError(field, message)
