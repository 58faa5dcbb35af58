"""How a request is checked, limited and answered, and how it can end without an answer."""

import asyncio

import aiohttp
import pytest

from tests.openalgo.faults import Fault
from tests.openalgo.plain_client import AN_EXIT, AN_ORDER

SBIN = "NSE:SBIN"


@pytest.mark.parametrize(
    ("endpoint", "changes", "message"),
    [
        ("placeorder", {"what": 1}, "{'what': ['Unknown field.']}"),
        ("placeorder", {"quantity": 0}, "{'quantity': ['Must be greater than 0.']}"),
        ("placeorder", {"quantity": True}, "{'quantity': ['Not a valid number.']}"),
        ("placeorder", {"quantity": "many"}, "{'quantity': ['Not a valid number.']}"),
        ("placeorder", {"quantity": 1.5}, "{'quantity': ['Must be a whole number.']}"),
        ("placeorder", {"price": -1}, "{'price': ['Must be greater than or equal to 0.']}"),
        ("placeorder", {"action": "HOLD"}, "{'action': ['Must be one of: BUY, SELL.']}"),
        ("placeorder", {"symbol": "NONE"}, "Symbol 'NONE' not found for exchange 'NSE'"),
        ("placesmartorder", {}, "{'position_size': ['Missing data for required field.']}"),
        ("cancelorder", {}, "{'orderid': ['Missing data for required field.']}"),
    ],
)
async def test_a_wrong_order_is_refused_with_text(endpoint, changes, message, server, client):
    fields = {"strategy": "a"} if endpoint == "cancelorder" else AN_ORDER
    answer = await client.ask(endpoint, **fields | changes)
    assert (answer.status, answer.body["status"], answer.message) == (400, "error", message)
    assert server.record.orders() == []


async def test_a_wrong_question_of_data_is_refused_with_an_object(client):
    answer = await client.ask("quotes", symbol="SBIN", exchange="NSE", what=1)
    assert (answer.status, answer.message) == (400, {"what": ["Unknown field."]})
    answer = await client.ask("analyzer/toggle", mode="yes")
    assert answer.message == {"mode": ["Not a valid boolean."]}
    answer = await client.ask("multiquotes", symbols=[])
    assert answer.message == {"symbols": ["Shorter than minimum length 1."]}
    answer = await client.ask("multiquotes", symbols="SBIN")
    assert answer.message == {"symbols": ["Not a valid list."]}


async def test_numbers_may_be_text_and_a_path_may_end_with_a_slash(server, client):
    answer = await client.ask("placeorder/", **AN_ORDER | {"quantity": "5", "price": "0"})
    assert answer.status == 200
    await server.until(lambda: server.net(SBIN) == 5)


async def test_fractions_are_for_crypto(server, client):
    await client.place(symbol="BTCUSDT", exchange="CRYPTO", quantity=0.25)
    await server.until(lambda: float(server.net("CRYPTO:BTCUSDT")) == 0.25)
    (row,) = (await client.ask("positionbook")).data
    assert row["quantity"] == 0.25


async def test_what_is_not_json_is_400_and_what_is_not_called_so_is_500(client):
    kind = {"Content-Type": "application/json"}
    answer = await client.send("POST", "ping", data="{", headers=kind)
    assert (answer.status, answer.body["status"]) == (400, "error")
    answer = await client.send("POST", "ping", data="{}", headers={"Content-Type": "text/plain"})
    assert answer.status == 500


@pytest.mark.parametrize(
    ("method", "endpoint"), [("POST", "nothing"), ("GET", "placeorder"), ("POST", "instruments/x")]
)
async def test_a_path_that_is_not_there_is_404(method, endpoint, client):
    assert (await client.send(method, endpoint, json={})).status == 404


@pytest.mark.parametrize(("endpoint", "allowed"), [("placeorder", 10), ("ping", 50)])
async def test_more_than_the_limit_in_a_second_is_429_without_a_word_of_when(
    endpoint, allowed, server, client, monkeypatch
):
    monkeypatch.setattr(server.account.time, "now_s", lambda: 1.0)
    fields = AN_ORDER if endpoint == "placeorder" else {}
    answers = [await client.ask(endpoint, **fields) for _ in range(allowed + 2)]
    assert [answer.status for answer in answers] == [200] * allowed + [429] * 2
    assert answers[-1].body == {"message": f"{allowed} per 1 second"}
    assert "Retry-After" not in answers[-1].headers
    assert (await client.ask("positionbook")).status == 200  # each endpoint has its own
    monkeypatch.setattr(server.account.time, "now_s", lambda: 2.0)
    assert (await client.ask(endpoint, **fields)).status == 200


