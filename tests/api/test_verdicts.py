"""A person's word on a doubt, and the comparison with the broker, over the API."""

from decimal import Decimal

import pytest

from tests.api.world import LONG, READ_KEY, START_NS, TRADE_KEY, running
from tradebot.core.inputs import PlaceReply, Unknown
from tradebot.core.market.instruments import NetKey

RESOLVE = "/api/v1/resolve"
RECONCILE = "/api/v1/reconcile"


@pytest.fixture
async def world():
    async with running() as made:
        await made.bought()
        await made.trades.create(LONG)
        yield made


async def in_doubt(world):
    await world.trades.exit("T1")
    lost = Unknown("timeout")
    await world.put(PlaceReply(client_order_id="T1-x1", outcome=lost, at_ns=START_NS))


@pytest.mark.parametrize(("verdict", "is_open"), [("done", False), ("resend", True)])
async def test_who_may_trade_ends_a_doubt_and_the_log_says_who(world, verdict, is_open):
    await in_doubt(world)
    async with world.client(key=TRADE_KEY) as client:
        body = {"trade_id": "T1", "verdict": verdict, "why": "I looked"}
        answer = await client.post(RESOLVE, json=body)
    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "trade_id": "T1",
        "verdict": verdict,
        "exits": [1],
        "is_open": is_open,
    }
    (line,) = [fields for name, _, fields in world.said if name == "api.audit"]
    assert (line["who"], line["trade_id"], line["verdict"], line["outcome"]) == (
        "trader",
        "T1",
        verdict,
        "success",
    )


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"verdict": "done"}, 400, "trade_id"),
        ({"trade_id": "T1"}, 400, "verdict"),
        ({"trade_id": "T1", "verdict": "sold"}, 400, "verdict"),
        ({"trade_id": "T1", "verdict": ["done"]}, 400, "verdict"),
        ({"trade_id": "T1", "verdict": "done", "why": "x" * 201}, 400, "why"),
        ({"trade_id": "T1", "verdict": "done", "exit": 1}, 400, "exit"),
        ({"trade_id": "T1", "verdict": "done", "order": 1}, 400, "order"),
        ({"trade_id": "T1", "verdict": "done", "order": ""}, 400, "order"),
        ({"trade_id": "T1", "verdict": "done", "order": "T1-x1"}, 409, "order"),
        ({"trade_id": "T1", "verdict": "done", "order": None}, 409, "trade_id"),
        ({"trade_id": "T1", "verdict": "done"}, 409, "trade_id"),
        ({"trade_id": "T9", "verdict": "done"}, 404, None),
    ],
)
async def test_a_word_that_makes_no_sense_is_refused(world, body, status, field):
    async with world.client() as client:
        answer = await client.post(RESOLVE, json=body)
    assert answer.status_code == status
    assert answer.json()["details"].get("field") == field


async def test_a_reader_ends_no_doubt_and_asks_the_broker_nothing(world):
    async with world.client(key=READ_KEY) as client:
        body = {"trade_id": "T1", "verdict": "done"}
        assert (await client.post(RESOLVE, json=body)).status_code == 403
        assert (await client.post(RECONCILE)).status_code == 403


async def test_positions_are_compared(world):
    world.nets = {NetKey("main", "NSE", "SBIN", "MIS"): Decimal(-2)}
    async with world.client(key=TRADE_KEY) as client:
        answer = await client.post(RECONCILE)
        refused = await client.post(RECONCILE, json={"symbol": "SBIN"})
    (row,) = answer.json()["data"]["positions"]
    assert (row["ours"], row["broker"], row["guarded"], row["result"]) == (10, -2, 10, "differs")
    assert (refused.status_code, refused.json()["details"]) == (400, {"field": "symbol"})
