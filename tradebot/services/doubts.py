"""Why the guard is degraded though it works."""

from tradebot.core.book import Book
from tradebot.core.exits import State
from tradebot.services.persister import Persister


def doubts_of(book: Book, persister: Persister) -> list[str]:
    """Return a sentence for each doubt; none is the good answer."""
    halt = book.halt
    doubts = [] if halt.form is None else [f"halted ({halt.form}): {halt.why}"]
    doubts += [
        f"exit {exit_.number} of trade {exit_.trade_id} waits for the broker's word on "
        f"{exit_.client_order_id}"
        for lane in book.lanes.values()
        for exit_ in lane
        if exit_.state is State.UNKNOWN
    ]
    doubts += [
        f"trade {trade.trade_id} is stuck: its exit is refused again and again"
        for trade in book.trades.values()
        if trade.stuck
    ]
    doubts += [
        f"{name} has no fit price: its {len(line.guarded)} trades are blind"
        for name, line in book.lines.items()
        if line.guarded and line.blind_since_ns is not None
    ]
    if persister.failing_since_frame is not None:
        doubts.append(f"the database refuses: {persister.waiting} rows wait for it")
    return doubts
