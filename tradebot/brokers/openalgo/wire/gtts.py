"""The rows of the book in which a person's orders wait for a price."""

import enum
from decimal import Decimal

import msgspec

from tradebot.brokers.openalgo.wire import values
from tradebot.brokers.openalgo.wire.answers import Answer, rows_of
from tradebot.brokers.openalgo.wire.values import Number
from tradebot.core.inputs import OrderSide

NOT_THERE = frozenset({404, 501})  # the server, or the plugin behind it, has no such book [W]


class GttState(enum.Enum):
    """What has become of one, as far as its words are known."""

    WAITS = "waits"  # also whatever we have no word for: it may still act
    TRIGGERED = "triggered"  # its order is, or will be, in the order book
    OVER = "over"


# [S] Plugins pass the words of their brokers on.
_STATES = {
    **dict.fromkeys(("triggered", "traded", "complete", "completed"), GttState.TRIGGERED),
    **dict.fromkeys(
        ("cancelled", "canceled", "deleted", "expired", "rejected"),
        GttState.OVER,
    ),
}


class GttRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of them; of two legs the first that is met ends the other, so it has one quantity."""

    trigger_id: str
    exchange: str
    symbol: str
    product: str
    side: OrderSide
    quantity: Decimal
    trigger: Decimal  # the stop's, where it has two
    state: GttState


class _Row(msgspec.Struct, gc=False):
    trigger_id: str | int | None = None
    symbol: str | None = None
    exchange: str | None = None
    product: str | None = None
    action: str | None = None
    quantity: Number = None
    triggerprice_sl: Number = None
    triggerprice_tg: Number = None
    status: str | None = None


_BOOK = msgspec.json.Decoder(list[_Row])


def is_unsupported(answer: Answer) -> bool:
    """Whether nobody behind the server keeps such a book."""
    return answer.http in NOT_THERE or "not supported" in answer.message.lower()


def gtt_rows(answer: Answer) -> list[GttRow] | None:
    """Return the book; None: it is not one, or has a row that cannot be read."""
    if not answer.is_success or answer.is_analyzed or answer.body is None:
        return None
    book = rows_of(answer.body.data, _BOOK)
    if book is None:
        return None
    rows = [_read(row) for row in book]
    return None if None in rows else [row for row in rows if row is not None]


def _read(row: _Row) -> GttRow | None:
    trigger_id, side = values.name(row.trigger_id), values.side(row.action)
    quantity = values.units(row.quantity)
    trigger = values.above_zero(row.triggerprice_sl) or values.above_zero(row.triggerprice_tg)
    if trigger_id is None or side is None or quantity is None or quantity < 0 or trigger is None:
        return None
    if not (row.symbol and row.exchange):
        return None
    return GttRow(
        trigger_id=trigger_id,
        exchange=values.code(row.exchange),
        symbol=row.symbol,
        product=values.code(row.product),
        side=side,
        quantity=quantity,
        trigger=trigger,
        state=_STATES.get((row.status or "").strip().lower(), GttState.WAITS),
    )
