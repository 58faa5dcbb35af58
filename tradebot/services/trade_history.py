"""Trades that are over, chosen and page by page."""

from collections.abc import Sequence

import msgspec

from tradebot.core.trades import Reason, Trade
from tradebot.errors import InputError
from tradebot.ports import Store

PAGE_MAX = 1_000
# Trades that one request looks through for what only some have; the cursor goes on from there.
SCANNED_MAX = 5_000

_CURSOR_LENGTH_MAX = 18


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which trades are wanted; None chooses nothing away."""

    strategy: str | None = None
    reason: Reason | None = None
    from_ns: int | None = None  # closed at it or later
    to_ns: int | None = None  # closed before it

    @property
    def by_database(self) -> bool:
        """Whether the database alone can choose."""
        return self.reason is None and self.from_ns is None and self.to_ns is None

    def has(self, trade: Trade) -> bool:
        """Whether a trade of the database's choice is wanted."""
        if self.by_database:
            return True
        closed_ns = trade.closed_at_ns or 0
        return (
            self.reason in (None, trade.reason)
            and (self.from_ns is None or closed_ns >= self.from_ns)
            and (self.to_ns is None or closed_ns < self.to_ns)
        )


async def page_of(
    store: Store, chosen: Chosen, *, limit: int, cursor: str | None
) -> tuple[Sequence[Trade], str | None]:
    """Return trades that are over, newest first, and the cursor of what follows.

    Where not the database alone chooses, a page may hold fewer than ``limit`` trades and
    still have a cursor: no request looks through the whole history.

    Raises:
        InputError: limit or cursor is wrong.
        StoreError: the database cannot be read.
    """
    before = number_of(cursor)
    check_limit(limit)
    found: list[Trade] = []
    scanned = 0
    asked = limit if chosen.by_database else PAGE_MAX
    while len(found) < limit and scanned < SCANNED_MAX:
        page = await store.history(limit=asked, before=before, strategy=chosen.strategy)
        for saved in page:
            scanned += 1
            before = saved.trade.number
            if chosen.has(saved.trade):
                found.append(saved.trade)
                if len(found) == limit:
                    break
        else:
            if len(page) < asked:
                before = None
                break
    return found, None if before is None else str(before)


def check_limit(limit: int) -> None:
    """Refuse a page that is no page.

    Raises:
        InputError: it is.
    """
    if not 1 <= limit <= PAGE_MAX:
        raise InputError("limit", f"limit = {limit}: must be 1 to {PAGE_MAX}")


def number_of(cursor: str | None) -> int | None:
    """Return the trade number that a cursor stands for.

    Raises:
        InputError: it is no cursor of ours.
    """
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _CURSOR_LENGTH_MAX):
        raise InputError("cursor", "cursor must be the `next` of an earlier answer")
    return int(cursor)
