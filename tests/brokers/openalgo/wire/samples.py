"""What the server says, as it was seen on the wire, and ways to spoil it."""

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from hypothesis import strategies as st

from tradebot.brokers.openalgo.wire import orders, trades
from tradebot.brokers.openalgo.wire.answers import Answer, answer_of, whole

_Read = TypeVar("_Read")

ORDER: dict[str, Any] = {
    "action": "SELL",
    "average_price": 812.55,
    "exchange": "NSE",
    "order_status": "complete",
    "orderid": "250408001002736",
    "price": 0,
    "pricetype": "MARKET",
    "product": "MIS",
    "quantity": 100,
    "symbol": "SBIN",
    "timestamp": "20-Nov-2026 10:01:40",
    "trigger_price": 0,
}
TRADE: dict[str, Any] = {
    "orderid": "250408001002736",
    "symbol": "SBIN",
    "exchange": "NSE",
    "product": "MIS",
    "action": "SELL",
    "quantity": 100,
    "average_price": 812.55,
    "trade_value": 81255.0,
    "timestamp": "10:01:41",
}
POSITION: dict[str, Any] = {
    "symbol": "SBIN",
    "exchange": "NSE",
    "product": "MIS",
    "quantity": "-10",
    "average_price": "812.55",
    "ltp": 815.05,
    "pnl": -25.0,
}
QUOTE: dict[str, Any] = {
    "ltp": 815.05,
    "open": 812.0,
    "high": 816.0,
    "low": 811.0,
    "prev_close": 810.0,
    "bid": 815.0,
    "ask": 815.1,
    "volume": 1000,
    "oi": 0,
}
SYMBOL: dict[str, Any] = {
    "symbol": "SBIN",
    "exchange": "NSE",
    "lotsize": 1,
    "tick_size": 0.05,
    "freeze_qty": 1,
    "brsymbol": "SBIN-EQ",
    "token": "3045",
    "instrumenttype": "EQ",
    "expiry": "",
    "strike": 0,
}
TICK: dict[str, Any] = {
    "type": "market_data",
    "symbol": "SBIN",
    "exchange": "NSE",
    "mode": 1,
    "data": {
        "symbol": "SBIN",
        "exchange": "NSE",
        "mode": 1,
        "ltp": 815.05,
        "ltt": 1795164344258,
        "timestamp": 1795164344258,
    },
    "broker": "angel",
}
WELCOME = {
    "type": "auth",
    "status": "success",
    "message": "Authentication successful",
    "broker": "angel",
    "user_id": "tester",
    "supported_features": {},
}
ACK = {
    "type": "subscribe",
    "status": "partial",
    "subscriptions": [
        {"symbol": "SBIN", "exchange": "NSE", "status": "success", "mode": "LTP"},
        {"symbol": "X", "exchange": "NSE", "status": "error", "mode": "LTP", "message": "no X"},
    ],
}
ERROR = {"status": "error", "code": "BROKER_ERROR", "message": "the broker is gone"}


def there(value: _Read | None) -> _Read:
    """Return what was read, which was to be there."""
    assert value is not None, "nothing was read"
    return value


def success(data: object, **fields: object) -> Answer:
    return said(200, {"status": "success", "data": data, **fields})


def said(http: int, body: object) -> Answer:
    return answer_of(http, json.dumps(body).encode())


def book(*rows: dict[str, object]) -> Answer:
    return success({"orders": list(rows), "statistics": {"total_sell_orders": 1.0}})


_ODD = st.sampled_from([
    *(None, True, False, 0, -1, 2**70, -(2**70), 1e300, -0.0, 0.1, "", "0", "nan", "1e99", "é"),
    *(" 7 ", "1,000", [], {}, [1], {"a": 1}, "\x00", "x" * 300, "BUY", "NaN", "-5", "١٢"),
])  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn, sample: object) -> bytes:
    """Draw a sample with values replaced, keys removed, and bytes changed."""
    body = json.loads(json.dumps(sample))
    for _ in range(draw(st.integers(0, 3))):
        _spoil(draw, body)
    raw = bytearray(json.dumps(body).encode())
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, max(0, len(raw) - 1)))
        kind = draw(st.sampled_from(["flip", "cut", "insert"]))
        if kind == "flip" and raw:
            raw[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del raw[at:]
        else:
            raw[at:at] = draw(st.binary(max_size=3))
    return bytes(raw)


def _spoil(draw: st.DrawFn, value: object) -> None:
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        if isinstance(value[key], dict | list) and draw(st.booleans()):
            _spoil(draw, value[key])
        elif draw(st.booleans()):
            value[key] = copy.deepcopy(draw(_ODD))
        else:
            del value[key]
    elif isinstance(value, list) and value:
        at = draw(st.integers(0, len(value) - 1))
        if isinstance(value[at], dict | list) and draw(st.booleans()):
            _spoil(draw, value[at])
        else:
            value[at] = copy.deepcopy(draw(_ODD))


def order_rows(answer: Answer) -> list[orders.OrderRow] | None:
    """Return what the rows of an order book say; None: it is not one that can be read."""
    found = orders.order_book(answer)
    return None if found is None else whole(list(orders.order_rows(found)))


def trade_rows(answer: Answer) -> list[trades.TradeRow] | None:
    """Return what the rows of a trade book say; None: it is not one that can be read."""
    found = trades.trade_book(answer)
    return None if found is None else whole(list(trades.trade_rows(found)))


def fills_of(
    rows: Iterable[trades.TradeRow],
    limits: Mapping[str, trades.Limit],
    told: Mapping[str, Mapping[str, trades.Fill]] | None = None,
) -> list[trades.Fill]:
    """Return the fills that rows of any orders surely tell of."""
    return list(trades.fills_of(trades.by_order(rows), limits, told or {}))
