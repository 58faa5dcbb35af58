"""Every answer has a trace id; every call that changes something leaves a line in the log."""

import asyncio
from typing import Any

import pytest

from tests.api.world import KEY, LONG, READ_KEY, TRADE_KEY
from tradebot.api.audit import Audited

CREATE = "/api/v1/createtrade"
EXIT = "/api/v1/exittrade"
ORDERS = "/api/v1/paper/orders"
ORDER = {"exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 10}


def lines(world):
    return [(level, fields) for event, level, fields in world.said if event == "api.audit"]


async def test_who_changed_what_from_where_is_in_the_log(world):
    async with world.client(key=TRADE_KEY) as client:
        made = await client.post(CREATE, json=LONG)
        ordered = await client.post(ORDERS, json=ORDER)
    (_, created), (_, placed) = lines(world)
    assert created == {
        "who": "trader",
        "address": "127.0.0.1",
        "route": f"POST {CREATE}",
        "trade_id": "T1",
        "outcome": "success",
        "trace_id": made.headers["X-Trace-Id"],
    }
    assert placed["order_id"] == "P1"
    assert "trade_id" not in placed
    assert placed["trace_id"] == ordered.headers["X-Trace-Id"]


@pytest.mark.parametrize(
    ("key", "path", "body", "told"),
    [
        (TRADE_KEY, EXIT, {"trade_id": "T9"}, ("trader", "T9", "not_found")),
        (TRADE_KEY, CREATE, LONG | {"stop": "1"}, ("trader", None, "bad_request")),
        (TRADE_KEY, CREATE, {"trade_id": ["T1"]}, ("trader", None, "bad_request")),
        (READ_KEY, EXIT, {"trade_id": "T9"}, ("reader", None, "forbidden")),
    ],
)
async def test_what_was_refused_is_there_too(world, key, path, body, told):
    async with world.client(key=key) as client:
        answer = await client.post(path, json=body)
    ((level, line),) = lines(world)
    assert level == "warning"
    assert (line["who"], line.get("trade_id"), line["outcome"]) == told
    assert line["trace_id"] == answer.json()["trace_id"] == answer.headers["X-Trace-Id"]


async def test_a_key_in_the_body_is_named_and_never_written(world):
    async with world.client(key=None) as client:
        await client.post(CREATE, json=LONG | {"apikey": KEY})
        await client.post(CREATE, json=LONG | {"apikey": KEY, "stop": KEY})
        await client.post(EXIT, json={"apikey": READ_KEY, "trade_id": "T1"})
    assert [line["who"] for _, line in lines(world)] == ["test", "test", "reader"]
    assert KEY not in str(world.said)
    assert READ_KEY not in str(world.said)


async def test_questions_and_strangers_leave_no_line_but_have_a_trace_id(world):
    async with world.client() as client:
        answers = [
            await client.post("/api/v1/activetrades"),
            await client.post(EXIT, headers={"X-API-Key": "tb_wrong"}),
            await client.get("/health"),
            await client.get("/nowhere"),
        ]
    assert lines(world) == []
    assert len({answer.headers["X-Trace-Id"] for answer in answers}) == 4
    assert all(len(answer.headers.get_list("x-trace-id")) == 1 for answer in answers)


class Said:
    def __init__(self):
        self.lines = []

    def __call__(self, event, level="info", /, **fields):
        self.lines.append((level, fields))


async def outcome_of(messages, *, client=("10.0.0.9", 1), ends_with=None):
    """What the log is told of an application that answers so."""

    async def application(scope, receive, send):
        scope["state"] |= {"is_change": True, "caller": "phone", "trade_id": "T1" * 300}
        for message in messages:
            await send(message)
        if ends_with:
            raise ends_with

    async def nowhere(message):
        pass

    said = Said()
    asked: Any = {"type": "http", "method": "POST", "path": "/" + "x" * 500, "client": client}
    nobody: Any = None
    try:
        await Audited(application, said)(asked, nobody, nowhere)
    except asyncio.CancelledError:
        assert ends_with
    ((level, line),) = said.lines
    assert len(line["trade_id"]) == 100
    assert len(line["route"]) < 120
    return level, line["outcome"], line["address"]


def head(status):
    return {"type": "http.response.start", "status": status, "headers": []}


def body(text=b"", *, more=False):
    return {"type": "http.response.body", "body": text, "more_body": more}


@pytest.mark.parametrize(
    ("messages", "level", "outcome"),
    [
        ([head(200), body(b'{"data":{}}')], "info", "success"),
        ([head(200), body(b'{"data":[1]}')], "info", "success"),
        ([head(201), body(b'{"da', more=True), body(b'ta":{}}')], "info", "success"),
        ([head(204), body()], "info", "success"),
        ([head(409), body(b'{"error_code":"refused"}')], "warning", "refused"),
        ([head(500), body(b"broken")], "warning", "500"),
        ([head(200), *[body(b"x" * 60_000, more=True)] * 3], "info", "success"),
        ([head(200), {"type": "http.disconnect"}], "info", "success"),
        ([], "warning", "unanswered"),
    ],
)
async def test_the_outcome_is_one_word(messages, level, outcome):
    assert await outcome_of(messages) == (level, outcome, "10.0.0.9")


async def test_a_call_that_the_stop_cut_off_has_a_line(world):
    cut = asyncio.CancelledError()
    assert await outcome_of([], client=None, ends_with=cut) == ("warning", "unanswered", "unknown")


async def test_what_is_no_request_goes_through():
    seen = []

    async def application(scope, receive, send):
        seen.append(scope)

    nobody: Any = None
    asked: Any = {"type": "lifespan"}
    await Audited(application, Said())(asked, nobody, nobody)
    assert seen == [{"type": "lifespan"}]
