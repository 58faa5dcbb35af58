"""Answers byte for byte, and long lists a few rows at a time."""

import asyncio
import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from litestar.response import Stream
from msgspec import Raw

from tradebot.api import answers as module
from tradebot.api.answers import CHUNK_BYTES, CHUNK_NS, CHUNK_ROWS, answer, listing, plain

ROW_NS = 60_000  # what a row costs that is made


def test_an_answer_carries_the_version_of_its_trade():
    made = answer({"price": Decimal("812.05")}, version=7)
    assert made.content == b'{"status":"success","data":{"price":812.05}}'
    assert (made.status_code, made.headers) == (200, {"ETag": '"7"'})
    assert answer({}).headers == {}


def test_an_answer_that_is_given_again_says_so():
    assert plain(b"{}", again=True).headers == {"Idempotency-Replayed": "true"}


FIRST_LONG_LIST = """
import asyncio, sys
from litestar import Request
from tradebot.api.answers import listing

async def stream():
    ended = asyncio.Event()

    async def send(message):
        if not message.get("more_body", True):
            ended.set()

    async def receive():
        await ended.wait()
        return {"type": "http.disconnect"}

    known = set(sys.modules)
    scope = {"type": "http", "headers": []}
    long_list = listing("rows", iter([{"number": 1}] * 1_000), None)
    await long_list.to_asgi_response(None, Request(scope))(scope, receive, send)
    assert ended.is_set()
    assert set(sys.modules) == known, set(sys.modules) - known

asyncio.run(stream())
"""


class Time:
    """Time that only the making of rows takes."""

    def __init__(self):
        self.ns = 0

    def rows(self, count):
        for number in range(count):
            self.ns += ROW_NS
            yield {"number": number}


@pytest.fixture
def time(monkeypatch):
    made = Time()
    monkeypatch.setattr(module, "perf_counter_ns", lambda: made.ns)
    return made


def rows(count):
    return ({"number": number} for number in range(count))


def test_a_short_list_is_one_body():
    assert listing("trades", rows(2), None).content == (
        b'{"status":"success","data":{"trades":[{"number":0},{"number":1}],"next":null}}'
    )


def pieces_of(response) -> Any:
    assert isinstance(response, Stream)
    return response.iterator


@pytest.mark.parametrize("extra", [0, 1, CHUNK_ROWS, 3 * CHUNK_ROWS + 7])
async def test_a_long_list_is_the_same_list_in_pieces(time, extra):
    count = CHUNK_ROWS + extra
    made = listing("trades", time.rows(count), "17")
    pieces = [piece async for piece in pieces_of(made)]
    assert max(piece.count(b"number") for piece in pieces) <= CHUNK_ROWS
    data = json.loads(b"".join(pieces))["data"]
    assert data["trades"] == list(rows(count))
    assert data["next"] == "17"


def test_the_first_long_list_of_a_process_imports_nothing():
    subprocess.run([sys.executable, "-c", FIRST_LONG_LIST], check=True, timeout=50)


async def test_rows_that_were_made_before_go_out_as_they_are_in_larger_pieces(time):
    row = b'{"number": 1.50}'
    made = listing("trades", iter([Raw(row)] * 20_000), None)
    pieces = [piece async for piece in pieces_of(made)]
    body = b'{"status":"success","data":{"trades":[%b],"next":null}}'
    assert b"".join(pieces) == body % b",".join([row] * 20_000)
    assert CHUNK_BYTES <= len(pieces[2]) < CHUNK_BYTES + 10_000
    assert max(map(len, pieces)) < CHUNK_BYTES + 10_000


async def test_others_have_a_turn_between_two_pieces(time):
    turns = []

    async def other():
        while True:
            turns.append(len(seen))
            await asyncio.sleep(0)

    seen: list[bytes] = []
    task = asyncio.create_task(other())
    async for piece in pieces_of(listing("trades", time.rows(4 * CHUNK_ROWS), None)):
        seen += [piece]
    task.cancel()
    assert len(set(turns)) >= 4


async def test_many_long_lists_at_once_give_others_a_turn_after_each_piece(time):
    made = 0
    most = 0

    def counted():
        nonlocal made
        for row in time.rows(8 * CHUNK_ROWS):
            made += 1
            yield row

    async def other():
        nonlocal most
        while True:
            before = made
            await asyncio.sleep(0)
            most = max(most, made - before)

    async def read(response):
        return b"".join([piece async for piece in pieces_of(response)])

    answers = [listing("trades", counted(), None) for _ in range(10)]
    task = asyncio.create_task(other())
    bodies = await asyncio.gather(*(read(response) for response in answers))
    task.cancel()
    assert CHUNK_NS <= most * ROW_NS < CHUNK_NS + ROW_NS
    assert {len(json.loads(body)["data"]["trades"]) for body in bodies} == {8 * CHUNK_ROWS}
