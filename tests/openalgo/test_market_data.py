"""Quotes, instruments, hours and money, as the server tells them."""

import datetime as dt

import pytest

from tests.openalgo.catalogue import Contract
from tests.openalgo.faults import Fault
from tests.openalgo.plain_client import SBIN

NAME = "NSE:SBIN"


async def test_a_quote_follows_the_price(server, client):
    server.price(NAME, 815.0)
    data = (await client.ask("quotes", **SBIN)).data
    assert data["ltp"] == data["prev_close"] == 815.0
    assert data.keys() == {
        *("ltp", "open", "high", "low", "prev_close", "bid", "ask", "volume", "oi")
    }


async def test_a_quote_has_the_close_that_the_server_was_told(server, client):
    server.account.prev_closes[NAME] = 400.0
    server.price(NAME, 402.0)
    one = (await client.ask("quotes", **SBIN)).data
    (many,) = (await client.ask("multiquotes", symbols=[SBIN])).body["results"]
    depth = (await client.ask("depth", **SBIN)).data
    for data in (one, many["data"], depth):
        assert (data["ltp"], data["prev_close"]) == (402.0, 400.0)


async def test_a_quote_may_fail_be_0_or_stand_still(server, client):
    async def ltp():
        return (await client.ask("quotes", **SBIN)).data["ltp"]

    with server.faults.during(Fault.QUOTE_FAILS, symbol=NAME):
        assert (await client.ask("quotes", **SBIN)).status == 500
        assert (await client.ask("depth", **SBIN)).status == 500
    with server.faults.during(Fault.QUOTE_ZERO):
        assert await ltp() == 0
    with server.faults.during(Fault.QUOTE_STANDS):
        before = await ltp()
        server.price(NAME, 900.0)
        assert await ltp() == before
    with server.faults.during(Fault.QUOTE_STANDS, value=640.0):
        assert await ltp() == 640.0
    assert await ltp() == 900.0


async def test_an_instrument_that_is_not_there_is_refused(client):
    answer = await client.ask("quotes", symbol="NONE", exchange="NSE")
    assert answer.status == 400
    answer = await client.ask("quotes", symbol="SBIN", exchange="MOON")
    assert (answer.status, list(answer.message)) == (400, ["exchange"])
    assert (await client.ask("symbol", symbol="NONE", exchange="NSE")).status == 400


async def test_many_quotes_come_as_results_each_with_data_or_an_error(server, client):
    server.faults.turn_on(Fault.QUOTE_FAILS, symbol="NSE:INFY")
    infy, none = SBIN | {"symbol": "INFY"}, SBIN | {"symbol": "NONE"}
    body = (await client.ask("multiquotes", symbols=[SBIN, infy, none])).body
    assert "data" not in body
    found, failed, unknown = body["results"]
    assert (found["symbol"], found["data"]["ltp"]) == ("SBIN", 812.5)
    assert "error" in failed
    assert "error" in unknown


async def test_depth_has_both_sides(client):
    data = (await client.ask("depth", **SBIN)).data
    assert data["bids"][0] == {"price": 812.45, "quantity": 100}
    assert data["asks"][0]["price"] == 812.55
    assert {"ltp", "ltq"} <= data.keys()
    assert (await client.ask("depth", symbol="NONE", exchange="NSE")).status == 400


async def test_one_symbol_tells_its_sizes(client):
    option = (await client.ask("symbol", symbol="VEDL24NOV26292.5CE", exchange="NFO")).data
    assert (option["lotsize"], option["tick_size"], option["freeze_qty"]) == (1150, 0.05, 46000)
    assert (option["expiry"], option["strike"]) == ("24-NOV-26", 292.5)
    assert option["instrumenttype"] == "CE"


async def test_symbols_can_be_searched(client):
    rows = (await client.ask("search", query="nifty", exchange="NFO")).data
    assert {row["symbol"] for row in rows} == {"NIFTY24NOV26FUT", "NIFTY24NOV2626000CE"}
    assert (await client.ask("search", query="NOTHING")).status == 404


