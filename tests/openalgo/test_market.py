"""Prices that move on their own."""

import asyncio

from tests.openalgo.plain_client import AN_ORDER
from tests.openalgo.server import OpenAlgoServer

NAME, INFY = "NSE:SBIN", "NSE:INFY"


async def test_prices_walk_on_their_own_the_same_way_for_the_same_seed():
    heard = []
    for _ in range(2):
        async with OpenAlgoServer(seed=7) as server:
            told = []
            walk = server.walk(500.0, [NAME, INFY])
            server.stand()
            for _ in range(50):
                walk.step()
                told.append(dict(server.account.prices))
            heard.append(told)
    assert heard[0] == heard[1]
    assert len({prices[NAME] for prices in heard[0]}) > 5
    assert all(round(prices[NAME] / 0.05, 6).is_integer() for prices in heard[0])


async def test_a_walk_is_heard_and_stands_when_told(server, client):
    async with client.feed(NAME) as feed:
        server.walk(500.0, [NAME])
        for _ in range(20):
            assert await feed.ltp() > 0
        server.stand()
        price = server.account.prices[NAME]
        await client.ask("placeorder", **AN_ORDER)
        await asyncio.sleep(0)
        assert server.account.prices[NAME] == price
