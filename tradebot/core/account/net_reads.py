"""Asking the broker what it holds: one question at a time, and before anything after a start.

A broker's books lag, and a read that failed may look like an empty one. So a net that is
not the fold of the executions that we know counts only when a second read, some time
later, says the same and nothing of ours has moved lately. Until then nothing is sent.
"""

from tradebot.core.account.positions import LAG_NS_MAX
from tradebot.core.book import Book
from tradebot.core.inputs import PositionsReply
from tradebot.core.intents import ReadBook, ReadPosition
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import NO_UNITS

# An answer that takes longer than this is not waited for any more.
READ_TIMEOUT_NS = 30_000_000_000
# After a start: how often the broker's net is asked for, and how long a lane waits for it.
UNREAD_AGAIN_NS = 1_000_000_000
UNREAD_NS_MAX = 10_000_000_000
# How long a lane waits while the broker says a net that is not ours.
DISPUTED_NS_MAX = 30_000_000_000
# Two reads that agree are at least so far apart, and no execution of ours is younger than a
# broker's books are old.
NO_VERSION = -1  # no claim stands
AGREE_NS = 2_000_000_000
# That nothing is held takes longer: a session that has died, and many a failed read, look like
# that. All reads for so long have to say it; meanwhile nothing is sent.
FLAT_NS = 20_000_000_000


def ask(book: Book, key: NetKey) -> None:
    """Ask for the broker's net, unless an answer is on its way."""
    asked = book.reads.get(key)
    if asked is None or book.now_ns - asked[0] >= READ_TIMEOUT_NS:
        book.reads[key] = book.now_ns, book.position_version(key)
        book.want(ReadPosition(key=key))


def distrust(book: Book, key: NetKey) -> None:
    """Send nothing on a key until the broker has said its net: we were away.

    A broker that cannot say it holds the lane for ten seconds, and no longer: then our own
    fold counts again, because a missed stop is worse.
    """
    _hold(book, key, book.now_ns + UNREAD_NS_MAX)
    ask(book, key)


def is_believed(book: Book, reply: PositionsReply) -> bool:
    """Whether a net that is not our fold's counts already; else it is soon asked for again.

    At once where we know of no execution that could be set against it, and where it is just
    what our open trades add up to, none of them fresh: two accounts of it agree then. Nothing
    is no account: a read that failed looks like that.
    """
    key, net, at_ns = reply.key, reply.net, reply.at_ns
    assert net is not None, "a read that failed is no claim"
    position = book.positions.get(key)
    if position is None:
        return True
    is_quiet = at_ns - position.moved_at_ns >= LAG_NS_MAX
    if is_quiet and net and net == book.guarded_net(key):
        return True
    claim = net, position.version
    said = book.disputes.get(key)
    if said is not None and said[0] == claim:
        if is_quiet and at_ns - said[1] >= (AGREE_NS if net else FLAT_NS):
            return True
    else:
        book.disputes[key] = claim, at_ns
    until_ns = book.unread.get(key, (0, 0))[1]
    if said is None:
        until_ns = max(until_ns, at_ns + DISPUTED_NS_MAX)
    _hold(book, key, until_ns)
    return False


def is_agreed(book: Book, reply: PositionsReply) -> bool:
    """Whether a net that is our fold's shows that the fold is right.

    Where executions may count twice in it, an old net may be equal by chance.
    """
    position = book.positions.get(reply.key)
    if position is None or not (position.unsure_bought or position.unsure_sold):
        return True
    return reply.at_ns - position.moved_at_ns >= LAG_NS_MAX


def is_interrupted(book: Book, key: NetKey) -> None:
    """Forget what was claimed: only reads in a row, with nothing between, agree."""
    if key in book.disputes:
        # The dispute itself goes on: its time is not given anew with every broken row.
        book.disputes[key] = (NO_UNITS, NO_VERSION), book.disputes[key][1]


def is_known(book: Book, key: NetKey) -> None:
    """Let the lane of a key go on: what the broker holds is known."""
    book.unread.pop(key, None)
    book.disputes.pop(key, None)


def ask_orders(book: Book, account: str) -> None:
    """Ask for the broker's order book, unless an answer is on its way."""
    if book.book_asked_ns is None or book.now_ns - book.book_asked_ns >= READ_TIMEOUT_NS:
        book.book_asked_ns = book.now_ns
        book.want(ReadBook(account=account))


def distrust_orders(book: Book, account: str, wait_ns: int = UNREAD_NS_MAX) -> None:
    """Send nothing until the broker has told of its orders: what is there is not ours to come.

    A broker that cannot say it is waited for so long, and no longer.
    """
    book.book_unread = account, book.now_ns + UNREAD_AGAIN_NS, book.now_ns + wait_ns
    ask_orders(book, account)


def may_send(book: Book, key: NetKey) -> bool:
    """Whether enough is known of the broker's books to send an order on a key."""
    return key not in book.unread and book.book_unread is None and key not in book.frozen


def wake(book: Book, at_ns: int) -> None:
    """Ask again for what is not known, or go on without it."""
    if book.book_unread is not None:
        account, again_ns, until_ns = book.book_unread
        if until_ns <= at_ns:
            book.book_unread = None
        elif again_ns <= at_ns:
            book.book_unread = account, at_ns + UNREAD_AGAIN_NS, until_ns
            ask_orders(book, account)
    for key, (again_ns, until_ns) in list(book.unread.items()):
        lane = book.lanes.get(key)
        if until_ns <= at_ns and lane is not None and lane.orders:
            # No net can be compared while an order of ours may fill: the wait begins after it.
            _hold(book, key, at_ns + UNREAD_NS_MAX)
        elif until_ns <= at_ns:
            is_known(book, key)
        elif again_ns <= at_ns:
            _hold(book, key, until_ns)
            ask(book, key)


def _hold(book: Book, key: NetKey, until_ns: int) -> None:
    book.unread[key] = book.now_ns + UNREAD_AGAIN_NS, until_ns
