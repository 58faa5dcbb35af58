"""What others have resting at the broker where a trade of ours is left.

A person's stop, target or GTT takes units that our exit would take too: if ours leaves and
theirs fills, the net position crosses zero. So an exit asks for no more than is held less
all that they may still fill. What is missing to its units is cancelled first, and an order
counts until the broker has said that it is over and all that it filled is in our book: a
cancel is as ambiguous as a request, and a fill that races it is a reduction by others.

A broker may refuse, or say nothing. Then a person is told, and asking goes on ever more
slowly. Their stop is waited for as long as it lives: it is what a market that has reached
our stop does next, and it guards the position meanwhile. For a target alone the exit waits
fifteen seconds: it lies on the other side of the price, and guards nothing.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tradebot.core.account import net_reads
from tradebot.core.book import Book
from tradebot.core.events import CancelAsked, ExitHeldBack, OrderRests, TradeStuck
from tradebot.core.guard.trades import Side, Trade
from tradebot.core.inputs import BookReply, OrderReport, OrderSide
from tradebot.core.intents import CancelOrder, ReadOrder
from tradebot.core.leaving import exits
from tradebot.core.leaving.exit import Exit
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import NO_UNITS
from tradebot.core.others.orders import Order
from tradebot.core.others.their_orders import Theirs
from tradebot.core.policy import Persons

SECOND_NS = 1_000_000_000
# Pauses between requests to cancel one order; the last one repeats.
CANCEL_SECONDS = (1, 2, 5, 10, 30)
LOOK_NS = 2_000_000_000  # how often an order that is to be cancelled is asked about meanwhile
# After our exit has left nothing it is asked so often; a person has been told of it.
CANCELS_WHEN_FLAT = 10
# An order that has not filled so long after it was first heard of rests, whatever it is.
WORKS_NS = 5 * SECOND_NS
# A person is told of an exit that is held back, and told again.
TOLD_AFTER_NS = 5 * SECOND_NS
TOLD_EVERY_NS = 60 * SECOND_NS
# A target of which the broker has said nothing for so long holds no exit back.
IGNORED_AFTER_NS = 15 * SECOND_NS
# Executions of an order that is over are waited for, as long as books can be wrong.
UNTRADED_NS_MAX = 60 * SECOND_NS


class Waiting(NamedTuple):
    """An order of others, with what it may still fill."""

    theirs: Theirs
    order: Order
    units: Decimal


def on_report(book: Book, report: OrderReport) -> bool:
    """Note the broker's word on an order that is not our exit's; say whether one has ended."""
    if _is_named_by_us(report.client_order_id) or report.order_id in book.entry_of_order:
        return False
    order = book.orders.get(report.order_id)
    assert order is not None, "a report that nobody kept"
    known = book.theirs.get(report.order_id)
    if order.is_settled:
        if known is not None:
            book.theirs.drop(known)
        return known is not None
    if known is None:
        known = book.theirs.put(
            Theirs(order_id=report.order_id, key=report.key, side=report.side, since_ns=book.now_ns)
        )
    if order.state.is_final and not known.ended_ns:
        # Its executions may be on their way. What an exit waited for no longer counts again: what
        # it has filled is gone, and nothing can be made of it a second time.
        due_ns, now_ns = book.now_ns + SECOND_NS, book.now_ns
        ended = msgspec.structs.replace(known, ended_ns=now_ns, due_ns=due_ns, ignored=False)
        book.theirs.put(ended)
    return order.state.is_final


def on_book(book: Book, reply: BookReply) -> None:
    """Let go of what a whole order book has no more: it expired overnight."""
    if not book.theirs:
        return
    there = {report.order_id for report in reply.orders or ()}
    for theirs in book.theirs:
        if theirs.order_id not in there:
            book.theirs.drop(theirs)


def room(book: Book, exit_: Exit, need: Decimal, free: Decimal, at_ns: int) -> Decimal:
    """Return how many units an exit may ask for now, and have what is in its way cancelled.

    Args:
        book: everything.
        exit_: the exit, ready.
        need: units that it would ask for if nobody else had orders there.
        free: units held that no order of ours takes.
        at_ns: now.
    """
    if not book.theirs.on(exit_.key, exit_.side):
        return need
    waiting = [each for each in on(book, exit_.key, exit_.side) if not _is_ignored(book, each)]
    taken = sum((each.units for each in waiting), NO_UNITS)
    if free - taken >= need:
        return need
    answer = book.policy.exits.persons
    if not exit_.held_ns:
        book.put_exit(exits.held_back(exit_, book.now_ns))
        book.say(
            ExitHeldBack(
                trade_id=exit_.trade_id,
                exit=exit_.number,
                quantity=need,
                resting=taken,
                answer=answer,
                at_ns=at_ns,
            )
        )
    if answer is not Persons.LEAVE:
        wanted = min(free, max(need, book.lanes[exit_.key].wanted))
        _make_room(book, exit_, waiting, wanted - (free - taken), at_ns)
    lot = book.instrument(exit_.key.instrument).lot_size
    return max(NO_UNITS, free - taken) // lot * lot


def wake(book: Book, at_ns: int) -> None:
    """Tell of what rests, ask again for what was to be cancelled, give up what is in vain."""
    for theirs in book.theirs:
        each = looked_at(book, theirs)
        if each is None:
            _let_go(book, theirs)
            continue
        if theirs.ended_ns and book.now_ns - theirs.ended_ns >= UNTRADED_NS_MAX:
            # Nobody lists what it has filled. The broker's net has it in it, and is read now.
            book.theirs.put(msgspec.structs.replace(theirs, ignored=True))
            net_reads.distrust(book, theirs.key)
        elif theirs.due_ns <= at_ns and (theirs.trade_id or theirs.ended_ns):
            _go_on(book, each, at_ns)
        elif _is_to_be_told(book, each):
            say_rests(book, each, at_ns)


def tell(book: Book, exit_: Exit, at_ns: int) -> None:
    """Say that an exit is held back: after five seconds, and then every minute."""
    due_ns = exit_.held_ns + TOLD_AFTER_NS + exit_.asks * TOLD_EVERY_NS
    if due_ns > book.now_ns or book.policy.exits.persons is Persons.LEAVE:
        return
    waiting = list(on(book, exit_.key, exit_.side))
    if not waiting:
        return
    book.put_exit(exits.told_of(exit_))
    _say_stuck(book, exit_.trade_id, waiting, "the broker does not say it is cancelled", at_ns)


def on(book: Book, key: NetKey, side: OrderSide) -> Iterator[Waiting]:
    """Yield what others may still fill on a side of a net position."""
    for theirs in list(book.theirs.on(key, side).values()):
        each = looked_at(book, theirs)
        if each is not None:
            yield each


def units(book: Book, trade: Trade) -> Decimal:
    """Return the units that others have waiting where a trade would be left."""
    here = on(book, trade.key, leaving_side(trade.side))
    return sum((each.units for each in here), NO_UNITS)


def looked_at(book: Book, theirs: Theirs) -> Waiting | None:
    """Return what an order may still fill; None: nothing, or it is none of others'."""
    order = book.orders.get(theirs.order_id)
    is_ours = theirs.order_id in book.exit_of_broker_id or theirs.order_id in book.entry_of_order
    is_given_up = theirs.ended_ns and theirs.ignored
    if order is None or is_ours or is_given_up or not order.untraded:
        return None
    return Waiting(theirs, order, order.untraded)


