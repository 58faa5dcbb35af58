"""The lane of a net position: which exit may send an order now, and when a trade is over.

One request in doubt per net position. What to send is derived anew each time from what
is held and what may still fill, never from the memory of a call that failed.
"""

from decimal import Decimal

from tradebot.core.account import net_reads, trade_reads
from tradebot.core.book import Book
from tradebot.core.events import ExitSent, TradeClosed, TradeStuck
from tradebot.core.guard.lines import Line
from tradebot.core.guard.trades import PriceSource, Status, Trade
from tradebot.core.inputs import ExecutionsRead, OrderSide
from tradebot.core.intents import CancelOrder, PlaceOrder, QueryOrder, ReadOrder
from tradebot.core.leaving import closed_market, exits, ranking
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.leaving.ladder import limit_price
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import exact
from tradebot.core.others import leftovers, resting

# An exit that brought nothing this often in a row needs a person, who is told at once and
# then every minute; it is tried for ever all the same.
STUCK_TRIES = 5
STUCK_AGAIN = 12  # questions, five seconds apart


def advance(book: Book, key: NetKey, at_ns: int, *, is_told: bool = False) -> None:
    """Send what this lane may send now: at most one request.

    Args:
        book: everything.
        key: the lane's.
        at_ns: the time of what allowed it, by whichever clock.
        is_told: what has executed was just read, or could not be.
    """
    lane = book.lanes.get(key)
    if lane is None or lane.doubts or not net_reads.may_send(book, key) or not book.halt.sends:
        return
    if closed_market.holds(book, key, lane, at_ns):
        return
    for exit_ in lane:
        if not exit_.state.is_ready or exit_.due_at_ns > book.now_ns:
            continue
        units = held(book, exit_)
        need = exits.quantity_to_send(
            exit_,
            held=units,
            alive=lane.alive,
            remaining=book.trades[exit_.trade_id].remaining,
            own=book.alive(exit_.trade_id),
        )
        if need > 0:
            quantity = resting.room(book, exit_, need, units - lane.alive, at_ns)
            quantity = _unlike(book, exit_, _slice(book, key, quantity))
            if quantity > 0:
                if is_told or trade_reads.may_leave(book, key):
                    _send(book, exit_, quantity, at_ns)
                return
            if not book.policy.opposite_allowed:
                return  # what holds this one back holds back all that leave the same way
            continue
        if not lane.orders:
            book.put_exit(exits.checking(exit_, book.now_ns))
            net_reads.ask(book, key)
            return


def held(book: Book, exit_: Exit) -> Decimal:
    """Return the units that the net position surely holds on the side which the exit leaves."""
    position = book.positions.get(exit_.key)
    return Decimal(0) if position is None else position.held_for(exit_.side)


def wake(book: Book, at_ns: int) -> None:
    """Act on every exit whose time has come: ask again, read again, try again."""
    net_reads.wake(book, at_ns)
    late = trade_reads.given_up(book)
    for key in list(book.lanes):
        for exit_ in book.lanes[key]:
            if exit_.due_at_ns > at_ns:
                continue
            if exit_.state is State.UNKNOWN:
                ask(book, exits.in_doubt(exit_, at_ns), at_ns)
            elif exit_.state is State.SENDING:
                ask(book, exits.unanswered(exit_, at_ns), at_ns)
            elif exit_.state is State.WORKING:
                _look_at_working(book, exit_, at_ns)
            elif exit_.state is State.CHECKING:
                after = book.put_exit(exits.checking(exit_, at_ns))
                net_reads.ask(book, key)
                if not after.flat_reads:
                    _tell_a_person(book, after, "what the broker holds is not known", at_ns)
            elif exit_.held_ns:
                resting.tell(book, exit_, at_ns)
        advance(book, key, at_ns, is_told=key in late)
        if not book.lanes[key]:
            del book.lanes[key]


def on_executions_read(book: Book, reply: ExecutionsRead) -> None:
    """Let leave what has waited for the executions to be read."""
    for key in trade_reads.on_read(book, reply):
        advance(book, key, reply.at_ns, is_told=True)


def ask(book: Book, exit_: Exit, at_ns: int, why: str | None = None) -> None:
    """Keep an exit whose order is in doubt or silent, and ask the broker what became of it.

    Where that brings nothing a person is told; ``why`` is what, if it is no doubt.
    """
    book.put_exit(exit_)
    assert exit_.client_order_id is not None, "a question about no order"
    if book.policy.exits.tagged:
        book.want(QueryOrder(client_order_id=exit_.client_order_id, key=exit_.key))
    elif exit_.order_id is not None:
        book.want(ReadOrder(exit_.order_id))
    else:
        net_reads.ask_orders(book, exit_.key.account)
    doubt = f"the fate of {exit_.client_order_id} is not known after {exit_.asks} questions"
    _tell_a_person(book, exit_, why or doubt, at_ns)


def _tell_a_person(book: Book, exit_: Exit, why: str, at_ns: int) -> None:
    """Say that questions bring nothing: at the fifth in a row, and then every minute."""
    if exit_.asks >= STUCK_TRIES and (exit_.asks - STUCK_TRIES) % STUCK_AGAIN == 0:
        say_stuck(book, exit_, why, at_ns)


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
    leftovers.after_exit(book, trade, at_ns)


def entry_may_fill(book: Book, trade: Trade) -> bool:
    """Whether the entry order may bring more: closing would leave that part unguarded."""
    if trade.order_id is None:
        return False
    order = book.orders.get(trade.order_id)
    # Where the id is another order's by now, the entry is long over.
    return order is None or (order.may_be_on(trade.key) and not order.is_settled)


