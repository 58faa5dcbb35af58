"""Turns: of all that is made for those who ask, one thing in a round of the loop."""

import asyncio
from weakref import WeakKeyDictionary

_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def turn() -> None:
    """Return when it is the caller's turn: in this round nobody else has one.

    The engine, and all else that is ready, comes between two turns. Without them the loop
    would serve every request that has arrived in one round, and a tick after all of these.
    """
    loop = asyncio.get_running_loop()
    lock = _locks.setdefault(loop, asyncio.Lock())
    await lock.acquire()
    loop.call_soon(lock.release)  # in the next round, however long the caller then waits
