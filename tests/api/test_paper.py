"""The paper exchange takes a person's orders; where orders are real there is none."""

from decimal import Decimal

from tests.api.world import START_NS

ORDERS = "/api/v1/paper/orders"
ORDER = {"exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 10}


def data(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_the_paper_exchange_takes_orders_that_wait_for_a_price(world, client):
    await client.post(ORDERS, json=ORDER | {"side": "SELL", "trigger": "795"})
    await client.post(ORDERS, json=ORDER | {"side": "SELL", "price": 830.5})
    assert world.exchange.waits_for == [(None, Decimal(795)), (Decimal("830.5"), None)]
    orders = data(await client.get(ORDERS))["orders"]
    assert [(order["price"], order["trigger"]) for order in orders] == [(830.5, None), (None, 795)]


async def test_the_paper_exchange_takes_orders_and_shows_positions(world, client):
    assert data(await client.post(ORDERS, json=ORDER)) == {"order_id": "P1"}
    sold = ORDER | {"side": "SELL", "quantity": "4", "product": "CNC", "account": "other"}
    assert data(await client.post(ORDERS, json=sold)) == {"order_id": "P2"}
    assert [tuple(key) for key, *_ in world.exchange.taken] == [
        ("main", "NSE", "SBIN", "MIS"),
        ("other", "NSE", "SBIN", "CNC"),
    ]
    assert world.exchange.taken[0][3] == START_NS
    orders = data(await client.get(ORDERS))["orders"]
    assert [(order["order_id"], order["side"], order["filled"]) for order in orders] == [
        ("P2", "SELL", 4),
        ("P1", "BUY", 10),
    ]
    assert len(data(await client.get(ORDERS, params={"limit": 1}))["orders"]) == 1
    positions = data(await client.get("/api/v1/paper/positions"))["positions"]
    assert [(position["product"], position["quantity"]) for position in positions] == [
        ("MIS", 10),
        ("CNC", -4),
    ]


async def test_where_orders_are_real_there_is_no_paper_exchange(world):
    async with world.client(paper=False) as client:
        assert (await client.post(ORDERS, json=ORDER)).status_code == 404
