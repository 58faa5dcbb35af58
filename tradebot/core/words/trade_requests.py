"""A trade in JSON, and the same trade as a ``TradeRequest``.

Every mistake is an ``InputError`` that names the key, the value and what is allowed; a
key that is not known is refused, because a ``sl`` that is passed over is a trade without
a stop.
"""

import re
from collections.abc import Callable, Collection, Mapping

import msgspec

from tradebot.core.guard.trades import PastStop, PriceSource, Side, TradeRequest
from tradebot.core.market.instruments import Kind, kind_of
from tradebot.core.money import plain
from tradebot.core.words.fields import Json, json_object, number, text, word, wrong
from tradebot.core.words.rule_words import (
    RULE_KEYS,
    RULE_MEANINGS,
    parse_rules,
    rules_json,
    rules_of,
)
from tradebot.errors import InputError

__all__ = ["TradeDefaults", "parse_rules", "parse_trade", "rules_json", "trade_json"]

_KEYS = (
    *("trade_id", "account", "strategy", "exchange", "symbol", "product", "side"),
    *("quantity", "entry_price", "order_id"),
    *RULE_KEYS,
    *("past_stop", "price_source", "tag"),
)
_MEANINGS = {  # what other programs call it
    **RULE_MEANINGS,
    **dict.fromkeys(("ltp", "price", "entry", "average_price"), "entry_price"),
    **dict.fromkeys(("id", "tradeid"), "trade_id"),
    **dict.fromkeys(("orderid", "entry_order_id"), "order_id"),
    **dict.fromkeys(("scrip", "ticker", "tradingsymbol"), "symbol"),
    **dict.fromkeys(("direction", "action", "transaction_type"), "side"),
}
_SIDE_MEANINGS = {"buy": "LONG", "sell": "SHORT"}
_TRADE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class TradeDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What a trade says where its JSON says nothing."""

    account: str | None = None  # None: it must be named
    strategy: str = ""
    product: str | None = None  # None: it must be named
    price_sources: Mapping[Kind, PriceSource] = {}  # classes that are missing: last


def parse_trade(
    obj: object,
    *,
    defaults: TradeDefaults,
    extra: Collection[str] = (),
    kind: Callable[[str, str], Kind] = lambda _, symbol: kind_of(symbol),
) -> TradeRequest:
    """Read a trade.

    Args:
        obj: the decoded JSON.
        defaults: for ``account``, ``strategy``, ``product`` and ``price_source``.
        extra: further keys that the caller reads by itself.
        kind: the class of an instrument, by exchange and symbol; decides the default
            of ``price_source``.

    Raises:
        InputError: the first mistake found.
    """
    trade = json_object(obj, (*_KEYS, *extra), "trade", meanings=_MEANINGS)
    exchange = _exchange(trade)
    symbol = text(trade, "symbol")
    quantity = number(trade, "quantity")
    source = defaults.price_sources.get(kind(exchange, symbol), PriceSource.LAST)
    request = TradeRequest(
        trade_id=_trade_id(trade),
        account=text(trade, "account", default=defaults.account),
        strategy=text(trade, "strategy", default=defaults.strategy, length_min=0),
        exchange=exchange,
        symbol=symbol,
        product=text(trade, "product", default=defaults.product, length_max=32),
        side=word(trade, "side", Side, meanings=_SIDE_MEANINGS),
        quantity=quantity,
        entry_price=number(trade, "entry_price"),
        order_id=text(trade, "order_id") if "order_id" in trade else None,
        rules=rules_of(trade, quantity),
        past_stop=word(trade, "past_stop", PastStop, default=PastStop.EXIT),
        price_source=word(trade, "price_source", PriceSource, default=source),
        tag=text(trade, "tag", default="", length_min=0, length_max=200),
    )
    _check_entry(request)
    return request


def trade_json(request: TradeRequest) -> Json:
    """Return a trade in the words that ``parse_trade`` reads."""
    words: Json = {
        "trade_id": request.trade_id,
        "account": request.account,
        "strategy": request.strategy,
        "exchange": request.exchange,
        "symbol": request.symbol,
        "product": request.product,
        "side": request.side.value,
        "quantity": None if request.quantity is None else plain(request.quantity),
        "entry_price": None if request.entry_price is None else plain(request.entry_price),
        "order_id": request.order_id,
        **rules_json(request.rules),
        "past_stop": request.past_stop.value,
        "price_source": request.price_source.value,
        "tag": request.tag,
    }
    return {key: value for key, value in words.items() if value is not None}


def _exchange(trade: Json) -> str:
    exchange = text(trade, "exchange", length_max=32)
    if ":" in exchange:  # "NSE:SBIN" must read back in one way
        raise wrong("exchange", exchange, "a name without a colon")
    return exchange


def _trade_id(trade: Json) -> str | None:
    value = trade.get("trade_id")
    if value is None or (isinstance(value, str) and _TRADE_ID.fullmatch(value)):
        return value
    raise wrong("trade_id", value, "1 to 64 of A-Z a-z 0-9 . _ -")


def _check_entry(request: TradeRequest) -> None:
    """Refuse a trade whose entry is told twice or not at all."""
    if request.order_id is not None:
        if request.entry_price is not None:
            message = "entry_price is what the executions of order_id say: give one of the two"
            raise InputError("entry_price", message)
        return
    for field, value in (("entry_price", request.entry_price), ("quantity", request.quantity)):
        if value is None:
            message = f"{field} is missing: give entry_price and quantity, or order_id"
            raise InputError(field, message)
