"""Frames and bodies of OpenAlgo's, spoiled by a seed, and what may be read of them at most.

Each thing that a reader makes of spoiled bytes is held against another reading of the same
bytes, by Python's own ``json``: whoever reads a price, a fill, a position or an acknowledgement
that is not written there has made it up.
"""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any

from tests.brokers.openalgo.wire import samples
from tradebot.brokers.openalgo.wire import listings, orders, positions, prices, trades, values
from tradebot.brokers.openalgo.wire.answers import answer_of, whole
from tradebot.brokers.openalgo.wire.frames import frame_of
from tradebot.core.inputs import Acked

TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null')
ODD = (
    *(b"0", b"-1", b"1e309", b"-0.0", b"NaN", b"Infinity", b"null", b"true", b'""', b'"0"'),
    *(b"1180591620717411303424", b'"1,000"', b'"nan"', b'" 7 "', b"[]", b"{}", b"[[[[", b"1.5"),
    *(b'"\xff\xfe"', b'"\\ud800"', b'"BUY"', b'"success"', b'"error"', b'"analyze"', b"-5"),
    *('"١٢"'.encode(), b'"\\u0000"', b"[" * 3000, b'"' + b"x" * 500 + b'"', b"1e-9", b"815"),
)
WORDS = (b'"data":', b'"status":"success",', b'"ltp":7,', b'"orderid":"1",', b"},{", b",", b"}")
FRAMES = [
    json.dumps(sample, separators=separators).encode()
    for separators in ((",", ":"), (", ", ": "))
    for sample in (
        *(samples.TICK, samples.TICK, samples.WELCOME, samples.ACK, samples.ERROR),
        {**samples.TICK, "mode": 2, "data": {**samples.TICK["data"], **samples.QUOTE}},
    )
]
_SAID: list[dict[str, Any]] = [
    {"data": {"orders": [samples.ORDER, samples.ORDER], "statistics": {}}},
    {"data": samples.ORDER},
    {"data": [samples.TRADE, {**samples.TRADE, "orderid": "7", "quantity": "25"}]},
    {"data": [samples.POSITION, {**samples.POSITION, "symbol": "INFY", "quantity": 0}]},
    {"data": {"holdings": [samples.POSITION]}},
    {"data": samples.QUOTE},
    {"results": [{"symbol": "SBIN", "exchange": "NSE", "data": samples.QUOTE}]},
    {"data": samples.SYMBOL},
    {"orderid": "250408001002736"},
    {"data": []},
    {"message": "Order queued", "mode": "semi_auto", "pending_order_id": 1},
]
BODIES = [json.dumps({"status": "success", **body}).encode() for body in _SAID]
STATUSES = (200, 200, 200, 200, 400, 403, 429, 500)


class Spoiler:
    """Draws spoiled bytes of some samples."""

    def __init__(self, wholes: list[bytes], rng: Random) -> None:
        self._wholes = [(raw, [match.span() for match in TOKEN.finditer(raw)]) for raw in wholes]
        self._rng = rng

    def __call__(self) -> bytes:
        rng = self._rng
        raw, tokens = rng.choice(self._wholes)
        start, end = rng.choice(tokens)
        raw = raw[:start] + rng.choice(ODD) + raw[end:]
        for _ in range(rng.randrange(3)):
            raw = self._hurt(raw)
        return raw

    def _hurt(self, raw: bytes) -> bytes:
        rng = self._rng
        at = rng.randrange(len(raw) + 1)
        match rng.randrange(6):
            case 0:
                return raw[:at]
            case 1:
                return raw[:at] + rng.randbytes(1) + raw[at + 1 :]
            case 2:
                return raw[:at] + raw[at + rng.randrange(1, 20) :]
            case 3:
                return raw[:at] + rng.choice(WORDS) + raw[at:]
            case 4:
                return raw[:at] + raw[max(0, at - rng.randrange(1, 40)) :]
            case _:
                return raw[:at] + rng.choice(self._wholes)[0][at:]


