"""What a refusal says of the next attempt: the same order again, or one of another kind.

At a broker that takes no order at the market, or none so far from it, the same order would be
refused for ever. Where it says so, the next step of the ladder is tried at once; after the
last one the first again, as the last may lie beyond what is taken today. Most say nothing of
a rejection [S: two plugins of 36 do]: then the next attempt is of the next kind too, after its
pause, and a market order is one of them.
"""

import re

import msgspec

from tradebot.core.leaving.exit import Exit, State

# Said of orders at the market, and of prices that are too far away. Of margin, holdings and
# quantities another price would change nothing.
_ANOTHER_KIND = re.compile(
    r"market orders?\b.*\b(?:not|blocked|disallowed|restricted|prohibited|without)\b"
    r"|(?:not|dis) ?(?:allowed|permitted).{0,60}\bmarket orders?\b"
    r"|\b(?:only|use|place|try)\b.{0,20}\blimit orders?\b"
    r"|execution range|circuit|price (?:band|range)|\blpp\b|limit price protection"
    r"|(?:price|order).{0,40}\b(?:out of|outside|beyond|not within)\b.{0,40}\b(?:range|band)\b",
    re.IGNORECASE,
)


def stepped(exit_: Exit, said: str, rungs: int, at_ns: int) -> Exit:
    """Return an exit whose order was refused, at the step of its next attempt.

    Args:
        exit_: what the refusal has made of it.
        said: the broker's words; empty: it says none.
        rungs: the steps of the ladder; 0: there is none.
        at_ns: now, by our clock.
    """
    if exit_.state is not State.RETRY_WAIT or not rungs:
        return exit_
    step = min(exit_.step, rungs)
    if not said:
        return msgspec.structs.replace(exit_, step=(step + 1) % (rungs + 1))
    if not _ANOTHER_KIND.search(said):
        return exit_
    # One round of all kinds, and then a pause: what is not taken now may be in a while. What was in
    # vain before the round holds none of it up.
    tries = exit_.tries if exit_.step else 1
    due_at_ns = at_ns if tries % (rungs + 1) else exit_.due_at_ns
    changes = {"step": step % rungs + 1, "tries": tries, "due_at_ns": due_at_ns}
    return msgspec.structs.replace(exit_, **changes)