def _let_go(book: Book, theirs: Theirs) -> None:
    """Forget an order that can fill nothing more; one whose fills nobody lists is remembered."""
    if not (theirs.ended_ns and theirs.ignored) or theirs.order_id not in book.orders:
        book.theirs.drop(theirs)


def _make_room(book: Book, exit_: Exit, waiting: list[Waiting], short: Decimal, at_ns: int) -> None:
    """Cancel as little as makes room; targets first, because a stop is also a guard.

    What is about to fill is not called back, and what is being cancelled counts already.
    """
    for each in waiting:
        if each.theirs.cancels or each.theirs.ended_ns:
            short -= each.units
    for each in sorted(waiting, key=lambda each: each.order.trigger is not None):
        if short <= 0:
            return
        if not (each.theirs.cancels or each.theirs.ended_ns) and rests(book, each):
            short -= each.units
            cancel(book, each, exit_.trade_id, at_ns)


def cancel(book: Book, each: Waiting, trade_id: str, at_ns: int) -> None:
    """Ask for an order to be cancelled; what becomes of that is asked for with the next one.

    Under a halt that sends nothing it is kept in mind: it is asked for after the release.
    """
    theirs = each.theirs
    if not book.halt.sends:
        due_ns = book.now_ns + LOOK_NS
        book.theirs.put(msgspec.structs.replace(theirs, trade_id=trade_id, due_ns=due_ns))
        return
    if theirs.cancels:
        book.want(ReadOrder(theirs.order_id))
    asked = _asked(book, theirs, asked_ns=theirs.asked_ns or book.now_ns, trade_id=trade_id)
    book.say(
        CancelAsked(
            trade_id=trade_id,
            order_id=theirs.order_id,
            side=theirs.side,
            quantity=each.units,
            tries=asked.cancels,
            at_ns=at_ns,
        )
    )
    book.want(CancelOrder(client_order_id=None, order_id=theirs.order_id, key=theirs.key))


def _asked(book: Book, theirs: Theirs, **changes: object) -> Theirs:
    """Count a question or a request about an order; the next is due after a longer pause."""
    pause_s = CANCEL_SECONDS[min(theirs.cancels, len(CANCEL_SECONDS) - 1)]
    cancel_due_ns = book.now_ns + pause_s * SECOND_NS
    due_ns = cancel_due_ns if theirs.ended_ns else min(cancel_due_ns, book.now_ns + LOOK_NS)
    return book.theirs.put(
        msgspec.structs.replace(
            theirs,
            cancels=theirs.cancels + 1,
            due_ns=due_ns,
            cancel_due_ns=cancel_due_ns,
            **changes,
        )
    )


