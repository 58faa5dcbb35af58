"""Changes over HTTP: once for all repetitions, and for the version that was seen."""

import asyncio

import pytest

from tests.api.test_routes import ACTIVE, CREATE, EXIT, HISTORY, ORDER, ORDERS, data
from tests.api.world import LONG
from tradebot.api.answers import CHUNK_ROWS
from tradebot.core.inputs import OrderSide

UPDATE = "/api/v1/updatetrade"
ONCE = {"Idempotency-Key": "0b6c1f1e"}


def etag(response):
    return {"If-Match": response.headers["etag"]}


async def test_a_trade_is_edited_at_the_version_that_was_seen(client):
    made = await client.post(CREATE, json=LONG)
    stop = {"trade_id": "T1", "stop": "@795"}
    edited = await client.post(UPDATE, json=stop, headers=etag(made))
    assert data(edited)["stop_level"] == 795
    assert edited.headers["etag"] == f'"{data(edited)["version"]}"'
    stale = await client.post(UPDATE, json=stop | {"stop": "@1"}, headers=etag(made))
    assert (stale.status_code, stale.json()["error_code"]) == (412, "version_changed")
    assert stale.json()["details"] == {"version": data(edited)["version"]}
    assert stale.headers["etag"] == edited.headers["etag"]
    data(await client.post(UPDATE, json=stop, headers={"If-Match": "*"}))
    data(await client.post(UPDATE, json=stop))


@pytest.mark.parametrize(
    ("words", "headers", "status", "told"),
    [
        ({}, {}, 400, "trade_id"),
        ({"trade_id": "T1"}, {}, 400, "an edit changes something"),
        ({"trade_id": "T1", "sl": "1%"}, {}, 400, "did you mean"),
        ({"trade_id": "T1", "stop": "1"}, {}, 400, "stop"),
        ({"trade_id": "T1", "stop": "1%"}, {"If-Match": "1"}, 400, "If-Match"),
        ({"trade_id": "T1", "quantity": 3}, {}, 400, "quantity"),
        ({"trade_id": "T9", "stop": "1%"}, {}, 404, "T9"),
        ({"trade_id": "T1", "stop": "1%"}, {"If-Match": '"0"'}, 412, "version"),
    ],
)
async def test_an_edit_that_is_refused_changes_nothing(  # noqa: PLR0917 - a table's row
    world, client, words, headers, status, told
):
    await client.post(CREATE, json=LONG)
    before = world.book.trades["T1"]
    answer = await client.post(UPDATE, json=words, headers=headers)
    assert answer.status_code == status
    assert told in answer.json()["message"]
    assert world.book.trades["T1"] == before


async def test_a_creation_that_comes_twice_is_made_once(world, client):
    first = await client.post(CREATE, json=LONG, headers=ONCE)
    again = await client.post(CREATE, json=LONG, headers=ONCE)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (
        None,
        "true",
    )
    assert len(world.book.trades) == 1


async def test_a_creation_that_comes_again_after_a_restart_is_the_trade_as_it_is(world):
    async with world.client() as client:
        made = data(await client.post(CREATE, json=LONG, headers=ONCE))
    await world.tick(805.0)
    async with world.client() as client:  # another API over the same book: its memory is empty
        again = data(await client.post(CREATE, json=LONG, headers=ONCE))
        assert (again["trade_id"], again["ltp"]) == (made["trade_id"], 805)
        other = await client.post(CREATE, json=LONG | {"quantity": 1}, headers=ONCE)
        assert other.status_code == 409
    assert len(world.book.trades) == 1


async def test_repetitions_at_one_moment_wait_for_the_first(world, client):
    sent = (client.post(CREATE, json=LONG, headers=ONCE) for _ in range(20))
    answers = await asyncio.gather(*sent)
    assert len({answer.content for answer in answers}) == 1
    assert len(world.book.trades) == 1


async def test_one_key_stands_for_one_body_on_one_route_of_one_caller(world, client):
    await client.post(CREATE, json=LONG, headers=ONCE)
    other = await client.post(CREATE, json=LONG | {"stop": "2%"}, headers=ONCE)
    assert other.status_code == 409
    assert other.json()["details"] == {"field": "Idempotency-Key"}
    data(await client.post(ORDERS, json=ORDER, headers=ONCE))
    assert len(world.book.trades) == 1


