"""Rows of trades that are over, as the JSON that was made before; bounded by bytes."""

from decimal import Decimal
from heapq import heappop, heappush

import msgspec

from tradebot.core.guard.trades import Reason
from tradebot.ports import TradeKey

BYTES_MAX = 16 * 1024 * 1024
ROW_BYTES = 600  # what a row takes besides its JSON, as measured: its fields, its key, its place


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trade that is over as it is told, what it was made with and is chosen by."""

    json: msgspec.Raw
    instrument: str
    multiplier: Decimal
    reason: Reason | None
    closed_at_ns: int | None


class KeptRows:
    """As many rows as there is room for, those of the newest trades.

    They are asked for most, and every export begins with them: where the whole history has
    no room, a part of it is found each time. If the row that came first left first, none would.
    """

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        """Keep no more than ``bytes_max``."""
        self.bytes = 0
        self._bytes_max = bytes_max
        self._rows: dict[TradeKey, Row] = {}
        self._oldest: list[TradeKey] = []  # a heap of the keys

    def get(self, key: TradeKey) -> Row | None:
        """Return the row of a trade as of this change."""
        return self._rows.get(key)

    def put(self, key: TradeKey, row: Row) -> None:
        """Keep a row, in the place of an earlier one of the same key."""
        earlier = self._rows.get(key)
        if earlier is None:
            heappush(self._oldest, key)
        else:
            self.bytes -= _size(earlier)
        self._rows[key] = row
        self.bytes += _size(row)
        while self.bytes > self._bytes_max:
            self.bytes -= _size(self._rows.pop(heappop(self._oldest)))


def _size(row: Row) -> int:
    return len(bytes(row.json)) + ROW_BYTES
