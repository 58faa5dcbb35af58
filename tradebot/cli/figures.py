"""Numbers and times of the API as a person reads them in a terminal."""

from datetime import datetime

NONE = "–"
UP, DOWN = "▲", "▼"
DECIMALS_MIN = 2
DECIMALS_MAX = 8


def decimals_of(*prices: object) -> int:
    """Return how many decimals a row of prices needs, so that its columns stay still."""
    return min(DECIMALS_MAX, max((_decimals(value) for value in prices), default=DECIMALS_MIN))


def figure(value: object, decimals: int) -> str:
    """Return a number with thousands apart; None is a dash."""
    return f"{value:,.{decimals}f}" if isinstance(value, int | float) else NONE


def quantity(value: object) -> str:
    """Return units, without decimals that say nothing."""
    if not isinstance(value, int | float):
        return NONE
    return f"{value:,.8f}".rstrip("0").rstrip(".")


def gain(value: object) -> str:
    """Return money with sign and arrow, so that it reads without colour too."""
    if not isinstance(value, int | float):
        return NONE
    shown = round(value, 2)  # first: less than half a cent is neither gain nor loss
    arrow = f"{UP} " if shown > 0 else f"{DOWN} " if shown < 0 else ""
    return f"{arrow}{shown:+,.2f}" if shown else "0.00"


def way(ltp: object, level: object) -> str:
    """Return how far the LTP must move to reach a level, in percent of the LTP."""
    if not (isinstance(ltp, int | float) and isinstance(level, int | float) and ltp):
        return ""
    return f"{(level - ltp) / ltp * 100:+.2f}%"


def age(milliseconds: object) -> str:
    """Return an age: ``40 ms``, ``2.3 s``, ``5 min``, ``3 h``."""
    if not isinstance(milliseconds, int):
        return NONE
    if milliseconds < 1_000:  # noqa: PLR2004 - a second
        return f"{milliseconds} ms"
    if milliseconds < 60_000:  # noqa: PLR2004 - a minute
        return f"{milliseconds / 1_000:.1f} s"
    minutes = milliseconds // 60_000
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"  # noqa: PLR2004 - an hour


def duration(seconds: object) -> str:
    """Return a length of time: ``40 ms``, ``2.3 s``, ``5 min``, ``3 h``."""
    return age(round(seconds * 1_000)) if isinstance(seconds, int | float) else NONE


def local_time(text: object, form: str) -> str:
    """Return a time of the API in the zone of this machine."""
    if not isinstance(text, str):
        return NONE
    return datetime.fromisoformat(text).astimezone().strftime(form)


def _decimals(value: object) -> int:
    if not isinstance(value, float):
        return DECIMALS_MIN
    return max(DECIMALS_MIN, len(f"{value:.{DECIMALS_MAX}f}".rstrip("0").partition(".")[2]))
