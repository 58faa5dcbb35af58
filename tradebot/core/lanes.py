"""The lane of a net position: which exit may send an order now, and what replies mean.

One request in doubt per net position. What to send is derived anew each time from what
is held and what may still fill, never from the memory of a call that failed.
"""

from decimal import Decimal
from typing import assert_never

from tradebot.core import exits, net_reads
from tradebot.core.book import Book
from tradebot.core.events import (
    BookDiffers,
    ExitAnswered,
    ExitFilled,
    ExitSent,
    TradeClosed,
    TradeStuck,
)
from tradebot.core.exits import Exit, State
from tradebot.core.inputs import (
    Acked,
    Execution,
    NoAction,
    NotSent,
    OrderReport,
    OrderSide,
    Outcome,
    PlaceReply,
    PositionsReply,
    QueryReply,
    Queued,
    Refused,
    Unknown,
)
from tradebot.core.instruments import NetKey
from tradebot.core.intents import PlaceOrder, QueryOrder
from tradebot.core.positions import Position, corrected
from tradebot.core.trades import Status, Trade

# An exit that brought nothing this often in a row needs a person, who is told at once and
# then every minute; it is tried for ever all the same.
STUCK_TRIES = 5
STUCK_AGAIN = 12  # questions, five seconds apart
# A flat net closes a trade only when two reads, apart in time, agree.
FLAT_READS = 2


def advance(book: Book, key: NetKey, at_ns: int) -> None:
    """Send what this lane may send now: at most one request."""
    lane = book.lanes.get(key)
    if lane is None or lane.doubts or key in book.unread or not book.halt.sends:
        return
    for exit_ in lane:
        if not exit_.state.is_ready or exit_.due_at_ns > at_ns:
            continue
        quantity = exits.quantity_to_send(
            exit_,
            held=held(book, exit_),
            alive=lane.alive,
            remaining=book.trades[exit_.trade_id].remaining,
            own=book.alive(exit_.trade_id),
        )
        if quantity > 0:
            _send(book, exit_, quantity, at_ns)
            return
        if not lane.orders:
            book.put_exit(exits.checking(exit_, at_ns))
            net_reads.ask(book, key, at_ns)
            return


def held(book: Book, exit_: Exit) -> Decimal:
    """Return the units that the net position holds on the side which the exit leaves."""
    return max(Decimal(0), -exit_.side.sign * book.net(exit_.key))


def wake(book: Book, at_ns: int) -> None:
    """Act on every exit whose time has come: ask again, read again, try again."""
    net_reads.wake(book, at_ns)
    for key in list(book.lanes):
        for exit_ in book.lanes[key]:
            if exit_.due_at_ns > at_ns:
                continue
            if exit_.state is State.UNKNOWN:
                _query(book, exits.in_doubt(exit_, at_ns), at_ns)
            elif exit_.state is State.WORKING:
                _query(book, exits.asked(exit_, at_ns), at_ns)
            elif exit_.state is State.CHECKING:
                book.put_exit(exits.checking(exit_, at_ns))
                net_reads.ask(book, key, at_ns)
        advance(book, key, at_ns)
        if not book.lanes[key]:
            del book.lanes[key]


def on_reply(book: Book, reply: PlaceReply) -> None:
    """Take the answer to a request to place an order."""
    exit_ = _exit_of(book, reply.client_order_id)
    if exit_ is None or exit_.client_order_id != reply.client_order_id:
        return
    after = exits.answered(exit_, reply.outcome, reply.at_ns)
    outcome, message = _words(reply.outcome)
    book.say(
        ExitAnswered(
            trade_id=exit_.trade_id,
            exit=exit_.number,
            client_order_id=reply.client_order_id,
            outcome=outcome,
            message=message,
            at_ns=reply.at_ns,
        )
    )
    if after is exit_:
        return
    book.put_exit(after)
    if after.state is State.UNKNOWN:
        book.want(QueryOrder(client_order_id=reply.client_order_id, key=after.key))
    elif after.state is State.CHECKING:
        net_reads.ask(book, after.key, reply.at_ns)
    elif isinstance(reply.outcome, Queued):
        _say_stuck(book, after, message, reply.at_ns)
    _moved(book, after, message, reply.at_ns)


