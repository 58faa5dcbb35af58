"""An exit that is decided while its exchange is closed is held to the open.

Whatever is sent into the night is refused, hundreds of times until the morning, or it is taken
for the next day's auction, where it fills beside the exit that this engine sends at the open.
"""

from msgspec.structs import replace

from tradebot.core.book import Book
from tradebot.core.leaving.exit import Exit
from tradebot.core.leaving.lane import Lane
from tradebot.core.market.instrument_events import ExitWaitsForOpen
from tradebot.core.market.instruments import NetKey


def holds(book: Book, key: NetKey, lane: Lane, at_ns: int) -> bool:
    """Whether nothing is sent because the exchange is closed; each exit is told so once.

    ``at_ns`` is the time of what would let the lane send: the later of it and our clock
    counts, so that the first price of a session is answered at once.
    """
    now_ns = max(book.now_ns, at_ns)
    gate = book.line(key.instrument).gate
    if gate.opens_ns <= now_ns < gate.closes_ns:  # as the last price found; the rest takes longer
        return False
    opens_ns, _ = gate.session.window(now_ns)
    if opens_ns <= now_ns:
        return False
    for exit_ in list(lane):
        if exit_.state.is_ready and exit_.opens_at_ns != opens_ns:
            _tell(book, exit_, opens_ns, at_ns)
    return True


def _tell(book: Book, exit_: Exit, opens_ns: int, at_ns: int) -> None:
    book.put_exit(replace(exit_, opens_at_ns=opens_ns, version=exit_.version + 1))
    book.say(
        ExitWaitsForOpen(
            trade_id=exit_.trade_id,
            exit=exit_.number,
            quantity=exit_.remaining,
            opens_at_ns=opens_ns,
            at_ns=at_ns,
        )
    )
