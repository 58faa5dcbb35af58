"""The frames of the websocket, both ways."""

from collections.abc import Iterable

import msgspec

from tradebot.brokers.openalgo.wire.requests import instrument as words_of
from tradebot.brokers.openalgo.wire.values import Number

LTP_MODE = 1  # what is left out in an unsubscribe means 2 [W], so it is always said

# [W] Errors carry no type, and the socket stays open after each. These mean that the
# broker behind the proxy is gone; to authenticate again on the same socket repairs it.
_BROKER_GONE = frozenset({"BROKER_ERROR", "BROKER_INIT_ERROR", "BROKER_CONNECTION_ERROR"})


class _Data(msgspec.Struct, gc=False):
    # Shaped by the plugin: of a tick only the price is dependable [W].
    ltp: Number = None
    ltt: Number = None
    bid: Number = None
    ask: Number = None
    high: Number = None  # of the day, where another client has asked for more than prices
    low: Number = None


class _Ack(msgspec.Struct, gc=False):
    symbol: str = ""
    exchange: str = ""
    status: str = ""
    message: str | None = None


class Frame(msgspec.Struct, gc=False):
    """Any frame that the proxy sends; what a frame lacks is empty."""

    type: str | None = None
    symbol: str | None = None  # [W] the top level names the instrument; there is no ``topic``
    exchange: str | None = None
    data: _Data | None = None
    status: str | None = None
    code: str | None = None
    message: str | None = None
    mode: str | int | None = None
    subscriptions: list[_Ack] | None = None
    orderid: str | int | None = None  # [W] of an order update; whose order it is, it does not say
    broker: str | None = None

    @property
    def is_tick(self) -> bool:
        """Whether it brings a price."""
        return self.type == "market_data" and self.data is not None

    @property
    def is_order_news(self) -> bool:
        """Whether something became of an order at the broker, and not in the sandbox.

        [W] No replay, no count, and doubles; half of the plugins send none. So it says that
        it is time to read the trade book, and nothing else.
        """
        return self.type == "order_update" and self.mode == "live"

    @property
    def is_welcome(self) -> bool:
        """Whether key and broker were accepted."""
        return self.type == "auth" and self.status == "success"

    @property
    def is_order_ack(self) -> bool:
        """Whether it answers the wish to be told of orders, be it granted or not.

        [W] It comes where nothing will ever be told, too.
        """
        return self.status is not None and "orders" in (self.type or "")

    @property
    def is_pong(self) -> bool:
        """Whether it answers a ping of ours, which the proxy does without its broker [W]."""
        return self.type == "pong"

    @property
    def is_error(self) -> bool:
        """Whether the proxy refuses something."""
        return self.status == "error" and self.type in (None, "auth", "error")

    @property
    def is_broker_gone(self) -> bool:
        """Whether the proxy has lost its broker, or does not know us any more."""
        return self.is_error and (self.code in _BROKER_GONE or self.code == "NOT_AUTHENTICATED")

    @property
    def taken(self) -> Iterable[str]:
        """Yield the instruments of which the proxy says that it has handed a wish on."""
        for ack in self.subscriptions or ():
            if ack.status == "success":
                yield f"{ack.exchange}:{ack.symbol}"

    @property
    def refused(self) -> Iterable[tuple[str, str]]:
        """Yield instrument and message of what a subscription did not take.

        [W] The status of the whole says "partial" even where all failed. A success only
        says that the request was handed on (#1458).
        """
        for ack in self.subscriptions or ():
            if ack.status == "error":
                yield f"{ack.exchange}:{ack.symbol}", ack.message or ""


_FRAME = msgspec.json.Decoder(Frame)


def frame_of(raw: bytes) -> Frame | None:
    """Read a frame; None for what is none. Nothing in it can make this raise."""
    try:
        return _FRAME.decode(raw)
    except (ValueError, RecursionError):
        # Not only msgspec's own errors: bad UTF-8 is a UnicodeDecodeError.
        return None


def authenticate(key: str) -> bytes:
    """Return the frame that begins a connection, and that repairs it after a re-login [W]."""
    return msgspec.json.encode({"action": "authenticate", "api_key": key})


def subscribe_orders() -> bytes:
    """Return the frame that wants to be told of orders."""
    return msgspec.json.encode({"action": "subscribe_orders"})


def ping() -> bytes:
    """Return the frame that the proxy answers by itself, after all that was asked before it."""
    return msgspec.json.encode({"action": "ping"})


def subscribe(names: Iterable[str]) -> bytes:
    """Return the frame that wants last prices of these instruments."""
    symbols = [words_of(name) for name in names]
    return msgspec.json.encode({"action": "subscribe", "symbols": symbols, "mode": LTP_MODE})


def unsubscribe(names: Iterable[str]) -> bytes:
    """Return the frame that wants them no longer."""
    symbols = [words_of(name) | {"mode": LTP_MODE} for name in names]
    return msgspec.json.encode({"action": "unsubscribe", "symbols": symbols})
