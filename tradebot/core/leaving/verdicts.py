"""A person's word on an exit in doubt: it is done, or it may be sent again.

The word ends a doubt before the broker's own evidence does, so it reaches no further than
that doubt. Where it says that units have left, the position that the broker tells decides
what may leave next; where it says that nothing is alive, that position is read before
anything else is sent.
"""

from decimal import Decimal

import msgspec

from tradebot.core.account import freezing, net_reads
from tradebot.core.account.positions import doubted
from tradebot.core.book import Book
from tradebot.core.events import DoubtResolved, TradeRefused
from tradebot.core.guard.trades import Trade
from tradebot.core.inputs import Resolve, Verdict
from tradebot.core.leaving import exits, lanes
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.money import NO_UNITS

# How long the orders of the broker are waited for after a person's word, as its line is often
# down when a person has to look: what was in question may be in them.
VERDICT_NS_MAX = 60_000_000_000
# What moved so long before a request left may have been that request, by a clock behind ours.
CLOCKS_APART_NS_MAX = 5_000_000_000


def resolve(book: Book, command: Resolve) -> None:
    """Act on a person's word on the exits of a trade that are in question, or on one of them."""
    trade = book.trades.get(command.trade_id)
    if trade is None:
        _refuse(book, command, "trade_id", f"there is no open trade {command.trade_id}")
        return
    found = [exit_ for exit_ in book.open_exits(trade.trade_id) if is_in_question(exit_)]
    if command.order is not None:
        # One that waits for the broker's net may never have had an order.
        ordered = (exit_.client_order_id for exit_ in found)
        names = ", ".join(name for name in ordered if name is not None) or "nothing"
        found = [exit_ for exit_ in found if exit_.client_order_id == command.order]
        if not found:
            why = f"{command.order} is not in doubt; of trade {trade.trade_id} {names} is"
            _refuse(book, command, "order", why)
            return
    if trade.key in book.frozen and command.verdict is Verdict.RESEND:
        freezing.thaw(book, trade.key)
        if not found:
            net_reads.distrust(book, trade.key)
            return
    if not found:
        why = f"nothing of trade {trade.trade_id} is in doubt: no exit waits for a person's word"
        _refuse(book, command, "trade_id", why)
        return
    resolve_as = _done if command.verdict is Verdict.DONE else _resend
    resolve_as(book, command, trade, found)


def is_in_question(exit_: Exit) -> bool:
    """Whether a person's word on an exit is wanted: a doubt, an approval, or no way through."""
    match exit_.state:
        case State.SENDING | State.UNKNOWN:
            return True
        case State.WORKING:
            # Without a name it was queued: it waits for somebody's approval at the broker.
            return exit_.order_id is None or exit_.asks >= lanes.STUCK_TRIES
        case State.RETRY_WAIT:
            return exit_.tries >= lanes.STUCK_TRIES
        case State.CHECKING:
            return exit_.asks >= lanes.STUCK_TRIES
        case _:
            return False


def _resend(book: Book, command: Resolve, trade: Trade, found: list[Exit]) -> None:
    """Let the next attempt leave as soon as the broker's position is known."""
    sending = next((exit_ for exit_ in found if exit_.state is State.SENDING), None)
    if sending is not None:
        # Our own call still runs: it may reach the broker after anybody looked there.
        why = f"{sending.client_order_id} is still being sent: wait until that has ended"
        _refuse(book, command, "verdict", why)
        return
    for exit_ in found:
        _say(book, command, exit_)
        if exit_.state is State.CHECKING and exit_.flat_reads:
            continue  # the broker says that nothing is left to send, and is being asked on
        book.put_exit(exits.due_now(exits.waiting(exit_, command.at_ns), command.at_ns))
    _go_on(book, trade)


def _done(book: Book, command: Resolve, trade: Trade, found: list[Exit]) -> None:
    """Take what was asked for as gone; with the last of its units the trade is over."""
    goes_on = _is_more_left(book, trade, found) or lanes.entry_may_fill(book, trade)
    tells = book.policy.exits.tagged
    if goes_on and any(e.is_alive and (tells or e.order_id is not None) for e in found):
        # Its executions carry a name that we know, and would be counted a second time.
        why = (
            f"trade {trade.trade_id} goes on with what is left of it, and the broker will tell "
            "by name what became of the order: wait for its word"
        )
        _refuse(book, command, "verdict", why)
        return
    for exit_ in found:
        _say(book, command, exit_)
        position = book.positions.get(exit_.key)
        if position is not None:
            book.put_position(doubted(position, exit_.side, _asked_for(exit_), book.now_ns))
        if goes_on:
            trade = _leave(book, trade, exit_)
        else:
            book.put_exit(exits.ended(exit_))
    if not goes_on and trade.remaining > 0:
        lanes.close_outside(book, trade.trade_id, command.at_ns)
    else:
        lanes.close_if_left(book, trade, command.at_ns)
    _go_on(book, trade)


def _is_more_left(book: Book, trade: Trade, found: list[Exit]) -> bool:
    """Whether a trade has units beside those that exits in question were to leave.

    Where it is not clear it has: a trade that goes on with nothing is found out by reads, one
    that is called over with units left has no stop.
    """
    asked = sum(map(_asked_for, found), NO_UNITS)
    if trade.remaining <= asked:
        return False
    held, position = lanes.held(book, found[0]), book.positions.get(trade.key)
    if not held or position is None:
        return True  # that nobody has told us yet is no sign of nothing being left
    sent_at_ns = max(exit_.sent_at_ns for exit_ in found) - CLOCKS_APART_NS_MAX
    if max(position.moved_at_ns, position.corrected_at_ns) > sent_at_ns:
        return True  # what is held may be without the units in question already
    return held > asked


def _leave(book: Book, trade: Trade, exit_: Exit) -> Trade:
    """Count units as gone of which no execution of ours will ever tell.

    At the price of the entry: what they brought is not known, and is in no P&L.
    """
    units = min(_asked_for(exit_), trade.remaining)
    after = msgspec.structs.replace(exit_, filled=exit_.filled + units, tries=0)
    book.put_exit(exits.ended(after) if after.remaining <= 0 else exits.ready(after))
    return book.put_trade(
        trade,
        exited=trade.exited + units,
        exit_notional=trade.exit_notional + units * trade.entry,
    )


def _asked_for(exit_: Exit) -> Decimal:
    """Return the units that a word on an exit is about."""
    return exit_.alive if exit_.is_alive else exit_.remaining


def _go_on(book: Book, trade: Trade) -> None:
    """Read the broker's position, and its orders, before anything else leaves on it.

    What the request in question has become is in them: it is no order of the next one's.
    """
    now = book.trades.get(trade.trade_id)
    if now is not None and now.stuck:
        book.put_trade(now, stuck=False)
    net_reads.distrust(book, trade.key)
    if not book.policy.exits.tagged:
        net_reads.distrust_orders(book, trade.account, VERDICT_NS_MAX)


def _say(book: Book, command: Resolve, exit_: Exit) -> None:
    book.say(
        DoubtResolved(
            trade_id=command.trade_id,
            exit=exit_.number,
            verdict=command.verdict,
            why=command.why,
            at_ns=command.at_ns,
        )
    )


def _refuse(book: Book, command: Resolve, field: str, why: str) -> None:
    book.say(TradeRefused(trade_id=command.trade_id, field=field, why=why, at_ns=command.at_ns))
