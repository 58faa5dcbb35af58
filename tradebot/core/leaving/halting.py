"""Halting and releasing: what a person's word does to the book."""

from tradebot.core.book import Book
from tradebot.core.events import Halted, HaltRefused, NothingIsSent, Released
from tradebot.core.guard import covering, guarding
from tradebot.core.guard.trades import Reason, Status
from tradebot.core.inputs import HaltTrading, Release
from tradebot.core.leaving import lanes, ranking
from tradebot.core.leaving.halt import Form

_SECOND_NS = 1_000_000_000
SAID_EVERY_NS = 60 * _SECOND_NS


def halt(book: Book, command: HaltTrading) -> None:
    """Stop what this form stops. The same one again changes nothing, a milder one is refused."""
    form, now = command.form, book.halt
    if form is now.form:
        return
    if not now.gives_way_to(form):
        why = f"the halt in force ({now.form}) is the stronger one: release it first"
        book.say(HaltRefused(why=why, at_ns=command.at_ns))
        return
    book.put_halt(form, command.why, command.at_ns)
    book.say(Halted(form=form, why=command.why, at_ns=command.at_ns))
    if book.halt.leaves_trades:
        leave_every(book, command.at_ns)
    if not book.halt.sends:
        covering.touch_all(book)
        _say_nothing_is_sent(book, command.at_ns)


def release(book: Book, command: Release) -> None:
    """End the halt; exits that were decided meanwhile are sent."""
    was = book.halt.form
    if was is None:
        book.say(HaltRefused(why="nothing is halted", at_ns=command.at_ns))
        return
    book.put_halt(None, command.why, command.at_ns)
    book.say(Released(was=was, why=command.why, at_ns=command.at_ns))
    if was is Form.EVERYTHING:
        covering.touch_all(book)
        for key in list(book.lanes):
            lanes.advance(book, key, command.at_ns)


def wake(book: Book, at_ns: int) -> None:
    """Say every minute that nothing is sent."""
    if not book.halt.sends and book.halt_due_ns <= at_ns:
        _say_nothing_is_sent(book, at_ns)


def leave_every(book: Book, at_ns: int) -> None:
    """Leave every trade that is open: shorts before longs, the largest first."""
    active = [trade for trade in book.trades.values() if trade.status is Status.ACTIVE]
    for trade in sorted(active, key=lambda trade: (ranking.rank(book, trade), trade.number)):
        guarding.leave_all(book, book.trades[trade.trade_id], Reason.HALT, at_ns)


def _say_nothing_is_sent(book: Book, at_ns: int) -> None:
    book.halt_due_ns = at_ns + SAID_EVERY_NS
    waiting = sum(exit_.state.is_ready for lane in book.lanes.values() for exit_ in lane)
    book.say(
        NothingIsSent(
            why=book.halt.why,
            halted_s=max(0, at_ns - book.halt.at_ns) // _SECOND_NS,
            exits_waiting=waiting,
            at_ns=at_ns,
        )
    )
