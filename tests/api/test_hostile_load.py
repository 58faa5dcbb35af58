"""Many at once, and much at once: everybody is answered, and the engine is never held."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from tests.api.test_routes import ACTIVE, CREATE, EXIT, HISTORY, data
from tests.api.test_server import serving
from tests.api.world import KEY, LONG, running
from tradebot.api.answers import CHUNK_BYTES
from tradebot.api.keys import digest_of
from tradebot.core.inputs import OrderSide

DEEP = b'{"stop":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}"


@pytest.fixture
async def world():
    async with running() as made:
        key = made.keys[digest_of(KEY)]
        made.keys[digest_of(KEY)] = msgspec.structs.replace(key, per_minute=1_000_000)
        yield made


async def with_history(world, count):
    """That many trades that are over."""
    await world.bought(10 * count)
    for number in range(1, count + 1):
        await world.trades.create(LONG)
        await world.trades.exit(f"T{number}")
        await world.fill(f"B{number}", f"T{number}-x1", OrderSide.SELL, 10, 791)


async def test_a_thousand_trades_leave_in_small_pieces(world):
    await with_history(world, 1_000)
    pieces: list[bytes] = []
    turns: list[int] = []

    ended = asyncio.Event()

    async def send(message):
        pieces.append(message.get("body", b""))
        turns.append(world.loop.turns)
        if not message.get("more_body", True):
            ended.set()

    sent = [{"type": "http.request", "body": b"{}", "more_body": False}]

    async def receive():
        if sent:
            return sent.pop()
        await ended.wait()
        return {"type": "http.disconnect"}

    async def ticking():
        while True:
            await world.tick(800.0)

    engine = asyncio.create_task(ticking())
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": HISTORY,
        "raw_path": HISTORY.encode(),
        "query_string": b"",
        "headers": [(b"x-api-key", KEY.encode())],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    app: Any = world.api()
    await app(scope, receive, send)
    engine.cancel()
    assert sum(piece.count(b'"trade_id"') for piece in pieces) == 1_000
    assert max(map(len, pieces)) < 2 * CHUNK_BYTES
    # Ticks were judged between any two pieces; the first has the head before it, the last the end.
    assert len(set(turns)) >= len(pieces) - 3 >= 5


async def test_a_flood_of_nonsense_is_answered_while_ticks_are_judged(world):
    await world.bought()
    nonsense = [
        (CREATE, b" " * 1_048_577, 413),
        (CREATE, b" " * 65_537, 413),
        (CREATE, DEEP, 400),
        (CREATE, b'{"stop":' * 1_000, 400),
        (CREATE, b"[" * 65_000, 400),
        (CREATE, b"{" + b",".join(b'"%d":1' % key for key in range(6_000)) + b"}", 400),
        (CREATE, b'{"tag":"' + b"x" * 65_000 + b'"}', 400),
        (CREATE, b'{"quantity":' + b"9" * 4_000 + b"}", 400),
        (CREATE, b'{"target":[' + b"1," * 30_000 + b"1]}", 400),
        (ACTIVE, b'{"limit":1e308}', 400),
        (HISTORY, b'{"from":' + b"9" * 4_000 + b"}", 400),
        (EXIT, b'{"trade_id":"' + b"T" * 60_000 + b'"}', 400),
        (CREATE, b"\x00" * 60_000, 400),
    ]
    async with serving(world.api()) as server:
        limits = httpx.Limits(max_connections=100)
        headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
        async with httpx.AsyncClient(
            base_url=server.address, headers=headers, limits=limits, timeout=60
        ) as client:

            async def sent(path, body, status):
                answer = await client.post(path, content=body)
                assert answer.status_code == status, (path, body[:40], answer.text[:200])
                assert len(answer.content) < 2_000
                assert answer.json()["trace_id"] == answer.headers["x-trace-id"]

            flood = [sent(*case) for case in nonsense for _ in range(8)]
            flooded = asyncio.gather(*flood)
            while not flooded.done():
                await world.tick(800.0)
                await asyncio.sleep(0)
            await flooded
            assert world.loop.ticks_judged > 1  # the flood's senders share this very loop
            assert data(await client.post(CREATE, json=LONG))["trade_id"] == "T1"
    assert world.said == []


async def test_forty_at_once_create_look_and_leave(world):
    await world.bought(1_000)
    async with serving(world.api()) as server:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(
            base_url=server.address, headers={"X-API-Key": KEY}, limits=limits, timeout=60
        ) as client:

            async def one(number):
                once = {"Idempotency-Key": f"{number}"}
                made = [client.post(CREATE, json=LONG, headers=once) for _ in range(2)]
                first, second = await asyncio.gather(*made)
                assert first.content == second.content
                trade_id = data(first)["trade_id"]
                data(await client.post(ACTIVE))
                left = data(await client.post(EXIT, json={"trade_id": trade_id}))
                assert (left["status"], left["quantity"]) == ("TRIGGERED", 10)
                return trade_id

            left = await asyncio.gather(*(one(number) for number in range(40)))
    assert len(set(left)) == len(world.book.trades) == 40


async def test_readers_who_go_away_in_the_middle_leave_nothing_behind(world):
    for _ in range(300):
        await world.trades.create(LONG)
    async with serving(world.api()) as server:
        for _ in range(20):
            async with (
                httpx.AsyncClient(base_url=server.address, headers={"X-API-Key": KEY}) as client,
                client.stream("POST", ACTIVE) as answer,
            ):
                await anext(answer.aiter_raw(1_000))
        async with httpx.AsyncClient(base_url=server.address) as client:
            assert data(await client.get("/health")) == {"alive": True}
        state = server._server.server_state
        while state.tasks:  # noqa: ASYNC110 - until the last of them has noticed
            await asyncio.sleep(0)
    assert world.said == []
