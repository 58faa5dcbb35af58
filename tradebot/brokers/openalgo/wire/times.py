"""When something happened, in the many ways in which brokers write it."""

import datetime as dt
from functools import lru_cache

_INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))
_SECOND_NS = 1_000_000_000
_TEXT_LENGTH_MAX = 64
# The first power of ten that a present time has in this unit, and its nanoseconds.
_UNITS = ((10**17, 1), (10**14, 1_000), (10**11, 1_000_000), (10**8, _SECOND_NS))
_TIME_MAX = 10**20  # beyond it is no time that anybody lives to see
_FORMS = (
    *("%Y-%m-%d %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S"),
    *("%H:%M:%S %d-%m-%Y", "%Y-%m-%dT%H:%M:%S"),
)
_CLOCK = "%H:%M:%S"
# In India's time. By then all books are of the new day, and nothing trades before nine.
_DAY_BEGINS_NS = (8 * 60 + 30 - 330) * 60 * _SECOND_NS
_DAY_NS = 86_400 * _SECOND_NS


def trading_day(at_ns: int) -> int:
    """Return the number of the trading day that a time, nanoseconds UTC, belongs to."""
    return (at_ns - _DAY_BEGINS_NS) // _DAY_NS


def epoch_ns(value: float | str | None) -> int | None:
    """Return a count since 1970 as nanoseconds; its size tells its unit.

    [W] ``ltt`` of a tick is seconds, milliseconds, text or absent, as the plugin likes.
    """
    try:
        number = int(value or 0)
    except (ValueError, OverflowError):
        return None
    if number < _TIME_MAX:
        for least, unit in _UNITS:
            if number >= least:
                return number * unit
    return None


def stated_ns(text: str, now_ns: int) -> int | None:
    """Return the time that a row states, nanoseconds UTC; None: not understood.

    Without a zone it is India's. A clock alone is today's.
    """
    text = text.strip()
    if (count := epoch_ns(text)) is not None:
        return count
    at: dt.datetime | None
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        at = _by_form(text, now_ns)
    if at is None:
        return None
    zoned = at if at.tzinfo is not None else at.replace(tzinfo=_INDIA)
    return int(zoned.timestamp() * 1000) * 1_000_000


def _by_form(text: str, now_ns: int) -> dt.datetime | None:
    found = _read(text) if len(text) <= _TEXT_LENGTH_MAX else None
    if not isinstance(found, dt.time):
        return found
    today = dt.datetime.fromtimestamp(now_ns // _SECOND_NS, _INDIA).date()
    return dt.datetime.combine(today, found)


# A book has the same rows at each reading: to try every form on each again was four fifths of
# the time that a trade book of 400 rows took.
@lru_cache(maxsize=16_384)
def _read(text: str) -> dt.datetime | dt.time | None:
    for form in _FORMS:
        try:
            return dt.datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            continue
    try:
        return dt.datetime.strptime(text, _CLOCK).time()  # noqa: DTZ007 - as above
    except ValueError:
        return None
