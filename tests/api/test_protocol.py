"""Connections that say nonsense, come in crowds, or do nothing."""

import asyncio
import contextlib
import json

import httpx
import pytest

from tests.api.test_server import raw, serving
from tests.api.world import KEY, LONG
from tradebot.api import protocol as module
from tradebot.api import server as server_module


def parts_of(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split(" ")[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET \xff HTTP/1.1\r\n\r\n",
        b"\x00" * 5_000,
    ],
)
async def test_what_is_not_http_is_told_so_in_our_words(world, nonsense):
    async with serving(world.api()) as server:
        status, headers, error = parts_of(await raw(server.address, nonsense))
    assert (status, error["error_code"]) == (400, "bad_request")
    assert headers["content-type"] == "application/json"
    assert headers["x-trace-id"] == headers["x-request-id"] == error["trace_id"]


@contextlib.asynccontextmanager
async def connected(server):
    host, _, port = server.address.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_too_many_connections_are_told_to_wait(world, monkeypatch):
    monkeypatch.setattr(server_module, "CONNECTIONS_MAX", 2)
    async with serving(world.api()) as server, connected(server):
        answer = await raw(server.address, b"GET /health HTTP/1.0\r\n\r\n")
        status, headers, error = parts_of(answer)
        assert (status, error["error_code"]) == (503, "busy")
        assert (headers["retry-after"], headers["x-trace-id"]) == ("1", error["trace_id"])


BEGUN = b"POST /api/v1/createtrade HTTP/1.1\r\nX-API-Key: %s\r\nContent-Length: 9\r\n\r\n{"


@pytest.mark.parametrize("begun", [b"", b"GET /hea", BEGUN % KEY.encode()])
async def test_a_request_that_does_not_come_is_not_waited_for(world, monkeypatch, begun):
    monkeypatch.setattr(module, "REQUEST_S_MAX", 0.02)
    async with serving(world.api()) as server, connected(server) as (reader, writer):
        writer.write(begun)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""


async def test_a_reader_that_takes_nothing_is_cut_off(world, monkeypatch):
    monkeypatch.setattr(module, "STALL_S_MAX", 0.05)
    big = b"x" * 30_000_000  # more than the kernel keeps for one connection

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": big})

    async with serving(app) as server, connected(server) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        writer.transport.pause_reading()
        while server._server.server_state.connections:  # noqa: ASYNC110 - until it is cut
            await asyncio.sleep(0.01)
        writer.transport.resume_reading()
        with contextlib.suppress(ConnectionError):
            assert len(await reader.read()) < len(big)


async def test_a_reader_that_is_only_slow_gets_everything(world, monkeypatch):
    monkeypatch.setattr(module, "STALL_S_MAX", 5.0)
    for _ in range(400):
        await world.trades.create(LONG)
    answer = bytearray()
    async with (
        serving(world.api()) as server,
        httpx.AsyncClient(base_url=server.address, headers={"X-API-Key": KEY}) as client,
        client.stream("POST", "/api/v1/activetrades") as response,
    ):
        async for piece in response.aiter_bytes(4_096):
            answer += piece
            await asyncio.sleep(0)
    assert len(json.loads(answer)["data"]["trades"]) == 400


async def test_an_idle_connection_is_closed_and_a_stuck_one_is_cut():
    class Transport:
        done = ""
        waiting = 0

        def get_write_buffer_size(self):
            return self.waiting

        def is_closing(self):
            return False

        def close(self):
            self.done = "closed"

        def abort(self):
            self.done = "cut"

    connection = object.__new__(module.Protocol)
    for waiting, done in ((0, "closed"), (1, "cut")):
        transport = Transport()
        transport.waiting = waiting
        connection.transport = transport  # type: ignore[assignment] # all that is looked at
        connection.timeout_keep_alive_handler()
        assert transport.done == done
