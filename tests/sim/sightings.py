"""Which rare paths of the core a world has led to: counted, because a long run must meet all."""

from collections import Counter
from collections.abc import Sequence

from tradebot.core.book import Book
from tradebot.core.events import Event, ExitDecided
from tradebot.core.inputs import (
    BookReply,
    Execution,
    ExecutionsRead,
    Input,
    PlaceReply,
    QueryReply,
    Timer,
)
from tradebot.core.intents import Intent
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.records import Snapshot

_Name = tuple[str, int]


class Sightings:
    """Looks at the book before and after each input."""

    def __init__(self, seen: Counter[str]) -> None:
        self._seen = seen
        self._doubts: dict[_Name, Exit] = {}

    def of_a_start(self, snapshot: Snapshot) -> None:
        """Count what a new life finds unfinished."""
        for exit_ in snapshot.exits:
            if exit_.state.is_in_doubt:
                self._seen["a start with a request in doubt"] += 1
            elif exit_.state is State.WORKING:
                self._seen["a start with an order at work"] += 1
            elif exit_.state is State.DECIDED:
                self._seen["a start with an exit that was not sent"] += 1

    def before(self, book: Book, item: Input) -> None:
        self._doubts = {}
        match item:
            case BookReply() | QueryReply():
                self._doubts = {
                    (exit_.trade_id, exit_.number): exit_
                    for lane in book.lanes.values()
                    for exit_ in lane
                    if exit_.state is State.UNKNOWN
                }
            case Execution():
                self._of_execution(book, item)
            case PlaceReply():
                self._of_reply(book, item)
            case Timer():
                self._of_timer(book, item)
            case ExecutionsRead(is_read=True) if book.telling.waits:
                self._seen["a read that an exit waits for"] += 1
            case _:
                pass

    def after(self, book: Book, item: Input, out: Sequence[Event | Intent]) -> None:
        for name, before in self._doubts.items():
            now = book.exits.get(name[0], {}).get(name[1])
            where = "in the order book" if isinstance(item, BookReply) else "by its name"
            if now is None or now.state in (State.WORKING, State.DONE):
                self._seen[f"found {where}"] += 1
            elif now.state is not State.UNKNOWN:
                self._seen[f"absent {where}" if now.orders == before.orders else "a late end"] += 1
        for thing in out:
            if isinstance(thing, ExitDecided) and len(book.open_exits(thing.trade_id)) > 1:
                self._seen["two exits of one trade"] += 1

    def _of_execution(self, book: Book, item: Execution) -> None:
        if item.execution_id in book._seen:
            self._seen["an execution told again"] += 1
            return
        position = book.positions.get(item.key)
        if position is not None and position.corrected_at_ns >= item.at_ns:
            self._seen["a fill that a correction may have held"] += 1
        if item.order_id in book.unfilled:
            self._seen["an entry revived"] += 1
        is_ours = item.client_order_id is not None or item.order_id in book.exit_of_broker_id
        if book.telling.waits and not is_ours:
            self._seen["a read that told of somebody's trade"] += 1
        name = book.exit_of_order.get(item.client_order_id or "")
        name = name or book.exit_of_broker_id.get(item.order_id)
        exit_ = None if name is None else book.exits.get(name[0], {}).get(name[1])
        if exit_ is None:
            return
        is_present = item.order_id == exit_.order_id or (
            item.client_order_id is not None and item.client_order_id == exit_.client_order_id
        )
        if exit_.state.is_in_doubt:
            self._seen["a fill before the answer"] += 1
        elif not is_present:
            self._seen["a fill of an earlier order"] += 1
        elif not exit_.is_alive:
            self._seen["a fill of an order that was called dead"] += 1
        elif exit_.order_final is not None:
            self._seen["a fill after the final report"] += 1

    def _of_reply(self, book: Book, item: PlaceReply) -> None:
        name = book.exit_of_order.get(item.client_order_id)
        if name is None:
            return
        state = book.exits[name[0]][name[1]].state
        if not state.is_in_doubt:
            self._seen["an answer after the order's own reports"] += 1

    def _of_timer(self, book: Book, item: Timer) -> None:
        for key, (_again_ns, until_ns) in book.unread.items():
            if until_ns <= item.at_ns:
                disputed = key in book.disputes
                self._seen["a dispute that time ended" if disputed else "a net never read"] += 1
        if book.book_unread is not None and book.book_unread[2] <= item.at_ns:
            self._seen["an order book never read"] += 1
