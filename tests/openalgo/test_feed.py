"""The websocket proxy: logins, acks, ticks, order updates, and how each of them fails."""

import math

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from tests.openalgo.faults import Fault
from tests.openalgo.plain_client import SBIN

NAME, INFY = "NSE:SBIN", "NSE:INFY"
ERRORS = [
    *("AUTHENTICATION_ERROR", "BROKER_INIT_ERROR", "BROKER_CONNECTION_ERROR", "SERVER_ERROR"),
]


async def test_a_login_says_who_and_which_broker(client):
    async with client.feed(logged_in=False) as feed:
        answer = await feed.log_in()
        assert (answer["type"], answer["status"], answer["broker"]) == ("auth", "success", "angel")
        assert {"user_id", "supported_features", "message"} <= answer.keys()


async def test_the_words_of_a_login_may_be_others(server, client):
    async with client.feed(logged_in=False) as feed:
        await feed.say(type="auth", apikey=server.api_key)
        assert (await feed.hear())["status"] == "success"


async def test_before_a_login_nothing_is_served_but_a_ping(client):
    async with client.feed(logged_in=False) as feed:
        assert (await feed.subscribe(NAME))["code"] == "NOT_AUTHENTICATED"
        assert await feed.is_silent()


async def test_a_wrong_key_is_told_and_the_socket_stays_open(server, client):
    async with client.feed(logged_in=False) as feed:
        answer = await feed.ask("authenticate", api_key="wrong")
        assert answer.keys() == {"status", "code", "message"}
        assert (answer["status"], answer["code"]) == ("error", "AUTHENTICATION_ERROR")
        server.log_out()
        assert (await feed.log_in())["code"] == "AUTHENTICATION_ERROR"
        server.log_in()
        assert (await feed.log_in())["status"] == "success"


@pytest.mark.parametrize("code", ERRORS)
async def test_a_login_may_fail_at_the_broker(code, server, client):
    server.faults.turn_on(Fault.AUTH_REFUSED, times=1, value=code)
    async with client.feed(logged_in=False) as feed:
        assert (await feed.log_in())["code"] == code
        assert (await feed.log_in())["status"] == "success"


async def test_who_does_not_log_in_is_sent_away(server, client):
    server.proxy.patience_s_min = 0.0
    async with client.feed(logged_in=False) as feed:
        with pytest.raises(ConnectionClosedError) as closed:
            await feed.hear()
    assert "received 4401 (private use) auth timeout" in str(closed.value)


async def test_what_stands_before_it_may_refuse_the_connection(server, client):
    server.faults.turn_on(Fault.HANDSHAKE_REFUSED, times=1)
    with pytest.raises(InvalidStatus) as refused:
        async with client.feed():
            pass
    assert refused.value.response.status_code == 502
    async with client.feed() as feed:
        assert await feed.is_silent()


async def test_a_connection_may_be_taken_and_answered_late(server, client):
    hangs = server.faults.turn_on(Fault.HANDSHAKE_HANGS, times=1, value=5.0)
    async with client.feed() as feed:
        assert hangs.hits == 1
        assert await feed.is_silent()


async def test_a_frozen_connection_that_thaws_hears_and_says_all_that_was_left(server, client):
    async with client.feed() as feed:
        server.proxy.freeze()
        await feed.say("ping", timestamp=1)
        async with client.feed() as other:
            assert await other.is_silent()  # what came before it has been heard
        assert [said["action"] for said in server.proxy.received].count("ping") == 1
        server.proxy.thaw()
        assert (await feed.hear())["type"] == "pong"


async def test_a_slow_login_holds_everybody_up(server, client):
    slow = server.faults.turn_on(Fault.AUTH_SLOW, times=1, value=5.0)
    async with client.feed(logged_in=False) as feed:
        await feed.say("authenticate", api_key=server.api_key)
        await server.until(lambda: slow.hits == 1)
        async with client.feed(logged_in=False) as other:
            assert await other.is_silent()
            assert [one.login for one in server.proxy.clients] == [1, None]
        assert (await feed.hear())["status"] == "success"


