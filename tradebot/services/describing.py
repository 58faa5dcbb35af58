"""What an instrument is, before anything is decided on it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from tradebot.core.inputs import InstrumentsLoaded
from tradebot.core.market.instruments import Instrument, wrong_with
from tradebot.errors import RefusedError, StoreError
from tradebot.ports import Catalogue, InstrumentStore, Say, Unlisted
from tradebot.services.loop import EngineLoop

NEW_S_MAX = 3.0  # how long a trade waits for its instrument before it is guarded on a guess
START_S_MAX = 1.5  # how long a start waits for those that no earlier life was told of
KEEP_EVERY_S = 2.0  # a kill in between costs the next start the asking, and nothing else
_AT_ONCE = 5

Learn = Callable[[str], Awaitable[None]]


async def nothing_to_learn(_instrument: str) -> None:
    """Learn nothing: where all that can be traded is known from the start."""


class Describing:
    """Asks a catalogue for what the engine does not know, and keeps what it said.

    What an earlier life was told is good enough to begin with: sizes of ticks, lots and
    orders hardly ever change, and a guess is wrong far more often. The feed asks again for
    all that it subscribes to, and the engine takes what has changed.
    """

    def __init__(
        self,
        loop: EngineLoop,
        catalogue: Catalogue | None,
        store: InstrumentStore | None = None,
        *,
        say: Say,
        new_s_max: float = NEW_S_MAX,
        start_s_max: float = START_S_MAX,
    ) -> None:
        """Take the catalogue, None where all is known from the start, and who waits how long."""
        self._loop = loop
        self._catalogue = catalogue
        self._store = store
        self._say = say
        self._new_s_max = new_s_max
        self._start_s_max = start_s_max
        self._kept: list[Instrument] = []
        self._is_refused = False

    @property
    def keeps(self) -> bool:
        """Whether there is anything that a next life has to be told, and a place for it."""
        return self._catalogue is not None and self._store is not None

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
        wanted, turn = dict.fromkeys(names), asyncio.Semaphore(_AT_ONCE)
        catalogue = self._catalogue
        if catalogue is None or not wanted:
            return []
        found = [instrument for instrument in self._loaded() if instrument.id in wanted]
        unknown = wanted.keys() - {instrument.id for instrument in found}

        async def ask(name: str) -> None:
            async with turn:
                said = await catalogue.describe(name)
            if isinstance(said, Instrument):
                found.append(said)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._start_s_max):
                await asyncio.gather(*map(ask, sorted(unknown)))
        if len(found) < len(wanted):
            self._say("instruments.undescribed", "warning", count=len(wanted) - len(found))
        return found

    async def run(self) -> None:
        """Keep what is known for the next life, for ever."""
        while True:
            await self.keep()
            await asyncio.sleep(KEEP_EVERY_S)

    async def keep(self) -> None:
        """Keep what is known now, where it is not kept yet."""
        assert self._store is not None, "who keeps has a place for it"
        known = [one for one in self._loop.engine.book.instruments.values() if not one.guessed]
        if known == self._kept:
            return
        try:
            await self._store.keep(known)
        except StoreError as error:
            if not self._is_refused:  # once: it is tried again all the time
                self._say("instruments.unsaved", "warning", error=error)
            self._is_refused = True
        else:
            self._kept, self._is_refused = known, False

    def _loaded(self) -> list[Instrument]:
        """Return what an earlier life kept, as far as it can still be true."""
        if self._store is None:
            return []
        try:
            kept = self._store.load()
        except StoreError as error:
            self._say("instruments.unread", "warning", error=error)
            return []
        # A price band is that of one day: by yesterday's, a price of today might be refused.
        return [
            msgspec.structs.replace(one, price_low=None, price_high=None)
            for one in kept
            if not one.guessed and wrong_with(one) is None
        ]
