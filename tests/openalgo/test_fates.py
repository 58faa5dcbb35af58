"""What becomes of orders at the scripted broker, and how they are changed and called back."""

import pytest

from tests.openalgo.exchange import By, Status
from tests.openalgo.faults import Fault
from tests.openalgo.plain_client import AN_ORDER, SBIN

NAME = "NSE:SBIN"


async def placed(server, client, **changes):
    answer = await client.place(**changes)
    return server.exchange.orders[answer.body["orderid"]]


async def ended(server, order):
    await server.until(lambda: order.status.is_final)
    return order.status


async def test_an_order_at_the_market_fills_at_the_ltp(server, client):
    order = await placed(server, client)
    assert await ended(server, order) is Status.COMPLETE
    (fill,) = server.record.fills()
    assert (fill.price, fill.quantity, fill.by) == (812.5, 5, By.CLIENT)


@pytest.mark.parametrize(
    ("action", "price", "reached"), [("BUY", 800.0, 799.95), ("SELL", 830.0, 830.0)]
)
async def test_a_limit_waits_for_its_price(action, price, reached, server, client):
    order = await placed(server, client, action=action, pricetype="LIMIT", price=price)
    await server.until(lambda: len(server.record.requests) == 1)
    server.price(NAME, 812.0)
    assert order.status is Status.OPEN
    server.price(NAME, reached)
    assert order.status is Status.COMPLETE


@pytest.mark.parametrize(("kind", "price"), [("SL", 801.0), ("SL-M", 0.0)])
async def test_a_stop_waits_for_its_trigger(kind, price, server, client):
    order = await placed(
        server, client, action="SELL", pricetype=kind, price=price, trigger_price=805.0
    )
    assert order.status is Status.WAITING
    row = (await client.ask("orderbook")).data["orders"][0]
    assert row["order_status"] == "trigger pending"
    server.price(NAME, 805.05)
    assert order.status is Status.WAITING
    server.price(NAME, 804.0)
    assert order.status is Status.COMPLETE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"product": "NRML"}, "product NRML is not allowed on NSE"),
        ({"symbol": "NIFTY24NOV26FUT", "exchange": "NFO", "quantity": 74}, "lot size 75"),
        ({"symbol": "NIFTY24NOV26FUT", "exchange": "NFO", "quantity": 1875}, "freeze quantity"),
        ({"pricetype": "LIMIT", "price": 800.03}, "tick size 0.05"),
        ({"action": "SELL", "product": "CNC"}, "insufficient holdings"),
    ],
)
async def test_what_the_exchange_cannot_have_is_rejected_after_it_was_acknowledged(
    changes, reason, server, client
):
    order = await placed(server, client, **changes)
    assert await ended(server, order) is Status.REJECTED
    assert reason in order.reason
    assert server.record.fills() == []


async def test_an_index_takes_no_orders(client):
    answer = await client.place(symbol="NIFTY", exchange="NSE_INDEX")
    assert (answer.status, answer.message) == (400, "Exchange 'NSE_INDEX' takes no orders")


async def test_holdings_can_be_sold_for_delivery_and_are_no_position(server, client):
    server.hold("NSE:INFY", 10, 1500.0)
    answer = await client.leave(symbol="INFY", product="CNC")
    assert "No OpenPosition" in answer.message
    order = await placed(server, client, symbol="INFY", action="SELL", product="CNC", quantity=10)
    assert await ended(server, order) is Status.COMPLETE
    assert server.net("NSE:INFY", "CNC") == -10


@pytest.mark.parametrize(("action", "way"), [("SELL", 817.0), ("BUY", 808.0)])
async def test_an_order_at_the_market_may_rest_as_a_limit(action, way, server, client):
    server.faults.turn_on(Fault.RESTS, times=1)
    order = await placed(server, client, action=action)
    row = (await client.ask("orderbook")).data["orders"][0]
    assert (row["pricetype"], row["order_status"]) == ("LIMIT", "open")
    server.price(NAME, 812.0)
    assert order.status is Status.OPEN
    server.price(NAME, way)
    assert order.status is Status.COMPLETE


async def test_an_order_may_fill_in_parts(server, client):
    server.faults.turn_on(Fault.FILLS_IN_PARTS, times=1, value=3)
    order = await placed(server, client, quantity=10)
    assert await ended(server, order) is Status.COMPLETE
    assert [fill.quantity for fill in server.record.fills()] == [3, 3, 4]


async def test_a_part_may_be_all_for_now(server, client):
    server.faults.turn_on(Fault.FILLS_A_PART, times=1, value=2)
    order = await placed(server, client)
    await server.until(lambda: order.filled == 2)
    server.price(NAME, 813.0)
    assert (order.status, order.filled) == (Status.OPEN, 2)
    server.exchange.fill(order.order_id)
    assert order.status is Status.COMPLETE


