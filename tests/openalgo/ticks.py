"""How ticks and order updates are written on the websocket, and how instruments are asked for."""

import datetime as dt
import time

from tests.openalgo.books import plain
from tests.openalgo.exchange import Order

Message = dict[str, object]
TWO_WEEKS_MS = 14 * 86_400_000
MODES = {1: "LTP", 2: "Quote", 3: "Depth"}


def mode_of(value: object) -> int | None:
    """Return the mode that a client means by a number or a name; None: there is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value in MODES else None
    names = {name.lower(): number for number, name in MODES.items()}
    return names.get(str(value).lower())


def tick(name: str, mode: int, price: float, broker: str, form: str) -> dict[str, object]:
    """Write a price as one client's data; ``form`` is how the broker writes its times."""
    exchange, symbol = name.split(":", 1)
    now_ns = time.time_ns()
    millis = now_ns // 1_000_000
    data: dict[str, object] = {"symbol": symbol, "exchange": exchange, "mode": mode, "ltp": price}
    if form == "text":
        at = dt.datetime.fromtimestamp(now_ns / 1e9, dt.UTC)
        data |= {"ltt": at.strftime("%d-%m-%Y %H:%M:%S"), "timestamp": millis}
    elif form == "s":
        data |= {"ltt": millis // 1000, "timestamp": millis // 1000}
    elif form == "old":
        data |= {"ltt": millis - TWO_WEEKS_MS, "timestamp": millis}
    elif form == "ms":
        data |= {"ltt": millis, "timestamp": millis}
    if mode >= 2:
        data |= {
            "open": price,
            "high": price,
            "low": price,
            "close": price,
            "volume": 1000,
            "last_trade_quantity": 1,
        }
    if mode == 3:
        level = {"price": price, "quantity": 100, "orders": 1}
        data["depth"] = {"buy": [level] * 5, "sell": [level] * 5}
    return {
        "type": "market_data",
        "symbol": symbol,
        "exchange": exchange,
        "mode": mode,
        "data": data,
        "broker": broker,
    }


def update(order: Order, mode: str, broker: str) -> dict[str, object]:
    """Write what has become of an order."""
    ticket = order.ticket
    return {
        "type": "order_update",
        "user_id": "tester",
        "mode": mode,
        "broker": broker,
        "orderid": order.order_id,
        "symbol": ticket.key.symbol,
        "exchange": ticket.key.exchange,
        "action": ticket.action,
        "quantity": plain(ticket.quantity),
        "price": ticket.price,
        "trigger_price": ticket.trigger_price,
        "pricetype": ticket.pricetype,
        "product": ticket.key.product,
        "order_status": str(order.status),
        "filled_quantity": plain(order.filled),
        "pending_quantity": plain(order.missing),
        "average_price": order.average,
        "rejection_reason": order.reason,
    }


def items_of(message: Message) -> list[Message]:
    """Return the instruments of a message: a list, or one in the message itself."""
    found = message.get("symbols", [message] if "symbol" in message else [])
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def symbols_of(message: Message) -> list[tuple[str, str]]:
    found = [
        (str(item.get("exchange", "")), str(item.get("symbol", ""))) for item in items_of(message)
    ]
    return [(exchange, symbol) for exchange, symbol in found if exchange and symbol]
