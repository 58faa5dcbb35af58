"""The record that judges: what was asked, by whom, and what truly came of it."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tests.openalgo.exchange import By, Exchange, Fill, Key, Order

ZERO = Decimal(0)


class Request(msgspec.Struct, kw_only=True, eq=False):
    """One HTTP request, as it came, and how it was answered."""

    number: int
    endpoint: str
    body: dict[str, object]  # without the key
    at_s: float
    status: int | None = None  # None: never answered
    reply: object = None


class Record:
    """Everything that happened on one server; only the live market is judged."""

    def __init__(self, live: Exchange) -> None:
        self._live = live
        self.requests: list[Request] = []

    def asked(self, endpoint: str) -> Sequence[Request]:
        """Return the requests to one endpoint, oldest first."""
        return [request for request in self.requests if request.endpoint == endpoint]

    def orders(self, *, by: By | None = None, name: str | None = None) -> Sequence[Order]:
        """Return the orders that reached the broker, oldest first."""
        return [
            order
            for order in self._live.orders.values()
            if by in (None, order.by) and name in (None, order.ticket.key.name)
        ]

    def fills(self, *, by: By | None = None, name: str | None = None) -> Sequence[Fill]:
        """Return the executions, oldest first."""
        return [
            fill
            for fill in self._live.fills
            if by in (None, fill.by) and name in (None, fill.key.name)
        ]

    def traded(self, name: str, *, by: By | None = None) -> Decimal:
        """Return the signed units that were truly traded of one instrument."""
        signed = ((fill.quantity, fill.action) for fill in self.fills(by=by, name=name))
        return sum((units if side == "BUY" else -units for units, side in signed), ZERO)

    def nets(self) -> dict[Key, Decimal]:
        """Return the true position of every key that ever had one."""
        return {key: self._live.net(key) for key in self._live.nets}

    def harm(self) -> list[str]:
        """Name every fill of the client's that did not only reduce a position."""
        return [
            f"order {fill.order_id}: {fill.action} {fill.quantity} took {fill.key.name} "
            f"{fill.key.product} from {fill.net_before} to {fill.net_after}"
            for fill in self.fills(by=By.CLIENT)
            if not _reduces(fill)
        ]


def _reduces(fill: Fill) -> bool:
    same_side = fill.net_before * fill.net_after >= 0
    return same_side and abs(fill.net_after) < abs(fill.net_before)