def leaving_side(trade: Trade) -> OrderSide:
    """Return the side of the orders that leave a trade."""
    return OrderSide.SELL if trade.side.sign > 0 else OrderSide.BUY


def _look_at_working(book: Book, exit_: Exit, at_ns: int) -> None:
    """Ask for an order that works; one that the market leaves behind is called back.

    Not one that is over already, and of which only its executions are still to come.
    """
    is_left = bool(book.policy.exits.ladder) or exit_.cancels > 0
    is_named = exit_.order_id is not None and exit_.order_final is None
    if not (is_left and is_named and book.halt.sends):
        ask(book, exits.asked(exit_, at_ns), at_ns)
    elif _is_at_the_end(book, exit_):
        # Where nobody buys, who waits longest sells first: a new order would wait behind all.
        why = f"{exit_.client_order_id} rests at {exit_.limit}, and there is no further step"
        if not exit_.asks:
            say_stuck(book, exit_, why, at_ns)
        ask(book, exits.asked(exit_, at_ns), at_ns, why)
    else:
        call_back(book, exit_, at_ns, ranking.CHASE)


def _is_at_the_end(book: Book, exit_: Exit) -> bool:
    """Whether an order rests already at a price that no further step would give way from."""
    if not exit_.step or exit_.cancels or exit_.limit is None:
        return False
    trade = book.trades[exit_.trade_id]
    further = _price(book, exit_.step + 1, trade, book.line(trade.instrument))
    return further is not None and trade.side.sign * (further - exit_.limit) >= 0


def call_back(book: Book, exit_: Exit, at_ns: int, rank: tuple[float, ...] = ()) -> None:
    """Ask for a working order to be cancelled, and what has become of it."""
    ask(book, exits.cancelling(exit_, at_ns), at_ns)
    assert exit_.client_order_id is not None, "a working order without a name"
    book.want(
        CancelOrder(
            client_order_id=exit_.client_order_id,
            order_id=exit_.order_id,
            key=exit_.key,
            rank=rank,
        )
    )


def _slice(book: Book, key: NetKey, quantity: Decimal) -> Decimal:
    """Return as much of a quantity as the exchange takes in one order, in whole lots."""
    instrument = book.instrument(key.instrument)
    freeze = instrument.freeze_quantity
    if freeze is None or quantity <= freeze:
        return quantity
    lot = instrument.lot_size
    return min(quantity, max(lot, freeze // lot * lot))


def _unlike(book: Book, exit_: Exit, quantity: Decimal) -> Decimal:
    """Return a quantity that no request has which waits for somebody's approval.

    Where the broker drops our ids nothing else would tell the two apart once one is placed.
    """
    if book.policy.exits.tagged:
        return quantity
    queued = [
        other.order_quantity
        for other in book.lanes[exit_.key]
        if other.side is exit_.side and other.state is State.WORKING and other.order_id is None
    ]
    while quantity > 0 and quantity in queued:
        quantity -= book.instrument(exit_.key.instrument).lot_size
    return quantity


def _price(book: Book, step: int, trade: Trade, line: Line) -> Decimal | None:
    """Return the price of an exit's order at a step; None: at the market."""
    ladder = book.policy.exits.ladder
    if not step or not ladder or line.ltp is None:
        return None
    touch = line.price_for(trade.side, PriceSource.EXIT_SIDE, line.ltp)
    rung = ladder[min(step, len(ladder)) - 1]
    return limit_price(rung, trade.side, exact(touch), line.instrument)


def _send(book: Book, exit_: Exit, quantity: Decimal, at_ns: int) -> None:
    trade = book.trades[exit_.trade_id]
    trade = book.put_trade(trade, attempts=trade.attempts + 1)
    client_order_id = f"{trade.trade_id}-x{trade.attempts}"
    # The later of both clocks: what is in doubt is held for too long rather than too short.
    sent_at_ns = max(book.now_ns, at_ns)
    known = () if book.policy.exits.tagged else book.order_ids(exit_.key, exit_.side, quantity)
    line = book.line(trade.instrument)
    price, ltp = _price(book, exit_.step, trade, line), line.ltp
    limit = exact(ltp) if price is None and ltp is not None else price
    book.put_exit(exits.sent(exit_, client_order_id, quantity, sent_at_ns, known, limit=limit))
    book.say(
        ExitSent(
            trade_id=trade.trade_id,
            exit=exit_.number,
            client_order_id=client_order_id,
            side=exit_.side,
            quantity=quantity,
            at_ns=at_ns,
            price=price,
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
            price=price,
            rank=ranking.rank(book, trade),
        )
    )


def say_stuck(book: Book, exit_: Exit, why: str, at_ns: int) -> None:
    """Say that an exit needs a person."""
    trade = book.trades[exit_.trade_id]
    if not trade.stuck:
        book.put_trade(trade, stuck=True)
    book.say(TradeStuck(trade_id=exit_.trade_id, why=why, at_ns=at_ns))


def close_outside(book: Book, trade_id: str, at_ns: int) -> None:
    """Close a trade whose position somebody else has left.

    While its entry may bring more it stays: what comes is left as it was decided.
    """
    trade = book.trades.get(trade_id)
    if trade is None or entry_may_fill(book, trade):
        return
    for exit_ in book.open_exits(trade_id):
        book.put_exit(exits.ended(exit_))
    close(book, trade, Status.CLOSED_EXTERNAL, at_ns)
