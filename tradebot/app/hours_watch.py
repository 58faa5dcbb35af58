"""The hours of the settings are held against those of the broker while a daemon runs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from tradebot.brokers.openalgo.client import Client
from tradebot.brokers.openalgo.hours import compared
from tradebot.core.market.sessions import Session
from tradebot.ports import Say

EVERY_S = 6 * 3600.0  # before each session, and again after the master contract was loaded


class HoursWatch:
    """Says where they differ, and takes nothing over.

    A day that is wrongly closed makes the guard blind on it, one that is wrongly open costs an
    alarm about silence: which of the two sources errs, only a person can look up.
    """

    def __init__(
        self,
        client: Client,
        sessions: Callable[[], Mapping[str, Session]],
        *,
        say: Say,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the way to the broker, and the sessions that are in force at a time."""
        self._client = client
        self._sessions = sessions
        self._say = say
        self._sleep = sleep

    async def run(self) -> None:
        """Look now and again, for ever."""
        while True:
            await self.look()
            await self._sleep(EVERY_S)

    async def look(self) -> None:
        """Say each exchange whose hours differ, with what a person does about it."""
        async for found in compared(self._client, self._sessions()):
            if found.level != "ok":
                what = found.what
                self._say("sessions.differ", "warning", what=what, why=found.text, todo=found.todo)