async def test_the_proxy_logs_in_at_the_broker_when_the_first_client_comes(server, client):
    async with client.feed(), client.feed():
        assert server.proxy.logins == 1
    await server.until(lambda: not server.proxy.clients)
    async with client.feed():
        assert server.proxy.logins == 2


async def test_a_subscription_is_acknowledged_one_by_one(client):
    async with client.feed() as feed:
        answer = await feed.subscribe(NAME, INFY, mode="ltp", request_id="r1")
        assert (answer["type"], answer["status"], answer["request_id"]) == (
            "subscribe", "success", "r1",
        )  # fmt: skip
        assert answer["subscriptions"] == [
            {"symbol": "SBIN", "exchange": "NSE", "status": "success", "mode": "LTP"},
            {"symbol": "INFY", "exchange": "NSE", "status": "success", "mode": "LTP"},
        ]


async def test_an_ack_is_partial_even_if_all_of_it_failed(server, client):
    server.faults.turn_on(Fault.SUBSCRIBE_FAILS, symbol=NAME)
    async with client.feed() as feed:
        answer = await feed.subscribe(NAME, "NSE:NONE")
        assert answer["status"] == "partial"
        assert [row["status"] for row in answer["subscriptions"]] == ["error", "error"]
        assert all(row["message"] for row in answer["subscriptions"])
        assert (await feed.subscribe(INFY, NAME))["status"] == "partial"
        server.price(INFY, 1521.0)
        assert await feed.ltp() == 1521.0


async def test_a_success_is_no_promise_of_ticks(server, client):
    server.faults.turn_on(Fault.SUBSCRIBE_DEAF, times=1)
    async with client.feed() as feed:
        assert (await feed.subscribe(NAME))["status"] == "success"
        server.price(NAME, 813.0)
        assert await feed.is_silent()
        await feed.subscribe(NAME)
        server.price(NAME, 814.0)
        assert await feed.ltp() == 814.0


@pytest.mark.parametrize(("mode", "number"), [(1, 1), ("QUOTE", 2), ("Depth", 3), (None, 2)])
async def test_a_mode_is_a_number_or_a_name_and_quote_if_left_out(mode, number, server, client):
    async with client.feed() as feed:
        await feed.ask("subscribe", **SBIN, **({} if mode is None else {"mode": mode}))
        server.price(NAME, 813.0)
        assert (await feed.hear())["mode"] == number


async def test_a_tick_is_keyed_by_its_top_level(server, client):
    async with client.feed(NAME) as feed:
        server.price(NAME, 815.05)
        tick = await feed.hear()
        assert tick.keys() == {"type", "symbol", "exchange", "mode", "data", "broker"}
        assert (tick["type"], tick["symbol"], tick["exchange"]) == ("market_data", "SBIN", "NSE")
        assert tick["data"].keys() == {*("symbol", "exchange", "mode", "ltp", "ltt", "timestamp")}
        assert tick["data"]["ltp"] == 815.05
        assert tick["data"]["timestamp"] > 1e12


async def test_depth_and_quote_say_more(server, client):
    async with client.feed(NAME, mode=3) as feed:
        server.price(NAME, 813.0)
        data = (await feed.hear())["data"]
        assert {"open", "high", "low", "close", "volume", "last_trade_quantity"} <= data.keys()
        assert data["depth"]["buy"][0].keys() == {"price", "quantity", "orders"}


@pytest.mark.parametrize("how", ["another client", "switch"])
async def test_one_who_wants_the_ltp_hears_what_others_asked_for(how, server, client):
    async with client.feed(NAME) as feed, client.feed() as other:
        if how == "switch":
            server.faults.turn_on(Fault.TICK_RICHER, value=3)
        else:
            await other.subscribe(NAME, mode=3)
        server.price(NAME, 813.0)
        assert [(await feed.hear())["mode"] for _ in range(2)] == [1, 3]


