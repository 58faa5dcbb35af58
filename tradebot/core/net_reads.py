"""Asking the broker what it holds: one question at a time, and before anything after a start."""

from tradebot.core.book import Book
from tradebot.core.instruments import NetKey
from tradebot.core.intents import ReadPosition

# An answer that takes longer than this is not waited for any more.
READ_TIMEOUT_NS = 30_000_000_000
# After a start: how often the broker's net is asked for, and how long a lane waits for it.
UNREAD_AGAIN_NS = 1_000_000_000
UNREAD_NS_MAX = 10_000_000_000


def ask(book: Book, key: NetKey, at_ns: int) -> None:
    """Ask for the broker's net, unless an answer is on its way."""
    asked = book.reads.get(key)
    if asked is None or at_ns - asked[0] >= READ_TIMEOUT_NS:
        book.reads[key] = at_ns, book.position_version(key)
        book.want(ReadPosition(key=key))


def distrust(book: Book, key: NetKey, at_ns: int) -> None:
    """Send nothing on a key until the broker has said its net: we were away.

    A broker that cannot say it holds the lane for ten seconds, and no longer: then our own
    fold counts again, because a missed stop is worse.
    """
    book.unread[key] = at_ns + UNREAD_AGAIN_NS, at_ns + UNREAD_NS_MAX
    ask(book, key, at_ns)


def wake(book: Book, at_ns: int) -> None:
    """Ask again for what is not known since the start, or go on without it."""
    for key, (again_ns, until_ns) in list(book.unread.items()):
        if until_ns <= at_ns:
            del book.unread[key]
        elif again_ns <= at_ns:
            book.unread[key] = at_ns + UNREAD_AGAIN_NS, until_ns
            ask(book, key, at_ns)