async def test_the_rest_of_a_part_may_be_cancelled(server, client):
    server.faults.turn_on(Fault.PART_THEN_CANCELLED, times=1)
    order = await placed(server, client)
    assert await ended(server, order) is Status.CANCELLED
    assert server.net(NAME) == 2


async def test_an_order_may_fill_after_a_while(server, client):
    server.faults.turn_on(Fault.FILLS_SLOWLY, times=1, value=3.0)
    order = await placed(server, client)
    await ended(server, order)
    assert server.record.fills()[0].at_s - order.placed_s >= 2.9


async def test_what_rests_can_be_called_back(server, client):
    server.faults.turn_on(Fault.FILLS_NEVER)
    order = await placed(server, client)
    answer = await client.ask("cancelorder", strategy="a", orderid=order.order_id)
    assert (answer.status, answer.body["orderid"]) == (200, order.order_id)
    assert order.status is Status.CANCELLED
    answer = await client.ask("cancelorder", strategy="a", orderid=order.order_id)
    assert (answer.status, answer.body["status"]) == (400, "error")
    assert (await client.ask("cancelorder", strategy="a", orderid="7")).status == 404


async def test_a_call_back_may_be_refused_lost_or_late(server, client):
    server.faults.turn_on(Fault.FILLS_NEVER)
    order = await placed(server, client)
    with server.faults.during(Fault.CANCEL_REFUSED):
        answer = await client.ask("cancelorder", strategy="a", orderid=order.order_id)
        assert answer.status == 500
    with server.faults.during(Fault.CANCEL_LOST):
        answer = await client.ask("cancelorder", strategy="a", orderid=order.order_id)
        assert answer.status == 200
    assert order.status is Status.OPEN
    server.faults.turn_on(Fault.CANCEL_SLOW, value=2.0)
    answer = await client.ask("cancelorder", strategy="a", orderid=order.order_id)
    assert answer.status == 200
    server.exchange.fill(order.order_id, 2)  # it races the cancel
    assert await ended(server, order) is Status.CANCELLED
    assert server.net(NAME) == 2


async def test_all_orders_are_called_back_whoever_placed_them(server, client):
    server.faults.turn_on(Fault.FILLS_NEVER)
    server.faults.turn_on(Fault.CANCEL_REFUSED, symbol="NSE:INFY")
    ours, infy = await placed(server, client), await placed(server, client, symbol="INFY")
    theirs = server.by_hand(NAME, "SELL", 5, pricetype="SL-M", trigger_price=700.0)
    body = (await client.ask("cancelallorder", strategy="a")).body
    assert body["canceled_orders"] == [ours.order_id, theirs.order_id]
    assert body["failed_cancellations"] == [infy.order_id]


async def test_the_sandbox_forgets_stops_when_it_calls_all_back(server, client):
    server.account.analyzer = True
    answer = await client.place(action="SELL", pricetype="SL-M", trigger_price=700.0)
    body = (await client.ask("cancelallorder", strategy="a")).body
    assert (body["canceled_orders"], body["mode"]) == ([], "analyze")
    assert server.account.sandbox.orders[answer.body["orderid"]].status is Status.WAITING


async def test_closing_positions_leaves_all_of_the_account_and_always_says_so(server, client):
    answer = await client.ask("closeposition", strategy="a")
    assert answer.message == "All Open Positions Squared Off"
    server.carry(NAME, 5, 800.0)
    server.carry("NSE:INFY", -3, 1500.0)
    server.faults.turn_on(Fault.REJECTED, symbol="NSE:INFY")
    answer = await client.ask("closeposition", strategy="a")
    assert answer.message == "All Open Positions Squared Off"
    await server.until(lambda: server.net(NAME) == 0)
    assert server.net("NSE:INFY") == -3


async def test_an_order_is_changed_by_all_of_its_fields(server, client):
    order = await placed(server, client, pricetype="LIMIT", price=800.0)
    changed = SBIN | {
        "strategy": "a", "orderid": order.order_id, "action": "BUY", "product": "MIS",
        "pricetype": "LIMIT", "price": 812.5, "quantity": 7, "disclosed_quantity": 0,
        "trigger_price": 0,
    }  # fmt: skip
    short = {name: value for name, value in changed.items() if name != "disclosed_quantity"}
    answer = await client.ask("modifyorder", **short)
    assert (answer.status, "Missing data" in answer.message) == (400, True)
    assert (await client.ask("modifyorder", **changed)).body["orderid"] == order.order_id
    assert (order.status, order.filled) == (Status.COMPLETE, 7)
    assert (await client.ask("modifyorder", **changed)).status == 400


