"""Answers: one body, or a long list a few rows at a time."""

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from time import perf_counter_ns
from typing import Any

# Litestar streams through anyio, which would import this half of it at the first stream: 50 ms
# for which the engine would wait.
import anyio._backends._asyncio  # noqa: F401
from litestar import Response
from litestar.response import Stream

from tradebot.api.shapes import JSON_TYPE, encoded, success
from tradebot.api.turns import turn

CHUNK_ROWS = 25  # a list with fewer rows is one body
# What is made in one go: the engine waits for no more, however many answers are made at once.
# Of rows that cost 60 us these are 16; of rows that were made before, as many as have room.
CHUNK_NS = 1_000_000
CHUNK_BYTES = 65_536

Reply = Response[Any]


def answer(data: object, *, version: int | None = None) -> Reply:
    """Return data as it is; ``version`` is that of a trade, for its ETag."""
    return plain(success(data), version=version)


def plain(body: bytes, *, version: int | None = None, again: bool = False) -> Reply:
    """Return a body that is encoded already; ``again``: it was given before."""
    headers = {} if version is None else {"ETag": etag(version)}
    if again:
        headers["Idempotency-Replayed"] = "true"
    return Response(body, status_code=200, media_type=JSON_TYPE, headers=headers)


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def listing(name: str, rows: Iterator[object], cursor: str | None) -> Reply:
    """Return a page of a list as ``{name: [...], "next": cursor}``.

    What does not fit into one chunk is streamed: a reader that is slow waits for itself.
    """
    first: list[object] = list(islice(rows, CHUNK_ROWS))
    if len(first) < CHUNK_ROWS:
        return answer({name: first, "next": cursor})
    body = _chunks(name, first, rows, cursor)
    return Stream(body, status_code=200, media_type=JSON_TYPE)


async def _chunks(
    name: str, chunk: list[object], rows: Iterator[object], cursor: str | None
) -> AsyncIterator[bytes]:
    yield b'{"status":"success","data":{' + encoded(name) + b":[" + encoded(chunk)[1:-1]
    # The turn is not kept while they are sent: who reads slowly holds up nobody. Sending waits
    # only where the reader is slow, so there is a turn for every piece.
    while made := await _in_turn(rows):
        yield b"," + made
    yield b'],"next":' + encoded(cursor) + b"}}"


async def _in_turn(rows: Iterator[object]) -> bytes:
    await turn()
    return _some(rows)


def _some(rows: Iterator[object]) -> bytes:
    """Return the next rows, as many as a moment gives; nothing: there are no more."""
    until_ns = perf_counter_ns() + CHUNK_NS
    made, size = [], 0
    for row in rows:
        made.append(encoded(row))
        size += len(made[-1])
        if size >= CHUNK_BYTES or perf_counter_ns() >= until_ns:
            break
    return b",".join(made)
