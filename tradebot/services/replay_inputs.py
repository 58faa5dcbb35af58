"""What a replay reads beside the ticks: trades of the past, and a list of instruments.

Every wrong trade is told with its line, because a file of a thousand trades is repaired
in one go.
"""

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NoReturn

import msgspec

from tradebot.core.market.instruments import Instrument, Kind, kind_of
from tradebot.core.words.did_you_mean import shown
from tradebot.core.words.fields import Json, json_object, number, required, text, wrong
from tradebot.core.words.tick_files import AT_NS_MAX, AT_NS_MIN
from tradebot.core.words.trade_requests import TradeDefaults, parse_trade
from tradebot.errors import InputError
from tradebot.services.replay import Refusal, ReplayTrade

DEFAULTS = TradeDefaults(account="REPLAY", product="REPLAY")
# A price of 1e15 in ticks of this size is a number of 27 digits; arithmetic has 28.
TICK_SIZE_DECIMALS_MAX = 12

_INSTRUMENT_KEYS = ("exchange", "symbol", "tick_size", "lot_size", "multiplier")
_INSTRUMENT_MEANINGS = {
    **dict.fromkeys(("tick", "ticksize"), "tick_size"),
    **dict.fromkeys(("lot", "lotsize"), "lot_size"),
    **dict.fromkeys(("scrip", "ticker", "tradingsymbol"), "symbol"),
}


class NamedTrades(msgspec.Struct, frozen=True):
    """The trades of a file, and what is wrong with the others."""

    trades: tuple[ReplayTrade, ...]
    refused: tuple[Refusal, ...]


def read_trades(
    lines: Iterable[str],
    *,
    defaults: TradeDefaults = DEFAULTS,
    kind: Callable[[str, str], Kind] = lambda _, symbol: kind_of(symbol),
) -> NamedTrades:
    """Read one trade a line, in JSON; blank lines count and say nothing.

    A trade without an id is named after its line: ``T3``.
    """
    trades: dict[str, ReplayTrade] = {}
    refused: list[Refusal] = []
    for count, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            trade = _trade(line, count, defaults, kind)
        except InputError as error:
            refused.append(Refusal(count, str(error)))
            continue
        if (other := trades.setdefault(trade.trade_id, trade)) is not trade:
            message = f"trade_id {trade.trade_id} is that of line {other.line} already"
            refused.append(Refusal(count, message))
    return NamedTrades(tuple(trades.values()), tuple(refused))


def read_instruments(content: str) -> list[Instrument]:
    """Read a JSON array of instruments; their class is told by their name.

    Raises:
        InputError: the first mistake found.
    """
    items = _json(content)
    if not isinstance(items, list):
        raise InputError("instruments", f"{shown(items)}: must be an array of instruments")
    found: dict[str, Instrument] = {}
    for place, item in enumerate(items):
        where = f"instrument {place + 1}"
        try:
            instrument = _instrument(item)
        except InputError as error:
            raise InputError(error.field, f"{where}: {error}") from error
        if instrument.id in found:
            raise InputError("symbol", f"{where}: {instrument.id} is there twice")
        found[instrument.id] = instrument
    return list(found.values())


def _trade(
    line: str, count: int, defaults: TradeDefaults, kind: Callable[[str, str], Kind]
) -> ReplayTrade:
    words = _json(line.strip().removeprefix("\ufeff"))
    request = parse_trade(words, defaults=defaults, extra=("opened_at_ns",), kind=kind)
    assert isinstance(words, dict), "a trade that is no object was read"
    if request.order_id is not None:
        message = "order_id: a replay knows no orders; give entry_price and quantity"
        raise InputError("order_id", message)
    opened_at_ns = words.get("opened_at_ns")
    if opened_at_ns is None:
        raise InputError("opened_at_ns", "opened_at_ns is missing: the time of the entry")
    if type(opened_at_ns) is not int or not AT_NS_MIN <= opened_at_ns < AT_NS_MAX:
        allowed = "whole nanoseconds UTC between 1990 and 2100"
        raise wrong("opened_at_ns", opened_at_ns, allowed)
    return ReplayTrade(
        trade_id=request.trade_id or f"T{count}",
        request=request,
        opened_at_ns=opened_at_ns,
        line=count,
    )


def _instrument(item: object) -> Instrument:
    words = json_object(item, _INSTRUMENT_KEYS, "instrument", meanings=_INSTRUMENT_MEANINGS)
    exchange, symbol = text(words, "exchange", length_max=32), text(words, "symbol")
    if ":" in exchange:
        raise wrong("exchange", exchange, "a name without a colon")
    required(words, "tick_size")
    tick_size = number(words, "tick_size")
    assert tick_size is not None, "a key that is required"
    exponent = tick_size.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -TICK_SIZE_DECIMALS_MAX:
        allowed = f"a number of at most {TICK_SIZE_DECIMALS_MAX} decimals"
        raise wrong("tick_size", words["tick_size"], allowed)
    return Instrument(
        exchange=exchange,
        symbol=symbol,
        kind=kind_of(symbol),
        tick_size=tick_size,
        lot_size=number(words, "lot_size") or Decimal(1),
        multiplier=number(words, "multiplier") or Decimal(1),
    )


def _json(content: str) -> object:
    """Decode JSON strictly: a key that is there twice has two meanings.

    Raises:
        InputError: it is none.
    """
    try:
        return json.loads(
            content, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        place = f"column {error.colno}"
        if error.lineno > 1:
            place = f"line {error.lineno} {place}"
        raise InputError("json", f"this is not JSON at {place}: {error.msg}") from error
    except RecursionError as error:
        raise InputError("json", "this is nested too deep") from error
    except ValueError as error:  # an integer of thousands of digits
        raise InputError("json", "a number in it is too long") from error


def _no_number(word: str) -> NoReturn:
    raise InputError("json", f"{word} is not a number; leave the key out for none")


def _object(pairs: list[tuple[str, object]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise InputError(twice, f"{shown(twice)} is there twice")
    return found
