"""What the books show: the truth late, in part, doubled, as text, or not at all."""

import pytest

from tests.openalgo.exchange import Status
from tests.openalgo.faults import Fault

SBIN, INFY = "NSE:SBIN", "NSE:INFY"
BOOKS = ["orderbook", "tradebook", "positionbook", "holdings"]


@pytest.fixture
async def traded(server, client):
    """Have two instruments bought, and one held."""
    for symbol in ("SBIN", "INFY"):
        await client.place(symbol=symbol)
    server.hold("NSE:YESBANK", 100, 20.0)
    await server.until(lambda: server.net(SBIN) == server.net(INFY) == 5)
    return server


async def rows(client, book):
    data = (await client.ask(book)).data
    return (
        data["orders"] if book == "orderbook" else data["holdings"] if book == "holdings" else data
    )


async def status_of(client, order_id):
    return await client.ask("orderstatus", strategy="a", orderid=order_id)


async def test_every_book_has_the_fields_that_the_server_writes(traded, client):
    order, trade = (await rows(client, "orderbook"))[0], (await rows(client, "tradebook"))[0]
    position, holding = (await rows(client, "positionbook"))[0], (await rows(client, "holdings"))[0]
    named = {"symbol", "exchange", "product", "quantity"}
    assert order.keys() == named | {
        *{"action", "orderid", "price", "pricetype", "order_status"},
        *{"trigger_price", "timestamp"},
    }
    assert trade.keys() == named | {
        *{"action", "orderid", "average_price", "trade_value", "timestamp"}
    }
    assert position.keys() == named | {"average_price", "ltp", "pnl"}
    assert (holding["symbol"], holding["quantity"]) == ("YESBANK", 100)
    shown = (await status_of(client, order["orderid"])).data
    assert shown.keys() == order.keys() | {"average_price"}
    statistics = (await client.ask("orderbook")).data["statistics"]
    assert (statistics["total_buy_orders"], statistics["total_completed_orders"]) == (2, 2)


async def test_an_order_that_is_not_there_is_404(client):
    answer = await status_of(client, "7")
    assert (answer.status, answer.message) == (404, "Order 7 not found")


async def test_the_state_of_an_order_may_be_404_right_after_it_was_placed(server, client):
    server.faults.turn_on(Fault.BOOK_STANDS, endpoint="orderstatus")
    order_id = (await client.place()).body["orderid"]
    assert (await status_of(client, order_id)).status == 404
    server.faults.clear()
    assert (await status_of(client, order_id)).status == 200


async def test_a_closed_position_stays_in_the_book_with_a_quantity_of_nothing(traded, client):
    traded.by_hand(SBIN, "SELL", 5)
    await traded.until(lambda: traded.net(SBIN) == 0)
    assert [row["quantity"] for row in await rows(client, "positionbook")] == [0, 5]
    traded.faults.turn_on(Fault.CLOSED_ROWS_GONE, symbol=SBIN)
    assert [row["symbol"] for row in await rows(client, "positionbook")] == ["INFY"]


async def test_some_positions_have_no_ltp_and_no_pnl(traded, client):
    traded.faults.turn_on(Fault.BARE_ROWS, symbol=SBIN)
    bare, whole = await rows(client, "positionbook")
    assert whole.keys() - bare.keys() == {"ltp", "pnl"}


async def test_profit_is_what_was_realized_and_what_is_open(traded, client):
    traded.price(SBIN, 822.5)
    traded.by_hand(SBIN, "SELL", 3)
    await traded.until(lambda: traded.net(SBIN) == 2)
    traded.price(SBIN, 832.5)
    row = (await rows(client, "positionbook"))[0]
    assert (row["average_price"], row["pnl"]) == (812.5, 3 * 10 + 2 * 20)


@pytest.mark.parametrize("book", BOOKS)
async def test_a_book_that_fails_is_an_error(book, traded, client):
    with traded.faults.during(Fault.BOOK_FAILS, endpoint=book):
        answer = await client.ask(book)
        assert (answer.status, answer.body["status"]) == (500, "error")
    assert (await client.ask(book)).status == 200


