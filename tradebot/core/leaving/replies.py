"""What the broker said of our orders, and what that means for their exits.

An order of ours is known by our own id where the broker keeps it. Where it does not, it is
known by the broker's id, which the answer to the request tells; a request without an
answer is looked for in the order book by what it looks like. It was never placed when two
whole books in a row lack it, read after the longest time for which a request can live at
that broker.
"""

from decimal import Decimal
from typing import assert_never

import msgspec

from tradebot.core.account import net_reads
from tradebot.core.account.positions import LAG_NS_MAX
from tradebot.core.book import Book
from tradebot.core.events import ExitAnswered, ExitFilled
from tradebot.core.inputs import (
    Acked,
    BookReply,
    Execution,
    NoAction,
    NotSent,
    OrderReport,
    OrderState,
    Outcome,
    PlaceReply,
    QueryReply,
    Queued,
    Refused,
    Unknown,
)
from tradebot.core.leaving import exits, lanes, lookalikes, refusals
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.others.orders import Order

# An order book without a row counts when it was read so often in a row.
EMPTY_BOOKS = 4
# Orders younger than this must be in every whole book: one that has shrunk is no evidence.
BOOK_KEEPS_NS = 8 * 3_600_000_000_000


def on_reply(book: Book, reply: PlaceReply) -> None:
    """Take the answer to a request to place an order."""
    exit_ = _exit_of(book, reply.client_order_id, None)
    if exit_ is None or exit_.client_order_id != reply.client_order_id:
        return
    after = exits.answered(exit_, reply.outcome, reply.at_ns)
    outcome, message = _words(reply.outcome)
    _say_answered(book, exit_, outcome, message, reply.at_ns)
    if after is exit_:
        return
    if isinstance(reply.outcome, Refused):
        after = refusals.stepped(after, message, len(book.policy.exits.ladder), reply.at_ns)
    if isinstance(reply.outcome, Acked):
        _claim(book, after, reply.outcome.order_id, reply.at_ns)
        lanes.advance(book, after.key, reply.at_ns)
        return
    if after.state is State.UNKNOWN and _found(book, after, reply.at_ns):
        return
    book.put_exit(after)
    if after.state is State.UNKNOWN:
        lanes.ask(book, after, reply.at_ns)
    elif after.state is State.CHECKING:
        net_reads.ask(book, after.key)
    elif isinstance(reply.outcome, Queued):
        lanes.say_stuck(book, after, message, reply.at_ns)
    _moved(book, after, message, reply.at_ns)


def on_query(book: Book, reply: QueryReply) -> None:
    """Take the answer to a query by client order id."""
    exit_ = _exit_of(book, reply.client_order_id, None)
    if exit_ is None or exit_.client_order_id != reply.client_order_id:
        return
    if reply.report is not None:
        _on_report(book, exit_, reply.report)
        return
    is_over = reply.at_ns - exit_.sent_at_ns >= book.policy.exits.hold_ns
    if exit_.state is State.UNKNOWN and reply.answered and is_over:
        # The broker keeps our own ids. One that it does not know was never placed, when no
        # request lives as long as ours has been under way.
        _moved(book, exits.waiting(exit_, reply.at_ns), "it never arrived", reply.at_ns)


def is_whole(book: Book, reply: BookReply) -> bool:
    """Whether an order book is one: no order that it has told of is missing in it."""
    book.book_asked_ns = None
    if reply.orders is None:
        return False
    there = {report.order_id for report in reply.orders}
    since_ns = reply.at_ns - BOOK_KEEPS_NS
    if any(
        order.quantity is not None and order.at_ns >= since_ns and order.order_id not in there
        for order in book.orders
    ):
        return False
    is_empty = all(report.apart for report in reply.orders)
    book.empty_books = book.empty_books + 1 if is_empty else 0
    if not is_empty:
        return True
    # What has executed was ordered: however often it is read, such a book is not empty.
    latest_ns = reply.at_ns - LAG_NS_MAX
    has_traded = any(
        order.executed and since_ns <= order.at_ns <= latest_ns for order in book.orders
    )
    return not has_traded and book.empty_books >= EMPTY_BOOKS


