"""Trades that are over, chosen and page by page."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import msgspec

from tradebot.core.book import Book
from tradebot.core.guard.trades import Reason, Trade
from tradebot.errors import InputError
from tradebot.ports import Store, TradeKey
from tradebot.services.kept_rows import KeptRows, Row
from tradebot.services.trade_json import closed_trade, encoded, multiplier

PAGE_MAX = 1_000
# Trades that one request looks through for what only some have; the cursor goes on from there.
SCANNED_MAX = 5_000
# Trades that are read at once. To read one takes 7 us, most of it in one call for all of them,
# which lets neither the engine nor a commit have its turn before it is done.
READ_AT_ONCE = 100

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

    def has(self, trade: Trade | Row) -> bool:
        """Whether a trade of the database's choice is wanted."""
        if self.by_database:
            return True
        closed_ns = trade.closed_at_ns or 0
        return (
            self.reason in (None, trade.reason)
            and (self.from_ns is None or closed_ns >= self.from_ns)
            and (self.to_ns is None or closed_ns < self.to_ns)
        )


class History:
    """The trades that are over. They never change, so what was made of them is kept."""

    def __init__(self, store: Store) -> None:
        """Take where they are read."""
        self._store = store
        self._kept = KeptRows()

    async def page(
        self, book: Book, chosen: Chosen, *, limit: int, cursor: str | None
    ) -> tuple[Iterator[msgspec.Raw], str | None]:
        """Return trades that are over as JSON, newest first, and the cursor of what follows.

        Where not the database alone chooses, a page may hold fewer than ``limit`` trades and
        still have a cursor: no request looks through the whole history. The database is
        read before this returns; JSON that is not kept is made as the iterator goes on.

        Raises:
            InputError: limit or cursor is wrong.
            StoreError: the database cannot be read.
        """
        before = number_of(cursor)
        check_limit(limit)
        found: list[Trade | Row] = []
        scanned = 0
        asked = limit if chosen.by_database else PAGE_MAX
        async with aclosing(self._each(book, chosen.strategy, before, asked)) as each:
            async for key, trade in each:
                scanned += 1
                before = key.number
                if chosen.has(trade):
                    found.append(trade)
                if len(found) == limit or scanned == SCANNED_MAX:
                    break
            else:
                before = None
        rows = (self._json(book, trade) for trade in found)
        return rows, None if before is None else str(before)

    async def _each(
        self, book: Book, strategy: str | None, before: int | None, asked: int
    ) -> AsyncGenerator[tuple[TradeKey, Trade | Row]]:
        """Yield the trades, newest first, each as its row if that is kept and still right."""
        while True:
            keys = await self._store.history_keys(limit=asked, before=before, strategy=strategy)
            read: dict[int, Trade] = {}
            for place, key in enumerate(keys):
                row = self._kept.get(key)
                if row is not None and row.multiplier == multiplier(book, row.instrument):
                    yield key, row
                    continue
                if key.number not in read:
                    # From this one on, so it is there, even if others have ended meanwhile.
                    read = await self._read(len(keys[place : place + READ_AT_ONCE]), key, strategy)
                yield key, read[key.number]
            if len(keys) < asked:
                return
            before = keys[-1].number

    async def _read(self, limit: int, first: TradeKey, strategy: str | None) -> dict[int, Trade]:
        above = first.number + 1
        saved = await self._store.history(limit=limit, before=above, strategy=strategy)
        return {each.trade.number: each.trade for each in saved}

    def _json(self, book: Book, trade: Trade | Row) -> msgspec.Raw:
        if isinstance(trade, Row):
            return trade.json
        row = Row(
            json=encoded(closed_trade(book, trade)),
            instrument=trade.instrument,
            multiplier=multiplier(book, trade.instrument),
            reason=trade.reason,
            closed_at_ns=trade.closed_at_ns,
        )
        self._kept.put(TradeKey(trade.number, trade.trade_id, trade.version), row)
        return row.json


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