def _go_on(book: Book, each: Waiting, at_ns: int) -> None:
    """Ask again, as long as an exit of ours has a use for it."""
    theirs, lane = each.theirs, book.lanes.get(each.theirs.key)
    if theirs.ended_ns:
        # The executions that it has had come with the answer.
        book.want(ReadOrder(theirs.order_id))
        _asked(book, theirs)
    elif lane and book.now_ns < theirs.cancel_due_ns:
        # Not every broker tells that an order is cancelled, and an exit waits for it.
        book.want(ReadOrder(theirs.order_id))
        due_ns = min(theirs.cancel_due_ns, book.now_ns + LOOK_NS)
        book.theirs.put(msgspec.structs.replace(theirs, due_ns=due_ns))
    elif lane and not book.halt.sends:
        # Nobody asks under such a halt: what was asked for before it is asked for anew after it.
        book.theirs.put(_unasked(theirs))
    elif lane:
        cancel(book, each, theirs.trade_id, at_ns)
        if not theirs.ignored and _is_ignored(book, each):
            now = book.theirs.get(theirs.order_id) or theirs
            book.theirs.put(msgspec.structs.replace(now, ignored=True))
            trade_id = next(iter(lane)).trade_id
            _say_stuck(book, trade_id, [each], "the exit waits for it no longer", at_ns)
    elif book.net(theirs.key) or book.guards(theirs.key):
        # The exit has come to its end, and what rests has something to do again.
        book.theirs.put(_unasked(theirs))
    elif book.now_ns < theirs.cancel_due_ns:
        book.theirs.put(msgspec.structs.replace(theirs, due_ns=theirs.cancel_due_ns))
    elif theirs.cancels < CANCELS_WHEN_FLAT:
        cancel(book, each, theirs.trade_id, at_ns)
    elif not theirs.told:
        say_rests(book, each, at_ns)


def _unasked(theirs: Theirs) -> Theirs:
    """Return an order as if nobody had asked to cancel it yet."""
    return msgspec.structs.replace(theirs, cancels=0, asked_ns=0, trade_id="", ignored=False)


def _is_ignored(book: Book, each: Waiting) -> bool:
    """Whether an exit no longer waits for an order: a target, long asked for in vain."""
    asked_ns = each.theirs.asked_ns
    return (
        each.order.trigger is None
        and bool(asked_ns)
        and not each.theirs.ended_ns
        and book.now_ns - asked_ns >= IGNORED_AFTER_NS
        and _is_away(book, each.order)
    )


def rests(book: Book, each: Waiting) -> bool:
    """Whether an order waits, and is not just on its way to its fill."""
    is_old = book.now_ns - each.theirs.since_ns >= WORKS_NS
    return is_old or each.order.trigger is not None or _is_away(book, each.order)


def _is_away(book: Book, order: Order) -> bool:
    """Whether an order asks for a better price than the last one."""
    assert order.key is not None and order.side is not None, "an order without a report"  # noqa: PT018
    ltp = book.line(order.key.instrument).ltp
    if order.price is None:
        return False
    return ltp is None or order.side.sign * (float(order.price) - ltp) < 0


def _is_to_be_told(book: Book, each: Waiting) -> bool:
    """Whether a person hears of an order now: it rests, and cannot be one of ours in doubt."""
    theirs = each.theirs
    if theirs.told or theirs.ended_ns or book.policy.exits.persons is Persons.CANCEL_FIRST:
        return False
    lane = book.lanes.get(theirs.key)
    is_guarded = (theirs.key, _left_by(theirs.side)) in book.open_on
    return is_guarded and not (lane and lane.doubts) and rests(book, each)


def say_rests(book: Book, each: Waiting, at_ns: int) -> None:
    """Tell a person of an order that waits."""
    order = each.order
    theirs = book.theirs.get(order.order_id) or each.theirs
    book.theirs.put(msgspec.structs.replace(theirs, told=True))
    book.say(
        OrderRests(
            instrument=theirs.key.instrument,
            order_id=theirs.order_id,
            side=theirs.side,
            quantity=each.units,
            net=book.net(theirs.key),
            price=order.price,
            trigger=order.trigger,
            answer=book.policy.exits.persons,
            at_ns=at_ns,
        )
    )


def _say_stuck(book: Book, trade_id: str, waiting: list[Waiting], what: str, at_ns: int) -> None:
    trade = book.trades[trade_id]
    if not trade.stuck:
        book.put_trade(trade, stuck=True)
    ids = ", ".join(each.theirs.order_id for each in waiting)
    book.say(TradeStuck(trade_id=trade_id, why=f"order {ids} is in its way: {what}", at_ns=at_ns))


def leaving_side(side: Side) -> OrderSide:
    """Return the side of the orders that leave a trade of this side."""
    return OrderSide.SELL if side is Side.LONG else OrderSide.BUY


def _left_by(side: OrderSide) -> Side:
    """Return the side of the trades that orders of this side leave."""
    return Side.LONG if side is OrderSide.SELL else Side.SHORT


def _is_named_by_us(client_order_id: str | None) -> bool:
    """Whether an order carries a name as we make them: ``T17-x1``."""
    _, mark, attempt = (client_order_id or "").rpartition("-x")
    return bool(mark) and attempt.isdecimal()
