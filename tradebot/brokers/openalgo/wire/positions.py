"""What the broker holds: positions, holdings, and whether it answers for the account at all."""

from decimal import Decimal
from typing import NamedTuple

import msgspec

from tradebot.brokers.openalgo.wire import values
from tradebot.brokers.openalgo.wire.answers import Answer, rows_of
from tradebot.brokers.openalgo.wire.values import Number

Place = tuple[str, str, str]  # exchange, symbol and product
DELIVERY = "CNC"


class Held(NamedTuple):
    """A row of the position book, or of the holdings."""

    net: Decimal
    average: Decimal | None  # [S] missing or 0 where a plugin does not map it
    ltp: float | None


class _Position(msgspec.Struct, gc=False):
    symbol: str | None = None
    exchange: str | None = None
    product: str | None = None
    quantity: Number = None  # signed [W]
    average_price: Number = None
    ltp: Number = None  # missing at some brokers, as pnl is


class _Holdings(msgspec.Struct):
    holdings: list[_Position]


_POSITIONS = msgspec.json.Decoder(list[_Position])
_HOLDINGS = msgspec.json.Decoder(_Holdings)
_FUNDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_AMOUNT = msgspec.json.Decoder(Number)


def positions_of(answer: Answer) -> dict[Place, Held] | None:
    """Return what every row says; None: it is no position book.

    A row that stands there twice counts once; two that contradict each other are no book.
    """
    if not answer.is_success or answer.is_analyzed or answer.body is None:
        return None
    rows = rows_of(answer.body.data, _POSITIONS)
    if rows is None or not all(row.product for row in rows):
        return None  # a row of no product may be the one that is asked for
    return _by_key(rows)


def holdings(answer: Answer) -> dict[Place, Held] | None:
    """Return what is held for delivery since before today; None: the answer does not say it."""
    if not answer.is_success or answer.is_analyzed or answer.body is None:
        return None
    book = rows_of(answer.body.data, _HOLDINGS)
    found = None if book is None else _by_key(book.holdings)
    if found is None:
        return None
    return {(exchange, symbol, DELIVERY): held for (exchange, symbol, _), held in found.items()}


def has_funds(answer: Answer) -> bool:
    """Whether the broker knows any amount of the account.

    [S] 32 of 36 plugins make an empty book of an answer without data, also that of a dead
    session. One that cannot name a single amount either has not answered.
    """
    if not answer.is_success or answer.is_analyzed or answer.body is None:
        return False
    amounts = rows_of(answer.body.data, _FUNDS) or {}
    return any(values.decimal(rows_of(raw, _AMOUNT)) for raw in amounts.values())


def _by_key(rows: list[_Position]) -> dict[Place, Held] | None:
    found: dict[Place, Held] = {}
    for row in rows:
        quantity = values.units(row.quantity)
        if quantity is None or not (row.symbol and row.exchange):
            return None
        key = values.code(row.exchange), row.symbol, values.code(row.product)
        held = Held(quantity, values.above_zero(row.average_price), values.price(row.ltp))
        if found.setdefault(key, held).net != quantity:
            return None
    return found