def on_query(book: Book, reply: QueryReply) -> None:
    """Take the answer to a query by client order id."""
    exit_ = _exit_of(book, reply.client_order_id)
    if exit_ is None or exit_.client_order_id != reply.client_order_id:
        return
    if reply.report is not None:
        _on_report(book, exit_, reply.report)
    elif exit_.state is State.UNKNOWN and reply.answered:
        # The broker keeps our own ids: an id that it does not know was never placed.
        _moved(book, exits.waiting(exit_, reply.at_ns), "it never arrived", reply.at_ns)


def on_report(book: Book, report: OrderReport) -> bool:
    """Take the broker's word on one of our exit orders; False where it is not one."""
    exit_ = _exit_of(book, report.client_order_id)
    if exit_ is None:
        return False
    if exit_.client_order_id == report.client_order_id:
        _on_report(book, exit_, report)
    return True


def _on_report(book: Book, exit_: Exit, report: OrderReport) -> None:
    after = exits.reported(exit_, report.state, report.filled, report.order_id, report.at_ns)
    if after is not exit_:
        _moved(book, after, report.message or f"order {report.state}", report.at_ns)


def _moved(book: Book, exit_: Exit, why: str, at_ns: int) -> None:
    """Keep an exit whose order has moved on, and do what that allows."""
    book.put_exit(exit_)
    if exit_.state is State.RETRY_WAIT:
        # A refusal may mean that there is nothing left to sell: before the next attempt
        # the broker's net is known.
        net_reads.ask(book, exit_.key, at_ns)
        if exit_.tries >= STUCK_TRIES:
            _say_stuck(book, exit_, why, at_ns)
    close_if_left(book, book.trades[exit_.trade_id], at_ns)
    advance(book, exit_.key, at_ns)


def on_execution(book: Book, execution: Execution) -> bool:
    """Take a fill of one of our exit orders; False where it is not one."""
    exit_ = _exit_of(book, execution.client_order_id)
    if exit_ is None:
        return False
    assert execution.client_order_id is not None, "an exit found without a client order id"
    after = exits.filled_by(
        exit_,
        execution.client_order_id,
        execution.order_id,
        execution.quantity,
        execution.at_ns,
    )
    book.put_exit(after)
    trade = book.trades[exit_.trade_id]
    trade = book.put_trade(
        trade,
        exited=trade.exited + execution.quantity,
        exit_notional=trade.exit_notional + execution.quantity * execution.price,
        stuck=False,
    )
    book.say(
        ExitFilled(
            trade_id=trade.trade_id,
            exit=exit_.number,
            client_order_id=execution.client_order_id,
            quantity=execution.quantity,
            price=execution.price,
            remaining=trade.remaining,
            at_ns=execution.at_ns,
        )
    )
    close_if_left(book, trade, execution.at_ns)
    advance(book, exit_.key, execution.at_ns)
    return True


def on_positions(book: Book, reply: PositionsReply) -> None:
    """Take the broker's net of a key that was read because ours seems wrong.

    A net that was read before an execution or while an order of ours may fill is out of
    date when it arrives: it breaks a row of flat reads, and what waits for one asks again.
    """
    asked = book.reads.pop(reply.key, None)
    if asked is None or reply.net is None:
        return
    lane = book.lanes.get(reply.key)
    checking = [exit_ for exit_ in lane or () if exit_.state is State.CHECKING]
    if asked[1] != book.position_version(reply.key) or (lane and lane.orders):
        for exit_ in checking:
            book.put_exit(exits.read_in_vain(exit_))
        return
    ours = book.net(reply.key)
    agreed = ours != reply.net  # with an earlier read, where not with our fold
    if agreed:
        if not net_reads.is_believed(book, reply.key, reply.net, reply.at_ns):
            for exit_ in checking:
                book.put_exit(exits.read_in_vain(exit_))
            return
        book.say(
            BookDiffers(
                instrument=reply.key.instrument, ours=ours, broker=reply.net, at_ns=reply.at_ns
            )
        )
        before = book.positions.get(reply.key) or Position(key=reply.key)
        book.put_position(corrected(before, reply.net, reply.at_ns))
    net_reads.is_known(book, reply.key)
    for exit_ in checking:
        if exit_.trade_id not in book.trades:
            continue  # closed with another exit of the same trade
        if held(book, exit_) > 0:
            book.put_exit(exits.ready(exit_))
        else:
            after = book.put_exit(exits.read_flat(exit_))
            if agreed or after.flat_reads >= FLAT_READS:
                _close_outside(book, exit_.trade_id, reply.at_ns)
    advance(book, reply.key, reply.at_ns)


