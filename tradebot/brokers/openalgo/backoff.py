"""How long to wait before the next connection: longer each time, and not all at once."""

FIRST_S = 0.5
LONGEST_S = 60.0
_DOUBLINGS_MAX = 16


def pause_s(attempt: int, drawn: float) -> float:
    """Return the pause before a further attempt.

    Args:
        attempt: how many have failed in a row before it, from 0.
        drawn: a random number from 0 to 1: clients that lost the server together must not
            come back together.
    """
    full_s = min(LONGEST_S, FIRST_S * (1 << min(attempt, _DOUBLINGS_MAX)))
    return full_s * (0.5 + drawn / 2)