async def test_limits_can_be_lifted(server, client):
    server.account.rate_limits = False
    answers = [await client.ask("ping") for _ in range(60)]
    assert {answer.status for answer in answers} == {200}


async def test_the_limit_is_lower_where_a_setting_is_left_out(server, client, monkeypatch):
    server.account.others_per_s = 10
    monkeypatch.setattr(server.account.time, "now_s", lambda: 1.0)
    answers = [await client.ask("ping") for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429]


async def test_the_broker_allows_less_than_the_server_and_then_positions_read_as_nothing(
    server, client, monkeypatch
):
    server.carry(SBIN, 5, 800.0)
    server.account.broker_per_s = 4
    monkeypatch.setattr(server.account.time, "now_s", lambda: 1.0)
    for _ in range(4):
        assert len((await client.ask("positionbook")).data) == 1
    answer = await client.ask("positionbook")
    assert (answer.status, answer.data) == (200, [])
    assert "No OpenPosition" in (await client.leave()).message
    answer = await client.place()
    assert (answer.status, answer.body["status"]) == (429, "error")
    assert (await client.ask("orderbook")).status == 429
    assert (await client.ask("ping")).status == 200
    monkeypatch.setattr(server.account.time, "now_s", lambda: 2.5)
    assert len((await client.ask("positionbook")).data) == 1


async def test_the_broker_counts_by_the_minute_too(server, client, monkeypatch):
    server.account.broker_per_min = 3
    monkeypatch.setattr(server.account.time, "now_s", lambda: 1.0)
    assert (await client.place()).status == 200
    order_id = server.record.orders()[0].order_id
    ask = {"strategy": "a", "orderid": order_id}
    assert (await client.ask("orderstatus", **ask)).status == 200  # which costs two
    assert (await client.ask("orderbook")).status == 429
    monkeypatch.setattr(server.account.time, "now_s", lambda: 62.0)
    assert (await client.ask("orderbook")).status == 200


async def test_a_hundred_bad_keys_shut_an_address_out_where_that_is_on(server, client):
    server.account.rate_limits = False
    for bans in (False, True):
        server.account.bans = bans
        for _ in range(50 if bans else 60):
            await client.send("POST", "ping", json={"apikey": "wrong"})
        assert (await client.ask("ping")).status == (403 if bans else 200)
    assert "banned" in (await client.ask("ping")).text


async def test_an_expired_session_counts_as_a_bad_key(server, client):
    server.account.session_expired = True
    server.account.bans = True
    server.account.rate_limits = False
    for _ in range(100):
        await client.ask("ping")
    server.account.session_expired = False
    assert (await client.ask("ping")).status == 403


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (Fault.ERROR, 500, '"status": "error"'),
        (Fault.BAD_GATEWAY, 502, "<h1>502 Bad Gateway</h1>"),
        (Fault.GATEWAY_TIMEOUT, 504, "<h1>504 Gateway Time-out</h1>"),
        (Fault.GARBAGE, 200, '{"status":"succ'),
        (Fault.LIMITED, 429, '{"message": "10 per 1 second"}'),
        (Fault.NO_SESSION, 403, "Invalid openalgo apikey"),
        (Fault.NO_PLUGIN, 404, "Broker-specific module not found"),
        (Fault.REFUSED, 400, "RMS: order refused"),
        (Fault.BROKER_STATUS, 503, "broker error"),
    ],
)
async def test_an_unkind_answer_says_nothing_of_what_was_done(fault, status, text, server, client):
    for acts_after_s, orders in ((None, 0), (0.0, 1)):
        server.faults.turn_on(fault, endpoint="placeorder", times=1, acts_after_s=acts_after_s)
        answer = await client.place()
        assert answer.status == status
        assert text in answer.text
        assert len(server.record.orders()) == orders
        assert server.record.asked("placeorder")[-1].status == status
    assert (await client.place()).status == 200


