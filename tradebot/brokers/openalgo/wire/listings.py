"""What the day's master contract says of instruments: sizes of ticks, lots and orders."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradebot.brokers.openalgo.wire import values
from tradebot.brokers.openalgo.wire.answers import BAD_REQUEST, NOT_FOUND, Answer, rows_of
from tradebot.core.market.instruments import Instrument, kind_of, wrong_with
from tradebot.core.words.did_you_mean import shown

_NO_FREEZE = (None, 0, 1, "0", "1", "")  # what lists write for none
ROWS_MAX = 500  # of a search: more are no help to anybody


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A row, read: what of it can be used, and what is wrong with the rest."""

    instrument: Instrument | None = None
    why: str = ""  # what was refused; empty: nothing
    is_missing: bool = False  # the server answered for sure that it lists no such symbol


class _Symbol(msgspec.Struct, gc=False):
    symbol: str | None = None
    exchange: str | None = None
    lotsize: object = None
    tick_size: object = None
    freeze_qty: object = None


class _Found(msgspec.Struct, gc=False):
    symbol: str | None = None
    exchange: str | None = None


_SYMBOL = msgspec.json.Decoder(_Symbol)
_FOUND = msgspec.json.Decoder(list[_Found])


def listing_of(answer: Answer) -> Listing:
    """Read what ``symbol`` says; whatever it is, nothing is raised.

    A row without a tick size or a lot size that may be true is of no use. A bad freeze
    quantity alone is left out: the rest of the row is as good as without it.
    """
    if not answer.is_success or answer.body is None:
        return Listing(is_missing=_is_missing(answer), why=f"HTTP {answer.http} {answer.message}")
    row = rows_of(answer.body.data, _SYMBOL)
    if row is None or not (row.exchange and row.symbol):
        return Listing(why="the answer names no symbol")
    tick_size, lot_size = _above_zero(row.tick_size), _above_zero(row.lotsize)
    for what, raw, size in (
        ("tick_size", row.tick_size, tick_size),
        ("lotsize", row.lotsize, lot_size),
    ):
        if size is None:
            return Listing(why=f"{what} {shown(raw)} is no number above 0")
    assert tick_size is not None, "judged above"
    assert lot_size is not None, "judged above"
    freeze, why = _freeze(row.freeze_qty, lot_size)
    instrument = Instrument(
        exchange=row.exchange,
        symbol=row.symbol,
        kind=kind_of(row.symbol),
        tick_size=tick_size,
        lot_size=lot_size,
        freeze_quantity=freeze,
    )
    wrong = wrong_with(instrument)
    return Listing(why=wrong) if wrong else Listing(instrument=instrument, why=why)


def symbols_of(answer: Answer, exchange: str) -> Sequence[str]:
    """Return the symbols that a ``search`` found on an exchange; none where it found none."""
    if not answer.is_success or answer.body is None:
        return []
    rows = rows_of(answer.body.data, _FOUND) or []
    return [row.symbol for row in rows[:ROWS_MAX] if row.symbol and row.exchange == exchange]


def _is_missing(answer: Answer) -> bool:
    """Whether the server itself says that it has no such symbol, or no such exchange.

    [W] 400 "Symbol 'X' not found for exchange 'Y'", and of an exchange that it does not
    know a list of those that it does. A 404 may also be a plugin that is not there.
    """
    said = answer.message.lower()
    is_about_it = "not found" in said and "symbol" in said
    is_about_exchange = answer.http == BAD_REQUEST and "exchange" in said
    return answer.http in (BAD_REQUEST, NOT_FOUND) and (is_about_it or is_about_exchange)


def _freeze(raw: object, lot_size: Decimal) -> tuple[Decimal | None, str]:
    """Return the largest order and what is wrong with it.

    [I #1539] 1 stands for "no limit known": taken as one, each exit would be cut into
    orders of a single unit. One of a single lot is the same lie.
    """
    if raw in _NO_FREEZE and not isinstance(raw, bool):
        return None, ""
    freeze = _above_zero(raw)
    if freeze is None:
        return None, f"freeze_qty {shown(raw)} is no number above 0"
    if freeze <= lot_size:
        return None, f"freeze_qty {shown(raw)} is not more than its lot of {lot_size}"
    return freeze, ""


def _above_zero(raw: object) -> Decimal | None:
    is_number = isinstance(raw, int | float | str) and not isinstance(raw, bool)
    return values.above_zero(raw) if is_number else None  # type: ignore[arg-type]  # judged
