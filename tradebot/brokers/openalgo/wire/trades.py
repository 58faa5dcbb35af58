"""The rows of the trade book, and the fills that they surely tell of.

A row has no id of its own. Rows come in any order, come back in another one, and may be
doubled [W]. So a fill is named by what never changes of it: its order, quantity and price,
and by which of the like ones it is. Reordering changes no name, and neither does a restart.
The time is left out of the name, as plugins differ in what they write there.

Two like rows are two fills or one row twice. They are two where their times differ, or
where all rows together are just what the order is known to have filled: its row says so, or
it is complete. Until then the second one waits: a fill that is told late is found in the
broker's net, but one that is told twice ends a trade half of which is still open.

Which rows are the doubles may look different in the next reading. So what was told of an
order before is told for good and counts against its quantity, also where a reading lacks it.

Some plugins write rows anew: [S] shoonya, flattrade, zebu, firstock, jainamxts and compositedge
write the average so far into each row, beside the units of the whole order; and the trade book of
paytm is its order book. Then what was told has no row any more. As long as the rows of its order
have as many units, nothing is missing: it stays told as it was, and what they have beyond it is
one fill more.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from tradebot.brokers.openalgo.wire import values
from tradebot.brokers.openalgo.wire.answers import Answer, rows_of
from tradebot.brokers.openalgo.wire.values import Number
from tradebot.core.inputs import OrderSide
from tradebot.core.money import NO_UNITS, plain

PLACES_MAX = 8  # of a price that follows from averages: these are no exact numbers


class TradeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the trade book, read and found whole."""

    order_id: str
    exchange: str
    symbol: str
    product: str  # empty: the row does not say it
    side: OrderSide
    quantity: Decimal
    price: Decimal  # 0: the row does not say it
    stated: str


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One fill: a row, and the name that it has for good."""

    name: str
    row: TradeRow


class Limit(msgspec.Struct, frozen=True):
    """How much of an order may have filled."""

    surely: Decimal  # as its row says: at least so much
    at_most: Decimal  # its quantity


class RawTrade(msgspec.Struct, gc=False):
    """One row as it stands."""

    orderid: str | int | None = None
    symbol: str | None = None
    exchange: str | None = None
    product: str | None = None
    action: str | None = None
    quantity: Number = None
    average_price: Number = None
    trade_value: Number = None
    timestamp: Number = None


_BOOK = msgspec.json.Decoder(list[RawTrade])


def trade_book(answer: Answer) -> list[RawTrade] | None:
    """Return the rows of the trade book as they stand; None: it is not one."""
    if not answer.is_success or answer.is_analyzed or answer.body is None:
        return None
    return rows_of(answer.body.data, _BOOK)


def trade_rows(book: Iterable[RawTrade]) -> Iterator[TradeRow | None]:
    """Return what rows say, those of no quantity left out; None: one that cannot be read."""
    return (_read(row) for row in book if values.units(row.quantity) != 0)


def repeated(rows: Iterable[TradeRow]) -> set[str]:
    """Return the orders of which some row stands there twice, times and all."""
    seen: set[TradeRow] = set()
    orders = set()
    for row in rows:
        if row in seen:
            orders.add(row.order_id)
        seen.add(row)
    return orders


def by_order(rows: Iterable[TradeRow]) -> list[list[TradeRow]]:
    """Return the rows of each order."""
    found: dict[str, list[TradeRow]] = defaultdict(list)
    for row in rows:
        found[row.order_id].append(row)
    return list(found.values())


def fills_of(
    orders: Iterable[list[TradeRow]],
    limits: Mapping[str, Limit],
    told: Mapping[str, Mapping[str, Fill]],
) -> Iterator[Fill]:
    """Return the fills that all rows of some orders surely tell of.

    Args:
        orders: all rows of each.
        limits: of known orders.
        told: of each order the fills that were told before, by name.
    """
    for rows in orders:
        name = rows[0].order_id
        yield from _fills_of_order(rows, limits.get(name), told.get(name, {}))


def _fills_of_order(
    rows: list[TradeRow], limit: Limit | None, told: Mapping[str, Fill]
) -> list[Fill]:
    alike: dict[tuple[Decimal, Decimal], list[TradeRow]] = defaultdict(list)
    for row in rows:
        alike[row.quantity, row.price].append(row)
    groups = [_group(here) for _, here in sorted(alike.items())]
    fills = [fill for group in groups for fill in group]
    firm = [fill for group in groups for fill in group[: _times(group)]]
    known = [fill for fill in fills if fill.name in told]
    proven = None if limit is None else _proven(groups, limit.surely, told)
    if len(known) < len(told):
        return _written_anew(told, known, firm if proven is None else proven, limit)
    if proven is not None:
        return proven
    fresh = [fill for fill in firm if fill.name not in told]
    # One of what was told may be in another one's place: a new row may be that other one.
    is_sound = told.keys() <= {fill.name for fill in firm}
    if limit is None:
        return [*known, *fresh] if is_sound else known
    room = (limit.at_most if is_sound else limit.surely) - _units(told.values())
    return [*known, *_up_to(room, fresh)]


def _written_anew(
    told: Mapping[str, Fill], known: list[Fill], shown: list[Fill], limit: Limit | None
) -> list[Fill]:
    """Return the fills of rows which some of those that were told are not among.

    Each new row may be one of these and no other fill: only units beyond all of them are one.
    """
    before, most = _units(told.values()), _units(shown)
    if most < before:
        return known
    listed, fresh = list(told.values()), [fill for fill in shown if fill.name not in told]
    paid = _amount(shown) - _amount(listed)
    if limit is not None and most > limit.at_most:
        # Rows of more than the order has repeat themselves: their sum is no amount.
        most, paid = limit.at_most, NO_UNITS
    if most <= before or not fresh:
        return listed
    row, units = fresh[-1].row, most - before
    price = round(paid / units, PLACES_MAX)
    more = msgspec.structs.replace(row, quantity=units, price=price if price > 0 else row.price)
    return [*listed, Fill(name=f"{row.order_id}/{plain(before)}+{plain(units)}", row=more)]


def _units(fills: Iterable[Fill]) -> Decimal:
    return sum((fill.row.quantity for fill in fills), NO_UNITS)


def _amount(fills: Iterable[Fill]) -> Decimal:
    return sum((fill.row.quantity * fill.row.price for fill in fills), NO_UNITS)


def _group(rows: list[TradeRow]) -> list[Fill]:
    """Name rows of one order that are alike but for their times."""
    row = rows[0]
    name = f"{row.order_id}/{plain(row.quantity)}@{plain(row.price)}"
    rows = sorted(rows, key=lambda row: row.stated)
    return [Fill(name=f"{name}/{number}", row=row) for number, row in enumerate(rows, 1)]


def _times(group: list[Fill]) -> int:
    return len({fill.row.stated for fill in group})


def _proven(
    groups: list[list[Fill]], surely: Decimal, told: Mapping[str, Fill]
) -> list[Fill] | None:
    """Return what adds up to what surely filled: all rows, or those of a book that is doubled."""
    for copies in (1, 2):
        if any(len(group) % copies for group in groups):
            continue
        fills = [
            fill
            for group in groups
            for number, fill in enumerate(group, 1)
            if number <= max(len(group) // copies, _times(group)) or fill.name in told
        ]
        if _units(fills) == surely:
            return fills
    return None


def _up_to(quantity: Decimal, fills: list[Fill]) -> list[Fill]:
    taken = []
    for fill in fills:
        if fill.row.quantity <= quantity:
            quantity -= fill.row.quantity
            taken.append(fill)
    return taken


def _read(row: RawTrade) -> TradeRow | None:
    order_id, side = values.name(row.orderid), values.side(row.action)
    quantity, price = values.units(row.quantity), values.above_zero(row.average_price)
    if order_id is None or side is None or not (row.symbol and row.exchange):
        return None
    if quantity is None or quantity < 0:
        return None
    value = values.above_zero(row.trade_value)
    if price is None:
        price = NO_UNITS if value is None else value / quantity
    return TradeRow(
        order_id=order_id,
        exchange=values.code(row.exchange),
        symbol=row.symbol,
        product=values.code(row.product),
        side=side,
        quantity=quantity,
        price=price,
        stated="" if row.timestamp is None else str(row.timestamp),
    )
