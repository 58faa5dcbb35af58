"""Which key opens which route: every route of the application against every kind of key.

The routes are the application's own. A route that is not in this table fails the tests, so
none is added without a word on who may use it.
"""

import pytest

from tests.api.world import KEY, READ_KEY, TRADE_KEY
from tradebot.api.keys import Scope, digest_of

OPEN = {
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/openapi.json"),
}
NEEDS = {
    ("POST", "/api/v1/activetrades"): "read",
    ("POST", "/api/v1/tradehistory"): "read",
    ("GET", "/api/v1/why/{trade_id}"): "read",
    ("GET", "/api/v1/instruments"): "read",
    ("GET", "/api/v1/paper/orders"): "read",
    ("GET", "/api/v1/paper/positions"): "read",
    ("GET", "/api/v1/halt"): "read",
    ("GET", "/api/v1/coverage"): "read",
    ("GET", "/api/v1/shadow"): "read",
    ("GET", "/api/v1/alerts"): "read",
    ("GET", "/api/v1/found"): "read",
    ("POST", "/api/v1/found/{found_id}/adopt"): "trade",
    ("POST", "/api/v1/found/{found_id}/ignore"): "trade",
    ("POST", "/api/v1/createtrade"): "trade",
    ("POST", "/api/v1/updatetrade"): "trade",
    ("POST", "/api/v1/exittrade"): "trade",
    ("POST", "/api/v1/paper/orders"): "trade",
    ("POST", "/api/v1/halt"): "trade",  # but for "everything": tests/api/test_halts.py
    ("POST", "/api/v1/resolve"): "trade",
    ("POST", "/api/v1/alerts/ack"): "trade",
    ("POST", "/api/v1/alerts/{alert_id}/ack"): "trade",
    ("POST", "/api/v1/reconcile"): "trade",
    ("POST", "/api/v1/release"): "admin",
    ("POST", "/api/v1/backup"): "admin",
    ("GET", "/api/v1/broker"): "admin",
}
REVOKED = "tb_a-key-that-was-revoked"
KEYS = {None: None, "bad": "tb_wrong", "revoked": REVOKED, "empty": ""}
KEYS |= {"read": READ_KEY, "trade": TRADE_KEY, "admin": KEY}


def routes(app):
    """Every method and path that the application answers."""
    return {
        (method, route.path_format)
        for route in app.app.routes
        for method in route.methods - {"OPTIONS", "HEAD"}
    }


async def test_every_route_has_its_scope_stated(world):
    assert routes(world.api()) - OPEN - NEEDS.keys() == set()


@pytest.mark.parametrize("where", ["header", "body"])
@pytest.mark.parametrize("given", KEYS)
async def test_each_route_opens_to_the_keys_of_its_scope_alone(world, given, where):
    world.keys[digest_of(REVOKED)] = world.keys[digest_of(KEY)]
    async with world.client(key=REVOKED) as client:
        assert (await client.get("/api/v1/instruments")).status_code == 200
    del world.keys[digest_of(REVOKED)]
    async with world.client(key=None) as client:
        for method, path in sorted(routes(world.api())):
            told = await client.request(
                method,
                path.replace("{trade_id}", "T9").replace("{alert_id}", "A9"),
                **sent_with(KEYS[given], where, method),
            )
            world.clock.pass_ms(10_000)  # who tries wrong keys is slowed down
            needed = NEEDS.get((method, path))
            if needed is None:
                assert (method, path) in OPEN
                assert told.status_code == 200
            elif given not in ("read", "trade", "admin"):
                assert told.status_code == 401, (method, path)
                assert told.json()["error_code"] == "unauthorized"
            elif Scope(given).includes(Scope(needed)):
                assert told.status_code in (200, 400, 404), (method, path)
            else:
                assert told.status_code == 403, (method, path)
                assert told.json()["details"] == {"needed": needed}
    assert world.exchange.taken == []


def sent_with(key, where, method):
    """A request's key in its place; a question by GET has no body to hold it."""
    if method == "POST" and where == "body":
        return {"json": {} if key is None else {"apikey": key}}
    return {"headers": {} if key is None else {"X-API-Key": key}}


async def test_too_many_questions_are_told_when_to_come_again(world):
    async with world.client(key=READ_KEY) as client:
        for _ in range(100):
            assert (await client.get("/api/v1/instruments")).status_code == 200
        refused = await client.get("/api/v1/instruments")
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "1"
        assert refused.json()["error_code"] == "too_many_requests"
        assert refused.json()["details"] == {"retry_after_s": 1}
        world.clock.pass_ms(600)
        assert (await client.get("/api/v1/instruments")).status_code == 200


async def test_a_flood_of_wrong_keys_is_turned_away_and_keeps_nobody_out(world):
    async with world.client(key=None) as client:
        answers = [
            await client.post("/api/v1/activetrades", json={"apikey": f"tb_{number}"})
            for number in range(30)
        ]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 10
        assert answers[-1].headers["Retry-After"] == "3"
        right = await client.post("/api/v1/activetrades", json={"apikey": KEY})
        assert right.status_code == 200
    assert world.names() == ["api.wrong_keys"]
