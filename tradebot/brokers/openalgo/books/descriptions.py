"""What the instruments are that somebody guards: asked for when first wanted, then again."""

from tradebot.brokers.openalgo.books.catalogue import Catalogue
from tradebot.brokers.openalgo.calls.client import Client
from tradebot.core.inputs import InstrumentsLoaded

_SECOND_NS = 1_000_000_000
# [W] An administrator may ban an address after 100 answers of 404 in a day.
_PAUSES_S = (2, 10, 60, 600, 3600)
_AT_ONCE = 5


class Descriptions:
    """Tick size, lot size and freeze quantity of what is wanted."""

    def __init__(self, client: Client) -> None:
        """Start with nothing wanted."""
        self._clock = client.clock
        self._say = client.say
        self._catalogue = Catalogue(client)
        self._missing: dict[str, tuple[int, int]] = {}  # tries, and when the next one is due

    def want(self, name: str) -> None:
        """Ask for an instrument soon, also for one that was described: contracts change daily."""
        self._missing.setdefault(name, (0, 0))

    async def fetched(self) -> list[InstrumentsLoaded]:
        """Ask for some that are missing; return what was learned."""
        now_ns = self._clock.now_ns()
        due = [name for name, (_, due_ns) in self._missing.items() if due_ns <= now_ns]
        found = []
        for name in due[:_AT_ONCE]:
            listing = await self._catalogue.listing(name)
            if listing.instrument is not None:
                del self._missing[name]
                found.append(InstrumentsLoaded((listing.instrument,)))
                continue
            tries = self._missing[name][0]
            pause_s = _PAUSES_S[min(tries, len(_PAUSES_S) - 1)]
            self._missing[name] = tries + 1, now_ns + pause_s * _SECOND_NS
            if tries == 1:
                self._say("openalgo.undescribed", "warning", instrument=name, why=listing.why)
        return found