async def test_a_state_that_cannot_be_read_is_an_error(traded, client):
    (order, _) = traded.record.orders()
    traded.faults.turn_on(Fault.BOOK_FAILS, endpoint="orderstatus")
    assert (await status_of(client, order.order_id)).status == 500


@pytest.mark.parametrize("book", BOOKS)
async def test_a_book_may_be_empty_in_whole_or_of_one_instrument(book, traded, client):
    before = await rows(client, book)
    with traded.faults.during(Fault.BOOK_EMPTY, endpoint=book):
        assert await rows(client, book) == []
    with traded.faults.during(Fault.BOOK_EMPTY, endpoint=book, symbol=SBIN):
        assert await rows(client, book) == [row for row in before if row["symbol"] != "SBIN"]
    assert await rows(client, book) == before


async def test_a_book_may_have_shrunk(traded, client):
    whole = await rows(client, "orderbook")
    with traded.faults.during(Fault.BOOK_SHRUNK, endpoint="orderbook"):
        assert await rows(client, "orderbook") == whole[:1]
    with traded.faults.during(Fault.BOOK_SHRUNK, endpoint="orderbook", symbol=SBIN, value=5):
        assert await rows(client, "orderbook") == whole[1:]


async def test_rows_may_come_twice(traded, client):
    with traded.faults.during(Fault.ROWS_DOUBLED, endpoint="tradebook", symbol=SBIN):
        symbols = [row["symbol"] for row in await rows(client, "tradebook")]
    assert symbols == ["SBIN", "SBIN", "INFY"]


@pytest.mark.parametrize("book", BOOKS)
async def test_numbers_may_come_as_text(book, traded, client):
    with traded.faults.during(Fault.STRINGS, endpoint=book):
        assert all(isinstance(row["quantity"], str) for row in await rows(client, book))
    assert not any(isinstance(row["quantity"], str) for row in await rows(client, book))


async def test_the_numbers_of_one_order_may_come_as_text(traded, client):
    traded.faults.turn_on(Fault.STRINGS, endpoint="orderstatus")
    (order, _) = traded.record.orders()
    assert (await status_of(client, order.order_id)).data["quantity"] == "5"


@pytest.mark.parametrize("book", ["orderbook", "tradebook", "positionbook"])
@pytest.mark.parametrize(
    ("fault", "value"), [(Fault.BOOK_LAGS, 10_000.0), (Fault.BOOK_STANDS, None)]
)
async def test_a_book_may_show_what_was(fault, value, book, server, client):
    server.faults.turn_on(fault, endpoint=book, value=value)
    await client.place()
    await server.until(lambda: server.net(SBIN) == 5)
    assert await rows(client, book) == []
    server.faults.clear()
    assert len(await rows(client, book)) == 1


async def test_one_instrument_may_lag_and_another_not(server, client):
    server.faults.turn_on(Fault.BOOK_STANDS, endpoint="positionbook", symbol=SBIN)
    for symbol in ("SBIN", "INFY"):
        await client.place(symbol=symbol)
    await server.until(lambda: server.net(SBIN) == server.net(INFY) == 5)
    assert [row["symbol"] for row in await rows(client, "positionbook")] == ["INFY"]


async def test_an_open_order_may_be_called_by_the_brokers_own_word(server, client):
    server.faults.turn_on(Fault.FILLS_NEVER)
    server.faults.turn_on(Fault.RAW_STATUS, value="put order req received")
    order_id = (await client.place()).body["orderid"]
    assert (await rows(client, "orderbook"))[0]["order_status"] == "put order req received"
    server.exchange.fill(order_id)
    assert (await rows(client, "orderbook"))[0]["order_status"] == "complete"
    server.faults.clear()
    server.faults.turn_on(Fault.RAW_STATUS, endpoint="orderstatus", value="complete=TRADED")
    assert (await status_of(client, order_id)).data["order_status"] == "TRADED"