async def test_an_order_on_paper_that_comes_twice_is_placed_once(world, client):
    first = await client.post(ORDERS, json=ORDER, headers=ONCE)
    assert (await client.post(ORDERS, json=ORDER, headers=ONCE)).content == first.content
    assert len(world.exchange.taken) == 1
    world.exchange.refuses = True
    doubt = {"Idempotency-Key": "in doubt"}
    for _ in range(2):
        assert (await client.post(ORDERS, json=ORDER, headers=doubt)).status_code == 503
        world.exchange.refuses = False
    assert len(world.exchange.taken) == 1


async def test_an_exit_that_comes_twice_is_one_exit(world, client):
    await world.bought()
    await client.post(CREATE, json=LONG)
    first = await client.post(EXIT, json={"trade_id": "T1"}, headers=ONCE)
    assert data(first)["orders"] == ["T1-x1"]
    again = await client.post(EXIT, json={"trade_id": "T1"}, headers=ONCE)
    assert again.content == first.content


async def test_what_was_refused_under_a_key_may_be_tried_again(world, client):
    assert (await client.post(EXIT, json={"trade_id": "T1"}, headers=ONCE)).status_code == 404
    await world.bought()
    await client.post(CREATE, json=LONG)
    assert data(await client.post(EXIT, json={"trade_id": "T1"}, headers=ONCE))["orders"]


async def test_a_key_that_is_none_is_refused(world, client):
    for key in ("x" * 129, "a\tb", ""):
        answer = await client.post(CREATE, json=LONG, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["details"]) == (400, {"field": "Idempotency-Key"})
    assert world.book.trades == {}


async def test_another_account_is_refused(client):
    answer = await client.post(CREATE, json=LONG | {"account": "other"})
    assert (answer.status_code, answer.json()["details"]) == (409, {"field": "account"})


async def test_lists_are_paged(world, client):
    for _ in range(3):
        await client.post(CREATE, json=LONG)
    page = data(await client.post(ACTIVE, json={"limit": 2}))
    assert ([trade["trade_id"] for trade in page["trades"]], page["next"]) == (["T1", "T2"], "2")
    rest = data(await client.post(ACTIVE, json={"limit": 2, "cursor": page["next"]}))
    assert ([trade["trade_id"] for trade in rest["trades"]], rest["next"]) == (["T3"], None)
    listed = data(await client.get("/api/v1/instruments", params={"limit": 1, "cursor": "NSE:A"}))
    assert ([item["symbol"] for item in listed["instruments"]], listed["next"]) == (["SBIN"], None)


async def test_history_is_chosen_by_the_time_of_the_end(world, client):
    await world.bought(20)
    for number in (1, 2):
        await client.post(CREATE, json=LONG)
        await client.post(EXIT, json={"trade_id": f"T{number}"})
        await world.fill(f"B{number}", f"T{number}-x1", OrderSide.SELL, 10, 804)
        world.clock.pass_ms(1_000)
    later = data(await client.post(HISTORY, json={"from": "2026-01-05T09:15:01+05:30"}))
    assert [trade["trade_id"] for trade in later["trades"]] == ["T2"]
    sooner = data(await client.post(HISTORY, json={"to": 1_767_584_701_000_000_000}))
    assert [trade["trade_id"] for trade in sooner["trades"]] == ["T1"]
    for wrong in ("2026-01-05", 1_767_584_701):
        answer = await client.post(HISTORY, json={"from": wrong})
        assert (answer.status_code, answer.json()["details"]) == (400, {"field": "from"})


async def test_a_long_list_is_whole(world, client):
    count = 2 * CHUNK_ROWS + 3
    for _ in range(count):
        await world.trades.create(LONG)
    page = data(await client.post(ACTIVE))
    assert [trade["trade_id"] for trade in page["trades"]] == [f"T{n + 1}" for n in range(count)]
    assert page["next"] is None
