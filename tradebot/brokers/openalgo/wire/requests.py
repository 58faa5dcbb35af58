"""The bodies of the requests; the key is added where they leave.

[W] A field that the server does not know is a 400, so nothing stands here but its own.
"""

from collections.abc import Iterable
from decimal import Decimal

from tradebot.core.intents import PlaceOrder
from tradebot.core.money import plain

Body = dict[str, object]

# [S] A label in OpenAlgo's own log. It is not sent to most brokers and never comes back.
STRATEGY = "tradebot"


def place_order(order: PlaceOrder) -> Body:
    """Return the body of ``placeorder``: at the market, or a limit order.

    Never of ``placesmartorder``: it works on the net of the account, of which others may
    own a part, and with a quantity while flat it opens a new position [W].
    """
    key = order.key
    body: Body = {
        "strategy": STRATEGY,
        "symbol": key.symbol,
        "exchange": key.exchange,
        "action": order.side.value,
        "product": key.product,
        "quantity": _number(order.quantity),
        "pricetype": "MARKET" if order.price is None else "LIMIT",
    }
    if order.price is not None:
        body["price"] = _number(order.price)
    return body


def cancel_order(order_id: str) -> Body:
    """Return the body of ``cancelorder``."""
    return {"strategy": STRATEGY, "orderid": order_id}


def cancel_gtt(trigger_id: str) -> Body:
    """Return the body of ``cancelgttorder``."""
    return {"strategy": STRATEGY, "trigger_id": trigger_id}


def order_status(order_id: str) -> Body:
    """Return the body of ``orderstatus``."""
    return {"strategy": STRATEGY, "orderid": order_id}


def instrument(name: str) -> Body:
    """Return the body of ``quotes`` and of ``symbol``."""
    exchange, _, symbol = name.partition(":")
    return {"symbol": symbol, "exchange": exchange}


def instruments(names: Iterable[str]) -> Body:
    """Return the body of ``multiquotes``."""
    return {"symbols": [instrument(name) for name in names]}


def _number(value: Decimal) -> int | float:
    """Return a number for JSON: whole where it is whole, as the schema wants quantities."""
    return int(value) if value == value.to_integral_value() else float(plain(value))