async def test_nobody_hears_what_he_did_not_ask_for(server, client):
    async with client.feed(NAME) as feed:
        server.price(INFY, 1521.0)
        assert await feed.is_silent()


async def test_a_subscription_ends_in_the_mode_that_it_has(server, client):
    async with client.feed(NAME, INFY) as feed:
        answer = await feed.ask("unsubscribe", symbols=[SBIN], request_id="r2")
        assert (answer["status"], answer["successful"]) == ("partial", [])
        assert answer["request_id"] == "r2"
        answer = await feed.ask("unsubscribe", symbols=[SBIN | {"mode": 1}])
        assert (answer["status"], answer["failed"]) == ("success", [])
        server.price(NAME, 813.0)
        assert await feed.is_silent()
        await feed.ask("unsubscribe_all")
        server.price(INFY, 1521.0)
        assert await feed.is_silent()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('{"action": ', "INVALID_JSON"),
        ("[]", "INVALID_JSON"),
        ('{"action": "dance"}', "INVALID_ACTION"),
        ('{"action": "subscribe", "symbols": [], "mode": 1}', "INVALID_PARAMETERS"),
        ('{"action": "subscribe", "symbols": "SBIN", "mode": 1}', "INVALID_PARAMETERS"),
        ('{"action": "subscribe", "symbol": "A", "exchange": "B", "mode": 9}', "INVALID_MODE"),
        ('{"action": "subscribe", "symbol": "A", "exchange": "B", "mode": true}', "INVALID_MODE"),
    ],
)
async def test_nonsense_is_an_error_without_a_type_and_the_socket_stays_open(said, code, client):
    async with client.feed() as feed:
        await feed.socket.send(said)
        answer = await feed.hear()
        assert answer.keys() == {"status", "code", "message"}
        assert answer["code"] == code
        assert await feed.is_silent()


async def test_any_action_may_fail_with_any_code(server, client):
    async with client.feed() as feed:
        server.faults.turn_on(
            Fault.ACTION_FAILS, endpoint="subscribe", times=1, value="PROCESSING_ERROR"
        )
        assert (await feed.subscribe(NAME))["code"] == "PROCESSING_ERROR"
        assert (await feed.subscribe(NAME))["status"] == "success"


async def test_any_action_may_be_left_unanswered(server, client):
    async with client.feed() as feed:
        server.faults.turn_on(Fault.ACTION_UNANSWERED, endpoint="subscribe_orders")
        await feed.say(action="subscribe_orders")
        assert (await feed.ask("ping", timestamp=7))["type"] == "pong"


async def test_a_ping_is_answered_with_both_times(client):
    async with client.feed() as feed:
        pong = await feed.ask("ping", timestamp=7)
        assert (pong["type"], pong["client_timestamp"]) == ("pong", 7)
        assert pong["server_timestamp"] > 1e12


async def test_a_price_may_be_0_or_of_something_else_or_no_number(server, client):
    async with client.feed(NAME) as feed:
        server.faults.turn_on(Fault.TICK_ZERO, times=1)
        server.price(NAME, 813.0)
        assert await feed.ltp() == 0
        server.faults.turn_on(Fault.TICK_ALIEN, times=1, value=25980.0)
        server.price(NAME, 813.0)
        assert await feed.ltp() == 25980.0
        server.faults.turn_on(Fault.TICK_ALIEN, times=1, value=math.nan)
        server.price(NAME, 813.0)
        assert math.isnan(await feed.ltp())
        server.price(NAME, 813.0)
        assert await feed.ltp() == 813.0


@pytest.mark.parametrize("form", ["s", "ms", "text", "old", "absent"])
async def test_times_come_in_every_form(form, server, client):
    server.faults.turn_on(Fault.TICK_TIMES, value=form)
    async with client.feed(NAME) as feed:
        server.price(NAME, 813.0)
        data = (await feed.hear())["data"]
    match form:
        case "s":
            assert 1e9 < data["ltt"] == data["timestamp"] < 1e10
        case "ms":
            assert data["ltt"] == data["timestamp"] > 1e12
        case "old":
            assert data["timestamp"] - data["ltt"] == 14 * 86_400_000
        case "text":
            assert isinstance(data["ltt"], str)
        case _:
            assert not {"ltt", "timestamp"} & data.keys()


