"""What people have resting at the broker, passed over."""

from decimal import Decimal

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core.account import net_reads
from tradebot.core.book import Book
from tradebot.core.leaving import lookalikes
from tradebot.core.leaving.exit import Exit
from tradebot.core.others import leftovers, resting
from tradebot.core.others.orders import Order
from tradebot.core.others.resting import Waiting
from tradebot.core.others.their_orders import Theirs


@mutant
def ignores_what_rests(patch: Patch) -> None:
    patch.set(resting, "room", lambda _book, _exit, need, _free, _at_ns: need)


@mutant
def cancels_what_rests_and_does_not_wait(patch: Patch) -> None:
    honest = resting.room

    def room(book: Book, exit_: Exit, need: Decimal, free: Decimal, at_ns: int) -> Decimal:
        honest(book, exit_, need, free, at_ns)
        return need

    patch.set(resting, "room", room)


@mutant
def believes_a_cancel_that_was_not_confirmed(patch: Patch) -> None:
    honest = resting.looked_at

    def looked_at(book: Book, theirs: Theirs) -> Waiting | None:
        return None if theirs.cancels else honest(book, theirs)

    patch.set(resting, "looked_at", looked_at)


@mutant
def forgets_what_a_cancelled_order_had_filled(patch: Patch) -> None:
    patch.set(Order, "untraded", property(_open_alone))


def _open_alone(order: Order) -> Decimal:
    if order.quantity is None or order.state.is_final:
        return Decimal(0)
    return order.quantity - order.executed


@mutant
def asks_once_to_cancel_what_rests(patch: Patch) -> None:
    patch.set(resting, "_go_on", lambda _book, _each, _at_ns: None)


@mutant
def hears_of_nothing_that_is_left_behind(patch: Patch) -> None:
    patch.set(leftovers, "wake", lambda _book, _at_ns: None)


@mutant
def forgets_what_was_left_at_a_start(patch: Patch) -> None:
    patch.set(leftovers, "START_NS", -(10**18))


@mutant
def never_leaves_while_anything_rests(patch: Patch) -> None:
    def room(book: Book, exit_: Exit, need: Decimal, _free: Decimal, _at_ns: int) -> Decimal:
        return Decimal(0) if book.theirs.on(exit_.key, exit_.side) else need

    patch.set(resting, "room", room)


@mutant
def reads_no_order_book_at_a_start(patch: Patch) -> None:
    honest = net_reads.distrust_orders

    def distrust_orders(book: Book, account: str) -> None:
        if not book.policy.exits.tagged:
            honest(book, account)

    patch.set(net_reads, "distrust_orders", distrust_orders)


@mutant
def never_looks_for_what_rests(patch: Patch) -> None:
    patch.set(net_reads, "ask_orders", lambda _book, _account: None)


@mutant
def takes_a_persons_stop_for_its_own(patch: Patch) -> None:
    patch.set(lookalikes, "waits_for_a_price", lambda _order, _exit: False)
