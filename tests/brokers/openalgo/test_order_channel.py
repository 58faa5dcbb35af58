"""The websocket lets us in and takes our wish to hear of orders, or says why not."""

import pytest

from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.order_channel import refusal
from tradebot.core.secret import Secret


async def test_a_proxy_that_takes_the_wish_refuses_nothing(world):
    assert await refusal(world.server.feed_url, world.client.key) is None
    assert [said["action"] for said in world.server.proxy.received] == [
        "authenticate",
        "subscribe_orders",
    ]


async def test_a_key_that_is_not_taken_is_the_reason_and_not_in_it(world):
    key = Secret("a-key-that-is-wrong")
    why = await refusal(world.server.feed_url, key)
    assert why is not None
    assert "AUTHENTICATION_ERROR" in why
    assert key.reveal() not in why


@pytest.mark.parametrize(
    ("fault", "value", "says"),
    [
        (Fault.HANDSHAKE_REFUSED, None, "502"),
        (Fault.AUTH_REFUSED, "BROKER_INIT_ERROR", "BROKER_INIT_ERROR"),
        (Fault.ACTION_FAILS, "INVALID_ACTION", "INVALID_ACTION"),
        (Fault.AUTH_SLOW, 1000.0, "TimeoutError"),
    ],
)
async def test_whatever_stands_in_the_way_is_named(world, fault, value, says):
    world.server.faults.turn_on(fault, value=value)
    why = await refusal(world.server.feed_url, world.client.key, within_s=0.5)
    assert why is not None
    assert says in why


async def test_a_proxy_that_is_away_is_named(world):
    await world.server.stop_feed()
    assert "Error" in str(await refusal(world.server.feed_url, world.client.key))
