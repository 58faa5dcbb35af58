"""A connection takes what a proxy sends, and no more."""

import asyncio
import contextlib
import socket

import pytest
from websockets.exceptions import ConnectionClosed

from tests.brokers.openalgo.feeding import PACE, WAIT_S
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.stream.connection import FRAME_BYTES_MAX, dialled


async def test_a_frame_that_is_too_long_for_any_tick_ends_it(world):
    async with dialled(world.server.feed_url, PACE, within_s=WAIT_S) as socket:
        world.server.proxy.send_raw("x" * FRAME_BYTES_MAX)
        assert len(await socket.recv()) == FRAME_BYTES_MAX
        world.server.proxy.send_raw("x" * (FRAME_BYTES_MAX + 1))
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_a_server_that_takes_a_connection_and_does_not_answer_is_left(world):
    world.server.faults.turn_on(Fault.HANDSHAKE_HANGS, value=1000.0)
    with pytest.raises(TimeoutError):
        await dialled(world.server.feed_url, PACE, within_s=0.05)


UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\x00 nothing that anybody speaks\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 999 \r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
        b"A" * 100_000,
        UPGRADE + b"\r\n",
        UPGRADE + b"Sec-WebSocket-Accept: of another\r\n\r\n",
    ],
)
async def test_whatever_answers_instead_of_a_proxy_is_called_again(world, start, said):
    calls = []

    async def answer(_reader, writer):
        calls.append(said)
        writer.write(said)
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        feed = start("NSE:SBIN")
        feed.feed._url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(WAIT_S):
            while len(calls) < 3:  # noqa: ASYNC110 - this server has no event for it
                await asyncio.sleep(0.005)
    assert [is_up for is_up, _why in feed.inbox.states] == [False]
    assert world.server.api_key not in feed.inbox.states[0][1]


async def test_a_name_that_nobody_knows_is_asked_for_until_somebody_does(start, monkeypatch):
    loop = asyncio.get_running_loop()
    known, unknown = loop.getaddrinfo, iter(range(3))

    async def found(*asked, **how):
        if next(unknown, None) is not None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await known(*asked, **how)

    monkeypatch.setattr(loop, "getaddrinfo", found)
    feed = start("NSE:SBIN")
    feed.feed._url = feed.server.feed_url.replace("127.0.0.1", "localhost")
    await feed.ticking()
    assert [is_up for is_up, _why in feed.inbox.states] == [False, True]
    assert "gaierror" in feed.inbox.states[0][1]
