"""What an instrument is, before anything is decided on it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

from tradebot.core.inputs import InstrumentsLoaded
from tradebot.core.instruments import Instrument
from tradebot.errors import RefusedError
from tradebot.ports import Catalogue, Say, Unlisted
from tradebot.services.loop import EngineLoop

NEW_S_MAX = 3.0  # how long a trade waits for its instrument before it is guarded on a guess
START_S_MAX = 5.0  # how long a start waits for all of them
_AT_ONCE = 5

Learn = Callable[[str], Awaitable[None]]


async def nothing_to_learn(_instrument: str) -> None:
    """Learn nothing: where all that can be traded is known from the start."""


class Describing:
    """Asks a catalogue for what the engine does not know."""

    def __init__(
        self,
        loop: EngineLoop,
        catalogue: Catalogue | None,
        *,
        say: Say,
        new_s_max: float = NEW_S_MAX,
        start_s_max: float = START_S_MAX,
    ) -> None:
        """Take the catalogue, None where all is known from the start, and who waits how long."""
        self._loop = loop
        self._catalogue = catalogue
        self._say = say
        self._new_s_max = new_s_max
        self._start_s_max = start_s_max

    async def learn(self, instrument: str) -> None:
        """Tell the engine what an instrument is that a new trade is of, unless it knows.

        To guard on a guess is better than not at all: where nobody says anything in time the
        trade goes on, and what is learned later puts its levels on the true ticks.

        Raises:
            RefusedError: there is no such instrument.
        """
        known = self._loop.engine.book.instruments.get(instrument)
        if self._catalogue is None or (known is not None and not known.guessed):
            return
        said: Instrument | Unlisted | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._new_s_max):
                said = await self._catalogue.describe(instrument)
        if isinstance(said, Unlisted):
            raise RefusedError("symbol", said.why)
        if said is None:
            self._say("instrument.guessed", "warning", instrument=instrument)
        else:
            await self._loop.command(InstrumentsLoaded((said,)))

    async def at_start(self, names: Iterable[str]) -> Sequence[Instrument]:
        """Return what these are; what nobody says in time is asked for later."""
        wanted, turn = list(dict.fromkeys(names)), asyncio.Semaphore(_AT_ONCE)
        found: list[Instrument] = []
        catalogue = self._catalogue
        if catalogue is None:
            return found

        async def ask(name: str) -> None:
            async with turn:
                said = await catalogue.describe(name)
            if isinstance(said, Instrument):
                found.append(said)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._start_s_max):
                await asyncio.gather(*map(ask, wanted))
        if len(found) < len(wanted):
            self._say("instruments.undescribed", "warning", count=len(wanted) - len(found))
        return found
