"""Leaving once: the life of one exit.

An exit is a decision to leave a quantity of a trade. It is carried out by orders named
``T17-x1``, ``T17-x2``, ...; a name is never used for a second order, so asking the
broker for it always tells what became of that one request.
"""

import enum
from decimal import Decimal
from typing import assert_never

import msgspec

from tradebot.core.guard.trades import Reason
from tradebot.core.inputs import (
    Acked,
    NoAction,
    NotSent,
    OrderSide,
    OrderState,
    Outcome,
    Queued,
    Refused,
    Unknown,
)
from tradebot.core.market.instruments import NetKey
from tradebot.errors import InvalidTransitionError


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


_NO_UNITS = Decimal(0)


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
            return _NO_UNITS
        return self.order_ends_at - self.order_filled

    @property
    def order_ends_at(self) -> Decimal:
        """Units that the present order will have filled when it ends, at most."""
        return self.order_quantity if self.order_final is None else self.order_final


# Seconds before the next attempt; the last one repeats for ever, because an exit ends
# with the position, never with a count.
RETRY_SECONDS = (1, 2, 5, 10, 30)
QUERY_SECONDS = (1, 2, 5)
UNANSWERED_SECONDS = 2  # a call that hangs so long: its order may be at the broker all the same
RESTING_SECONDS = 2  # an order that works for so long is looked at
ABSENCES = 2  # order books that prove that a request never arrived
WORKING_SECONDS = 5  # an order that the stream does not speak of is asked for
_SECOND_NS = 1_000_000_000


def sent(
    exit_: Exit,
    client_order_id: str,
    quantity: Decimal,
    at_ns: int = 0,
    known: tuple[str, ...] = (),
    *,
    limit: Decimal | None = None,
) -> Exit:
    """Return the exit with an order about to leave.

    Args:
        exit_: the exit, ready.
        client_order_id: our name of the order.
        quantity: units that it asks for.
        at_ns: now, by our clock.
        known: orders at the broker that could be taken for it.
        limit: its price, or the last one of a market order.

    Raises:
        InvalidTransitionError: a request of this exit may still be alive.
    """
    if not exit_.state.is_ready:
        raise _invalid(exit_, f"send {client_order_id}")
    return _next(
        exit_,
        state=State.SENDING,
        client_order_id=client_order_id,
        order_id=None,
        order_quantity=quantity,
        order_filled=_NO_UNITS,
        order_final=None,
        sent_at_ns=at_ns,
        known=known,
        limit=limit,
        cancels=0,
        absences=0,
        asks=0,
        due_at_ns=at_ns + UNANSWERED_SECONDS * _SECOND_NS,
    )


def answered(exit_: Exit, outcome: Outcome, at_ns: int) -> Exit:
    """Return the exit after the reply to its request.

    A reply may come after the order's own reports: what they said stands.
    """
    if not exit_.state.is_in_doubt:
        return exit_
    match outcome:
        case Acked(order_id=order_id):
            return _working(exit_, order_id, at_ns)
        case Queued():
            # Nothing is placed, but somebody may approve it at any time: a second request
            # beside it could be approved too.
            return _working(exit_, None, at_ns)
        case NotSent() | Refused():
            return waiting(exit_, at_ns)
        case NoAction():
            return checking(exit_, at_ns)
        case Unknown():
            return in_doubt(exit_, at_ns)
        case _:
            assert_never(outcome)


