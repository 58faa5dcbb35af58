"""Leaving once: the life of one exit, and the single lane of a net position.

An exit is a decision to leave a quantity of a trade. It is carried out by orders named
``T17-x1``, ``T17-x2``, ...; a name is never used for a second order, so asking the
broker for it always tells what became of that one request.
"""

import enum
from collections.abc import Iterable
from decimal import Decimal

import msgspec

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
from tradebot.core.instruments import NetKey
from tradebot.core.trades import Reason
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

    @property
    def is_in_doubt(self) -> bool:
        """Whether a request may be on the wire without an answer."""
        return self in (State.SENDING, State.UNKNOWN)

    @property
    def is_ready(self) -> bool:
        """Whether an order may be sent for it, once its time has come."""
        return self in (State.DECIDED, State.RETRY_WAIT)


class Exit(msgspec.Struct, frozen=True, kw_only=True):
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
    tries: int = 0  # requests in a row that brought nothing
    due_at_ns: int = 0  # RETRY_WAIT, UNKNOWN, CHECKING: when to act again
    version: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done for it."""
        return self.state is State.DONE

    @property
    def remaining(self) -> Decimal:
        """Units decided and not yet filled."""
        return self.quantity - self.filled

    @property
    def alive(self) -> Decimal:
        """Units that an order of this exit may still fill."""
        if self.state in (State.SENDING, State.UNKNOWN, State.WORKING):
            return self.order_quantity - self.order_filled
        return Decimal(0)


# Seconds before the next attempt; the last one repeats for ever, because an exit ends
# with the position, never with a count.
RETRY_SECONDS = (1, 2, 5, 10, 30)
QUERY_SECONDS = (0, 1, 2, 5)
WORKING_SECONDS = 5  # an order that the stream does not speak of is asked for
_SECOND_NS = 1_000_000_000


def sent(exit_: Exit, client_order_id: str, quantity: Decimal) -> Exit:
    """Return the exit with an order about to leave.

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
        order_filled=Decimal(0),
        due_at_ns=0,
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
        case NotSent() | Refused() | Queued():
            return waiting(exit_, at_ns)
        case NoAction():
            return _next(exit_, state=State.CHECKING, due_at_ns=at_ns)
        case Unknown():
            return in_doubt(exit_, at_ns)


def in_doubt(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit with its request unanswered; the next query is due after a pause."""
    pause = QUERY_SECONDS[min(exit_.tries, len(QUERY_SECONDS) - 1)] * _SECOND_NS
    return _next(exit_, state=State.UNKNOWN, tries=exit_.tries + 1, due_at_ns=at_ns + pause)


def waiting(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit with nothing alive, to be tried again after a pause."""
    pause = RETRY_SECONDS[min(exit_.tries, len(RETRY_SECONDS) - 1)] * _SECOND_NS
    return _next(exit_, state=State.RETRY_WAIT, tries=exit_.tries + 1, due_at_ns=at_ns + pause)


def checking(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit with the broker's net asked for; asked again at ``due_at_ns``."""
    pause = RETRY_SECONDS[min(exit_.tries, len(RETRY_SECONDS) - 1)] * _SECOND_NS
    return _next(exit_, state=State.CHECKING, tries=exit_.tries + 1, due_at_ns=at_ns + pause)


def ready(exit_: Exit) -> Exit:
    """Return the exit ready for an order: the broker's net says that there is one to send."""
    return _next(exit_, state=State.DECIDED, tries=0, due_at_ns=0)


def reported(exit_: Exit, state: OrderState, filled: Decimal, order_id: str, at_ns: int) -> Exit:
    """Return the exit after the broker's word on its present order.

    ``filled`` is cumulative. A final order with less filled in our book than it says
    stays alive until those executions are here: only executions move quantity.
    """
    if exit_.state not in (State.SENDING, State.UNKNOWN, State.WORKING):
        return exit_
    if state.is_final and filled <= exit_.order_filled:
        return _settled(exit_, at_ns, refused=state is OrderState.REJECTED)
    if exit_.state is State.WORKING and exit_.order_id == order_id:
        return exit_
    return _working(exit_, order_id, at_ns)


def asked(exit_: Exit, at_ns: int) -> Exit:
    """Return a working exit after a query: the next one is due after a pause."""
    return _next(exit_, due_at_ns=at_ns + WORKING_SECONDS * _SECOND_NS)


def due_now(exit_: Exit, at_ns: int) -> Exit:
    """Return an exit of an earlier life, to be asked about at once."""
    return _next(exit_, due_at_ns=at_ns)


def filled_by(exit_: Exit, client_order_id: str, order_id: str, quantity: Decimal) -> Exit:
    """Return the exit after one execution of its present order, or late of an earlier one."""
    filled = exit_.filled + quantity
    if exit_.client_order_id != client_order_id:
        return _next(
            exit_, filled=filled, state=State.DONE if _over(exit_, filled) else exit_.state
        )
    order_filled = exit_.order_filled + quantity
    state = exit_.state
    if order_filled >= exit_.order_quantity:
        state = State.DONE if _over(exit_, filled) else State.DECIDED
    elif state.is_in_doubt:
        state = State.WORKING
    return _next(
        exit_, filled=filled, order_filled=order_filled, order_id=order_id, state=state, tries=0
    )


def ended(exit_: Exit) -> Exit:
    """Return the exit closed: nothing is left of the position it was to leave."""
    return _next(exit_, state=State.DONE)


def quantity_to_send(exit_: Exit, held: Decimal, others: Iterable[Exit]) -> Decimal:
    """Return how many units an order for this exit may ask for now; 0: none.

    What is held less all that other orders of ours may still take: the order can never
    carry the net position through zero.

    Args:
        held: units of the position on the side that the exit leaves.
        others: every other exit of the same net position.
    """
    available = held - sum((other.alive for other in others), Decimal(0))
    return max(Decimal(0), min(exit_.remaining, available))


def _settled(exit_: Exit, at_ns: int, *, refused: bool) -> Exit:
    """Return the exit with its order over: done, or the rest to be sent again."""
    if exit_.remaining <= 0:
        return _next(exit_, state=State.DONE)
    return waiting(exit_, at_ns) if refused else _next(exit_, state=State.DECIDED, tries=0)


def _working(exit_: Exit, order_id: str, at_ns: int) -> Exit:
    due_at_ns = at_ns + WORKING_SECONDS * _SECOND_NS
    return _next(exit_, state=State.WORKING, order_id=order_id, tries=0, due_at_ns=due_at_ns)


def _over(exit_: Exit, filled: Decimal) -> bool:
    return filled >= exit_.quantity


def _next(exit_: Exit, **changes: object) -> Exit:
    return msgspec.structs.replace(exit_, version=exit_.version + 1, **changes)


def _invalid(exit_: Exit, event: str) -> InvalidTransitionError:
    return InvalidTransitionError(
        f"exit {exit_.number} of trade {exit_.trade_id} is {exit_.state}: cannot {event}"
    )
