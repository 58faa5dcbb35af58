"""The hours of the settings are held against those of the broker while a daemon runs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from tradebot.brokers.openalgo.calls.client import Client
from tradebot.brokers.openalgo.doctor.clocks import clock_finding, clocks_of
from tradebot.brokers.openalgo.doctor.hours import compared
from tradebot.core.market.sessions import Session
from tradebot.ports import Say

EVERY_S = 6 * 3600.0  # before each session, and again after the master contract was loaded


class HoursWatch:
    """Says where they differ, and takes nothing over.

    A day that is wrongly closed makes the guard blind on it, one that is wrongly open costs an
    alarm about silence: which of the two sources errs, only a person can look up. A clock that
    is wrong makes right hours begin at the wrong time, and is told as what it is.
    """

    def __init__(
        self,
        client: Client,
        sessions: Callable[[], Mapping[str, Session]],
        *,
        wall_ahead_ns: Callable[[], int],
        say: Say,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the way to the broker.

        Args:
            client: whose answers tell the server's clock too.
            sessions: those that are in force at a time.
            wall_ahead_ns: how far this machine's clock is ahead of the client's at a time.
            say: the log.
            sleep: passes the time between two looks.
        """
        self._client = client
        self._sessions = sessions
        self._wall_ahead_ns = wall_ahead_ns
        self._say = say
        self._sleep = sleep

    async def run(self) -> None:
        """Look now and again, for ever."""
        while True:
            await self.look()
            await self._sleep(EVERY_S)

    async def look(self) -> None:
        """Say each exchange whose hours differ, or the clock, with what a person does about it."""
        client, sessions = self._client, self._sessions()
        # What answers have said of the server's clock may be of long ago: ours was set since.
        await client.ask("ping", {}, urgent=False)
        clocks = clocks_of(client.skew.offset, client.clock.now_ns(), self._wall_ahead_ns())
        clock = clock_finding(clocks, sessions)
        if clock.level == "error":
            self._say("clock.differs", "warning", why=clock.text, todo=clock.todo)
        async for found in compared(client, sessions, clocks):
            if found.level != "ok":
                what = found.what
                self._say("sessions.differ", "warning", what=what, why=found.text, todo=found.todo)
