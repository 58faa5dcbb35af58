"""A connection takes what a proxy sends, and no more."""

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from tests.brokers.openalgo.feeding import PACE
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.connection import FRAME_BYTES_MAX, dialled


async def test_a_frame_that_is_too_long_for_any_tick_ends_it(world):
    async with dialled(world.server.feed_url, PACE) as socket:
        world.server.proxy.send_raw("x" * FRAME_BYTES_MAX)
        assert len(await socket.recv()) == FRAME_BYTES_MAX
        world.server.proxy.send_raw("x" * (FRAME_BYTES_MAX + 1))
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_a_server_that_takes_a_connection_and_does_not_answer_is_left(world):
    world.server.faults.turn_on(Fault.HANDSHAKE_HANGS, value=1000.0)
    with pytest.raises(TimeoutError):
        await dialled(world.server.feed_url, msgspec.structs.replace(PACE, connect_s=0.05))
