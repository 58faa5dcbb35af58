"""Asking what has executed before an exit leaves, where the broker does not tell it by itself.

What a person sells at such a broker is unknown to us until somebody asks, and a stop in
between would sell the same units again. So the executions are read first: one read for all
exits of that moment, and for a second at most, because a missed stop is worse.
"""

from msgspec.structs import replace

from tradebot.core.book import Book
from tradebot.core.inputs import ExecutionsRead, OrderChannel
from tradebot.core.intents import ReadExecutions
from tradebot.core.market.instruments import NetKey

# A read that was asked for so lately is good for one more exit.
FRESH_NS = 500_000_000
# Whoever reads has a second, and says so when it is over. An exit waits for no longer than this.
WAIT_NS_MAX = 1_250_000_000
# A broker that could not say it is asked again after so long: every exit would wait in vain.
VAIN_NS = 5_000_000_000


def may_leave(book: Book, key: NetKey) -> bool:
    """Whether an exit may leave by what is known of executions; else it waits for a read."""
    telling = book.telling
    is_told = book.policy.exits.pushes if telling.is_told is None else telling.is_told
    if is_told or 0 <= telling.leave_until_ns - book.now_ns <= VAIN_NS:
        return True
    if telling.since_ns(key) is None:
        book.telling = replace(telling, waits=(*telling.waits, (key, book.now_ns)))
    ask(book, key.account)
    return False


def on_channel(book: Book, channel: OrderChannel) -> None:
    """Take the word for it that the broker tells by itself, or does so no longer."""
    book.telling = replace(book.telling, is_told=channel.up)


def on_read(book: Book, reply: ExecutionsRead) -> list[NetKey]:
    """Take the end of a read, whose executions came before it; return the lanes that may go on.

    An exit that was decided long after the read had left waits for the next one.
    """
    asked_ns = book.telling.asked_ns
    if asked_ns is None:
        return []
    until_ns = asked_ns + FRESH_NS if reply.is_read else book.now_ns + VAIN_NS
    latest_ns = asked_ns + FRESH_NS if reply.is_read else book.now_ns
    served = [key for key, since_ns in book.telling.waits if since_ns <= latest_ns]
    waits = tuple(wait for wait in book.telling.waits if wait[0] not in served)
    book.telling = replace(book.telling, asked_ns=None, leave_until_ns=until_ns, waits=waits)
    if waits:
        ask(book, waits[0][0].account)
    return served


def given_up(book: Book) -> list[NetKey]:
    """Return the lanes that have waited for long enough: each goes on without, once."""
    if not book.telling.waits:
        return []
    late = [
        key for key, since_ns in book.telling.waits if not 0 <= book.now_ns - since_ns < WAIT_NS_MAX
    ]
    waits = tuple(wait for wait in book.telling.waits if wait[0] not in late)
    book.telling = replace(book.telling, waits=waits)
    return late


def ask(book: Book, account: str) -> None:
    """Ask what has executed, unless an answer is on its way."""
    asked_ns = book.telling.asked_ns
    if asked_ns is None or not 0 <= book.now_ns - asked_ns < WAIT_NS_MAX:
        book.telling = replace(book.telling, asked_ns=book.now_ns)
        book.want(ReadExecutions(account=account))
