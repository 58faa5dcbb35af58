"""The routes that tell of the market: quotes, instruments, hours and holidays."""

import datetime as dt
from collections.abc import Callable

from tests.openalgo.account import Account, Reply, error, success
from tests.openalgo.books import INDIA
from tests.openalgo.catalogue import EXCHANGES, Contract, as_csv
from tests.openalgo.faults import Fault
from tests.openalgo.fields import Body

HOURS = {  # the time of day at which each opens and closes
    "NSE": ("09:15", "15:30"),
    "BSE": ("09:15", "15:30"),
    "NFO": ("09:15", "15:30"),
    "BFO": ("09:15", "15:30"),
    "CDS": ("09:00", "17:00"),
    "BCD": ("09:00", "17:00"),
    "MCX": ("09:00", "23:55"),
}
CRYPTO = {"exchange": "CRYPTO"}
DAY_MS = 86_400_000


class Quotes:
    """The market data routes of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        # By date: the exchanges that are open all the same, each with its own hours.
        self.holidays: dict[dt.date, dict[str, tuple[str, str]]] = {}
        self.routes: dict[str, Callable[[Body], Reply]] = {
            "quotes": self._quote,
            "multiquotes": self._quotes,
            "depth": self._depth,
            "symbol": self._symbol,
            "search": self._search,
            "market/timings": self._timings,
            "market/holidays": self._holidays,
        }

    def instruments(self, exchange: str, form: str) -> Reply:
        """Answer the one route that is asked with GET."""
        if exchange and exchange not in EXCHANGES:
            return error(400, f"Invalid exchange: {exchange}")
        found = self._account.catalogue.listed(exchange)
        if not found:
            return error(404, "No instruments found")
        if form == "csv":
            return Reply(200, as_csv(found))
        return success(data=[one.row() for one in found])

    def _found(self, body: Body) -> Contract | Reply:
        exchange, symbol = str(body["exchange"]), str(body["symbol"])
        if exchange not in EXCHANGES:
            return error(400, {"exchange": [f"Must be one of: {', '.join(sorted(EXCHANGES))}."]})
        found = self._account.catalogue.find(exchange, symbol)
        return found or error(400, f"Symbol '{symbol}' not found for exchange '{exchange}'")

    def _quote(self, body: Body) -> Reply:
        found = self._found(body)
        if isinstance(found, Reply):
            return found
        data = self._data(found.full_name)
        return error(500, "Failed to fetch quotes") if data is None else success(data=data)

    def _quotes(self, body: Body) -> Reply:
        symbols = body["symbols"]
        assert isinstance(symbols, list)
        results: list[Body] = []
        for asked in symbols:
            name = {"symbol": asked.get("symbol"), "exchange": asked.get("exchange")}
            found = self._found(name)
            if isinstance(found, Reply):
                results.append(name | {"error": f"Symbol {name['symbol']} not found"})
                continue
            data = self._data(found.full_name)
            result: Body = {"error": "No data received"} if data is None else {"data": data}
            results.append(name | result)
        return success(results=results)

    def _depth(self, body: Body) -> Reply:
        found = self._found(body)
        if isinstance(found, Reply):
            return found
        data = self._data(found.full_name)
        if data is None:
            return error(500, "Failed to fetch depth")
        ltp = float(str(data["ltp"]))
        for name, sign in (("bids", -1), ("asks", 1)):
            data[name] = [
                {"price": round(ltp + sign * found.tick_size * step, 4), "quantity": 100}
                for step in range(1, 6)
            ]
        return success(data=data | {"ltq": 1, "totalbuyqty": 500, "totalsellqty": 500})

    def _data(self, name: str) -> Body | None:
        """Return what a quote has of an instrument; None: nothing is to be had."""
        ltp = self._account.quoted(name)
        if ltp is None:
            return None
        return {
            **dict.fromkeys(("ltp", "open", "high", "low"), ltp),
            "prev_close": self._account.prev_closes.get(name, ltp),
            **dict.fromkeys(("bid", "ask"), ltp),
            "volume": 1000,
            "oi": 0,
        }

    def _symbol(self, body: Body) -> Reply:
        found = self._found(body)
        return found if isinstance(found, Reply) else success(data=found.details())

    def _search(self, body: Body) -> Reply:
        words, exchange = str(body["query"]).upper(), str(body["exchange"])
        found = [one for one in self._account.catalogue.listed(exchange) if words in one.symbol]
        if not found:
            return error(404, "No matching symbols found")
        return success(message=f"Found {len(found)}", data=[one.details() for one in found])

    def _timings(self, body: Body) -> Reply:
        try:
            date = dt.date.fromisoformat(str(body["date"]))
        except ValueError:
            return error(400, {"date": ["Not a valid date."]})
        empty = self._account.faults.hit(Fault.BOOK_EMPTY, endpoint="market/timings")
        return success(data=[] if empty else self._open(date))

    def _open(self, date: dt.date) -> list[Body]:
        hours = {} if date.weekday() > 4 else HOURS
        hours = self.holidays.get(date, hours)
        rows: list[Body] = [
            {"exchange": name, "start_time": _ms(date, opens), "end_time": _ms(date, closes)}
            for name, (opens, closes) in hours.items()
        ]
        midnight = _ms(date, "00:00")
        return [*rows, CRYPTO | {"start_time": midnight, "end_time": midnight + DAY_MS - 1}]

    def _holidays(self, body: Body) -> Reply:
        year = int(float(str(body["year"])))
        rows = [
            {
                "date": date.isoformat(),
                "description": "Holiday",
                "holiday_type": "SPECIAL_SESSION" if hours else "TRADING_HOLIDAY",
                "closed_exchanges": [name for name in HOURS if name not in hours],
                "open_exchanges": [
                    {"exchange": name, "start_time": _ms(date, a), "end_time": _ms(date, b)}
                    for name, (a, b) in hours.items()
                ],
            }
            for date, hours in sorted(self.holidays.items())
            if date.year == year
        ]
        return success(data=rows)


def _ms(date: dt.date, time: str) -> int:
    at = dt.datetime.combine(date, dt.time.fromisoformat(time), INDIA)
    return round(at.timestamp() * 1000)
