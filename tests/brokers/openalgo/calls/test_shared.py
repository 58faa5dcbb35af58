"""One reading serves all who asked before it left, and nobody who asked later."""

import asyncio

import pytest

from tradebot.brokers.openalgo.calls.shared import Shared


class Book:
    """A book whose readings are let through one by one."""

    def __init__(self):
        self.reads = 0
        self.gates: list[asyncio.Future[None]] = []

    async def read(self):
        self.reads += 1
        number = self.reads
        self.gates.append(asyncio.get_running_loop().create_future())
        await self.gates[-1]
        return number


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_reading_under_way_is_older_than_a_new_question():
    book = Book()
    shared: Shared[int | None] = Shared(book.read, None)
    first = asyncio.ensure_future(shared())
    await settled()
    later = [asyncio.ensure_future(shared()) for _ in range(100)]
    await settled()
    assert book.reads == 1
    book.gates[0].set_result(None)
    await settled()
    assert book.reads == 2
    last = asyncio.ensure_future(shared())
    book.gates[1].set_result(None)
    await settled()
    book.gates[2].set_result(None)
    assert await first == 1
    assert {await one for one in later} == {2}
    assert await last == 3


async def test_who_waits_for_a_reader_that_was_called_off_is_told_so():
    book = Book()
    shared: Shared[int | None] = Shared(book.read, None)
    first = asyncio.ensure_future(shared())
    await settled()
    reader = asyncio.ensure_future(shared())
    waiter = asyncio.ensure_future(shared())
    await settled()
    reader.cancel()
    assert await waiter is None
    book.gates[0].set_result(None)
    assert await first == 1
    again = asyncio.ensure_future(shared())
    await settled()
    book.gates[-1].set_result(None)
    assert await again == 2


async def test_a_waiter_that_gives_up_takes_nobody_along():
    book = Book()
    shared: Shared[int | None] = Shared(book.read, None)
    first = asyncio.ensure_future(shared())
    await settled()
    reader, waiter = asyncio.ensure_future(shared()), asyncio.ensure_future(shared())
    await settled()
    waiter.cancel()
    book.gates[0].set_result(None)
    await settled()
    book.gates[1].set_result(None)
    assert (await first, await reader) == (1, 2)
    with pytest.raises(asyncio.CancelledError):
        await waiter


async def test_a_reading_that_breaks_is_told_to_its_reader_and_given_up_for_others():
    async def breaks():
        await asyncio.sleep(0)
        raise OSError("broken")

    shared: Shared[int | None] = Shared(breaks, None)
    reader = asyncio.ensure_future(shared())
    with pytest.raises(OSError, match="broken"):
        await reader
