"""The ten facts about the real server that shape a gateway hold of the fake one."""

import asyncio

import pytest

from tests.openalgo.exchange import Status
from tests.openalgo.faults import Fault
from tests.openalgo.plain_client import AN_EXIT, AN_ORDER
from tests.openalgo.plugins import PLUGINS

SBIN = "NSE:SBIN"


async def test_1_a_smart_order_works_on_the_net_of_the_account_whoever_holds_it(server, client):
    server.by_hand(SBIN, "BUY", 7)
    await client.place(strategy="one")
    await server.until(lambda: server.net(SBIN) == 12)
    await client.leave(strategy="another")
    await server.until(lambda: server.net(SBIN) == 0)
    book = (await client.ask("orderbook")).data["orders"]
    assert [row["quantity"] for row in book] == [7, 5, 12]
    assert all("strategy" not in row for row in book)


async def test_2_an_exit_with_a_quantity_opens_a_position_when_flat(server, client):
    assert "orderid" in (await client.leave(quantity=10)).body
    await server.until(lambda: server.net(SBIN) == -10)
    assert len(server.record.harm()) == 1


@pytest.mark.parametrize("plugin", sorted(PLUGINS))
async def test_3_an_exit_of_nothing_is_an_error_or_a_success_as_the_plugin_has_it(
    plugin, server, client
):
    server.plug_in(plugin)
    answer = await client.leave()
    if plugin in {"zerodha", "arrow", "hdfcsecurities", "hdfcsky"}:
        assert answer.status == 200
        assert answer.message == "Positions Already Matched. No Action needed."
    elif plugin == "upstox":
        assert answer.status == 500
        assert answer.message == "No open position found. Not placing exit order."
    elif plugin == "tradejini":
        assert (answer.status, answer.body["status"]) == (500, "error")
    else:
        assert answer.status == 500
        assert answer.message == "No OpenPosition Found. Not placing Exit order."
    assert server.record.orders() == []


async def test_3_the_sandbox_calls_an_exit_of_nothing_a_success(server, client):
    server.account.analyzer = True
    answer = await client.leave()
    assert (answer.status, answer.body["mode"]) == (200, "analyze")


async def test_4_a_position_that_cannot_be_read_is_claimed_to_be_flat(server, client):
    server.carry(SBIN, 5, 800.0)
    server.faults.turn_on(Fault.BOOK_FAILS, endpoint="placesmartorder", times=1)
    assert "No OpenPosition" in (await client.leave()).message
    assert server.net(SBIN) == 5
    await client.leave()
    await server.until(lambda: server.net(SBIN) == 0)


async def test_4_a_target_is_traded_whole_when_the_position_cannot_be_read(server, client):
    server.carry(SBIN, 5, 800.0)
    server.faults.turn_on(Fault.BOOK_EMPTY, endpoint="placesmartorder", times=1)
    await client.leave(position_size=2, quantity=3)
    await server.until(lambda: server.net(SBIN) == 7)


async def test_4_the_position_book_of_a_dead_session_reads_as_empty(server, client):
    server.carry(SBIN, 5, 800.0)
    with server.faults.during(Fault.BOOK_EMPTY, endpoint="positionbook"):
        answer = await client.ask("positionbook")
        assert (answer.status, answer.data) == (200, [])
    assert (await client.ask("positionbook")).data[0]["quantity"] == 5


async def test_5_two_exits_both_execute_while_the_first_is_not_filled(server, client):
    server.carry(SBIN, 5, 800.0)
    server.faults.turn_on(Fault.FILLS_NEVER)
    first, second = await client.leave(), await client.leave()
    for answer in (first, second):
        server.exchange.fill(answer.body["orderid"])
    assert server.net(SBIN) == -5
    assert len(server.record.harm()) == 1


async def test_5_two_exits_both_execute_while_the_book_lags(server, client):
    server.carry(SBIN, 5, 800.0)
    server.faults.turn_on(Fault.BOOK_STANDS, endpoint="placesmartorder")
    await client.leave()
    await server.until(lambda: server.net(SBIN) == 0)
    await client.leave()
    await server.until(lambda: server.net(SBIN) == -5)


async def test_5_a_position_kept_for_the_next_smart_order_sells_it_again(server, client):
    server.carry(SBIN, 5, 800.0)
    server.faults.turn_on(Fault.POSITION_KEPT, value=1000.0)
    await client.leave()
    await server.until(lambda: server.net(SBIN) == 0)
    await client.leave()
    await server.until(lambda: server.net(SBIN) == -5)


async def test_5_smart_orders_of_one_symbol_wait_for_each_other(server, client):
    server.carry(SBIN, 5, 800.0)
    slow = server.faults.turn_on(
        Fault.HANGS, endpoint="placesmartorder", times=1, acts_after_s=30.0
    )
    await client.give_up(slow, "placesmartorder", **AN_EXIT)
    server.exchange.fill_after_s = 0.0
    await client.leave(symbol="INFY")
    assert server.record.orders() == []
    await client.leave()
    first, _, second = server.record.asked("placesmartorder")
    assert server.record.orders()[0].placed_s >= first.at_s + 29.9
    assert second.at_s < server.record.orders()[0].placed_s


