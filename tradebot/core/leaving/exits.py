"""Leaving once: what each word of the broker makes of an exit."""

from decimal import Decimal
from typing import assert_never

import msgspec

from tradebot.core.inputs import (
    Acked,
    NoAction,
    NotSent,
    OrderState,
    Outcome,
    Queued,
    Refused,
    Unknown,
)
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.money import NO_UNITS
from tradebot.errors import InvalidTransitionError

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
        order_filled=NO_UNITS,
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
            return checking(_next(exit_, tries=exit_.tries + 1), at_ns)
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
    """Return the exit ready for an order: the broker's net says that there is one to send.

    After a pause where its requests brought nothing: a false claim may come as often as it leaves.
    """
    if not exit_.tries:
        return _next(exit_, state=State.DECIDED, due_at_ns=0)
    due_at_ns = exit_.sent_at_ns + _pause_ns(RETRY_SECONDS, exit_.tries - 1)
    return _next(exit_, state=State.RETRY_WAIT, due_at_ns=due_at_ns)


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
    return max(NO_UNITS, min(exit_.remaining, remaining - own, held - alive))


def _settled(exit_: Exit, at_ns: int) -> Exit:
    """Return the exit with its order over: done, or the rest to be sent.

    At once where the order brought something, else after a pause: a broker that takes
    orders and kills them would be sent hundreds a minute.
    """
    if exit_.remaining <= 0:
        return ended(exit_)
    if exit_.cancels:
        return _next(exit_, state=State.DECIDED, step=exit_.step + 1, tries=0, due_at_ns=0)
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