@pytest.mark.parametrize("form", ["json", "csv"])
async def test_instruments_are_asked_with_get_and_have_no_freeze_quantity(form, server, client):
    asked = {"apikey": server.api_key, "exchange": "NSE", "format": form}
    answer = await client.send("GET", "instruments", params=asked)
    assert answer.status == 200
    if form == "csv":
        first, *rows = answer.text.splitlines()
        assert first.startswith("symbol,brsymbol,name,exchange,")
        assert "freeze_qty" not in first
        assert len(rows) == 4
        assert answer.headers["Content-Type"].startswith("text/csv")
    else:
        assert [row["symbol"] for row in answer.data][:2] == ["SBIN", "INFY"]
        assert "freeze_qty" not in answer.data[0]


async def test_instruments_are_refused_like_anything_else(server, client):
    for changes, status in (
        ({"apikey": "wrong"}, 403), ({"exchange": "MOON"}, 400),
        ({"exchange": "BCD"}, 404), ({"what": 1}, 400),
    ):  # fmt: skip
        params = {"apikey": server.api_key} | changes
        assert (await client.send("GET", "instruments", params=params)).status == status
    server.faults.turn_on(Fault.BAD_GATEWAY, endpoint="instruments", times=1)
    asked = {"apikey": server.api_key}
    assert (await client.send("GET", "instruments", params=asked)).status == 502
    answers = [await client.send("GET", "instruments", params=asked) for _ in range(60)]
    assert {answer.status for answer in answers} <= {200, 429}


async def test_the_contract_of_the_day_changes_over_night(server, client):
    future = {"symbol": "NIFTY24NOV26FUT", "exchange": "NFO"}
    server.account.catalogue.remove("NFO:NIFTY24NOV26FUT")
    assert (await client.ask("symbol", **future)).status == 400
    server.account.catalogue.add(
        Contract(exchange="NFO", symbol="NIFTY24NOV26FUT", lotsize=65, tick_size=0.05)
    )
    assert (await client.ask("symbol", **future)).data["lotsize"] == 65


@pytest.mark.parametrize(("date", "opens"), [("2026-11-20", True), ("2026-11-21", False)])
async def test_hours_are_told_by_day(date, opens, server, client):
    rows = {row["exchange"]: row for row in (await client.ask("market/timings", date=date)).data}
    assert ("NSE" in rows) is opens
    assert "CRYPTO" in rows
    server.faults.turn_on(Fault.BOOK_EMPTY, endpoint="market/timings")
    assert (await client.ask("market/timings", date=date)).data == []
    if opens:
        at = dt.datetime.fromtimestamp(rows["NSE"]["start_time"] / 1000, dt.UTC)
        assert at.isoformat() == "2026-11-20T03:45:00+00:00"


async def test_holidays_may_have_open_hours(server, client):
    server.holidays[dt.date(2026, 11, 20)] = {}
    server.holidays[dt.date(2026, 11, 8)] = {"NSE": ("18:00", "19:00")}  # Muhurat, a Sunday
    rows = (await client.ask("market/holidays", year=2026)).data
    assert [row["date"] for row in rows] == ["2026-11-08", "2026-11-20"]
    assert rows[0]["open_exchanges"][0]["exchange"] == "NSE"
    assert "NSE" in rows[1]["closed_exchanges"]
    assert (await client.ask("market/holidays", year=2025)).data == []
    open_on = [
        {row["exchange"] for row in (await client.ask("market/timings", date=date)).data}
        for date in ("2026-11-20", "2026-11-08")
    ]
    assert open_on == [{"CRYPTO"}, {"NSE", "CRYPTO"}]
    assert (await client.ask("market/timings", date="today")).status == 400


async def test_money_comes_as_text(client):
    data = (await client.ask("funds")).data
    assert data["availablecash"] == "1000000.00"
    assert data.keys() == {
        *("availablecash", "collateral", "m2munrealized", "m2mrealized", "utiliseddebits")
    }


async def test_margin_is_asked_for_up_to_fifty_positions(client):
    position = SBIN | {"action": "BUY", "product": "MIS", "quantity": "10", "price": "0"}
    data = (await client.ask("margin", positions=[position])).data
    assert data == {"total_margin_required": 1625.0}
    assert (await client.ask("margin", positions=[position] * 51)).status == 400
    unknown = position | {"symbol": "NONE"}
    assert (await client.ask("margin", positions=[unknown])).status == 400


async def test_a_ping_asks_nothing_of_the_broker(server, client):
    server.faults.turn_on(Fault.BOOK_FAILS)
    server.proxy.relogin()
    assert (await client.ask("ping")).data == {"message": "pong", "broker": "angel"}
