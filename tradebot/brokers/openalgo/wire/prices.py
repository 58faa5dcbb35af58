"""Quotes, one by one or many at once."""

import msgspec

from tradebot.brokers.openalgo.wire import values
from tradebot.brokers.openalgo.wire.answers import Answer, rows_of
from tradebot.brokers.openalgo.wire.values import Number
from tradebot.core.market.instruments import instrument_id
from tradebot.ports import Quote


class _Quote(msgspec.Struct, gc=False):
    ltp: Number = None
    high: Number = None
    low: Number = None
    bid: Number = None
    ask: Number = None
    prev_close: Number = None


class _Result(msgspec.Struct, gc=False):
    symbol: str | None = None
    exchange: str | None = None
    data: _Quote | None = None  # else there is an error


_QUOTE = msgspec.json.Decoder(_Quote)
_RESULTS = msgspec.json.Decoder(list[_Result])


def quote_of(answer: Answer, at_ns: int) -> Quote | None:
    """Return a quote; None: there is none that may be believed."""
    if not answer.is_success or answer.body is None:
        return None
    row = rows_of(answer.body.data, _QUOTE)
    return None if row is None else _read(row, at_ns)


def quotes_of(answer: Answer, at_ns: int) -> dict[str, Quote]:
    """Return the quotes of a ``multiquotes`` by instrument, without those that failed."""
    if not answer.is_success or answer.body is None:
        return {}
    found = {}
    for row in rows_of(answer.body.results, _RESULTS) or ():
        quote = None if row.data is None else _read(row.data, at_ns)
        if quote is not None and row.exchange and row.symbol:
            found[instrument_id(row.exchange, row.symbol)] = quote
    return found


def is_in_range(ltp: float, low: Number, high: Number) -> bool:
    """Whether a price lies in the day's range; also where that is not told."""
    lowest, highest = values.price(low), values.price(high)
    if lowest is None or highest is None or lowest > highest:
        return True
    return lowest <= ltp <= highest


def _read(row: _Quote, at_ns: int) -> Quote | None:
    """Refuse a price that cannot be today's: beyond the day's range, where that is told.

    [I #1638] A last price of weeks ago was served for an instrument that had not traded.
    """
    ltp = values.price(row.ltp)
    if ltp is None:
        return None
    if not is_in_range(ltp, row.low, row.high):
        return None
    return Quote(
        ltp=ltp,
        at_ns=at_ns,
        bid=values.price(row.bid),
        ask=values.price(row.ask),
        prev_close=values.price(row.prev_close),
    )