def price_of_frame(raw: bytes) -> float | None:
    """Return the price of NSE:SBIN that our readers make of a frame."""
    frame = frame_of(raw)
    if frame is None or not frame.is_tick or (frame.exchange, frame.symbol) != ("NSE", "SBIN"):
        if frame is not None:  # whatever else it is, it is looked at
            _ = frame.is_welcome, frame.is_order_news, frame.is_broker_gone, list(frame.refused)
        return None
    assert frame.data is not None, "a tick has data"
    return values.price(frame.data.ltp)


def told_price(raw: bytes) -> float | None:
    """Return the price of NSE:SBIN that is written in a frame."""
    said = _json(raw)
    if not isinstance(said, dict) or said.get("type") != "market_data":
        return None
    data = said.get("data")
    if (said.get("exchange"), said.get("symbol")) != ("NSE", "SBIN") or not isinstance(data, dict):
        return None
    number = _number(data.get("ltp"))
    return float(number) if number is not None and number > 0 else None


def wrong_with_frame(raw: bytes) -> str:
    """Say what is wrong with the reading of a frame; empty: nothing."""
    price = price_of_frame(raw)
    if price is not None and price != told_price(raw):
        return f"{price} was read of {raw[:300]!r}"
    return ""


def wrong_with_body(http: int, raw: bytes) -> str:
    """Say what is wrong with the reading of a body; empty: nothing."""
    answer = answer_of(http, raw)
    said: Any = None
    for name, read in READERS.items():
        found = read(answer)
        if not found:
            continue
        if said is None:
            said = _json(raw) or {}
        if not (http == 200 and isinstance(said, dict) and said.get("status") == "success"):
            return f"{name} {found} was read of HTTP {http} {raw[:300]!r}"
        if any(not _is_told(said, what) for what in found):
            return f"{name} {found} was read of {raw[:400]!r}"
    return ""


def _acked(answer: Any) -> list[object]:
    outcome = orders.outcome_of(answer)
    return [outcome.order_id] if isinstance(outcome, Acked) else []


def _order_rows(answer: Any) -> list[object]:
    one = orders.order_row(answer)
    book = whole(list(orders.order_rows(orders.order_book(answer) or ()))) or []
    rows = [*book, *(() if one is None else (one,))]
    return [what for row in rows for what in (row.order_id, row.quantity, row.symbol)]


def _fills(answer: Any) -> list[object]:
    rows = whole(list(trades.trade_rows(trades.trade_book(answer) or ()))) or []
    priced = [row for row in rows if row.price]
    fills = list(trades.fills_of(trades.by_order(priced), {}, {}))
    assert all(fill.row.quantity > 0 and fill.row.price > 0 for fill in fills)
    return [what for fill in fills for what in (fill.row.order_id, fill.row.quantity)]


def _positions(answer: Any) -> list[object]:
    found = positions.positions_of(answer)
    if found is None:
        return []
    # No row is a claim too: that nothing is held.
    return [held.net for held in found.values()] if found else [NOTHING_HELD]


def _holdings(answer: Any) -> list[object]:
    return [held.net for held in (positions.holdings(answer) or {}).values()]


def _quotes(answer: Any) -> list[object]:
    one = prices.quote_of(answer, 7)
    found = [*prices.quotes_of(answer, 7).values(), *(() if one is None else (one,))]
    return [quote.ltp for quote in found]


def _sizes(answer: Any) -> list[object]:
    found = listings.listing_of(answer).instrument
    return [] if found is None else [found.lot_size, found.tick_size]


NOTHING_HELD = object()
READERS: dict[str, Callable[[Any], list[object]]] = {
    "acknowledgement": _acked,
    "orders": _order_rows,
    "fills": _fills,
    "positions": _positions,
    "holdings": _holdings,
    "quotes": _quotes,
    "instrument": _sizes,
}


def _is_told(said: dict[str, Any], what: object) -> bool:
    if what is NOTHING_HELD:
        return said.get("data") == []
    if isinstance(what, str):
        return any(str(value).strip() == what.strip() for value in _leaves(said))
    assert isinstance(what, Decimal | float)
    number = Decimal(str(what))
    return any(_number(value) == number or _same(value, what) for value in _leaves(said))


def _same(value: object, what: object) -> bool:
    return (
        isinstance(what, float) and (number := _number(value)) is not None and float(number) == what
    )


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8", "replace"), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip().replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
