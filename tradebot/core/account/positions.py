"""Net positions, folded from executions."""

from decimal import Decimal

import msgspec

from tradebot.core.inputs import Execution, OrderSide
from tradebot.core.market.instruments import NetKey

_NOTHING = Decimal(0)
# A broker's books are at most so old.
LAG_NS_MAX = 10_000_000_000


class Left(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a position came to be flat when its last trade was over; nothing has executed since."""

    side: OrderSide  # of the orders that left it
    trade_id: str  # whose exit left it; empty: others did
    at_ns: int  # when, by our clock


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The net of one key: what all executions on it add up to.

    ``cost`` is the signed sum of quantity times price of what is open, so the average is
    derived and an addition to a short needs no special case.
    """

    key: NetKey
    quantity: Decimal = Decimal(0)  # signed units: long > 0, short < 0
    cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)  # gross, in points times units
    moved_at_ns: int = 0  # of its newest execution
    opened_ns: int = 0  # of the execution that opened it; 0: more is in it than we have seen
    corrected_at_ns: int = 0  # when the broker's net last replaced our fold
    included_ns: int = 0  # what executed before this was surely in that net
    # Units that may not be there: of executions that were folded since, and may have been in
    # that net already, and of orders that a person has seen filled.
    unsure_bought: Decimal = Decimal(0)
    unsure_sold: Decimal = Decimal(0)
    left: Left | None = None  # None: something is held, or no trade was there
    version: int = 0

    @property
    def average(self) -> Decimal | None:
        """The average entry price; a flat position has none."""
        return self.cost / self.quantity if self.quantity else None

    def held_for(self, side: OrderSide) -> Decimal:
        """Return the units that orders of a side can take and leave nothing on the other side.

        Without those that may be counted twice: to ask again costs a moment, to sell what
        is not there opens the other side.
        """
        unsure = self.unsure_sold if side is OrderSide.BUY else self.unsure_bought
        return max(_NOTHING, -side.sign * self.quantity - unsure)


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing is sent on a position whose books do not agree; replaced as a whole."""

    why: str
    since_ns: int
    agreed_since_ns: int | None = None  # the first of the reads in a row that were ours
    say_at_ns: int  # when a person is told again
    ask_at_ns: int = 0  # when the broker's net is asked for again


def folded(position: Position, execution: Execution) -> Position:
    """Return the position after one execution: add, reduce, or cross through zero."""
    if execution.at_ns <= position.corrected_at_ns:
        position = _unsure(position, execution)
    quantity = execution.side.sign * execution.quantity
    price, held = execution.price, position.quantity
    net = held + quantity
    if held * quantity >= 0:
        cost, gain = position.cost + quantity * price, _NOTHING
    else:
        closing = min(abs(quantity), abs(held)) * (1 if quantity > 0 else -1)
        released = position.cost * closing / held  # signed like -cost: what that part had cost
        gain = -(closing * price) + released
        opening = quantity - closing
        cost = opening * price if opening else position.cost + released
    if not net:
        cost = _NOTHING  # flat is flat: no rest of a division survives it
    opened_ns = position.opened_ns if held * net > 0 else execution.at_ns if net else 0
    return msgspec.structs.replace(
        position,
        quantity=net,
        cost=cost,
        realized=position.realized + gain,
        moved_at_ns=max(position.moved_at_ns, execution.at_ns),
        opened_ns=opened_ns,
        left=None,
        version=position.version + 1,
    )


def corrected(position: Position, net: Decimal, *, asked_at_ns: int, at_ns: int) -> Position:
    """Return the position at the broker's net, where that is not our fold's.

    The average stays, because the broker's net says nothing of a price.
    """
    average = position.average or Decimal(0)
    return msgspec.structs.replace(
        position,
        quantity=net,
        cost=average * net,
        corrected_at_ns=at_ns,
        opened_ns=0,
        included_ns=asked_at_ns - LAG_NS_MAX,
        unsure_bought=_NOTHING,
        unsure_sold=_NOTHING,
        left=None if net else position.left,
        version=position.version + 1,
    )


def left_flat(position: Position, left: Left) -> Position:
    """Return a flat position whose last trade is over."""
    return msgspec.structs.replace(position, left=left, version=position.version + 1)


def doubted(position: Position, side: OrderSide, units: Decimal, at_ns: int) -> Position:
    """Return the position with units that an order of a side may have taken, untold.

    As after an execution, a net that is read soon may be older than that.
    """
    bought, sold = position.unsure_bought, position.unsure_sold
    if side is OrderSide.SELL:
        bought += units
    else:
        sold += units
    return msgspec.structs.replace(
        position,
        unsure_bought=bought,
        unsure_sold=sold,
        moved_at_ns=max(position.moved_at_ns, at_ns),
        version=position.version + 1,
    )


def agreed(position: Position) -> Position:
    """Return the position after the broker's net was our fold's: nothing counts twice in it."""
    if not (position.unsure_bought or position.unsure_sold):
        return position
    return msgspec.structs.replace(
        position,
        unsure_bought=_NOTHING,
        unsure_sold=_NOTHING,
        version=position.version + 1,
    )


def _unsure(position: Position, execution: Execution) -> Position:
    """Return the position with the units of an execution noted as ones that may count twice."""
    if execution.side is OrderSide.BUY:
        bought = position.unsure_bought + execution.quantity
        return msgspec.structs.replace(position, unsure_bought=bought)
    sold = position.unsure_sold + execution.quantity
    return msgspec.structs.replace(position, unsure_sold=sold)
