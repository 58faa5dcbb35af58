"""A look at the broker over the API: for an admin, in the words of the look."""

import msgspec
from litestar import Litestar
from litestar.testing import AsyncTestClient

from tradebot.api.broker import broker_route, nobody_to_ask
from tradebot.api.guard_schema import BrokerLook
from tradebot.api.halts import Door
from tradebot.ports import Finding

FOUND = [Finding(what="mode", level="error", text="analyzer mode", todo="switch it")]


async def read_nothing(*_args):
    raise AssertionError("a look has no body")


async def test_a_daemon_without_a_broker_has_nobody_to_ask(world):
    async with world.client() as client:
        answer = await client.get("/api/v1/broker")
    assert (answer.status_code, answer.json()["data"]) == (200, {"findings": []})
    assert await nobody_to_ask() == []


async def test_findings_are_told_as_they_are_described():
    async def look():
        return FOUND

    door = Door(read_nothing, lambda *_: None, lambda *_: {})
    app = Litestar(route_handlers=[broker_route(look, door)])
    async with AsyncTestClient(app) as client:
        answer = await client.get("/api/v1/broker")
    assert answer.status_code == 200
    told = msgspec.convert(answer.json()["data"], BrokerLook, strict=True)
    assert msgspec.to_builtins(told.findings) == msgspec.to_builtins(FOUND)
