"""What another close before the session makes of a gap: a corporate action, or nothing.

A split, a bonus, a dividend or a rights issue lowers the close that an exchange takes for the
session before, and the price begins near it. But the field is filled by a broker, and one that
is a day behind says a close of the day before: an ordinary price, from which a real fall looks
explained. The two are told apart by what a corporate action cannot do, by what a price cannot do
in a day, and by the closes that were seen here. A stop that rests in a crash costs more than one
that sells a share whose dividend is paid: so a doubt is a gap, where anything speaks for one.
"""

import enum

# Exchanges average the trades of the last half hour, so that a close is rarely the last price.
APART = 0.04
_SAME = 0.01  # two prices of one close: the exchange's, and the last one that was seen here

# Most shares may move by 20 % in a day, and so may be a close that is a day old: ours is at most
# 1.2 times it, or at least 0.8 times. 2 % are for a last price that is not the close.
_LOWEST_OF_A_DAY = 0.98 / 1.2
_HIGHEST_OF_A_DAY = 1.02 / 0.8


class Verdict(enum.Enum):
    """What a previous close that may not be ours makes of the price."""

    GAP = enum.auto()  # the price has moved: it is judged as it is
    ACTION = enum.auto()  # something was done to the share, and our levels are of another one
    UNSURE = enum.auto()  # an action would look so, and so would a close that is a day old


def are_apart(price: float, close: float) -> bool:
    """Whether a price is so far from a close that it may be a price of something else."""
    return abs(price - close) > APART * close


def verdict(ours: float, prev_close: float | None, price: float, earlier: float | None) -> Verdict:
    """Say what a quote's previous close makes of a price far from our own close.

    Args:
        ours: the last price of the session before, as it was seen here.
        prev_close: what the quote says instead; None: nothing.
        price: the last one of the same quote.
        earlier: our close of the session before ours; None: it was not seen.
    """
    # One that is the very price is none: there are brokers that fill the field with it.
    if prev_close is None or prev_close <= 0 or prev_close == price:
        return Verdict.GAP
    if not are_apart(prev_close, ours) or abs(price - prev_close) >= abs(price - ours):
        return Verdict.GAP
    if earlier is not None and abs(prev_close - earlier) <= _SAME * earlier:
        return Verdict.GAP  # it is a day old: we have seen that close ourselves
    ratio = prev_close / ours
    if not _LOWEST_OF_A_DAY < ratio < _HIGHEST_OF_A_DAY:
        return Verdict.ACTION
    if ratio > 1:
        return Verdict.GAP  # only a consolidation raises a close, and by half at the least
    if earlier is not None:
        return Verdict.ACTION
    return Verdict.GAP if are_apart(price, prev_close) else Verdict.UNSURE
