"""A call every minute while all is well: a daemon that is dead cannot say that it is."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tradebot.core.alerting.alerts import Category, Change, Over, Raised, Severity
from tradebot.errors import AlertError
from tradebot.ports import Say

EVERY_S = 60.0
CALL_S_MAX = 20.0
KEY = "heartbeat"


class Heartbeat:
    """Calls, and says once that nobody takes the call."""

    def __init__(
        self,
        call: Callable[[], Awaitable[None]],
        *,
        is_well: Callable[[], bool],
        alert: Callable[[Sequence[Change]], None],
        say: Say,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the call; ``is_well`` says whether it may be made now."""
        self._call = call
        self._is_well = is_well
        self._alert = alert
        self._say = say
        self._sleep = sleep
        self._is_failing = False

    async def run(self) -> None:
        """Call for ever."""
        while True:
            if self._is_well():
                await self._once()
            await self._sleep(EVERY_S)

    async def _once(self) -> None:
        try:
            async with asyncio.timeout(CALL_S_MAX):
                await self._call()
        except TimeoutError:
            self._failed(f"no answer within {CALL_S_MAX:g} s")
        except AlertError as error:
            self._failed(str(error))
        else:
            if self._is_failing:
                self._say("heartbeat.back", "warning")
            self._is_failing = False
            self._alert((Over(key=KEY),))

    def _failed(self, why: str) -> None:
        if not self._is_failing:
            self._say("heartbeat.failed", "warning", why=why)
        self._is_failing = True
        raised = Raised(
            key=KEY,
            category=Category.SYSTEM,
            severity=Severity.WARNING,
            text=f"nobody takes the call of alerts.dead_man_url: {why}",
            lasts=True,
        )
        self._alert((raised,))
