"""Requests whose fate nobody knows, taken for something else."""

from types import SimpleNamespace

import msgspec

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core import restore
from tradebot.core.book import Book
from tradebot.core.inputs import (
    Acked,
    BookReply,
    Execution,
    NoAction,
    NotSent,
    Outcome,
    PlaceReply,
    QueryReply,
    Unknown,
)
from tradebot.core.leaving import exits, lookalikes, replies
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.others.orders import Order


@mutant
def resend_on_unknown(patch: Patch) -> None:
    patch.set(exits, "in_doubt", exits.waiting)


@mutant
def unknown_is_refused(patch: Patch) -> None:
    honest = exits.answered

    def answered(exit_: Exit, outcome: Outcome, at_ns: int) -> Exit:
        if isinstance(outcome, Unknown):
            outcome = NotSent(outcome.message)
        return honest(exit_, outcome, at_ns)

    patch.set(exits, "answered", answered)


@mutant
def unknown_is_done(patch: Patch) -> None:
    honest = exits.in_doubt
    patch.set(exits, "in_doubt", lambda exit_, at_ns: exits.ended(honest(exit_, at_ns)))


@mutant
def no_hold(patch: Patch) -> None:
    _hold_for(patch, share=0)


@mutant
def holds_a_third_as_long(patch: Patch) -> None:
    _hold_for(patch, share=1 / 3)


def _hold_for(patch: Patch, *, share: float) -> None:
    not_found, on_query = exits.not_found, replies.on_query

    def not_found_soon(exit_: Exit, at_ns: int, hold_ns: int) -> Exit:
        return not_found(exit_, at_ns, round(share * hold_ns))

    def on_query_soon(book: Book, reply: QueryReply) -> None:
        policy = book.policy
        hold_ns = round(share * policy.exits.hold_ns)
        impatient = msgspec.structs.replace(policy.exits, hold_ns=hold_ns)
        book.policy = msgspec.structs.replace(policy, exits=impatient)
        on_query(book, reply)
        book.policy = policy

    patch.set(exits, "not_found", not_found_soon)
    patch.set(replies, "on_query", on_query_soon)


@mutant
def takes_any_order_for_a_request(patch: Patch) -> None:
    def may_be_of(_book: Book, order: Order, exit_: Exit) -> bool:
        return bool(order.key == exit_.key and order.side is exit_.side)

    patch.set(lookalikes, "_may_be_of", may_be_of)


@mutant
def takes_an_order_from_just_before_for_a_request(patch: Patch) -> None:
    def came_after(book: Book, order: Order, exit_: Exit) -> bool:
        return bool(order.told_ns >= exit_.sent_at_ns - 5_000_000_000)

    def may_be_of(book: Book, order: Order, exit_: Exit) -> bool:
        exits_ = msgspec.structs.replace(book.policy.exits, clocks_apart_ns=5_000_000_000)
        before, book.policy = book.policy, msgspec.structs.replace(book.policy, exits=exits_)
        is_like = honest(book, order, exit_)
        book.policy = before
        return is_like

    honest = lookalikes._may_be_of
    patch.set(lookalikes, "_may_be_of", may_be_of)
    patch.set(lookalikes, "_came_after", came_after)


@mutant
def two_requests_at_once(patch: Patch) -> None:
    for state in (State.SENDING, State.UNKNOWN):
        patch.set(state, "is_in_doubt", False)


@mutant
def an_ack_is_a_fill(patch: Patch) -> None:
    honest = replies.on_reply

    def on_reply(book: Book, reply: PlaceReply) -> None:
        honest(book, reply)
        if isinstance(reply.outcome, Acked):
            exit_ = replies._exit_of(book, reply.client_order_id, None)
            if exit_ is not None and exit_.is_alive:
                book.put_exit(exits.ended(exit_))

    patch.set(replies, "on_reply", on_reply)


@mutant
def a_query_that_failed_means_absent(patch: Patch) -> None:
    honest = replies.on_query

    def on_query(book: Book, reply: QueryReply) -> None:
        honest(book, msgspec.structs.replace(reply, answered=True))

    patch.set(replies, "on_query", on_query)


@mutant
def trusts_empty_books(patch: Patch) -> None:
    def is_whole(book: Book, reply: BookReply) -> bool:
        book.book_asked_ns = None
        return reply.orders is not None

    patch.set(replies, "is_whole", is_whole)


@mutant
def drops_fills_of_an_order_that_is_in_doubt(patch: Patch) -> None:
    honest = replies.on_execution

    def on_execution(book: Book, execution: Execution) -> bool:
        name = book.exit_of_order.get(execution.client_order_id or "")
        if name is not None and book.exits[name[0]][name[1]].state is State.UNKNOWN:
            return False
        return honest(book, execution)

    patch.set(replies, "on_execution", on_execution)


@mutant
def believes_that_there_is_nothing_to_do(patch: Patch) -> None:
    honest = exits.answered

    def answered(exit_: Exit, outcome: Outcome, at_ns: int) -> Exit:
        after = honest(exit_, outcome, at_ns)
        return exits.ended(after) if isinstance(outcome, NoAction) else after

    patch.set(exits, "answered", answered)


@mutant
def starts_as_if_nothing_was_sent(patch: Patch) -> None:
    patch.set(restore, "exits", SimpleNamespace(in_doubt=exits.waiting, due_now=exits.due_now))


@mutant
def a_cancel_is_believed(patch: Patch) -> None:
    def cancelling(exit_: Exit, _at_ns: int) -> Exit:
        return exits._next(exit_, state=State.DECIDED, step=exit_.step + 1, due_at_ns=0)

    patch.set(exits, "cancelling", cancelling)