async def test_a_quantity_is_not_changed_below_what_was_filled(server, client):
    server.faults.turn_on(Fault.FILLS_A_PART, value=3)
    order = await placed(server, client)
    await server.until(lambda: order.filled == 3)
    changed = AN_ORDER | {
        "orderid": order.order_id, "pricetype": "LIMIT", "price": 800.0, "quantity": 3,
        "disclosed_quantity": 0, "trigger_price": 0,
    }  # fmt: skip
    assert (await client.ask("modifyorder", **changed)).status == 400


async def test_the_sandbox_changes_no_type_of_an_order(server, client):
    server.account.analyzer = True
    answer = await client.place(pricetype="LIMIT", price=800.0)
    order = server.account.sandbox.orders[answer.body["orderid"]]
    changed = AN_ORDER | {
        "orderid": order.order_id, "pricetype": "MARKET", "price": 790.0, "quantity": 5,
        "disclosed_quantity": 0, "trigger_price": 0,
    }  # fmt: skip
    await client.ask("modifyorder", **changed)
    assert (order.ticket.pricetype, order.ticket.price) == ("LIMIT", 790.0)


async def test_a_smart_order_trades_what_is_missing_and_ignores_what_it_was_told(server, client):
    server.carry(NAME, 5, 800.0)
    await client.leave(position_size=-3, action="BUY", quantity=1)
    await server.until(lambda: server.net(NAME) == -3)
    (order,) = server.record.orders()
    assert (order.ticket.action, order.ticket.quantity) == ("SELL", 8)
    assert (await client.leave(position_size=-3, quantity=1)).message.startswith(
        "Positions Already"
    )
    assert (await client.leave(position_size=-3, quantity=0)).status == 500
    await client.leave(position_size="2.9", quantity=0)
    await server.until(lambda: server.net(NAME) == 2)


async def test_one_plugin_opens_nothing_when_flat(server, client):
    server.plug_in("definedge")
    assert (await client.leave(quantity=10)).status == 500
    assert server.record.orders() == []


async def test_smart_orders_of_the_sandbox_are_always_at_the_market(server, client):
    server.account.analyzer = True
    await client.leave(quantity=5, action="BUY", pricetype="LIMIT", price=700.0)
    (order,) = server.account.sandbox.orders.values()
    await server.until(lambda: order.status is Status.COMPLETE)
    assert order.average == 812.5
    row = (await client.ask("orderstatus", strategy="a", orderid=order.order_id)).data
    assert "price_type" in row
    assert "pricetype" not in row
    book = (await client.ask("positionbook")).body
    assert (book["mode"], book["total_pnl"]) == ("analyze", 0)
    assert server.record.orders() == []


async def test_anybody_can_flip_the_mode_and_orders_then_reach_nobody(server, client):
    answer = await client.ask("analyzer")
    assert answer.data == {"mode": "live", "analyze_mode": False, "total_logs": 0}
    assert (await client.ask("analyzer/toggle", mode=True)).data["mode"] == "analyze"
    assert (await client.place()).body["mode"] == "analyze"
    assert (await client.place(what=1)).status == 400
    server.account.analyzer = False
    assert "mode" not in (await client.place()).body
    assert len(server.record.orders()) == 1


async def test_a_basket_places_purchases_first_and_answers_for_each(server, client):
    legs = [
        {"symbol": "INFY", "exchange": "NSE", "action": "SELL", "quantity": 1},
        {"symbol": "SBIN", "exchange": "NSE", "action": "BUY", "quantity": 2},
        {"symbol": "NONE", "exchange": "NSE", "action": "SELL", "quantity": 2},
    ]
    results = (await client.ask("basketorder", strategy="a", orders=legs)).body["results"]
    assert [row["symbol"] for row in results] == ["SBIN", "INFY", "NONE"]
    assert [row["status"] for row in results] == ["success", "success", "error"]
    legs[0]["quantity"] = 0
    assert (await client.ask("basketorder", strategy="a", orders=legs)).status == 400


async def test_an_order_above_the_freeze_quantity_can_be_split(server, client):
    future = AN_ORDER | {"symbol": "NIFTY24NOV26FUT", "exchange": "NFO", "quantity": 4050}
    body = (await client.ask("splitorder", **future, splitsize=1800)).body
    assert (body["split_size"], body["total_quantity"]) == (1800, 4050)
    assert [row["quantity"] for row in body["results"]] == [1800, 1800, 450]
    await server.until(lambda: server.net("NFO:NIFTY24NOV26FUT") == 4050)
