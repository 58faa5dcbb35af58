"""What a shadow stands between: a real account that can only be read, and an exchange on paper."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from tradebot.core.inputs import Execution, NetPosition, OrderReport
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.ports import Broker, Inbox, Quote


class Reads(Protocol):
    """A real account, of which everything can be read. As a ``Broker`` has it, and no order."""

    async def open(self, inbox: Inbox) -> None:
        """Connect."""

    async def close(self) -> None:
        """Let go of everything."""

    def remember(self, executions: Sequence[Execution], /) -> None:
        """Know what an earlier life was told."""

    async def instruments(self) -> Sequence[Instrument]:
        """Return what can be traded."""

    async def report(self, order_id: str) -> OrderReport | None:
        """Ask for an order."""

    async def order_book(self) -> Sequence[OrderReport] | None:
        """Return the day's orders."""

    async def net(self, key: NetKey) -> Decimal | None:
        """Return the net of one key."""

    async def positions(self) -> Sequence[NetPosition] | None:
        """Return all that is held."""

    async def executions(self) -> Sequence[Execution]:
        """Return the day's executions."""

    async def quote(self, instrument: str) -> Quote | None:
        """Return a price."""


class Exchange(Broker, Protocol):
    """An exchange on paper."""

    def describe(self, instruments: Iterable[Instrument]) -> None:
        """Trade these too."""


class Prices(Protocol):
    """What the exchange on paper fills at."""

    def ltp(self, instrument: str) -> float | None:
        """Return the last price, None before the first."""

    def tell(
        self,
        instrument: str,
        ltp: float,
        at_ns: int,
        bid: float | None = None,
        ask: float | None = None,
    ) -> None:
        """Note a price."""
