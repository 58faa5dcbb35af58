"""One reading for all who asked before it left."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

_Read = TypeVar("_Read")


class Shared(Generic[_Read]):
    """A read of a whole book, of which many want a part at the same time.

    The book that somebody is given was asked for after he asked: one on its way is older
    than his question and not his. So at most one is under way, and one waits behind it.
    """

    def __init__(self, read: Callable[[], Awaitable[_Read]], given_up: _Read) -> None:
        """Share ``read``; ``given_up`` is told to those whose reader was called off."""
        self._read = read
        self._given_up = given_up
        self._one_at_a_time = asyncio.Lock()
        self._next: asyncio.Future[_Read] | None = None

    async def __call__(self) -> _Read:
        """Read the book, or wait for whoever is about to."""
        if self._next is not None:
            return await asyncio.shield(self._next)
        mine: asyncio.Future[_Read] = asyncio.get_running_loop().create_future()
        self._next = mine
        answer = self._given_up
        try:
            async with self._one_at_a_time:
                self._next = None
                answer = await self._read()
        finally:
            if self._next is mine:
                self._next = None
            mine.set_result(answer)
        return answer
