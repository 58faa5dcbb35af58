"""Positions that no trade guards, over the API."""

from decimal import Decimal

import pytest

from tests.api.world import READ_KEY, TRADE_KEY, running
from tradebot.core.inputs import AccountReply, NetPosition, PolicyChanged, Timer
from tradebot.core.market.instruments import NetKey
from tradebot.core.policy import AdoptPolicy, Policy

KEY = NetKey("main", "NSE", "SBIN", "MIS")
FOUND = "/api/v1/found"


async def found(world, *, net=10, average="800", key=KEY):
    """Let the broker hold something in two readings that are apart, and its net be known."""
    world.nets = {**(world.nets or {}), key: Decimal(net)}
    held = NetPosition(key=key, net=Decimal(net), average=Decimal(average) if average else None)
    for _ in range(4):
        world.clock.pass_ms(20_000)
        await world.put(Timer(world.clock.now_ns()))
        await world.put(AccountReply(positions=(held,), at_ns=world.clock.now_ns()))


@pytest.fixture
async def world():
    async with running() as made:
        await made.put(PolicyChanged(Policy(adopt=AdoptPolicy(account="main"))))
        yield made


async def test_what_was_found_is_listed(world):
    await found(world, net=-10)
    async with world.client(key=READ_KEY) as client:
        (row,) = (await client.get(FOUND)).json()["data"]["found"]
    assert row.pop("since") > "2025"
    assert row == {
        "found_id": "NSE:SBIN:MIS",
        "account": "main",
        "exchange": "NSE",
        "symbol": "SBIN",
        "product": "MIS",
        "side": "SHORT",
        "quantity": 10,
        "average_price": 800,
        "origin": "existing",
        "state": "waiting",
        "why": "it was there at the first start",
        "strategy": None,
    }


async def test_who_may_trade_adopts_it_and_the_log_says_who(world):
    await found(world)
    async with world.client(key=TRADE_KEY) as client:
        answer = await client.post(f"{FOUND}/NSE:SBIN:MIS/adopt", json={"stop": "5pts"})
        left = await client.get(FOUND)
    trade = answer.json()["data"]
    assert (trade["trade_id"], trade["quantity"], trade["stop_level"]) == ("adopted-1", 10, 795)
    assert trade["past_stop"] == "ask"
    assert left.json()["data"]["found"] == []
    (line,) = [fields for name, _, fields in world.said if name == "api.audit"]
    assert (line["who"], line["trade_id"], line["outcome"]) == ("trader", "adopted-1", "success")


async def test_one_that_is_ignored_stays_on_the_list(world):
    await found(world)
    async with world.client(key=TRADE_KEY) as client:
        answer = await client.post(f"{FOUND}/NSE:SBIN:MIS/ignore")
        again = await client.post(f"{FOUND}/NSE:SBIN:MIS/ignore")
    assert answer.json()["data"]["state"] == again.json()["data"]["state"] == "ignored"


@pytest.mark.parametrize(
    ("name", "body", "status", "field"),
    [
        ("NSE:SBIN:MIS", {"sl": "1%"}, 400, "sl"),
        ("NSE:SBIN:MIS", {"stop": 1}, 400, "stop"),
        ("NSE:SBIN:MIS", {"past_stop": "never"}, 400, "past_stop"),
        ("NSE:SBIN:MIS", {}, 409, "stop"),
        ("NSE:SBIN:NRML", {"stop": "1%"}, 404, None),
        ("SBIN", {"stop": "1%"}, 400, "found_id"),
    ],
)
async def test_what_cannot_be_adopted_like_that_is_refused(world, name, body, status, field):
    await found(world)
    async with world.client() as client:
        answer = await client.post(f"{FOUND}/{name}/adopt", json=body)
    assert answer.status_code == status
    assert answer.json()["details"].get("field") == field


async def test_a_reader_changes_nothing(world):
    await found(world)
    async with world.client(key=READ_KEY) as client:
        for what in ("adopt", "ignore"):
            answer = await client.post(f"{FOUND}/NSE:SBIN:MIS/{what}", json={})
            assert answer.status_code == 403
        assert (await client.get(f"{FOUND}?limit=1")).status_code == 400


async def test_a_name_with_any_letters_is_found(world):
    await found(world, key=KEY._replace(symbol="M&M"))
    async with world.client() as client:
        answer = await client.post(f"{FOUND}/NSE:M%26M:MIS/ignore")
    assert answer.json()["data"]["symbol"] == "M&M"
