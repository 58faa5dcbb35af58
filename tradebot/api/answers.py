"""Answers: one body, or a long list a few rows at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

from litestar import Response
from litestar.response import Stream

from tradebot.api.shapes import JSON_TYPE, encoded, success

# Rows that are made in one go: the engine waits for no more than these. A row of a trade
# costs about 60 us, so others have a turn every 1.5 ms, however many answers are made at once.
CHUNK_ROWS = 25
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

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


def listing(name: str, rows: Iterator[dict[str, object]], cursor: str | None) -> Reply:
    """Return a page of a list as ``{name: [...], "next": cursor}``.

    What does not fit into one chunk is streamed: a reader that is slow waits for itself.
    """
    first = list(islice(rows, CHUNK_ROWS))
    if len(first) < CHUNK_ROWS:
        return answer({name: first, "next": cursor})
    body = _chunks(name, first, rows, cursor)
    return Stream(body, status_code=200, media_type=JSON_TYPE)


async def _chunks(
    name: str, chunk: list[dict[str, object]], rows: Iterator[dict[str, object]], cursor: str | None
) -> AsyncIterator[bytes]:
    yield b'{"status":"success","data":{' + encoded(name) + b":[" + _joined(chunk)
    while made := await _in_turn(rows):
        yield b"," + made
    yield b'],"next":' + encoded(cursor) + b"}}"


async def _in_turn(rows: Iterator[dict[str, object]]) -> bytes:
    """Return the next rows; of all answers that are being made only one makes some at a time.

    The turn is not kept while they are sent: who reads slowly holds up nobody.
    """
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        await asyncio.sleep(0)  # sending waits only where the reader is slow
        return _joined(islice(rows, CHUNK_ROWS))


def _joined(rows: Iterable[dict[str, object]]) -> bytes:
    return b",".join(encoded(row) for row in rows)
