"""What every answer carries, and how answers are counted."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.api.world import running
from tradebot.api.front import Front


@pytest.fixture
async def client():
    async with running() as world, world.client() as made:
        yield made


@pytest.mark.parametrize(
    ("path", "status"),
    [("/health", 200), ("/nowhere", 404), ("/api/v1/createtrade", 405), ("/api/v1/why/T9", 404)],
)
async def test_every_answer_carries_its_names(client, path, status):
    answer = await client.get(path)
    assert answer.status_code == status
    assert len(answer.headers.get_list("x-trace-id")) == 1
    assert answer.headers["x-request-id"] == answer.headers["x-trace-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if status != 200:
        assert answer.json()["trace_id"] == answer.headers["x-trace-id"]


async def test_a_request_may_name_itself(client):
    answer = await client.get("/nowhere", headers={"X-Request-Id": "order-7.b_2"})
    assert answer.headers["x-request-id"] == "order-7.b_2"
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"] != "order-7.b_2"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a\nb", "ü", '"'])
async def test_what_is_no_name_is_not_repeated(client, name):
    answer = await client.get("/health", headers=[(b"x-request-id", name.encode())])
    assert answer.headers["x-request-id"] == answer.headers["x-trace-id"]


async def test_answers_are_counted_by_route_and_never_by_address():
    answers: Counter[tuple[str, ...]] = Counter()
    async with running() as world:
        front: Any = Front(world.api().app, answers)
        transport = httpx.ASGITransport(front)
        async with httpx.AsyncClient(transport=transport, base_url="http://tradebot") as client:
            for path in ("/health", "/health", "/a", "/b", "/api/v1/why/T1", "/api/v1/why/T2"):
                await client.get(path)
            await client.request("BREW", "/health")
    assert answers == {
        ("GET", "/health", "200"): 2,
        ("unknown", "unknown", "404"): 2,
        ("GET", "/api/v1/why/{trade_id}", "401"): 2,
        ("unknown", "unknown", "405"): 1,
    }


async def test_of_requests_that_came_together_the_engine_waits_for_one():
    begun = 0
    most = 0

    async def app(_scope, _receive, send):
        nonlocal begun
        begun += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def engine():
        nonlocal most
        while True:
            before = begun
            await asyncio.sleep(0)
            most = max(most, begun - before)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Front(app, Counter())),  # type: ignore[arg-type] # all that is asked
        base_url="http://tradebot",
    ) as client:
        task = asyncio.create_task(engine())
        await asyncio.gather(*(client.get("/") for _ in range(20)))
        task.cancel()
    assert (begun, most) == (20, 1)


async def test_what_is_not_http_is_passed_on():
    seen = []

    async def app(scope, _receive, _send):
        seen.append(scope["type"])

    scope: dict[str, object] = {"type": "lifespan"}
    await Front(app, Counter())(scope, None, None)  # type: ignore[arg-type] # all that is looked at
    assert seen == ["lifespan"]
