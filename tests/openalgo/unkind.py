"""A whole world of faults, drawn from a seed: for soaks, where nobody switches by hand."""

from random import Random

import msgspec

from tests.openalgo.faults import Fault, Rule, Switchboard

LATE_S = (5.0, 60.0)  # how long a request may live on after its client has given up
WORLD = (
    Rule(fault=Fault.HANGS, endpoint="placeorder", acts_after_s=LATE_S),
    Rule(fault=Fault.HANGS, endpoint="placesmartorder", acts_after_s=LATE_S),
    Rule(fault=Fault.HANGS, endpoint="placeorder"),
    Rule(fault=Fault.HANGS, endpoint="positionbook"),
    Rule(fault=Fault.CUT, endpoint="placeorder", acts_after_s=0.0),
    Rule(fault=Fault.ERROR, endpoint="placesmartorder", acts_after_s=0.0),
    Rule(fault=Fault.ERROR, endpoint="placeorder"),
    Rule(fault=Fault.BAD_GATEWAY, acts_after_s=0.0),
    Rule(fault=Fault.GATEWAY_TIMEOUT, endpoint="placeorder", acts_after_s=LATE_S),
    Rule(fault=Fault.GARBAGE, endpoint="orderbook"),
    Rule(fault=Fault.LIMITED),
    Rule(fault=Fault.NULL_ORDER_ID),
    Rule(fault=Fault.NO_ORDER_ID),
    Rule(fault=Fault.REFUSED, endpoint="placeorder"),
    Rule(fault=Fault.SLOW, value=2.0),
    Rule(fault=Fault.REJECTED),
    Rule(fault=Fault.RESTS),
    Rule(fault=Fault.FILLS_SLOWLY, value=6.0),
    Rule(fault=Fault.FILLS_IN_PARTS, value=3),
    Rule(fault=Fault.PART_THEN_CANCELLED),
    Rule(fault=Fault.CANCEL_LOST),
    Rule(fault=Fault.CANCEL_SLOW, value=3.0),
    Rule(fault=Fault.CANCEL_REFUSED),
    Rule(fault=Fault.BOOK_FAILS),
    Rule(fault=Fault.BOOK_EMPTY, endpoint="positionbook"),
    Rule(fault=Fault.BOOK_EMPTY, endpoint="orderbook"),
    Rule(fault=Fault.BOOK_EMPTY, endpoint="placesmartorder"),
    Rule(fault=Fault.BOOK_SHRUNK, value=2),
    Rule(fault=Fault.BOOK_LAGS, value=5.0),
    Rule(fault=Fault.ROWS_DOUBLED),
    Rule(fault=Fault.STRINGS),
    Rule(fault=Fault.CLOSED_ROWS_GONE),
    Rule(fault=Fault.BARE_ROWS),
    Rule(fault=Fault.AVERAGE_ZERO),
    Rule(fault=Fault.RAW_STATUS),
    Rule(fault=Fault.POSITION_KEPT, value=1.0),
    Rule(fault=Fault.QUOTE_FAILS),
    Rule(fault=Fault.QUOTE_ZERO),
    Rule(fault=Fault.AUTH_SLOW, value=3.0),
    Rule(fault=Fault.SUBSCRIBE_FAILS),
    Rule(fault=Fault.TICK_LOST),
    Rule(fault=Fault.TICK_ZERO),
    Rule(fault=Fault.TICK_DOUBLED),
    Rule(fault=Fault.TICK_RICHER, value=3),
    Rule(fault=Fault.TICK_TIMES, value="s"),
    Rule(fault=Fault.LONE_TICKS_LOST),
    Rule(fault=Fault.UPDATES_LOST),
    Rule(fault=Fault.UPDATES_DOUBLED),
    Rule(fault=Fault.UPDATES_LATE, value=4.0),
)


def be_unkind(faults: Switchboard, seed: int, *, worst: float = 0.2) -> list[Rule]:
    """Switch about half of the world on, each fault with a rate of its own up to ``worst``."""
    rng = Random(seed)
    return [
        faults.add(msgspec.structs.replace(rule, rate=rng.random() * worst))
        for rule in WORLD
        if rng.random() < 0.5
    ]