def on_book(book: Book, at_ns: int) -> None:
    """Look for what is in doubt in a whole order book whose rows have been taken in.

    A broker that keeps our own ids is asked for each by its name: that alone is its answer.
    """
    book.book_unread = None
    for key in list(book.lanes):
        for exit_ in () if book.policy.exits.tagged else book.lanes[key]:
            is_queued = exit_.state is State.WORKING and exit_.order_id is None
            if is_queued or (exit_.state is State.SENDING and exit_.asks):
                # It waits for somebody's approval, or our own call hangs: not to find it is
                # no evidence.
                _found(book, exit_, at_ns)
            elif exit_.state is State.UNKNOWN and not _found(book, exit_, at_ns):
                after = exits.not_found(exit_, at_ns, book.policy.exits.hold_ns)
                is_over = after.state is not State.UNKNOWN
                if is_over and _found(book, exit_, at_ns, is_over=True):
                    continue
                if after is not exit_:
                    _moved(book, after, "it never arrived", at_ns)
        lanes.advance(book, key, at_ns)


def on_report(book: Book, report: OrderReport) -> bool:
    """Take the broker's word on one of our exit orders; False where it is not one."""
    exit_ = _exit_of_word(book, report)
    if exit_ is None:
        return False
    if not book.policy.exits.tagged:
        book.orders.report(report)
        if report.order_id == exit_.order_id:
            _on_report(book, exit_, report)
    elif report.client_order_id == exit_.client_order_id:
        _on_report(book, exit_, report)
    return True


def on_execution(book: Book, execution: Execution) -> bool:
    """Take a fill of one of our exit orders; False where it is not one."""
    exit_ = _exit_of_word(book, execution)
    if exit_ is None:
        return False
    if not book.policy.exits.tagged:
        book.orders.execute(execution)
    _fill(
        book,
        exit_,
        execution.client_order_id,
        execution.order_id,
        quantity=execution.quantity,
        price=execution.price,
        at_ns=execution.at_ns,
    )
    return True


def _on_report(book: Book, exit_: Exit, report: OrderReport) -> None:
    after = exits.reported(exit_, report.state, report.filled, report.order_id, book.now_ns)
    if after is not exit_:
        _changed(book, after, report.state, report.message)


def _changed(book: Book, exit_: Exit, state: OrderState, message: str) -> None:
    """Keep an exit after the broker's word on its order; one that died for nothing is told."""
    why = message or f"order {state}"
    if exit_.state is State.RETRY_WAIT:
        _say_answered(book, exit_, "refused", why, book.now_ns)
        if state is OrderState.REJECTED:
            rungs = len(book.policy.exits.ladder)
            exit_ = refusals.stepped(exit_, message, rungs, book.now_ns)
    _moved(book, exit_, why, book.now_ns)


def _say_answered(book: Book, exit_: Exit, outcome: str, message: str, at_ns: int) -> None:
    assert exit_.client_order_id is not None, "an answer to no order"
    book.say(
        ExitAnswered(
            trade_id=exit_.trade_id,
            exit=exit_.number,
            client_order_id=exit_.client_order_id,
            outcome=outcome,
            message=message,
            at_ns=at_ns,
        )
    )


def _moved(book: Book, exit_: Exit, why: str, at_ns: int) -> None:
    """Keep an exit whose order has moved on, and do what that allows."""
    book.put_exit(exit_)
    if exit_.state is State.RETRY_WAIT:
        # A refusal may mean that there is nothing left to sell: before the next attempt
        # the broker's net is known.
        net_reads.ask(book, exit_.key)
        # Where room was made for it, what guarded the position is gone.
        if exit_.tries >= lanes.STUCK_TRIES or exit_.held_ns:
            lanes.say_stuck(book, exit_, why, at_ns)
    lanes.close_if_left(book, book.trades[exit_.trade_id], at_ns)
    lanes.advance(book, exit_.key, at_ns)


