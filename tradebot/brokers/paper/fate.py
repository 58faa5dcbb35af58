"""What becomes of one paper order: drawn once, from the seed and the order's name."""

from decimal import Decimal
from itertools import pairwise
from random import Random

import msgspec

from tradebot.core.inputs import OrderState

_PART_GAP_NS = (50_000_000, 400_000_000)  # between the executions of one order
_REST_CANCELLED = 1 / 3  # of the orders that fill in parts


class Chances(msgspec.Struct, frozen=True, kw_only=True):
    """How kind the paper exchange is. Shares are of orders, from 0 to 1."""

    seed: int = 1
    latency_ns: int = 20_000_000  # from acceptance to the first execution
    partial_fills: float = 0.0
    rejects: float = 0.0  # half before acceptance, half after it
    lose_replies: float = 0.0  # the order acts, the answer is Unknown
    lose_requests: float = 0.0  # the order never acts, the answer is Unknown


class Step(msgspec.Struct, frozen=True):
    """One thing that happens to an accepted order, once."""

    after_ns: int  # after the step before it
    quantity: Decimal  # units that execute; 0: none
    state: OrderState  # of the order, from then on


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """All that will happen, known when the request is made."""

    request_lost: bool
    reply_lost: bool
    refused: bool
    steps: tuple[Step, ...]  # the last one is final


def fate_of(name: str, quantity: Decimal, lot_size: Decimal, chances: Chances) -> Fate:
    """Draw the fate of the order ``name``; the same name meets the same fate again.

    Every chance is drawn whether it is needed or not, so that changing one share leaves
    the rest of a run as it was.
    """
    drawn = Random(f"{chances.seed}/{name}")
    request_lost = drawn.random() < chances.lose_requests
    reply_lost = drawn.random() < chances.lose_replies
    rejected = drawn.random() < chances.rejects
    before_acceptance = drawn.random() < 1 / 2
    in_parts = drawn.random() < chances.partial_fills
    steps: tuple[Step, ...] = (Step(chances.latency_ns, quantity, OrderState.COMPLETE),)
    lots = int(quantity // lot_size)
    if rejected:
        steps = (Step(chances.latency_ns, Decimal(0), OrderState.REJECTED),)
    elif in_parts and lots > 1:
        steps = _parts(drawn, lots, lot_size, chances.latency_ns)
    return Fate(
        request_lost=request_lost,
        reply_lost=reply_lost,
        refused=rejected and before_acceptance,
        steps=steps,
    )


def _parts(drawn: Random, lots: int, lot_size: Decimal, latency_ns: int) -> tuple[Step, ...]:
    """Cut an order into two or three executions; now and then the last is cancelled instead."""
    count = min(lots, drawn.choice((2, 3)))
    cuts = [0, *sorted(drawn.sample(range(1, lots), count - 1)), lots]
    steps = [
        Step(
            drawn.randint(*_PART_GAP_NS) if number else latency_ns,
            (upper - lower) * lot_size,
            OrderState.COMPLETE if upper == lots else OrderState.OPEN,
        )
        for number, (lower, upper) in enumerate(pairwise(cuts))
    ]
    if drawn.random() < _REST_CANCELLED:
        steps[-1] = Step(steps[-1].after_ns, Decimal(0), OrderState.CANCELLED)
    return tuple(steps)
