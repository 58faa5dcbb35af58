"""How long to wait before the next connection: longer each time, and not all at once."""

FIRST_S = 0.5
LONGEST_S = 60.0
# Where nobody was reached, nobody was asked to log in at a broker: to call again costs nothing,
# and a server that is back is to be found within a second.
AWAY_S = 1.0
_DOUBLINGS_MAX = 16


def pause_s(attempt: int, drawn: float, *, was_reached: bool = True) -> float:
    """Return the pause before a further attempt.

    Args:
        attempt: how many have failed in a row before it, from 0.
        drawn: a random number from 0 to 1: clients that lost the server together must not
            come back together.
        was_reached: whether there was a connection at all.
    """
    full_s = min(
        LONGEST_S if was_reached else AWAY_S, FIRST_S * (1 << min(attempt, _DOUBLINGS_MAX))
    )
    return full_s * (0.5 + drawn / 2)