async def test_the_average_is_the_first_trade_and_none_until_all_is_done(server, client):
    server.faults.turn_on(Fault.FILLS_NEVER)
    order_id = (await client.place(quantity=10)).body["orderid"]
    server.exchange.fill(order_id, 4)
    assert (await status_of(client, order_id)).data["average_price"] == 0
    server.price(SBIN, 900.0)
    server.exchange.fill(order_id)
    assert (await status_of(client, order_id)).data["average_price"] == 812.5
    trades = await rows(client, "tradebook")
    assert [(row["quantity"], row["average_price"]) for row in trades] == [(4, 812.5), (6, 900.0)]


async def test_a_plugin_may_show_all_that_an_order_has_filled_as_one_trade(server, client):
    server.faults.turn_on(Fault.FILLS_NEVER)
    server.faults.turn_on(Fault.ONE_ROW_AN_ORDER)
    order_id = (await client.place(quantity=10)).body["orderid"]
    server.exchange.fill(order_id, 4)
    (row,) = await rows(client, "tradebook")
    assert (row["quantity"], row["average_price"]) == (4, 812.5)
    server.price(SBIN, 900.0)
    server.exchange.fill(order_id)
    (row,) = await rows(client, "tradebook")
    assert (row["quantity"], row["average_price"], row["trade_value"]) == (10, 865.0, 8650.0)


async def test_a_plugin_may_show_orders_that_have_not_filled_among_the_trades(server, client):
    server.faults.turn_on(Fault.FILLS_NEVER)
    server.faults.turn_on(Fault.UNFILLED_ROWS)
    order_id = (await client.place(quantity=10)).body["orderid"]
    (row,) = await rows(client, "tradebook")
    assert (row["orderid"], row["quantity"], row["average_price"]) == (order_id, 10, 0)
    server.exchange.fill(order_id)
    (row,) = await rows(client, "tradebook")
    assert row["average_price"] == 812.5


async def test_the_average_is_0_while_the_trade_book_lags(server, client):
    server.faults.turn_on(Fault.BOOK_STANDS, endpoint="tradebook")
    order_id = (await client.place()).body["orderid"]
    await server.until(lambda: server.exchange.orders[order_id].status is Status.COMPLETE)
    assert (await status_of(client, order_id)).data["average_price"] == 0
    server.faults.clear()
    with server.faults.during(Fault.AVERAGE_ZERO):
        assert (await status_of(client, order_id)).data["average_price"] == 0
        assert (await rows(client, "tradebook"))[0]["average_price"] == 0
    assert (await status_of(client, order_id)).data["average_price"] == 812.5


async def test_two_plugins_tell_what_was_filled(server, client):
    server.faults.turn_on(Fault.ROWS_TELL_FILLS)
    server.faults.turn_on(Fault.REJECTED, times=1, value="no margin")
    server.faults.turn_on(Fault.FILLS_A_PART, times=1, symbol=INFY, value=2)
    await client.place()
    await client.place(symbol="INFY")
    await server.until(lambda: server.net(INFY) == 2)
    await server.until(lambda: server.record.orders()[0].status is Status.REJECTED)
    refused, part = await rows(client, "orderbook")
    assert (refused["filled_quantity"], refused["rejection_reason"]) == (0, "no margin")
    assert (part["filled_quantity"], part["average_price"]) == (2, 1520.0)


async def test_one_position_can_be_asked_for(traded, client):
    async def asked(symbol):
        return await client.ask(
            "openposition", strategy="a", symbol=symbol, exchange="NSE", product="MIS"
        )

    assert (await asked("SBIN")).body == {"status": "success", "quantity": 5}
    assert (await asked("RELIANCE")).body["quantity"] == 0
    with traded.faults.during(Fault.BOOK_FAILS, endpoint="openposition"):
        assert (await asked("SBIN")).status == 500
    with traded.faults.during(Fault.BOOK_EMPTY, endpoint="openposition"):
        assert (await asked("SBIN")).body["quantity"] == 0
