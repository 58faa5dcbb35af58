"""One exit: a decision to leave a quantity of a trade, and how far it has come.

It is carried out by orders named ``T17-x1``, ``T17-x2``, ...; a name is never used for a
second order, so asking the broker for it always tells what became of that one request.
"""

import enum
from decimal import Decimal

import msgspec

from tradebot.core.guard.trades import Reason
from tradebot.core.inputs import OrderSide
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import NO_UNITS


class State(enum.StrEnum):
    """Where an exit stands. Unknown is a state, not an exception."""

    DECIDED = "DECIDED"  # never sent; also: the last order is settled and a rest remains
    SENDING = "SENDING"  # on disk, maybe on the wire; after a restart it means UNKNOWN
    UNKNOWN = "UNKNOWN"  # no clear answer: the broker is being asked
    WORKING = "WORKING"  # the broker has the order
    RETRY_WAIT = "RETRY_WAIT"  # nothing of ours is alive; the next attempt has a time
    CHECKING = "CHECKING"  # nothing seems held: the broker's net is being read
    DONE = "DONE"

    def __init__(self, text: str) -> None:
        """Know what it means: asked a dozen times for every exit."""
        # A request may be on the wire without an answer.
        self.is_in_doubt = text in ("SENDING", "UNKNOWN")
        self.is_alive = self.is_in_doubt or text == "WORKING"  # an order of it may still fill
        self.is_ready = text in ("DECIDED", "RETRY_WAIT")  # to send, once its time has come
        self.is_over = text == "DONE"


class Exit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One decision to leave, with the order that carries it out now."""

    trade_id: str
    number: int  # the trade's first, second, ... exit
    key: NetKey
    side: OrderSide
    quantity: Decimal  # decided
    reason: Reason
    decided_at_ns: int
    part: int | None = None  # the target's place in the rules; None: all of the trade
    state: State = State.DECIDED
    filled: Decimal = Decimal(0)  # of all its orders
    client_order_id: str | None = None  # the present or last order
    order_id: str | None = None  # the broker's name of it
    order_quantity: Decimal = Decimal(0)  # sent with it
    order_filled: Decimal = Decimal(0)
    order_final: Decimal | None = None  # filled, as a final report says; None: it may go on
    orders: tuple[str, ...] = ()  # the broker's names of all its orders so far
    sent_at_ns: int = 0  # when the present order was about to leave, by our clock
    known: tuple[str, ...] = ()  # orders that could be taken for it, and were there before
    limit: Decimal | None = None  # its price, else the last one before it left: never better
    held_ns: int = 0  # since when orders of others hold it back; 0: since its last fill none did
    opens_at_ns: int = 0  # when its exchange opens, as was told; 0: it never waited for that
    step: int = 0  # of the ladder: 0 is a market order
    cancels: int = 0  # requests to cancel the present order
    absences: int = 0  # whole order books in a row, read late enough, that lack it
    tries: int = 0  # requests in a row that brought nothing
    asks: int = 0  # questions in a row about this order, or about the net
    flat_reads: int = 0  # of the net, in a row
    flat_since_ns: int = 0  # the first of these
    due_at_ns: int = 0  # when to act again; UNKNOWN, WORKING, RETRY_WAIT, CHECKING
    version: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done for it."""
        return self.state.is_over

    @property
    def remaining(self) -> Decimal:
        """Units decided and not yet filled."""
        return self.quantity - self.filled

    @property
    def is_alive(self) -> bool:
        """Whether an order of this exit may still fill."""
        return self.state.is_alive

    @property
    def alive(self) -> Decimal:
        """Units that an order of this exit may still fill."""
        if not self.state.is_alive:
            return NO_UNITS
        return self.order_ends_at - self.order_filled

    @property
    def order_ends_at(self) -> Decimal:
        """Units that the present order will have filled when it ends, at most."""
        return self.order_quantity if self.order_final is None else self.order_final
