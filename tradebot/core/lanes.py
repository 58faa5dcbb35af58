"""The lane of a net position: which exit may send an order now, and what replies mean.

One request in doubt per net position. What to send is derived anew each time from what
is held and what may still fill, never from the memory of a call that failed.
"""

from decimal import Decimal

from tradebot.core import exits
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
from tradebot.core.intents import PlaceOrder, QueryOrder, ReadPosition
from tradebot.core.positions import Position, corrected
from tradebot.core.trades import Status, Trade

# An exit that was refused this often in a row needs a person; it is tried for ever all the same.
STUCK_TRIES = 5
# A flat net closes a trade only when two reads, apart in time, agree.
FLAT_READS = 2


def advance(book: Book, key: NetKey, at_ns: int) -> None:
    """Send what this lane may send now: at most one request."""
    lane = book.lanes.get(key, [])
    if any(exit_.state.is_in_doubt for exit_ in lane):
        return
    for exit_ in lane:
        if not exit_.state.is_ready or exit_.due_at_ns > at_ns:
            continue
        others = [other for other in lane if other is not exit_]
        quantity = exits.quantity_to_send(exit_, held(book, exit_), others)
        if quantity > 0:
            _send(book, exit_, quantity, at_ns)
            return
        if not any(other.alive for other in others):
            book.put_exit(exits.checking(exit_, at_ns))
            book.want(ReadPosition(key=key))
            return


def held(book: Book, exit_: Exit) -> Decimal:
    """Return the units that the net position holds on the side which the exit leaves."""
    return max(Decimal(0), -exit_.side.sign * book.net(exit_.key))


def wake(book: Book, at_ns: int) -> None:
    """Act on every exit whose time has come: ask again, read again, try again."""
    for key in list(book.lanes):
        for exit_ in list(book.lanes[key]):
            if exit_.due_at_ns > at_ns:
                continue
            if exit_.state is State.UNKNOWN:
                _query(book, exits.in_doubt(exit_, at_ns))
            elif exit_.state is State.WORKING:
                _query(book, exits.asked(exit_, at_ns))
            elif exit_.state is State.CHECKING:
                book.put_exit(exits.checking(exit_, at_ns))
                book.want(ReadPosition(key=key))
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
        book.want(ReadPosition(key=after.key))
    elif after.state is State.RETRY_WAIT:
        _note_stuck(book, after, message, reply.at_ns)
    advance(book, after.key, reply.at_ns)


def on_query(book: Book, reply: QueryReply) -> None:
    """Take the answer to a query by client order id."""
    if reply.report is not None:
        on_report(book, reply.report)
        return
    exit_ = _exit_of(book, reply.client_order_id)
    if exit_ is None or exit_.client_order_id != reply.client_order_id:
        return
    if exit_.state is State.UNKNOWN and reply.answered:
        # The broker keeps our own ids: an id that it does not know was never placed.
        book.put_exit(exits.waiting(exit_, reply.at_ns))
    advance(book, exit_.key, reply.at_ns)


def on_report(book: Book, report: OrderReport) -> bool:
    """Take the broker's word on one of our exit orders; False where it is not one."""
    exit_ = _exit_of(book, report.client_order_id)
    if exit_ is None:
        return False
    if exit_.client_order_id == report.client_order_id:
        after = exits.reported(exit_, report.state, report.filled, report.order_id, report.at_ns)
        if after is not exit_:
            book.put_exit(after)
            if after.state is State.RETRY_WAIT:
                _note_stuck(book, after, report.message, report.at_ns)
            advance(book, after.key, report.at_ns)
    return True


def on_execution(book: Book, execution: Execution) -> bool:
    """Take a fill of one of our exit orders; False where it is not one."""
    exit_ = _exit_of(book, execution.client_order_id)
    if exit_ is None:
        return False
    assert execution.client_order_id is not None, "an exit found without a client order id"
    after = exits.filled_by(
        exit_, execution.client_order_id, execution.order_id, execution.quantity
    )
    book.put_exit(after)
    trade = book.trades.get(exit_.trade_id)
    assert trade is not None, f"exit {exit_.number} of {exit_.trade_id} outlived its trade"
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
    """Take the broker's net of a key that an exit found empty."""
    checking = [e for e in book.lanes.get(reply.key, []) if e.state is State.CHECKING]
    if reply.net is None or not checking:
        return  # a failed read says nothing: the next one is due by itself
    ours = book.net(reply.key)
    if ours != reply.net:
        book.say(
            BookDiffers(
                instrument=reply.key.instrument, ours=ours, broker=reply.net, at_ns=reply.at_ns
            )
        )
        before = book.positions.get(reply.key) or Position(key=reply.key)
        book.put_position(corrected(before, reply.net))
    for exit_ in checking:
        if held(book, exit_) > 0:
            book.put_exit(exits.ready(exit_))
        elif exit_.tries >= FLAT_READS:
            _close_outside(book, exit_, reply.at_ns)
    advance(book, reply.key, reply.at_ns)


def close_if_left(book: Book, trade: Trade, at_ns: int) -> None:
    """Close a trade of which nothing is left and nothing more can come."""
    if trade.status is not Status.TRIGGERED or trade.remaining > 0 or _entry_may_fill(book, trade):
        return
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


def _query(book: Book, exit_: Exit) -> None:
    book.put_exit(exit_)
    assert exit_.client_order_id is not None, "a query without an order"
    book.want(QueryOrder(client_order_id=exit_.client_order_id, key=exit_.key))


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


def _note_stuck(book: Book, exit_: Exit, why: str, at_ns: int) -> None:
    if exit_.tries < STUCK_TRIES:
        return
    trade = book.trades[exit_.trade_id]
    if not trade.stuck:
        book.put_trade(trade, stuck=True)
    book.say(TradeStuck(trade_id=exit_.trade_id, why=why, at_ns=at_ns))


def _close_outside(book: Book, exit_: Exit, at_ns: int) -> None:
    """Close a trade whose position somebody else has left."""
    book.put_exit(exits.ended(exit_))
    trade = book.trades.get(exit_.trade_id)
    if trade is not None and not book.open_exits(trade.trade_id):
        if trade.status is Status.TRIGGERED:
            close(book, trade, Status.CLOSED_EXTERNAL, at_ns)
        else:
            book.put_trade(trade, unguarded=True)


def _entry_may_fill(book: Book, trade: Trade) -> bool:
    """Whether the entry order may bring more: closing would leave that part unguarded."""
    if trade.order_id is None:
        return False
    order = book.orders.get(trade.order_id)
    return order is not None and not order.is_settled


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