async def test_a_tick_may_come_twice(server, client):
    server.faults.turn_on(Fault.TICK_DOUBLED, times=1)
    async with client.feed(NAME) as feed:
        server.price(NAME, 813.0)
        assert [await feed.ltp(), await feed.ltp()] == [813.0, 813.0]
        assert await feed.is_silent()


@pytest.mark.parametrize(("gap_s", "lost"), [(0.1, False), (0.295, True), (1.0, False)])
async def test_ticks_at_the_beat_of_the_proxys_own_clock_are_lost(
    gap_s, lost, server, client, monkeypatch
):
    server.faults.turn_on(Fault.LONE_TICKS_LOST)
    now_s = [1000.0]
    async with client.feed(NAME) as feed:
        monkeypatch.setattr(server.account.time, "now_s", lambda: now_s[0])
        server.price(NAME, 813.0)
        assert await feed.ltp() == 813.0
        now_s[0] += gap_s
        server.price(NAME, 814.0)
        assert await feed.is_silent() if lost else await feed.ltp() == 814.0


async def test_one_instrument_may_be_mute_while_another_ticks(server, client):
    server.faults.turn_on(Fault.TICKS_MUTED, symbol=NAME)
    async with client.feed(NAME, INFY) as feed:
        server.price(NAME, 813.0)
        server.price(INFY, 1521.0)
        assert (await feed.hear())["symbol"] == "INFY"


async def test_a_client_that_does_not_read_stalls_all_others(server, client):
    server.faults.turn_on(Fault.SLOW_READER, times=1, value=10.0)
    async with client.feed(NAME) as feed:
        asked_s = server.account.time.now_s()
        server.price(NAME, 813.0)
        assert await feed.ltp() == 813.0
        assert server.account.time.now_s() - asked_s >= 9.9


async def test_connections_may_be_cut(server, client):
    async with client.feed(NAME) as feed:
        server.proxy.drop()
        with pytest.raises(ConnectionClosedError):
            await feed.hear()
    await server.until(lambda: not server.proxy.clients)
    async with client.feed(NAME) as feed:
        server.price(NAME, 813.0)
        assert await feed.ltp() == 813.0


async def test_a_connection_may_stand_open_and_be_dead(server, client):
    async with client.feed(NAME) as feed:
        server.proxy.freeze()
        server.price(NAME, 813.0)
        pong = await feed.socket.ping()
        async with client.feed(NAME) as other:
            server.price(NAME, 814.0)
            assert await other.ltp() == 814.0
        assert not pong.done()
        feed.socket.transport.abort()


async def test_a_restart_forgets_every_subscription(server, client):
    async with client.feed(NAME) as feed:
        await server.restart()
        with pytest.raises(ConnectionClosedError):
            await feed.hear()
    async with client.feed() as feed:
        server.price(NAME, 813.0)
        assert await feed.is_silent()
        await feed.subscribe(NAME)
        server.price(NAME, 814.0)
        assert await feed.ltp() == 814.0


async def test_the_proxy_may_be_gone_while_rest_answers(server, client):
    await server.stop_feed()
    await server.stop_feed()
    with pytest.raises(OSError, match=r"refused|Connect"):
        async with client.feed():
            pass
    assert (await client.ask("ping")).status == 200
    await server.start_feed()
    async with client.feed(NAME) as feed:
        server.price(NAME, 813.0)
        assert await feed.ltp() == 813.0


async def test_anything_can_be_sent_to_clients(server, client):
    async with client.feed() as feed:
        server.proxy.send_raw("no json")
        assert await feed.socket.recv() == "no json"


async def test_what_clients_say_is_kept_without_their_keys(server, client):
    async with client.feed(NAME):
        login, subscription = server.proxy.received
    assert login == {"action": "authenticate"}
    assert subscription["symbols"] == [SBIN]