def close_if_left(book: Book, trade: Trade, at_ns: int) -> None:
    """Close a trade of which nothing is left and nothing more can come or go."""
    if not trade.filled or trade.remaining > 0 or entry_may_fill(book, trade):
        return
    rest = book.open_exits(trade.trade_id)
    if any(exit_.is_alive for exit_ in rest):
        return
    for exit_ in rest:
        book.put_exit(exits.ended(exit_))
    close(book, trade, Status.CLOSED, at_ns)


def close(book: Book, trade: Trade, status: Status, at_ns: int) -> None:
    """Make a trade history."""
    trade = book.put_trade(book.live(trade), status=status, closed_at_ns=at_ns)
    multiplier = book.instrument(trade.instrument).multiplier
    book.say(
        TradeClosed(
            trade_id=trade.trade_id,
            status=status,
            reason=trade.reason,
            exit_price=trade.exit_notional / trade.exited if trade.exited else None,
            realized_pnl=trade.realized_pnl(multiplier),
            at_ns=at_ns,
        )
    )
    book.retire(trade)


def entry_may_fill(book: Book, trade: Trade) -> bool:
    """Whether the entry order may bring more: closing would leave that part unguarded."""
    if trade.order_id is None:
        return False
    order = book.orders.get(trade.order_id)
    return order is None or not order.is_settled


def leaving_side(trade: Trade) -> OrderSide:
    """Return the side of the orders that leave a trade."""
    return OrderSide.SELL if trade.side.sign > 0 else OrderSide.BUY


def _send(book: Book, exit_: Exit, quantity: Decimal, at_ns: int) -> None:
    trade = book.trades[exit_.trade_id]
    trade = book.put_trade(trade, attempts=trade.attempts + 1)
    client_order_id = f"{trade.trade_id}-x{trade.attempts}"
    book.put_exit(exits.sent(exit_, client_order_id, quantity))
    book.say(
        ExitSent(
            trade_id=trade.trade_id,
            exit=exit_.number,
            client_order_id=client_order_id,
            side=exit_.side,
            quantity=quantity,
            at_ns=at_ns,
        )
    )
    book.want(
        PlaceOrder(
            client_order_id=client_order_id,
            trade_id=trade.trade_id,
            key=exit_.key,
            side=exit_.side,
            quantity=quantity,
            decided_at_ns=exit_.decided_at_ns,
        )
    )


def _query(book: Book, exit_: Exit, at_ns: int) -> None:
    book.put_exit(exit_)
    assert exit_.client_order_id is not None, "a query without an order"
    book.want(QueryOrder(client_order_id=exit_.client_order_id, key=exit_.key))
    if exit_.asks >= STUCK_TRIES and (exit_.asks - STUCK_TRIES) % STUCK_AGAIN == 0:
        why = f"the fate of {exit_.client_order_id} is not known after {exit_.asks} questions"
        _say_stuck(book, exit_, why, at_ns)


def _exit_of(book: Book, client_order_id: str | None) -> Exit | None:
    """Return the exit that an order of ours carries out.

    An order of an earlier attempt is found by its name: fills may come late.
    """
    if client_order_id is None:
        return None
    name = book.exit_of_order.get(client_order_id)
    if name is not None:
        return book.exits[name[0]][name[1]]
    trade_id, mark, attempt = client_order_id.rpartition("-x")
    known = book.exits.get(trade_id)
    if not (mark and attempt.isdecimal() and known):
        return None
    return known[max(known)]


def _say_stuck(book: Book, exit_: Exit, why: str, at_ns: int) -> None:
    trade = book.trades[exit_.trade_id]
    if not trade.stuck:
        book.put_trade(trade, stuck=True)
    book.say(TradeStuck(trade_id=exit_.trade_id, why=why, at_ns=at_ns))


def _close_outside(book: Book, trade_id: str, at_ns: int) -> None:
    """Close a trade whose position somebody else has left.

    While its entry may bring more it stays: what comes is left as it was decided.
    """
    trade = book.trades.get(trade_id)
    if trade is None or entry_may_fill(book, trade):
        return
    for exit_ in book.open_exits(trade_id):
        book.put_exit(exits.ended(exit_))
    close(book, trade, Status.CLOSED_EXTERNAL, at_ns)


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
