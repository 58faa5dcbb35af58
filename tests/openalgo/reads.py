"""The routes that tell of the account: its books, its money, whether it is there at all."""

from collections.abc import Callable

from tests.openalgo.account import Account, Reply, error, success
from tests.openalgo.books import BookFailed, plain
from tests.openalgo.exchange import Key
from tests.openalgo.fields import Body, number

Route = Callable[[Body], Reply]
MARGIN_POSITIONS_MAX = 50


class Reads:
    """The reading routes of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.routes: dict[str, Route] = {
            "orderstatus": _book(self._order),
            "orderbook": _book(lambda _body: success(data=account.books.orders())),
            "tradebook": _book(lambda _body: success(data=account.books.trades())),
            "positionbook": _book(self._positions),
            "openposition": _book(self._position),
            "holdings": _book(
                lambda _body: success(
                    data=account.books.holdings(account.plugin.sold_leaves_holdings)
                )
            ),
            "funds": self._funds,
            "margin": self._margin,
            "ping": self._ping,
            "analyzer": self._analyzer,
            "analyzer/toggle": self._toggle,
        }

    def _order(self, body: Body) -> Reply:
        row = self._account.books.order(str(body["orderid"]))
        return success(data=row) if row else error(404, f"Order {body['orderid']} not found")

    def _positions(self, _body: Body) -> Reply:
        rows = self._account.books.positions()
        if not self._account.analyzer:
            return success(data=rows)
        total = sum(number(row.get("pnl", 0)) for row in rows)
        return success(data=rows, total_pnl=round(total, 2))

    def _position(self, body: Body) -> Reply:
        key = Key(str(body["exchange"]), str(body["symbol"]), str(body["product"]))
        return success(quantity=plain(self._account.books.quantity("openposition", key)))

    def _funds(self, _body: Body) -> Reply:
        data = {
            "availablecash": "1000000.00",
            "collateral": "0.00",
            "m2munrealized": "0.00",
            "m2mrealized": "0.00",
            "utiliseddebits": "0.00",
        }
        return success(data=data)

    def _margin(self, body: Body) -> Reply:
        """Ask a fifth of what the positions are worth, in whatever words the broker has."""
        positions = body["positions"]
        assert isinstance(positions, list)
        if len(positions) > MARGIN_POSITIONS_MAX:
            return error(400, {"positions": [f"Longer than {MARGIN_POSITIONS_MAX}."]})
        worth = 0.0
        for row in positions:
            name = f"{row.get('exchange')}:{row.get('symbol')}"
            if name not in self._account.prices:
                return error(400, f"Symbol '{name}' not found")
            worth += float(row.get("quantity", 0)) * self._account.prices[name]
        return success(data={"total_margin_required": round(worth / 5, 2)})

    def _ping(self, _body: Body) -> Reply:
        """Answer for the key and the stored session; the broker is not asked."""
        return success(data={"message": "pong", "broker": self._account.broker.name})

    def _analyzer(self, _body: Body) -> Reply:
        on = self._account.analyzer
        data = {"mode": "analyze" if on else "live", "analyze_mode": on, "total_logs": 0}
        return success(data=data)

    def _toggle(self, body: Body) -> Reply:
        self._account.analyzer = bool(body["mode"])
        return self._analyzer(body)


def _book(read: Route) -> Route:
    def route(body: Body) -> Reply:
        try:
            return read(body)
        except BookFailed as failed:
            return error(500, str(failed))

    return route
