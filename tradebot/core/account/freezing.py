"""Freezing: books that go on contradicting each other are not traded on.

The broker's net replaces ours when it has good evidence. One replacement after the other
says that the evidence is worth nothing: then nothing more leaves on that position, a person
is told every minute, and it goes on when both books have been the same for a while, or
when a person says so.
"""

import msgspec

from tradebot.core.account import net_reads
from tradebot.core.account.positions import Frozen
from tradebot.core.book import Book
from tradebot.core.events import PositionFrozen, PositionThawed
from tradebot.core.guard import covering
from tradebot.core.market.instruments import NetKey

_SECOND_NS = 1_000_000_000
# So many corrections within so long are too many: each had two reads that agreed behind it.
CORRECTIONS_MAX = 5
WITHIN_NS = 300 * _SECOND_NS
AGREED_NS = 30 * _SECOND_NS  # for so long both books are the same before anything is sent
SAID_EVERY_NS = 60 * _SECOND_NS
ASKED_EVERY_NS = 5 * _SECOND_NS


def corrected(book: Book, key: NetKey, at_ns: int) -> None:
    """Count a correction of our net by the broker's; the one too many freezes the position."""
    since_ns = at_ns - WITHIN_NS
    before = book.corrections.get(key, ())
    book.corrections[key] = times = (*(t for t in before if t > since_ns), at_ns)
    if len(times) >= CORRECTIONS_MAX:
        freeze(book, key, f"our net was corrected {len(times)} times in 5 minutes")


def freeze(book: Book, key: NetKey, why: str) -> None:
    """Send nothing more on a position; one that is frozen already stays as it is."""
    if key in book.frozen:
        return
    book.frozen[key] = Frozen(why=why, since_ns=book.now_ns, say_at_ns=book.now_ns)
    covering.touch_all(book)
    _say(book, key)


def agreed(book: Book, key: NetKey) -> None:
    """Take a read of the broker's net that was ours; the position thaws after a while of these."""
    frozen = book.frozen.get(key)
    if frozen is None:
        return
    if frozen.agreed_since_ns is None:
        book.frozen[key] = msgspec.structs.replace(frozen, agreed_since_ns=book.now_ns)
    elif book.now_ns - frozen.agreed_since_ns >= AGREED_NS:
        thaw(book, key)


def differed(book: Book, key: NetKey) -> None:
    """Take a read that failed, or was not ours: the while begins anew."""
    frozen = book.frozen.get(key)
    if frozen is not None:
        book.frozen[key] = msgspec.structs.replace(frozen, agreed_since_ns=None)


def thaw(book: Book, key: NetKey) -> None:
    """Let exits leave again."""
    frozen = book.frozen.pop(key)
    book.corrections.pop(key, None)
    covering.touch_all(book)
    book.say(
        PositionThawed(
            instrument=key.instrument,
            frozen_s=(book.now_ns - frozen.since_ns) // _SECOND_NS,
            at_ns=book.now_ns,
        )
    )


def wake(book: Book) -> None:
    """Ask for the net of what is frozen, and say again that nothing is sent there."""
    for key, frozen in list(book.frozen.items()):
        if frozen.ask_at_ns <= book.now_ns:
            again_ns = book.now_ns + ASKED_EVERY_NS
            book.frozen[key] = msgspec.structs.replace(frozen, ask_at_ns=again_ns)
            net_reads.ask(book, key)
        if frozen.say_at_ns <= book.now_ns:
            _say(book, key)


def _say(book: Book, key: NetKey) -> None:
    frozen = book.frozen[key]
    book.frozen[key] = msgspec.structs.replace(frozen, say_at_ns=book.now_ns + SAID_EVERY_NS)
    lane = book.lanes.get(key)
    book.say(
        PositionFrozen(
            instrument=key.instrument,
            why=frozen.why,
            frozen_s=(book.now_ns - frozen.since_ns) // _SECOND_NS,
            exits_waiting=sum(exit_.state.is_ready for exit_ in lane or ()),
            at_ns=book.now_ns,
        )
    )
