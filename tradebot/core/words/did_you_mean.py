"""The word that a person most likely meant, and a bounded picture of what they wrote."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

_SHOWN_LENGTH_MAX = 60
_SHOWN_INTEGER_MAX = 10**18


def suggestion(
    word: str, known: Iterable[str], meanings: Mapping[str, str] | None = None
) -> str | None:
    """Return the known word that ``word`` most resembles; None: it resembles none.

    Args:
        word: what was written.
        known: what would have been right.
        meanings: words of other programs, in lower case, and what they are called here;
            ``sl`` is far from every word of ours and still means ``stop``.
    """
    low = word[:_SHOWN_LENGTH_MAX].casefold()
    choices = list(known)
    meant = (meanings or {}).get(low)
    if meant in choices:
        return meant
    ranked = sorted((_edits(low, choice.casefold()), choice) for choice in choices)
    # A third of the letters may be wrong: two letters resemble only themselves.
    return ranked[0][1] if ranked and ranked[0][0] <= (len(low) + 1) // 3 else None


def hint(word: str, known: Iterable[str], meanings: Mapping[str, str] | None = None) -> str:
    """Return ``did you mean "stop"?``, or all that is allowed where nothing resembles it."""
    choices = list(known)
    found = suggestion(word, choices, meanings)
    return f'did you mean "{found}"?' if found else f"allowed: {', '.join(choices)}"


def shown(value: object) -> str:
    """Return ``value`` for a message: on one line, never long, never failing."""
    match value:
        case str():
            short = len(value) <= _SHOWN_LENGTH_MAX
            return repr(value if short else f"{value[:_SHOWN_LENGTH_MAX]}...")
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case int() if abs(value) > _SHOWN_INTEGER_MAX:
            return "a number of more than 18 digits"  # repr() of a longer one may raise
        case Mapping():
            return "{...}"
        case list() | tuple():
            return "[...]"
        case Decimal():
            return str(value)[:_SHOWN_LENGTH_MAX]
        case dt.date() | dt.time():  # TOML has them, and writes them like this
            return value.isoformat()
        case _:
            return repr(value)[:_SHOWN_LENGTH_MAX]


def tidy_key(key: str) -> str:
    """Return a key for a message: as it is, unless it is long or would break the line."""
    return key if key.isprintable() and len(key) <= _SHOWN_LENGTH_MAX else shown(key)


def _edits(one: str, other: str) -> int:
    """Count the letters to insert, drop or change; two swapped neighbours count once."""
    older, row = [0], list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        oldest, older, row = older, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(older[j] + 1, row[j - 1] + 1, older[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, oldest[j - 2] + 1)
            row.append(cost)
    return row[-1]
