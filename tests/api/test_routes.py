"""What can be asked over HTTP, and what is answered to requests that mean harm."""

import json

import pytest

from tests.api.world import KEY, LONG
from tradebot.api.shapes import Readiness
from tradebot.core.inputs import OrderSide

CREATE = "/api/v1/createtrade"
ACTIVE = "/api/v1/activetrades"
HISTORY = "/api/v1/tradehistory"
EXIT = "/api/v1/exittrade"
ORDERS = "/api/v1/paper/orders"
JSON = {"Content-Type": "application/json"}
ORDER = {"exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 10}


def data(response):
    body = response.json()
    assert (response.status_code, body["status"]) == (200, "success"), response.text
    assert response.headers["content-type"] == "application/json"
    return body["data"]


async def test_a_trade_is_created_watched_left_and_explained(world, client):
    await world.bought()
    assert data(await client.post(CREATE, json=LONG))["trade_id"] == "T1"
    await world.tick(805.0)
    (trade,) = data(await client.post(ACTIVE))["trades"]
    assert (trade["ltp"], trade["unrealized_pnl"]) == (805, 50)
    assert data(await client.post(EXIT, json={"trade_id": "T1"}))["orders"] == ["T1-x1"]
    await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 804.95)
    history = data(await client.post(HISTORY, json={"limit": 5}))
    assert [trade["reason"] for trade in history["trades"]] == ["manual"]
    assert history["next"] is None
    story = data(await client.get("/api/v1/why/T1"))
    assert story["trade"]["realized_pnl"] == 49.5
    assert story["lines"][-1]["event"] == "trade_closed"


async def test_the_key_may_stand_in_the_body(world):
    async with world.client(key=None) as client:
        made = await client.post(CREATE, json=LONG | {"apikey": KEY})
        assert data(made)["trade_id"] == "T1"
        assert len(data(await client.post(ACTIVE, json={"apikey": KEY}))["trades"]) == 1


async def test_trades_are_chosen_by_strategy(client):
    await client.post(CREATE, json=LONG | {"strategy": "swing"})
    await client.post(CREATE, json=LONG)
    chosen = data(await client.post(ACTIVE, json={"strategy": "swing"}))["trades"]
    assert [trade["trade_id"] for trade in chosen] == ["T1"]
    without = data(await client.post(ACTIVE, json={"strategy": ""}))["trades"]
    assert [trade["trade_id"] for trade in without] == ["T2"]


async def test_history_is_paged_and_chosen(world, client):
    await world.bought(20)
    for number in (1, 2):
        await client.post(CREATE, json=LONG)
        await client.post(EXIT, json={"trade_id": f"T{number}"})
        await world.fill(f"B{number}", f"T{number}-x1", OrderSide.SELL, 10, 804)
    page = data(await client.post(HISTORY, json={"limit": "1", "reason": "manual"}))
    assert ([trade["trade_id"] for trade in page["trades"]], page["next"]) == (["T2"], "2")
    rest = data(await client.post(HISTORY, json={"cursor": page["next"], "strategy": ""}))
    assert [trade["trade_id"] for trade in rest["trades"]] == ["T1"]


async def test_instruments_are_listed(client):
    (instrument,) = data(await client.get("/api/v1/instruments"))["instruments"]
    assert (instrument["symbol"], instrument["tick_size"]) == ("SBIN", 0.05)


async def test_health_and_readiness_need_no_key(world):
    async with world.client(key=None) as client:
        assert data(await client.get("/health")) == {"alive": True}
        assert data(await client.get("/ready")) == {
            "state": "ready",
            "reasons": [],
            "mode": "paper",
            "version": "0.1.0",
        }


async def test_readiness_says_why_it_is_not_given(world, client):
    world.readiness = Readiness(is_ready=False, state="starting", reasons=("no feed yet",))
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["error_code"] == "not_ready"
    assert answer.json()["details"]["reasons"] == ["no feed yet"]
    assert world.faults == []


async def test_a_guard_in_doubt_is_degraded_and_ready(world, client):
    world.store.refuses = "write"
    await client.post(CREATE, json=LONG)
    answer = data(await client.get("/ready"))
    assert answer["state"] == "degraded"
    assert answer["reasons"][0].startswith("the database refuses")


