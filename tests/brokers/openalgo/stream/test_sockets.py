"""A key goes to the address that the settings name, and to no other."""

import asyncio
import contextlib

import pytest
from websockets.exceptions import InvalidStatus

from tests.brokers.openalgo.doctor.test_order_channel import asked, listening
from tests.brokers.openalgo.world import an_order
from tradebot.brokers.openalgo.calls.client import READ_ROUTES
from tradebot.brokers.openalgo.doctor.order_channel import Patience
from tradebot.brokers.openalgo.stream.sockets import Straight
from tradebot.core.inputs import Unknown

STATUSES = (301, 302, 303, 307, 308)


@contextlib.asynccontextmanager
async def elsewhere(status):
    """Send whoever comes on to the address of somebody who takes everything down."""
    came = []

    async def keep(reader, writer):
        came.append(await reader.read(4096))
        writer.close()

    other = await asyncio.start_server(keep, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    head = f"HTTP/1.1 {status} Found\r\nLocation: {{}}://127.0.0.1:{port}/login\r\n"
    async with other:
        yield came, head + "Content-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("status", STATUSES)
async def test_a_websocket_that_is_sent_elsewhere_does_not_go_there(status):
    async with elsewhere(status) as (came, head), listening(head.format("ws").encode()) as address:
        with pytest.raises(InvalidStatus):
            await Straight(f"ws://{address}", proxy=None)
    assert came == []


async def test_the_feed_and_the_doctor_take_no_key_elsewhere(world, start):
    async with elsewhere(302) as (came, head), listening(head.format("ws").encode()) as address:
        probe = await asked(world, url=f"ws://{address}", patience=Patience())
        feed = start("NSE:SBIN")
        feed.feed._url = f"ws://{address}"  # before it has run at all
        await feed.inbox.until(lambda: feed.inbox.states != [])
    assert (came, "302" in probe.why, "302" in feed.inbox.states[0][1]) == ([], True, True)


@pytest.mark.parametrize("status", STATUSES)
async def test_a_request_that_is_sent_elsewhere_does_not_go_there(world, status):
    """Whether such an order was taken by whoever stands before the server is not known."""
    async with (
        elsewhere(status) as (came, head),
        listening(head.format("http").encode()) as address,
    ):
        world.client.rest = f"http://{address}"
        assert isinstance(await world.broker.place(an_order()), Unknown)
        for route in sorted(READ_ROUTES):
            await world.client.ask(route, {})
    assert came == []
