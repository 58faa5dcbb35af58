"""What an order route answered, and the rows of the order book."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from tradebot.brokers.openalgo.wire import values
from tradebot.brokers.openalgo.wire.answers import (
    FORBIDDEN,
    OK,
    TOO_MANY,
    Answer,
    is_about_fields,
    rows_of,
)
from tradebot.brokers.openalgo.wire.values import Number
from tradebot.core.inputs import (
    Acked,
    NoAction,
    NotSent,
    OrderSide,
    OrderState,
    Outcome,
    Queued,
    Refused,
    Unknown,
)

# [W] The words of "nothing to leave", 500 on most plugins and 200 on some. All plugins read
# a failed position answer as flat [S], so it is a claim and nothing more.
_NOTHING_TO_DO = re.compile(
    r"no ?open ?position found|no position to square off|already (matched|at target)", re.IGNORECASE
)

# [W] The vocabulary; plugins also pass raw words of their broker on. What is not final here
# is not final for us: an order is over only when somebody says so in words that we know.
_FINAL = {
    "complete": OrderState.COMPLETE,
    "rejected": OrderState.REJECTED,
    "cancelled": OrderState.CANCELLED,
}


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order of the order book, read and found whole."""

    order_id: str
    exchange: str
    symbol: str
    product: str
    side: OrderSide
    quantity: Decimal
    state: OrderState
    told_filled: Decimal  # 0 where the row says nothing: two plugins of 36 tell it [S]
    message: str
    price: Decimal | None
    trigger: Decimal | None
    stated: str  # when, in whichever words


class RawOrder(msgspec.Struct, gc=False):
    """One row as it stands."""

    orderid: str | int | None = None
    symbol: str | None = None
    exchange: str | None = None
    product: str | None = None
    action: str | None = None
    quantity: Number = None
    order_status: str | None = None
    # [S] live says pricetype, the sandbox's orderstatus price_type
    pricetype: str | None = None
    price: Number = None
    trigger_price: Number = None
    filled_quantity: Number = None
    rejection_reason: str | None = None  # two plugins of 36 [S]
    timestamp: Number = None


class _Book(msgspec.Struct):
    orders: list[RawOrder]


_BOOK = msgspec.json.Decoder(_Book)
_ONE = msgspec.json.Decoder(RawOrder)


def outcome_of(answer: Answer) -> Outcome:
    """Say what became of a request to place an order; in doubt it is ``Unknown``.

    A refusal is told as ``Refused`` where the broker's own words are the reason, and the
    caller looks into the order book before he believes it.
    """
    said = answer.message or f"HTTP {answer.http} without a word"
    if answer.is_analyzed:
        # [W] the sandbox took it: at the broker there is nothing
        return NotSent(f"OpenAlgo is in analyzer mode, the broker has not heard of it: {said}")
    if answer.http == TOO_MANY:
        return NotSent(f"too many requests: {said}")  # [W] the limiter stands before the route
    if answer.http == FORBIDDEN:
        return NotSent(f"forbidden: {said}")  # [W] key, session, or a route of semi-auto mode
    if is_about_fields(answer):
        return NotSent(f"OpenAlgo does not take our fields: {said}")
    if answer.body is None:
        return Unknown(f"HTTP {answer.http} and no answer of OpenAlgo's: {said}")
    if answer.is_queued:
        return Queued(said)
    if answer.is_success and (order_id := values.name(answer.body.orderid)) is not None:
        return Acked(order_id)
    if _NOTHING_TO_DO.search(said):
        return NoAction(said)
    if answer.http == 400 and answer.body.status == "error":  # noqa: PLR2004 - the broker's no
        return Refused(said)
    # [W] 500 "internal error" and a success without an id were orders that executed (#345)
    return Unknown(f"HTTP {answer.http}: {said}")


def order_book(answer: Answer) -> list[RawOrder] | None:
    """Return the rows of the order book as they stand; None: it is not one."""
    if not answer.is_success or answer.is_analyzed or answer.body is None:
        return None
    book = rows_of(answer.body.data, _BOOK)
    return None if book is None else book.orders


def order_rows(book: Iterable[RawOrder]) -> Iterator[OrderRow | None]:
    """Return what rows say; None: one that cannot be read."""
    return map(_read, book)


def order_row(answer: Answer) -> OrderRow | None:
    """Return the order of an ``orderstatus``; None: the answer has none to read."""
    if not answer.is_success or answer.is_analyzed or answer.body is None:
        return None
    row = rows_of(answer.body.data, _ONE)
    return None if row is None else _read(row)


def is_cancelled(answer: Answer) -> bool:
    """Whether a request to cancel was taken; what it did, the order's own row tells."""
    return answer.http == OK and answer.is_success and not answer.is_analyzed


def _read(row: RawOrder) -> OrderRow | None:
    order_id, side = values.name(row.orderid), values.side(row.action)
    quantity = values.units(row.quantity)
    if order_id is None or side is None or quantity is None or quantity < 0:
        return None
    if not (row.symbol and row.exchange and row.order_status):
        return None
    filled = values.units(row.filled_quantity)
    kind = (row.pricetype or "").upper()
    return OrderRow(
        order_id=order_id,
        exchange=values.code(row.exchange),
        symbol=row.symbol,
        product=values.code(row.product),
        side=side,
        quantity=quantity,
        state=_FINAL.get(row.order_status.strip().lower(), OrderState.OPEN),
        told_filled=min(quantity, filled) if filled is not None and filled > 0 else Decimal(0),
        message=values.tidy(row.rejection_reason or ""),
        # [W] a row at the market may show the price at which it traded
        price=None if kind in ("MARKET", "SL-M") else values.above_zero(row.price),
        trigger=values.above_zero(row.trigger_price) if kind != "MARKET" else None,
        stated="" if row.timestamp is None else str(row.timestamp),
    )