DEEP = b'{"stop":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
TRADE = json.dumps(LONG)[:-1]
QUANTITIES: list[object] = [0, -1, 1e16, "1e5", "٣", True, [], 1e-19, "1'; DROP TABLE trades; --"]
NONE, BAD = "none was sent", "is not known here"  # of keys
HOSTILE: list[
    tuple[str, str, bytes, dict[str, str | None], int, str, str]
] = [  # method, path, body, headers; status, error code, field or a part of the message
    # who asks
    ("POST", ACTIVE, b"", {"X-API-Key": "wrong"}, 401, "unauthorized", BAD),
    ("POST", ACTIVE, b"", {"X-API-Key": ""}, 401, "unauthorized", NONE),
    ("POST", ACTIVE, b"{}", {"X-API-Key": KEY[:-1]}, 401, "unauthorized", BAD),
    ("POST", ACTIVE, b'{"apikey":"wrong"}', {"X-API-Key": None}, 401, "unauthorized", BAD),
    ("POST", ACTIVE, b'{"apikey":["x"]}', {"X-API-Key": None}, 401, "unauthorized", BAD),
    ("POST", ACTIVE, b'{"apikey":"\\ud800"}', {"X-API-Key": None}, 401, "unauthorized", BAD),
    ("POST", CREATE, TRADE.encode() + b"}", {"X-API-Key": None}, 401, "unauthorized", NONE),
    ("POST", ORDERS, json.dumps(ORDER).encode(), {"X-API-Key": None}, 401, "unauthorized", NONE),
    ("GET", "/api/v1/why/T1", b"", {"X-API-Key": None}, 401, "unauthorized", NONE),
    ("GET", "/api/v1/instruments", b"", {"X-API-Key": "no"}, 401, "unauthorized", BAD),
    (
        "GET",
        ORDERS,
        b'{"apikey":"%s"}' % KEY.encode(),
        {"X-API-Key": None},
        401,
        "unauthorized",
        NONE,
    ),
    ("GET", "/api/v1/paper/positions", b"", {"X-API-Key": None}, 401, "unauthorized", NONE),
    # where and how
    ("GET", "/", b"", {}, 404, "not_found", ""),
    ("GET", "/api/v1", b"", {}, 404, "not_found", ""),
    ("GET", "/api/v1/why/", b"", {}, 404, "not_found", ""),
    ("GET", "/api/v1/why/../../ready", b"", {}, 404, "not_found", ""),
    ("GET", "/api/v1/why/%2e%2e%2f%2e%2e%2fetc", b"", {}, 404, "not_found", ""),
    ("POST", CREATE + "/T1", b"{}", {}, 404, "not_found", ""),
    ("GET", "/schema", b"", {}, 404, "not_found", ""),
    ("GET", CREATE, b"", {}, 405, "method_not_allowed", ""),
    ("DELETE", ACTIVE, b"", {}, 405, "method_not_allowed", ""),
    ("PUT", "/health", b"", {}, 405, "method_not_allowed", ""),
    ("POST", "/ready", b"", {}, 405, "method_not_allowed", ""),
    # in what form
    (
        "POST",
        CREATE,
        b"a=1",
        {"Content-Type": "application/x-www-form-urlencoded"},
        415,
        "unsup",
        "",
    ),
    ("POST", CREATE, b"<a/>", {"Content-Type": "text/xml"}, 415, "unsupported_media_type", ""),
    ("POST", CREATE, b"{}", {"Content-Type": "application/json; charset=utf-16"}, 415, "unsup", ""),
    ("POST", CREATE, b"\x1f\x8b", {"Content-Encoding": "gzip"}, 415, "unsupported_media_type", ""),
    ("POST", CREATE, b" " * 65_537, {}, 413, "too_large", ""),
    ("POST", CREATE, b"{}", {"Content-Length": "99999999999"}, 413, "too_large", ""),
    ("POST", CREATE, b"{", {}, 400, "bad_request", "body"),
    ("POST", CREATE, b"\xff\xfe", {}, 400, "bad_request", "body"),
    ("POST", CREATE, b"[]", {}, 400, "bad_request", "body"),
    ("POST", CREATE, b'{"quantity":NaN}', {}, 400, "bad_request", "body"),
    ("POST", CREATE, DEEP, {}, 400, "bad_request", "body"),
    ("POST", CREATE, b'{"quantity":' + b"1" * 10_000 + b"}", {}, 400, "bad_request", "body"),
    # what a trade says
    ("POST", CREATE, b"", {}, 400, "bad_request", "exchange"),
    ("POST", CREATE, f'{TRADE},"sl":"1%"}}'.encode(), {}, 400, "bad_request", "sl"),
    ("POST", CREATE, f'{TRADE},"stop":"5%"}}'.encode(), {}, 400, "bad_request", "stop"),
    ("POST", CREATE, f'{TRADE},"x\\u0000y":1}}'.encode(), {}, 400, "bad_request", "x\\x00y"),
    ("POST", CREATE, f'{TRADE},"tag":"a\\nb"}}'.encode(), {}, 400, "bad_request", "tag"),
    ("POST", CREATE, f'{TRADE},"tag":"\\ud800"}}'.encode(), {}, 400, "bad_request", "tag"),
    ("POST", CREATE, f'{TRADE},"tag":"{"x" * 999}"}}'.encode(), {}, 400, "bad_request", "tag"),
    ("POST", CREATE, f'{TRADE},"trade_id":"../x"}}'.encode(), {}, 400, "bad_request", "trade_id"),
    ("POST", CREATE, f'{TRADE},"order_id":"B1"}}'.encode(), {}, 400, "bad_request", "entry_price"),
    ("POST", CREATE, b'{"exchange":"N:SE","symbol":"X"}', {}, 400, "bad_request", "exchange"),
    ("POST", CREATE, b'{"exchange":{"$ne":1},"symbol":"X"}', {}, 400, "bad_request", "exchange"),
    *(
        (
            "POST",
            CREATE,
            json.dumps(LONG | {"quantity": quantity}).encode(),
            {},
            400,
            "bad_request",
            "quantity",
        )
        for quantity in QUANTITIES
    ),
    (
        "POST",
        CREATE,
        f'{TRADE},"entry_price":1e400}}'.encode(),
        {},
        400,
        "bad_request",
        "entry_pri",
    ),
    # what the other requests say
    ("POST", ACTIVE, b'{"strategies":"x"}', {}, 400, "bad_request", "strategies"),
    ("POST", ACTIVE, b'{"strategy":7}', {}, 400, "bad_request", "strategy"),
    ("POST", HISTORY, b'{"limit":0}', {}, 400, "bad_request", "limit"),
    ("POST", HISTORY, b'{"limit":1001}', {}, 400, "bad_request", "limit"),
    ("POST", HISTORY, b'{"cursor":"1; --"}', {}, 400, "bad_request", "cursor"),
    ("POST", HISTORY, b'{"reason":"bored"}', {}, 400, "bad_request", "reason"),
    ("POST", EXIT, b"", {}, 400, "bad_request", "trade_id"),
    ("POST", EXIT, b'{"trade_id":["T1"]}', {}, 400, "bad_request", "trade_id"),
    ("POST", EXIT, b'{"trade_id":"T9"}', {}, 404, "not_found", "T9"),
    ("GET", "/api/v1/why/T9", b"", {}, 404, "not_found", "T9"),
    ("GET", "/api/v1/why/%00%ff", b"", {}, 404, "not_found", ""),
    ("GET", "/api/v1/why/" + "x" * 5_000, b"", {}, 404, "not_found", ""),
    ("GET", ORDERS + "?limit=-1", b"", {}, 400, "bad_request", "limit"),
    ("GET", ORDERS + "?limit=1&limit=x", b"", {}, 400, "bad_request", "limit"),
    ("GET", ORDERS + "?limits=1", b"", {}, 400, "bad_request", "limits"),
    (
        "POST",
        ORDERS,
        b'{"exchange":"NSE","symbol":"SBIN","side":"BUY"}',
        {},
        400,
        "bad",
        "quantity",
    ),
    ("POST", ORDERS, json.dumps(ORDER | {"side": "LONG"}).encode(), {}, 400, "bad_request", "BUY"),
    (
        "POST",
        ORDERS,
        json.dumps(ORDER | {"symbol": "NO"}).encode(),
        {},
        400,
        "bad_request",
        "symbol",
    ),
    ("POST", ORDERS, json.dumps(ORDER | {"qty": 1}).encode(), {}, 400, "bad_request", "quantity"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code", "told"),
    HOSTILE,
    ids=[f"{number}-{case[0]}-{case[4]}" for number, case in enumerate(HOSTILE)],
)
async def test_a_hostile_request_is_answered_and_changes_nothing(  # noqa: PLR0917 - a table's row
    world, client, method, path, body, headers, status, code, told
):
    sent = {"X-API-Key": KEY, **(JSON if body else {}), **headers}
    client.headers.clear()
    answer = await client.request(
        method,
        path,
        content=body,
        headers={name: value for name, value in sent.items() if value is not None},
    )
    assert answer.status_code == status, answer.text
    told_of = answer.json()
    assert told_of["error_code"].startswith(code)
    assert told in told_of["message"] or told in told_of["details"].get("field", "")
    assert len(answer.content) < 6_000
    assert "Traceback" not in answer.text
    assert world.book.trades == {}
    assert world.exchange.taken == []
    assert world.faults == []


async def test_what_the_engine_refuses_is_a_conflict(client):
    await client.post(CREATE, json=LONG | {"trade_id": "A"})
    answer = await client.post(CREATE, json=LONG | {"trade_id": "A"})
    assert answer.status_code == 409
    assert answer.json()["details"] == {"field": "trade_id"}


async def test_a_failing_disk_and_a_failing_exchange_are_unavailable(world, client):
    world.exchange.refuses = True
    answer = await client.post(ORDERS, json=ORDER)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "broker_failed")
    world.store.refuses = "write"
    await client.post(CREATE, json=LONG)
    answer = await client.get("/api/v1/why/T9")
    assert (answer.status_code, answer.json()["error_code"]) == (503, "store_failed")


async def test_a_fault_of_ours_is_told_without_its_inside(world, client):
    world.trades.instruments = lambda **_: 1 / 0
    answer = await client.get("/api/v1/instruments")
    assert answer.status_code == 500
    assert "division" not in answer.text
    ((event, _level, fields),) = world.faults
    assert (event, fields["trace_id"]) == ("api.failed", answer.json()["trace_id"])


async def test_a_wrong_method_hears_of_the_right_ones(client):
    assert "POST" in (await client.get(CREATE)).headers["allow"]
