"""Every switch of the server as a storm turns it: one after another, and many together."""

from random import Random

import msgspec

from tests.openalgo.faults import Fault, Rule, Switchboard
from tests.openalgo.unkind import WORLD

# Longer than the client waits, shorter than the hold of the configuration: see ``SCALE``.
LATE_S = (1.0, 60.0)
MORE = (
    Rule(fault=Fault.NO_PLUGIN, endpoint="positionbook"),
    Rule(fault=Fault.BROKER_STATUS, value=503),
    Rule(fault=Fault.HANGS, endpoint="multiquotes"),
    Rule(fault=Fault.HANGS, endpoint="orderstatus"),
    Rule(fault=Fault.CUT, acts_after_s=0.0),
    Rule(fault=Fault.GARBAGE, endpoint="placeorder"),
    Rule(fault=Fault.FILLS_NEVER),
    Rule(fault=Fault.FILLS_A_PART),
    Rule(fault=Fault.BOOK_STANDS, endpoint="orderstatus"),
    Rule(fault=Fault.BOOK_STANDS, endpoint="positionbook"),
    Rule(fault=Fault.BOOK_LAGS, endpoint="tradebook", value=60.0),
    Rule(fault=Fault.BOOK_SHRUNK, endpoint="tradebook", value=3),
    Rule(fault=Fault.ROWS_TELL_FILLS),
    Rule(fault=Fault.ONE_ROW_AN_ORDER),
    Rule(fault=Fault.UNFILLED_ROWS),
    Rule(fault=Fault.QUOTE_STANDS),
    Rule(fault=Fault.HANDSHAKE_REFUSED),
    Rule(fault=Fault.HANDSHAKE_HANGS, value=120.0),
    Rule(fault=Fault.AUTH_REFUSED),
    Rule(fault=Fault.ACTION_FAILS, value="BROKER_ERROR"),
    Rule(fault=Fault.ACTION_FAILS, endpoint="subscribe"),
    Rule(fault=Fault.ACTION_UNANSWERED, endpoint="subscribe"),
    Rule(fault=Fault.SUBSCRIBE_DEAF),
    Rule(fault=Fault.TICKS_MUTED),
    Rule(fault=Fault.TICK_ALIEN, value=25_980.0),
    Rule(fault=Fault.TICK_ALIEN, value=1.5),
    Rule(fault=Fault.TICK_TIMES, value="text"),
    Rule(fault=Fault.TICK_TIMES, value="old"),
    Rule(fault=Fault.TICK_TIMES, value="absent"),
    Rule(fault=Fault.SLOW_READER, value=10.0),
)
ALL = (*WORLD, *MORE)
# A refused key shuts the adapter for half a minute: an event of its own, like a logout.
APART = {Fault.NO_SESSION}
_RATES_MAX = {
    Fault.TICK_ALIEN: 0.05,  # one that comes often would confirm itself, as a true jump does
    Fault.SLOW_READER: 0.005,  # of each tick: more, and the proxy never catches up
}


def drawn(rng: Random, *, worst: float = 0.25) -> list[Rule]:
    """Return about a third of the world, each fault with a rate of its own."""
    return [_at(rule, rng.random() * worst) for rule in ALL if rng.random() < 0.33]


def alone(rule: Rule, rng: Random) -> list[Rule]:
    """Return one fault at its worst."""
    return [_at(rule, 0.2 + rng.random() * 0.6)]


def turn(faults: Switchboard, rules: list[Rule]) -> None:
    """Let these faults take the place of what was on."""
    faults.clear()
    for rule in rules:
        faults.add(rule)


def _at(rule: Rule, rate: float) -> Rule:
    late = LATE_S if isinstance(rule.acts_after_s, tuple) else rule.acts_after_s
    rate = min(rate, _RATES_MAX.get(rule.fault, 1.0))
    return msgspec.structs.replace(rule, rate=rate, acts_after_s=late, hits=0, stood={})
