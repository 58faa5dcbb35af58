"""The server on a real socket: it binds, answers, stops, and leaves the signals alone."""

import asyncio
import contextlib
import gc
import signal
import socket

import httpx
import pytest

from tests.api.world import KEY, running
from tradebot.api import server as module
from tradebot.api.server import ApiServer
from tradebot.errors import ListenError


async def nobody(*_):
    """An application that is never asked."""


@contextlib.asynccontextmanager
async def serving(app, host="127.0.0.1"):
    server = ApiServer(app, host=host, port=0)
    task = asyncio.create_task(server.run())
    try:
        await server.bound()
        yield server
    finally:
        await server.stop()
        await task


@pytest.fixture
async def server():
    async with running() as world, serving(world.api()) as made:
        yield made


async def test_it_answers_where_it_says(server):
    assert server.address.startswith("http://127.0.0.1:")
    assert await server.bound() == server.address
    async with httpx.AsyncClient(base_url=server.address) as client:
        answer = await client.get("/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "success")
        refused = await client.post("/api/v1/activetrades")
        assert refused.status_code == 401
        assert "server" not in answer.headers
        listed = await client.post("/api/v1/activetrades", headers={"X-API-Key": KEY})
        assert listed.json()["data"] == {"trades": [], "next": None}


async def test_it_listens_at_ipv6_too():
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    async with running() as world:
        try:
            async with serving(world.api(), host="::1") as server:
                assert server.address.startswith("http://[::1]:")
        except ListenError:
            pytest.skip("this machine has no IPv6 loopback")


async def test_a_port_in_use_is_told_with_its_address(server):
    port = int(server.address.rpartition(":")[2])
    second = ApiServer(nobody, host="127.0.0.1", port=port)
    with pytest.raises(ListenError, match=f"cannot listen at 127.0.0.1:{port}: Address already"):
        await second.run()
    with pytest.raises(ListenError):
        await second.bound()
    await second.stop()
    gc.collect()  # an error that nobody fetched would be told of here


async def test_a_server_that_never_ran_can_be_stopped():
    server = ApiServer(nobody, host="127.0.0.1", port=0)
    await server.stop()
    with pytest.raises(AssertionError, match="no address yet"):
        _ = server.address


async def test_the_signals_stay_with_the_daemon():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with running() as world, serving(world.api()):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_a_stop_lets_the_request_in_progress_end():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def app(_scope, _receive, send):
        asked.set()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})

    async with serving(app) as server, httpx.AsyncClient(base_url=server.address) as client:
        answer = asyncio.create_task(client.get("/"))
        await asked.wait()
        stopped = asyncio.create_task(server.stop())
        go_on.set()
        assert (await answer).text == "whole"
        await stopped
        with pytest.raises(httpx.ConnectError):
            await client.get("/")


async def test_a_request_that_never_ends_does_not_hold_up_a_stop(monkeypatch):
    monkeypatch.setattr(module, "GRACE_S", 0)
    asked = asyncio.Event()

    async def app(_scope, _receive, _send):
        asked.set()
        await asyncio.Event().wait()

    async with serving(app) as server, httpx.AsyncClient(base_url=server.address) as client:
        answer = asyncio.create_task(client.get("/"))
        await asked.wait()
        await server.stop()
        with pytest.raises(httpx.HTTPError):
            await answer


async def test_a_cancelled_server_leaves_no_socket_open():
    async with running() as world:
        server = ApiServer(world.api(), host="127.0.0.1", port=0)
        task = asyncio.create_task(server.run())
        address = await server.bound()
        async with httpx.AsyncClient(base_url=address) as client:
            await client.get("/health")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(httpx.HTTPError):
                await client.get("/health")
        await server.stop()


async def test_who_comes_before_it_serves_waits_and_is_answered():
    async with running() as world:
        server = ApiServer(world.api(), host="127.0.0.1", port=0)
        server.listen()
        async with httpx.AsyncClient(base_url=await server.bound()) as client:
            early = asyncio.create_task(client.get("/health"))
            await asyncio.sleep(0)
            task = asyncio.create_task(server.run())
            assert (await early).status_code == 200
            await server.stop()
            await task


async def raw(address, request):
    host, _, port = address.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    answer = await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (
            b"POST /api/v1/createtrade HTTP/1.1\r\nConnection: close\r\nX-API-Key: %s\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" % KEY.encode(),
            b"400",
        ),
        (
            (
                b"POST /api/v1/activetrades HTTP/1.1\r\nConnection: close\r\n"
                b"X-API-Key: \xff\xfe\r\n\r\n"
            ),
            b"401",
        ),
        (b"GET /health HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", b"200"),
    ],
)
async def test_bytes_that_are_hardly_http_are_answered_and_forgotten(server, request_bytes, status):
    answer = await raw(server.address, request_bytes)
    assert answer.split(b" ", 2)[1] == status
    assert (await raw(server.address, b"GET /health HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_a_body_without_a_length_is_cut_off_at_the_limit(server):
    head = (
        b"POST /api/v1/createtrade HTTP/1.1\r\nX-API-Key: %s\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" % KEY.encode()
    )
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    answer = await raw(server.address, head + chunk + b"1\r\n \r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
