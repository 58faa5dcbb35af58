"""What the engine wants done. Somebody else does it, and the outcome comes back as an input."""

from decimal import Decimal

import msgspec

from tradebot.core.inputs import OrderSide
from tradebot.core.market.instruments import NetKey


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Send an order. The journal has it on disk before the first byte leaves."""

    client_order_id: str  # "T17-x1": from trade and attempt, so every retry names the same order
    trade_id: str
    key: NetKey
    side: OrderSide
    quantity: Decimal
    decided_at_ns: int
    price: Decimal | None = None  # of a limit order; None: at the market
    # Where not all may leave at once the lowest goes first: see ``ranking``.
    rank: tuple[float, float] = (0.0, 0.0)


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for an order to be cancelled; what became of it, its own reports tell.

    One of somebody else carries no id of ours; the broker's is known then.
    """

    client_order_id: str | None
    order_id: str | None  # the broker's, where it is known
    key: NetKey
    # Empty: before all exits, as one waits for it. See ``ranking``.
    rank: tuple[float, ...] = ()


class QueryOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the broker what became of an order that was sent without a clear answer."""

    client_order_id: str
    key: NetKey


class ReadPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the broker for the net of one key."""

    key: NetKey


class ReadOrder(msgspec.Struct, frozen=True):
    """Ask the broker what became of an entry order, by the broker's own id."""

    order_id: str


class ReadBook(msgspec.Struct, frozen=True):
    """Ask the broker for the day's orders: one that was sent has no answer, and no name."""

    account: str


class ReadAccount(msgspec.Struct, frozen=True):
    """Ask the broker for all that an account holds."""

    account: str


class ReadExecutions(msgspec.Struct, frozen=True):
    """Ask the broker what has executed today: an exit waits for it, a second at most."""

    account: str


class Subscribe(msgspec.Struct, frozen=True):
    """The first active trade on an instrument: its ticks are wanted."""

    instrument: str


class Unsubscribe(msgspec.Struct, frozen=True):
    """The last trade on an instrument has left."""

    instrument: str


class AskQuote(msgspec.Struct, frozen=True):
    """A price is in doubt or missing: ask the second source."""

    instrument: str
    why: str


Intent = (
    PlaceOrder
    | CancelOrder
    | QueryOrder
    | ReadPosition
    | ReadOrder
    | ReadBook
    | ReadAccount
    | ReadExecutions
    | Subscribe
    | Unsubscribe
    | AskQuote
)
