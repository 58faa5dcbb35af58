"""Orders of others that may still move a net position, and what we did about each."""

from collections.abc import Iterator, Mapping

import msgspec

from tradebot.core.inputs import OrderSide
from tradebot.core.market.instruments import NetKey

_NONE: Mapping[str, "Theirs"] = {}


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """One order that is neither ours nor the entry of a trade. Times are by our clock."""

    order_id: str
    key: NetKey
    side: OrderSide
    since_ns: int  # when it was first heard of
    ended_ns: int = 0  # when it was first said to be over; 0: it may still fill
    told: bool = False  # a person has heard of it
    cancels: int = 0  # requests to cancel it
    asked_ns: int = 0  # the first of these
    due_ns: int = 0  # when to look again
    cancel_due_ns: int = 0  # when to ask again to cancel it
    trade_id: str = ""  # whose exit it has to make room for
    ignored: bool = False  # nothing was heard for so long that the exit does not wait for it


class TheirOrders:
    """All of them, by what they trade: an exit asks whether anything is in its way."""

    __slots__ = ("_by_id", "_on")

    def __init__(self) -> None:
        """Start with none."""
        self._by_id: dict[str, Theirs] = {}
        self._on: dict[tuple[NetKey, OrderSide], dict[str, Theirs]] = {}

    def __iter__(self) -> Iterator[Theirs]:
        """Yield them as they are at this moment, whatever is put meanwhile."""
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, order_id: str) -> Theirs | None:
        """Return one of them."""
        return self._by_id.get(order_id)

    def on(self, key: NetKey, side: OrderSide) -> Mapping[str, Theirs]:
        """Return those of a side on a net position, as they were first heard of."""
        return self._on.get((key, side), _NONE)

    def put(self, theirs: Theirs) -> Theirs:
        """Keep one in its present state; what it trades never changes."""
        self._by_id[theirs.order_id] = theirs
        self._on.setdefault((theirs.key, theirs.side), {})[theirs.order_id] = theirs
        return theirs

    def drop(self, theirs: Theirs) -> None:
        """Let go of one that moves nothing any more."""
        del self._by_id[theirs.order_id]
        place = theirs.key, theirs.side
        here = self._on[place]
        del here[theirs.order_id]
        if not here:
            del self._on[place]