def _fill(
    book: Book,
    exit_: Exit,
    client_order_id: str | None,
    order_id: str,
    *,
    quantity: Decimal,
    price: Decimal,
    at_ns: int,
) -> None:
    """Let units leave an exit's trade."""
    if client_order_id is None and order_id == exit_.order_id:
        client_order_id = exit_.client_order_id
    book.put_exit(exits.filled_by(exit_, client_order_id, order_id, quantity, book.now_ns))
    trade = book.trades[exit_.trade_id]
    trade = book.put_trade(
        trade,
        exited=trade.exited + quantity,
        exit_notional=trade.exit_notional + quantity * price,
        stuck=False,
    )
    book.say(
        ExitFilled(
            trade_id=trade.trade_id,
            exit=exit_.number,
            client_order_id=client_order_id or order_id,
            quantity=quantity,
            price=price,
            remaining=trade.remaining,
            at_ns=at_ns,
        )
    )
    lanes.close_if_left(book, trade, at_ns)
    lanes.advance(book, exit_.key, at_ns)


def _found(book: Book, exit_: Exit, at_ns: int, *, is_over: bool = False) -> bool:
    """Claim the order of a request in doubt, if the broker has told of one just like it."""
    if book.policy.exits.tagged:
        return False
    order = lookalikes.order_of(book, exit_, is_over=is_over)
    if order is None:
        return False
    _claim(book, exits.found(exit_, order.order_id, at_ns), order.order_id, at_ns)
    return True


def _claim(book: Book, exit_: Exit, order_id: str, at_ns: int) -> None:
    """Keep an exit whose order is known now, with all that was told of that order before."""
    book.put_exit(exit_)
    if book.policy.exits.tagged:
        return
    order = book.orders.get(order_id)
    if order is not None and not order.may_be_on(exit_.key):
        order = None  # of an earlier day, whose id the broker has given again
    if order is None or order.quantity is None:
        order = order or Order(order_id=order_id, at_ns=at_ns)
        order = book.orders.put(
            msgspec.structs.replace(
                order, key=exit_.key, side=exit_.side, quantity=exit_.order_quantity
            )
        )
    missing = order.executed - exit_.order_filled
    if missing > 0:
        price = order.notional / order.executed
        _fill(book, exit_, None, order_id, quantity=missing, price=price, at_ns=at_ns)
    now = _exit_of(book, None, order_id)
    # Its fill may have ended the trade, or let the next order leave.
    if now is not None and now.order_id == order_id and now.is_alive and order.state.is_final:
        filled = max(order.reported, order.executed)
        after = exits.reported(now, order.state, filled, order_id, at_ns)
        _changed(book, after, order.state, order.message)


def _exit_of_word(book: Book, word: OrderReport | Execution) -> Exit | None:
    """Return the exit that a word on an order is about.

    Some brokers count their ids anew each day: one on another order ends what the id meant.
    """
    exit_ = _exit_of(book, word.client_order_id, word.order_id)
    if exit_ is None or word.client_order_id is not None:
        return exit_
    if exit_.key.instrument == word.key.instrument:
        return exit_
    del book.exit_of_broker_id[word.order_id]
    return None


def _exit_of(book: Book, client_order_id: str | None, order_id: str | None) -> Exit | None:
    """Return the exit that an order of ours carries out.

    An order of an earlier attempt is found by its name: fills may come late.
    """
    if client_order_id is None:
        name = book.exit_of_broker_id.get(order_id or "")
        return None if name is None else book.exits.get(name[0], {}).get(name[1])
    name = book.exit_of_order.get(client_order_id)
    if name is not None:
        return book.exits[name[0]][name[1]]
    trade_id, mark, attempt = client_order_id.rpartition("-x")
    known = book.exits.get(trade_id)
    if not (mark and attempt.isdecimal() and known):
        return None
    return known[max(known)]


def _words(outcome: Outcome) -> tuple[str, str]:
    match outcome:
        case Acked(order_id=order_id):
            return "acked", order_id
        case NotSent(message=message):
            return "not sent", message
        case Refused(message=message):
            return "refused", message
        case NoAction(message=message):
            return "no action", message
        case Queued(message=message):
            return "queued for approval", message
        case Unknown(message=message):
            return "unknown", message
        case _:
            assert_never(outcome)
