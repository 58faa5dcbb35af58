"""What the server shows of the broker: its books, with the lag and the holes they have."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from tests.openalgo.exchange import Exchange, Fill, Key, Look, Order, Status
from tests.openalgo.faults import ANY, Fault, Rule, Switchboard
from tests.openalgo.pace import Time

Row = dict[str, object]
INDIA = ZoneInfo("Asia/Kolkata")
ZERO = Decimal(0)


class BookFailed(Exception):
    """The broker answered with an error that the server knows as one."""


class _Glance(msgspec.Struct, frozen=True, kw_only=True):
    """Of which moment each row of one read is."""

    now_s: float
    rules: tuple[Rule, ...]

    def at_s(self, symbol: str) -> float:
        at_s = self.now_s
        for rule in self.rules:
            if rule.is_about(symbol):
                lags = rule.fault is Fault.BOOK_LAGS
                at_s = min(at_s, self.now_s - rule.number(3.0) if lags else rule.since_s)
        return at_s


class Books:
    """Reads of one exchange; each may meet a fault of its endpoint."""

    def __init__(
        self, exchange: Exchange, faults: Switchboard, time: Time, *, sandbox: bool = False
    ) -> None:
        self._exchange = exchange
        self._faults = faults
        self._time = time
        self._sandbox = sandbox

    def orders(self) -> Row:
        rows = self._order_rows("orderbook")
        rows = self.holes("orderbook", rows)
        found = [row["order_status"] for row in rows]
        sides = [row["action"] for row in rows]
        statistics = {
            "total_buy_orders": float(sides.count("BUY")),
            "total_sell_orders": float(sides.count("SELL")),
            "total_completed_orders": float(found.count("complete")),
            "total_open_orders": float(found.count("open")),
            "total_rejected_orders": float(found.count("rejected")),
        }
        return {"orders": rows, "statistics": statistics}

    def order(self, order_id: str) -> Row | None:
        """Return one order as orderstatus has it; None: it is not in the book (yet)."""
        rows = [row for row in self._order_rows("orderstatus") if row["orderid"] == order_id]
        return rows[0] if rows else None

    def trades(self) -> list[Row]:
        glance = self._glance("tradebook")
        zero = self._faults.hit(Fault.AVERAGE_ZERO, endpoint="tradebook", symbol=ANY)
        rows: list[Row] = []
        fills = [fill for fill in self._exchange.fills if fill.at_s <= glance.at_s(fill.key.name)]
        if self._faults.hit(Fault.ONE_ROW_AN_ORDER, endpoint="tradebook", symbol=ANY):
            fills = _one_for_each_order(fills)
        for fill in fills:
            price = 0.0 if zero and zero.is_about(fill.key.name) else fill.price
            row: Row = {
                "action": fill.action,
                "symbol": fill.key.symbol,
                "exchange": fill.key.exchange,
                "orderid": fill.order_id,
                "product": fill.key.product,
                "quantity": plain(fill.quantity),
                "average_price": price,
                "trade_value": round(price * float(fill.quantity), 2),
                "timestamp": _clock(fill.at_ns),
            }
            rows.append(row)
        if self._faults.hit(Fault.UNFILLED_ROWS, endpoint="tradebook", symbol=ANY):
            rows += self._unfilled_rows()
        return self.holes("tradebook", rows)

    def _unfilled_rows(self) -> list[Row]:
        """Return orders as the trade book of paytm's plugin has them, which is its order book."""
        filled = {fill.order_id for fill in self._exchange.fills}
        named = ("action", "symbol", "exchange", "orderid", "product", "quantity", "timestamp")
        return [
            {name: row[name] for name in named} | {"average_price": 0.0, "trade_value": 0.0}
            for row in self._order_rows("tradebook")
            if row["orderid"] not in filled
        ]

    def positions(self) -> list[Row]:
        glance = self._glance("positionbook")
        gone = self._faults.hit(Fault.CLOSED_ROWS_GONE, endpoint="positionbook", symbol=ANY)
        bare = self._faults.hit(Fault.BARE_ROWS, endpoint="positionbook", symbol=ANY)
        rows = []
        for key in self._exchange.nets:
            net = self._exchange.net_as_of(key, glance.at_s(key.name))
            if net is None or (gone and gone.is_about(key.name) and not net.quantity):
                continue
            row: Row = {
                "symbol": key.symbol,
                "exchange": key.exchange,
                "product": key.product,
                "quantity": plain(net.quantity),
                "average_price": net.average,
            }
            if not (bare and bare.is_about(key.name)):
                ltp = self._exchange.prices.get(key.name, 0.0)
                open_pnl = float(net.quantity) * (ltp - net.average)
                row |= {"ltp": ltp, "pnl": round(net.realized + open_pnl, 2)}
            rows.append(row)
        return self.holes("positionbook", rows)

    def quantity(self, endpoint: str, key: Key) -> Decimal:
        """Return a position as openposition or a smart order reads it: what fails is 0."""
        for fault in (Fault.BOOK_EMPTY, Fault.BOOK_FAILS):
            if self._faults.hit(fault, endpoint=endpoint, symbol=key.name):
                # A smart order takes every error for 0; only openposition knows some of them.
                if fault is Fault.BOOK_FAILS and endpoint == "openposition":
                    raise BookFailed("broker error: positions could not be read")
                return ZERO
        net = self._exchange.net_as_of(key, self._glance(endpoint).at_s(key.name))
        return net.quantity if net else ZERO

    def holdings(self, sold_leaves: bool) -> Row:
        rows: list[Row] = []
        for (exchange, symbol), (held, average) in self._exchange.holdings.items():
            net = self._exchange.net(Key(exchange=exchange, symbol=symbol, product="CNC"))
            quantity = held + min(ZERO, net) if sold_leaves else held
            ltp = self._exchange.prices.get(f"{exchange}:{symbol}", 0.0)
            worth = float(quantity) * (ltp - average)
            row: Row = {
                "symbol": symbol,
                "exchange": exchange,
                "product": "CNC",
                "quantity": plain(quantity),
                "average_price": average,
                "ltp": ltp,
                "pnl": round(worth, 2),
                "pnlpercent": round(100 * (ltp / average - 1), 2) if average else 0.0,
            }
            rows.append(row)
        rows = self.holes("holdings", rows)
        return {
            "holdings": rows,
            "statistics": {"totalholdingvalue": 0.0, "totalprofitandloss": 0.0},
        }

    def _order_rows(self, endpoint: str) -> list[Row]:
        if endpoint == "orderstatus":
            self._fails(endpoint)
        glance = self._glance(endpoint)
        rows = []
        for order in self._exchange.orders.values():
            name = order.ticket.key.name
            look = self._exchange.order_as_of(order, glance.at_s(name))
            if look is not None:
                rows.append(self._order_row(endpoint, order, look))
        return rows

    def _order_row(self, endpoint: str, order: Order, look: Look) -> Row:
        name, ticket = order.ticket.key.name, look.ticket
        row: Row = {
            "action": ticket.action,
            "symbol": ticket.key.symbol,
            "exchange": ticket.key.exchange,
            "orderid": order.order_id,
            "product": ticket.key.product,
            "quantity": plain(ticket.quantity),
            "price": ticket.price,
            # The sandbox writes the word with an underscore in the state of one order.
            "price_type" if self._sandbox and endpoint == "orderstatus" else "pricetype": (
                ticket.pricetype
            ),
            "order_status": str(look.status),
            "trigger_price": ticket.trigger_price,
            "timestamp": _stamp(order.placed_ns),
        }
        if endpoint == "orderstatus":
            row["average_price"] = self._first_price(order, look)
        tells = self._faults.hit(Fault.ROWS_TELL_FILLS, endpoint=endpoint, symbol=name)
        if tells:
            row |= {"filled_quantity": plain(look.filled), "average_price": look.average}
            row["rejection_reason"] = look.reason
        raw = self._faults.hit(Fault.RAW_STATUS, endpoint=endpoint, symbol=name)
        if raw:
            ours, _, theirs = raw.text("open=validation pending").rpartition("=")
            if look.status == (ours or Status.OPEN):
                row["order_status"] = theirs
        if endpoint == "orderstatus" and self._strings(endpoint, name):
            row = _as_text(row)
        return row

    def _first_price(self, order: Order, look: Look) -> float:
        """Return what the server takes for the average: the first trade, once complete."""
        name = order.ticket.key.name
        if look.status is not Status.COMPLETE:
            return 0.0
        if self._faults.hit(Fault.AVERAGE_ZERO, endpoint="orderstatus", symbol=name):
            return 0.0
        until_s = self._glance("tradebook").at_s(name)
        prices = [
            fill.price
            for fill in self._exchange.fills
            if fill.order_id == order.order_id and fill.at_s <= until_s
        ]
        return prices[0] if prices else 0.0

    def _glance(self, endpoint: str) -> _Glance:
        found = (
            self._faults.hit(fault, endpoint=endpoint, symbol=ANY)
            for fault in (Fault.BOOK_LAGS, Fault.BOOK_STANDS)
        )
        return _Glance(now_s=self._time.now_s(), rules=tuple(rule for rule in found if rule))

    def holes(self, endpoint: str, rows: list[Row]) -> list[Row]:
        """Let rows be missing, double or of text, as the switches have it."""
        self._fails(endpoint)
        empty = self._faults.hit(Fault.BOOK_EMPTY, endpoint=endpoint, symbol=ANY)
        if empty:
            rows = [row for row in rows if not empty.is_about(_name(row))]
        shrunk = self._faults.hit(Fault.BOOK_SHRUNK, endpoint=endpoint, symbol=ANY)
        if shrunk:
            alike = [row for row in rows if shrunk.is_about(_name(row))]
            missing = alike[len(alike) - int(shrunk.number(1)) :]
            rows = [row for row in rows if row not in missing]
        doubled = self._faults.hit(Fault.ROWS_DOUBLED, endpoint=endpoint, symbol=ANY)
        if doubled:
            rows = [
                copy for row in rows for copy in [row] * (2 if doubled.is_about(_name(row)) else 1)
            ]
        strings = self._faults.hit(Fault.STRINGS, endpoint=endpoint, symbol=ANY)
        if strings:
            rows = [_as_text(row) if strings.is_about(_name(row)) else row for row in rows]
        return rows

    def _fails(self, endpoint: str) -> None:
        if self._faults.hit(Fault.BOOK_FAILS, endpoint=endpoint, symbol=ANY):
            raise BookFailed(f"broker error: {endpoint} could not be read")

    def _strings(self, endpoint: str, name: str) -> bool:
        return self._faults.hit(Fault.STRINGS, endpoint=endpoint, symbol=name) is not None


def _one_for_each_order(fills: list[Fill]) -> list[Fill]:
    """Show fills as a plugin does whose trade book is made of the order book."""
    found: dict[str, Fill] = {}
    for fill in fills:
        before = found.get(fill.order_id, fill)
        of_before = before.quantity if before is not fill else ZERO
        units = of_before + fill.quantity
        paid = before.price * float(of_before) + fill.price * float(fill.quantity)
        found[fill.order_id] = msgspec.structs.replace(
            fill, quantity=units, price=paid / float(units)
        )
    return list(found.values())


def plain(quantity: Decimal) -> int | float:
    """Write units as the number they are."""
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


def _name(row: Row) -> str:
    return f"{row['exchange']}:{row['symbol']}"


def _as_text(row: Row) -> Row:
    return {
        key: str(value) if isinstance(value, int | float) else value for key, value in row.items()
    }


def _stamp(at_ns: int) -> str:
    return dt.datetime.fromtimestamp(at_ns / 1e9, INDIA).strftime("%d-%b-%Y %H:%M:%S")


def _clock(at_ns: int) -> str:
    return dt.datetime.fromtimestamp(at_ns / 1e9, INDIA).strftime("%H:%M:%S")
