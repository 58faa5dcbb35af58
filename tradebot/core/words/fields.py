"""Reading the keys of a JSON object that a person or a program wrote.

Each function names the key, the value and what is allowed when it refuses, and bounds
what it repeats: the object may be hostile.
"""

import enum
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import TypeVar

from tradebot.core.words.did_you_mean import hint, shown, tidy_key
from tradebot.errors import InputError

NUMBER_MAX = Decimal(10**15)
DECIMALS_MAX = 18

_NUMBER = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,18})?")
_NUMBER_ALLOWED = f"a number above 0, at most 1e15, with at most {DECIMALS_MAX} decimals"
_TIMES_AND_LEVELS_LENGTH_MAX = 40

Json = dict[str, object]
_Word = TypeVar("_Word", bound=enum.StrEnum)


def json_object(
    value: object,
    keys: Collection[str],
    what: str,
    *,
    prefix: str = "",
    meanings: Mapping[str, str] | None = None,
) -> Json:
    """Return the object without its nulls: a key that is null is a key left out.

    Raises:
        InputError: it is no object, or has a key that is not among ``keys``.
    """
    if not isinstance(value, Mapping):
        raise wrong(prefix.rstrip(".") or what, value, f"an object with {', '.join(keys)}")
    for key in value:
        if key not in keys:
            field = prefix + tidy_key(str(key))
            guess = hint(str(key), keys, meanings)
            article = "an" if what[0] in "aeiou" else "a"
            raise InputError(field, f"{field} is no key of {article} {what}; {guess}")
    return {key: item for key, item in value.items() if item is not None}


def required(words: Json, key: str, prefix: str = "") -> object:
    """Return the value of a key that must be there."""
    if key not in words:
        raise InputError(f"{prefix}{key}", f"{prefix}{key} is missing")
    return words[key]


def text(
    words: Json,
    key: str,
    *,
    default: str | None = None,
    length_min: int = 1,
    length_max: int = 64,
) -> str:
    """Return a printable text; without a default it must be there."""
    value = required(words, key) if default is None else words.get(key, default)
    if isinstance(value, str) and length_min <= len(value) <= length_max and _is_tidy(value):
        return value
    allowed = f"{length_min} to {length_max} printable characters, no space around them"
    raise wrong(key, value, allowed)


def word(
    words: Json,
    key: str,
    kind: type[_Word],
    *,
    default: _Word | None = None,
    meanings: Mapping[str, str] | None = None,
) -> _Word:
    """Return one of the words that ``kind`` lists; without a default it must be there."""
    value = required(words, key) if default is None else words.get(key, default)
    allowed = [member.value for member in kind]
    if isinstance(value, str) and value in allowed:
        return kind(value)
    guess = hint(value, allowed, meanings) if isinstance(value, str) else hint("", allowed)
    raise InputError(key, f"{key} = {shown(value)} is not known; {guess}")


def number(words: Json, key: str, prefix: str = "") -> Decimal | None:
    """Return an exact number above 0; a float enters through its shortest text."""
    if (value := words.get(key)) is None:
        return None
    exact: Decimal | None = None
    match value:
        case bool():
            pass
        case str() if _NUMBER.fullmatch(value):
            exact = Decimal(value)
        case int() if 0 < value <= NUMBER_MAX:
            exact = Decimal(value)
        case float():
            exact = Decimal(repr(value))
        case Decimal():
            exact = value
    if exact is None or not _is_fit(exact):
        raise wrong(f"{prefix}{key}", value, _NUMBER_ALLOWED)
    return Decimal(format(exact, "f"))  # 1E+3 and 1000 are one number: keep one text of it


def repeatable(value: object) -> object:
    """Return a value whose ``repr`` may stand in a message, whatever was sent."""
    fits = isinstance(value, str) and len(value) <= _TIMES_AND_LEVELS_LENGTH_MAX
    return value if fits else _Shown(value)


def wrong(field: str, value: object, allowed: str) -> InputError:
    """Return the error that names the key, the value and what is allowed."""
    return InputError(field, f"{field} = {shown(value)}: must be {allowed}")


def _is_tidy(value: str) -> bool:
    # A line break in a name would forge a line of the log.
    return value.isprintable() and value == value.strip()


def _is_fit(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent  # a letter, of what is not finite
    return isinstance(exponent, int) and exponent >= -DECIMALS_MAX and 0 < value <= NUMBER_MAX


class _Shown:
    """Something that is no level and no time, whose picture is bounded."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        return shown(self._value)