def in_doubt(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit with its request unanswered; the next query is due after a pause."""
    pause_ns = _pause_ns(QUERY_SECONDS, exit_.asks)
    return _next(exit_, state=State.UNKNOWN, asks=exit_.asks + 1, due_at_ns=at_ns + pause_ns)


def unanswered(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit with its call still running; the next query is due after a pause.

    That its order is found ends the doubt; that it is not found says nothing meanwhile.
    """
    pause_ns = _pause_ns(QUERY_SECONDS, exit_.asks)
    return _next(exit_, asks=exit_.asks + 1, due_at_ns=at_ns + pause_ns)


def found(exit_: Exit, order_id: str, at_ns: int) -> Exit:
    """Return the exit with its request found in the broker's books."""
    return _working(exit_, order_id, at_ns)


def not_found(exit_: Exit, at_ns: int, hold_ns: int) -> Exit:
    """Return the exit after a whole order book that lacks its request.

    Only books that were read when no request lives any more count, and only two of them:
    the first may be older than it looks.
    """
    if at_ns - exit_.sent_at_ns < hold_ns:
        return exit_
    if exit_.absences + 1 < ABSENCES:
        return _next(exit_, absences=exit_.absences + 1)
    return waiting(exit_, at_ns)


def waiting(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit with nothing alive, to be tried again after a pause."""
    pause_ns = _pause_ns(RETRY_SECONDS, exit_.tries)
    return _next(exit_, state=State.RETRY_WAIT, tries=exit_.tries + 1, due_at_ns=at_ns + pause_ns)


def checking(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit with the broker's net asked for; asked again at ``due_at_ns``."""
    again = exit_.state is State.CHECKING
    asks = exit_.asks if again else 0
    return _next(
        exit_,
        state=State.CHECKING,
        asks=asks + 1,
        flat_reads=exit_.flat_reads if again else 0,
        due_at_ns=at_ns + _pause_ns(QUERY_SECONDS, asks),
    )


def read_flat(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit after a read in which the broker holds nothing of its position."""
    since_ns = exit_.flat_since_ns if exit_.flat_reads else at_ns
    return _next(exit_, flat_reads=exit_.flat_reads + 1, flat_since_ns=since_ns)


def read_in_vain(exit_: Exit) -> Exit:
    """Return the exit after a read that was out of date when it came."""
    return _next(exit_, flat_reads=0)


def held_back(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit as orders of others leave no room for it; it stays ready."""
    return _next(exit_, held_ns=at_ns, asks=0)


def told_of(exit_: Exit) -> Exit:
    """Return the exit after a person was told once more that it is held back."""
    return _next(exit_, asks=exit_.asks + 1)


def ready(exit_: Exit) -> Exit:
    """Return the exit ready for an order: the broker's net says that there is one to send."""
    return _next(exit_, state=State.DECIDED, due_at_ns=0)


def reported(exit_: Exit, state: OrderState, filled: Decimal, order_id: str, at_ns: int) -> Exit:
    """Return the exit after the broker's word on its present order.

    ``filled`` is cumulative. A final order with less filled in our book than it says
    stays alive until those executions are here: only executions move quantity.
    """
    if not exit_.is_alive:
        # Of an order that nobody had told of: that it is there outweighs what said it was not.
        is_news = exit_.order_id is None and exit_.client_order_id is not None
        if exit_.is_over or not is_news or (state.is_final and filled <= exit_.order_filled):
            return exit_
        exit_ = _working(exit_, order_id, at_ns)
    if state.is_final:
        final = filled if exit_.order_final is None else max(filled, exit_.order_final)
        if final <= exit_.order_filled:
            return _settled(_next(exit_, order_id=order_id), at_ns)
        if final != exit_.order_final:
            exit_ = _next(exit_, order_final=final)
    if exit_.state is State.WORKING and exit_.order_id == order_id:
        return exit_
    return _working(exit_, order_id, at_ns)


def asked(exit_: Exit, at_ns: int) -> Exit:
    """Return a working exit after a query: the next one is due after a pause."""
    due_at_ns = at_ns + WORKING_SECONDS * _SECOND_NS
    return _next(exit_, asks=exit_.asks + 1, due_at_ns=due_at_ns)


def cancelling(exit_: Exit, at_ns: int) -> Exit:
    """Return a working exit whose order is asked to be cancelled; again after a pause.

    A refused cancel says nothing: the order's own reports do.
    """
    pause_ns = _pause_ns(RETRY_SECONDS, exit_.cancels)
    return _next(exit_, cancels=exit_.cancels + 1, asks=exit_.asks + 1, due_at_ns=at_ns + pause_ns)


def due_now(exit_: Exit, at_ns: int) -> Exit:
    """Return an exit of an earlier life, to be asked about at once; what it read is old."""
    return _next(exit_, flat_reads=0, due_at_ns=at_ns)


def filled_by(
    exit_: Exit, client_order_id: str | None, order_id: str, quantity: Decimal, at_ns: int
) -> Exit:
    """Return the exit after one execution of its present order, or late of an earlier one.

    While an order of it may still fill it is not over, whatever has filled.
    """
    counted = {"filled": exit_.filled + quantity, "tries": 0, "asks": 0, "held_ns": 0}
    if client_order_id is not None and exit_.client_order_id == client_order_id:
        ordered = exit_.order_filled + quantity
        lives = exit_.order_id is None and not exit_.is_over and ordered < exit_.order_quantity
        exit_ = _next(exit_, **counted, order_filled=ordered, order_id=order_id)
        if exit_.is_alive and exit_.order_filled >= exit_.order_ends_at:
            return _settled(exit_, at_ns)
        if exit_.state.is_in_doubt or (lives and not exit_.is_alive):
            return _working(exit_, order_id, at_ns)
    else:
        exit_ = _next(exit_, **counted)
    if exit_.remaining <= 0 and not exit_.is_alive:
        return ended(exit_)
    return exit_


def ended(exit_: Exit) -> Exit:
    """Return the exit closed: nothing is left of the position it was to leave."""
    return _next(exit_, state=State.DONE)


def quantity_to_send(
    exit_: Exit, *, held: Decimal, alive: Decimal, remaining: Decimal, own: Decimal
) -> Decimal:
    """Return how many units an order for this exit may ask for now; 0: none.

    What is held less all that other orders of ours may still take: the order can never
    carry the net position through zero. Of the trade's own units likewise.

    Args:
        exit_: the exit that is to send; nothing of it is alive.
        held: units of the position on the side that the exit leaves.
        alive: units that orders of ours on this position may still fill.
        remaining: units of its trade that have not left.
        own: units of these that orders may still fill.
    """
    return max(_NO_UNITS, min(exit_.remaining, remaining - own, held - alive))


def _settled(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit with its order over: done, or the rest to be sent.

    At once where the order brought something, else after a pause: a broker that takes
    orders and kills them would be sent hundreds a minute.
    """
    if exit_.remaining <= 0:
        return ended(exit_)
    if exit_.cancels:
        return _next(exit_, state=State.DECIDED, step=exit_.step + 1, due_at_ns=0)
    if not exit_.order_filled:
        return waiting(exit_, at_ns)
    return _next(exit_, state=State.DECIDED, due_at_ns=0)


def _working(exit_: Exit, order_id: str | None, at_ns: int) -> Exit:
    due_at_ns = at_ns + RESTING_SECONDS * _SECOND_NS
    orders = exit_.orders
    if order_id is not None and order_id not in orders:
        orders = (*orders, order_id)
    return _next(exit_, state=State.WORKING, order_id=order_id, orders=orders, due_at_ns=due_at_ns)


def _pause_ns(seconds: tuple[int, ...], before: int) -> int:
    return seconds[min(before, len(seconds) - 1)] * _SECOND_NS


def _next(exit_: Exit, **changes: object) -> Exit:
    return msgspec.structs.replace(exit_, version=exit_.version + 1, **changes)


def _invalid(exit_: Exit, event: str) -> InvalidTransitionError:
    return InvalidTransitionError(
        f"exit {exit_.number} of trade {exit_.trade_id} is {exit_.state}: cannot {event}"
    )
