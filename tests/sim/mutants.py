"""The daemon broken on purpose, one promise at a time.

A world that lets these pass would prove nothing.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from tradebot.core import exits, guarding, lanes, net_reads, net_replies, replies, restore
from tradebot.core.book import Book
from tradebot.core.events import TradeEvent
from tradebot.core.exits import State
from tradebot.core.inputs import Acked, NotSent, PlaceReply, Unknown
from tradebot.core.price_gate import Gate
from tradebot.core.records import ExitSaved, HighReached
from tradebot.services.executor import Executor
from tradebot.services.loop import EngineLoop
from tradebot.services.persister import Persister

Mutant = Callable[[], AbstractContextManager[None]]
MUTANTS: dict[str, Mutant] = {}


def mutant(change: Callable[["Patch"], None]) -> Callable[["Patch"], None]:
    """Register what a function changes under its name."""

    @contextlib.contextmanager
    def changed() -> Iterator[None]:
        patch = Patch()
        change(patch)
        try:
            yield
        finally:
            patch.undo()

    MUTANTS[change.__name__] = changed
    return change


class Patch:
    """Attributes put in place of others, and back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        self._before.append((owner, name, owner.__dict__[name]))
        setattr(owner, name, value)

    def undo(self) -> None:
        for owner, name, value in reversed(self._before):
            setattr(owner, name, value)


# Doubt.


@mutant
def no_dedupe_of_executions(patch: Patch) -> None:
    put = Book.put_execution
    patch.set(Book, "put_execution", lambda book, item: (book._seen.clear(), put(book, item))[1])


@mutant
def resend_on_unknown(patch: Patch) -> None:
    patch.set(exits, "in_doubt", exits.waiting)


@mutant
def unknown_is_refused(patch: Patch) -> None:
    honest = exits.answered

    def answered(exit_: Any, outcome: Any, at_ns: int) -> Any:
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
    honest = exits.not_found
    patch.set(exits, "not_found", lambda exit_, at_ns, _hold_ns: honest(exit_, at_ns, 0))
    query = replies.on_query

    def on_query(book: Book, reply: Any) -> None:
        policy = book.policy
        book.policy = _with_hold(policy, 0)
        query(book, reply)
        book.policy = policy

    patch.set(replies, "on_query", on_query)


def _with_hold(policy: Any, hold_ns: int) -> Any:
    import msgspec

    exits_ = msgspec.structs.replace(policy.exits, hold_ns=hold_ns)
    return msgspec.structs.replace(policy, exits=exits_)


