"""What people add to an adopted position, and trades that are made for a part of it."""

from decimal import Decimal

from msgspec.structs import replace

from tradebot.core.adoption.found_events import PositionHandedOver
from tradebot.core.book import Book
from tradebot.core.guard import admission, guarding
from tradebot.core.guard.trades import Side, Status, Trade
from tradebot.core.inputs import Execution, NetPosition
from tradebot.core.leaving import lanes
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import NO_UNITS
from tradebot.core.policy import ManualAdd


def on_execution(book: Book, execution: Execution) -> None:
    """Let an adopted trade grow by what somebody adds to its position.

    Only by what no other trade there guards. What is taken away changes nothing of the
    trade: an exit never leaves more than is held.
    """
    policy = book.policy.adopt
    trade = _adopted(book, execution.key)
    if policy is None or policy.manual_add is not ManualAdd.GUARD or trade is None:
        return
    if execution.side.sign != trade.side.sign:
        return
    held = trade.side.sign * book.net(execution.key)
    units = min(execution.quantity, held - _guarded(book, execution.key, trade.side))
    if units > 0:
        # What was asked for grows too: a trade is never filled beyond it.
        grown = replace(trade, quantity=trade.filled + units)
        admission.entered(book, grown, units, execution.price, execution.at_ns)


def hand_over(book: Book, position: NetPosition, at_ns: int) -> None:
    """Let an adopted trade go of units for which another trade was made.

    A program may say late that an order was its own: until it does, its units are guarded
    as an adopted position, and then not twice.
    """
    key, trade = position.key, _adopted(book, position.key)
    if trade is None or book.net(key) != position.net or book.open_exits(trade.trade_id):
        return
    guarded = _guarded(book, key, trade.side)
    excess = guarded - max(NO_UNITS, trade.side.sign * position.net)
    units = min(excess, trade.remaining)
    if units <= 0 or guarded == trade.remaining:
        return
    trade = guarding.disarm(book, trade)
    book.say(PositionHandedOver(trade_id=trade.trade_id, quantity=units, at_ns=at_ns))
    if units == trade.remaining:
        lanes.close(book, trade, Status.CLOSED_EXTERNAL, at_ns)
        return
    trade = book.put_trade(
        trade,
        quantity=trade.filled - units,
        filled=trade.filled - units,
        entry_notional=trade.entry_notional - units * trade.entry,
    )
    if not trade.unguarded:
        guarding.arm(book, trade, at_ns)


def _adopted(book: Book, key: NetKey) -> Trade | None:
    """Return the adopted trade of a position; one that is being left grows no more."""
    for side in Side:
        for trade_id in book.open_on.get((key, side), ()):
            trade = book.trades[trade_id]
            if trade.adopted and trade.status is Status.ACTIVE:
                return trade
    return None


def _guarded(book: Book, key: NetKey, side: Side) -> Decimal:
    """Return the units that all trades of one side have in a position."""
    names = book.open_on.get((key, side), ())
    return sum((book.trades[name].remaining for name in names), NO_UNITS)