async def test_5_a_field_that_would_make_a_request_known_again_is_refused(client):
    answer = await client.place(client_order_id="T1-x1")
    assert answer.status == 400
    assert answer.message == "{'client_order_id': ['Unknown field.']}"


async def test_6_an_order_id_is_no_fill_and_not_even_an_acceptance(server, client):
    server.faults.turn_on(Fault.REJECTED, times=1, value="RMS: no margin")
    answer = await client.place()
    order_id = answer.body["orderid"]
    assert answer.status == 200
    await server.until(lambda: server.exchange.orders[order_id].status is Status.REJECTED)
    shown = (await client.ask("orderstatus", strategy="a", orderid=order_id)).data
    assert shown["order_status"] == "rejected"
    assert (await client.ask("tradebook")).data == []


@pytest.mark.parametrize("fault", [Fault.NO_ORDER_ID, Fault.NULL_ORDER_ID])
async def test_6_a_success_may_come_without_an_order_id(fault, server, client):
    server.faults.turn_on(fault, endpoint="placeorder", times=1)
    answer = await client.place()
    assert (answer.status, answer.body["status"]) == (200, "success")
    assert answer.body.get("orderid") is None
    assert len(server.record.orders()) == 1


async def test_6_an_order_may_wait_for_a_persons_yes(server, client):
    server.account.semi_auto = True
    answer = await client.place()
    assert answer.status == 200
    assert answer.body == {
        "status": "success",
        "message": "Order queued for approval in Action Center",
        "mode": "semi_auto",
        "pending_order_id": 1,
    }
    assert (await client.leave()).body["pending_order_id"] == 2
    for endpoint in ("cancelallorder", "closeposition"):
        assert (await client.ask(endpoint, strategy="a")).status == 403
    assert server.record.orders() == []
    server.turn_down(2)
    server.approve(1)
    await server.until(lambda: server.net(SBIN) == 5)


async def test_7_an_order_lives_on_after_its_client_has_given_up(server, client):
    late = server.faults.turn_on(Fault.HANGS, endpoint="placeorder", times=1, acts_after_s=5.0)
    with pytest.raises(TimeoutError):
        await client.send("POST", "placeorder", 0.03, json=AN_ORDER | {"apikey": server.api_key})
    await server.until(lambda: server.net(SBIN) == 5)
    (request,), (order,) = server.record.asked("placeorder"), server.record.orders()
    assert late.hits == 1
    assert request.status is None
    assert order.placed_s - request.at_s >= 4.9


async def test_7_an_internal_error_may_have_executed(server, client):
    server.carry(SBIN, 5, 800.0)
    server.faults.turn_on(Fault.ERROR, endpoint="placesmartorder", times=1, acts_after_s=0)
    answer = await client.leave()
    assert answer.status == 500
    assert answer.message == "Failed to place smart order due to internal error"
    await server.until(lambda: server.net(SBIN) == 0)


async def test_8_a_bad_key_and_a_dead_session_get_the_same_answer(server, client):
    answers = [await client.send("POST", "ping", json={"apikey": "a wrong one"})]
    server.log_out()
    answers.append(await client.ask("ping"))
    server.log_in()
    with server.faults.during(Fault.NO_SESSION, endpoint="placeorder"):
        answers.append(await client.place())
    assert {(answer.status, answer.message) for answer in answers} == {
        (403, "Invalid openalgo apikey")
    }
    assert (await client.ask("ping")).data == {"message": "pong", "broker": "angel"}


async def test_9_a_feed_falls_silent_without_a_word_and_pings_stay_healthy(server, client):
    async with client.feed(SBIN) as feed:
        server.faults.turn_on(Fault.TICKS_MUTED)
        server.price(SBIN, 813.0)
        assert await feed.is_silent()
        await asyncio.wait_for(await feed.socket.ping(), 5)
        server.faults.clear()
        server.price(SBIN, 814.0)
        assert await feed.ltp() == 814.0


async def test_9_after_a_login_at_the_broker_ticks_are_over_until_the_socket_logs_in_anew(
    server, client
):
    async with client.feed(SBIN) as feed:
        server.proxy.relogin()
        server.price(SBIN, 813.0)
        assert await feed.is_silent()
        assert (await feed.subscribe(SBIN))["code"] == "BROKER_ERROR"
        assert (await feed.log_in())["status"] == "success"
        server.price(SBIN, 814.0)
        assert await feed.is_silent()  # what was subscribed before is forgotten
        assert (await feed.subscribe(SBIN))["status"] == "success"
        server.price(SBIN, 815.0)
        assert await feed.ltp() == 815.0


async def test_10_a_lone_tick_is_lost_and_stays_lost_until_the_next(server, client):
    async with client.feed(SBIN) as feed:
        server.faults.turn_on(Fault.TICK_LOST, symbol=SBIN, times=1)
        server.price(SBIN, 790.0)
        assert await feed.is_silent()
        assert (await client.ask("quotes", symbol="SBIN", exchange="NSE")).data["ltp"] == 790.0
        server.price(SBIN, 791.0)
        assert await feed.ltp() == 791.0