@mutant
def trusts_empty_and_shrunken_books(patch: Patch) -> None:
    def is_whole(book: Book, reply: Any) -> bool:
        book.book_asked_ns = None
        return reply.orders is not None

    patch.set(replies, "is_whole", is_whole)
    patch.set(exits, "ABSENCES", 1)
    honest = exits.not_found
    patch.set(exits, "not_found", lambda exit_, at_ns, hold_ns: honest(exit_, at_ns, hold_ns // 2))


@mutant
def takes_any_order_for_a_request(patch: Patch) -> None:
    def is_of(book: Book, order: Any, exit_: Any) -> bool:
        return bool(order.key == exit_.key and order.side is exit_.side)

    patch.set(replies, "_is_of", is_of)


@mutant
def forgets_which_orders_were_there(patch: Patch) -> None:
    patch.set(Book, "order_ids", lambda _book, _key, _side, _quantity: ())


@mutant
def two_requests_at_once(patch: Patch) -> None:
    patch.set(State, "is_in_doubt", property(lambda _state: False))


# How much.


@mutant
def forgets_what_works(patch: Patch) -> None:
    honest = exits.quantity_to_send
    nothing = {"alive": Decimal(0), "own": Decimal(0)}
    patch.set(exits, "quantity_to_send", lambda e, **given: honest(e, **(given | nothing)))


@mutant
def sells_more_than_is_held(patch: Patch) -> None:
    honest = exits.quantity_to_send
    patch.set(
        exits,
        "quantity_to_send",
        lambda e, **given: honest(e, **(given | {"held": Decimal(10**9)})),
    )


@mutant
def decides_twice(patch: Patch) -> None:
    patch.set(Book, "unassigned", lambda _book, trade: trade.remaining)


@mutant
def believes_reports_before_executions(patch: Patch) -> None:
    honest = exits.reported
    patch.set(exits, "reported", lambda e, state, _, *rest: honest(e, state, Decimal(0), *rest))


@mutant
def closes_while_the_entry_may_fill(patch: Patch) -> None:
    patch.set(lanes, "entry_may_fill", lambda _book, _trade: False)


# The broker's books.


@mutant
def believes_every_net(patch: Patch) -> None:
    patch.set(net_reads, "is_believed", lambda _book, _reply: True)


@mutant
def believes_a_net_at_once_when_it_is_not_fresh(patch: Patch) -> None:
    patch.set(net_reads, "AGREE_NS", -1)
    patch.set(net_reads, "LAG_NS_MAX", 0)


@mutant
def a_failed_read_is_flat(patch: Patch) -> None:
    honest = net_replies.on_positions

    def on_positions(book: Book, reply: Any) -> None:
        import msgspec

        if reply.net is None:
            reply = msgspec.structs.replace(reply, net=Decimal(0))
        honest(book, reply)

    patch.set(net_replies, "on_positions", on_positions)


@mutant
def never_compares_with_the_broker(patch: Patch) -> None:
    from tradebot.core import reconcile

    patch.set(reconcile, "compare", lambda _book, _at_ns: None)


@mutant
def never_asks_again(patch: Patch) -> None:
    patch.set(exits, "WORKING_SECONDS", 10**6)
    patch.set(exits, "QUERY_SECONDS", (10**6,))


@mutant
def gives_up_after_three_tries(patch: Patch) -> None:
    honest = exits.waiting
    patch.set(
        exits,
        "waiting",
        lambda exit_, at_ns: honest(exit_, at_ns + 10**18 if exit_.tries > 1 else at_ns),
    )


# Disks and deaths.


@mutant
def starts_as_if_nothing_was_sent(patch: Patch) -> None:
    patch.set(restore, "exits", SimpleNamespace(in_doubt=exits.waiting, due_now=exits.due_now))


@mutant
def sends_before_it_is_on_disk(patch: Patch) -> None:
    def journaled(loop: EngineLoop, records: Any, *, sync: bool, is_time: bool) -> bool:
        del sync, is_time
        loop._owe(records)
        return True

    patch.set(EngineLoop, "_journaled", journaled)


@mutant
def never_syncs(patch: Patch) -> None:
    honest = EngineLoop._journaled

    def journaled(loop: EngineLoop, records: Any, *, sync: bool, is_time: bool) -> bool:
        del sync
        return honest(loop, records, sync=False, is_time=is_time)

    patch.set(EngineLoop, "_journaled", journaled)


@mutant
def keeps_exits_in_memory(patch: Patch) -> None:
    honest = Book.drain
    patch.set(Book, "drain", lambda book: [r for r in honest(book) if not isinstance(r, ExitSaved)])


@mutant
def forgets_the_highs(patch: Patch) -> None:
    honest = Book.drain
    patch.set(
        Book, "drain", lambda book: [r for r in honest(book) if not isinstance(r, HighReached)]
    )


@mutant
def loses_what_the_database_refused(patch: Patch) -> None:
    patch.set(Persister, "_give_back", lambda _persister, _batch: None)
    patch.set(EngineLoop, "_owe", lambda _loop, _records: None)


@mutant
def answers_before_a_trade_is_durable(patch: Patch) -> None:
    from tradebot.services.trades import Trades

    async def guarded(_trades: Trades, _name: str) -> None:
        return

    patch.set(Trades, "_guarded_on_disk", guarded)
    honest = Book.drain
    held: dict[int, list[Any]] = {}

    def drain(book: Book) -> list[Any]:
        late = held.pop(id(book), [])
        held[id(book)] = honest(book)
        return late

    patch.set(Book, "drain", drain)


@mutant
def tells_no_story(patch: Patch) -> None:
    def say(book: Book, event: Any) -> None:
        book.out.append(event)

    assert TradeEvent is not None
    patch.set(Book, "say", say)


# Prices.


@mutant
def no_price_gate(patch: Patch) -> None:
    patch.set(Gate, "_jumped", lambda _gate, _ltp: False)


@mutant
def waits_for_the_ack_of_an_exit_before_the_next_decision(patch: Patch) -> None:
    honest = guarding.leave

    def leave(book: Book, trade: Any, *args: Any, **words: Any) -> Any:
        if any(exit_.is_alive for lane in book.lanes.values() for exit_ in lane):
            return trade
        return honest(book, trade, *args, **words)

    patch.set(guarding, "leave", leave)


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
    honest = Executor._query

    async def query(executor: Executor, client_order_id: str) -> None:
        from tradebot.core.inputs import QueryReply

        executor._inbox.put(
            QueryReply(
                client_order_id=client_order_id,
                report=None,
                answered=True,
                at_ns=executor._clock.now_ns(),
            )
        )
        await honest(executor, client_order_id)

    patch.set(Executor, "_query", query)