@pytest.mark.parametrize("acts", [False, True], ids=["does nothing", "acts"])
async def test_a_connection_may_end_without_an_answer(acts, server, client):
    server.faults.turn_on(Fault.CUT, endpoint="placeorder", acts_after_s=0.0 if acts else None)
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.place()
    assert len(server.record.orders()) == (1 if acts else 0)


async def test_a_request_that_hangs_and_never_acts_leaves_no_order(server, client):
    hangs = server.faults.turn_on(Fault.HANGS, endpoint="placeorder", times=1)
    await client.give_up(hangs, "placeorder", **AN_ORDER)
    await client.place(quantity=1)
    await server.until(lambda: server.net(SBIN) == 1)
    assert len(server.record.orders()) == 1


async def test_a_late_act_comes_within_its_bounds(server, client):
    late = server.faults.turn_on(
        Fault.HANGS, endpoint="placeorder", times=3, acts_after_s=(5.0, 10.0)
    )
    for turn in range(3):
        await client.give_up(late, "placeorder", **AN_ORDER | {"quantity": turn + 1})
        late.hits = 0
    await server.until(lambda: len(server.record.orders()) == 3)
    asked = {request.body["quantity"]: request.at_s for request in server.record.requests}
    waits = [order.placed_s - asked[int(order.ticket.quantity)] for order in server.record.orders()]
    assert all(wait >= 4.9 for wait in waits)


async def test_a_smart_order_on_its_way_may_have_read_the_position_long_before(server, client):
    server.carry(SBIN, 5, 800.0)
    late = server.faults.turn_on(
        Fault.HANGS, endpoint="placesmartorder", times=1, acts_after_s=20.0, value="decided"
    )
    await client.give_up(late, "placesmartorder", **AN_EXIT)
    server.by_hand(SBIN, "SELL", 5)
    await server.until(lambda: server.net(SBIN) == -5)
    assert len(server.record.harm()) == 1


async def test_a_slow_answer_is_the_true_one(server, client):
    server.faults.turn_on(Fault.SLOW, endpoint="placeorder", times=1, value=2.0)
    began_s = server.account.time.now_s()
    answer = await client.place()
    assert server.account.time.now_s() - began_s >= 1.9
    assert answer.body["orderid"] in server.exchange.orders


async def test_a_switch_reaches_only_its_endpoint_its_symbol_and_its_times(server, client):
    rule = server.faults.turn_on(Fault.ERROR, endpoint="placeorder", symbol="NSE:INFY", times=2)
    assert (await client.place()).status == 200
    assert (await client.ask("ping")).status == 200
    statuses = [(await client.place(symbol="INFY")).status for _ in range(3)]
    assert statuses == [500, 500, 200]
    assert rule.hits == 2


async def test_a_switch_with_a_rate_is_met_as_its_seed_draws(server, client):
    server.account.rate_limits = False
    rule = server.faults.turn_on(Fault.ERROR, endpoint="ping", rate=0.5)
    statuses = [(await client.ask("ping")).status for _ in range(60)]
    assert 15 < statuses.count(500) == rule.hits < 45
    server.faults.turn_off(Fault.ERROR)
    assert (await client.ask("ping")).status == 200


async def test_requests_are_kept_in_order_and_without_the_key(server, client):
    await client.ask("ping")
    await client.place()
    first, second = server.record.requests
    assert (first.endpoint, first.body, first.status) == ("ping", {}, 200)
    assert (second.endpoint, second.body) == ("placeorder", AN_ORDER)
    assert second.reply["status"] == "success"


async def test_a_restart_ends_requests_at_work_and_keeps_orders(server, client):
    await client.place()
    hangs = server.faults.turn_on(Fault.HANGS, endpoint="placeorder", acts_after_s=1000.0)
    asking = asyncio.ensure_future(client.place())
    await server.until(lambda: hangs.hits == 1)
    await server.restart()
    with pytest.raises(aiohttp.ClientConnectionError):
        await asking
    orders = (await client.ask("orderbook")).data["orders"]
    assert len(orders) == 1
    await server.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.ask("ping")
    await server.start()
    assert (await client.ask("ping")).status == 200
