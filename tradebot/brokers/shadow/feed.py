"""The account's own prices, for the engine and for the exchange on paper beside it."""

from collections.abc import Callable, Iterable

from tradebot.core.inputs import Input, InstrumentsLoaded, Tick
from tradebot.core.market.instruments import Instrument
from tradebot.ports import Feed, Inbox


class ShadowFeed:
    """Passes ticks on, the exchange on paper first, as at a real one.

    What the shadow has left and the account still holds is followed on: the price now says
    what leaving was worth.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        tell: Callable[[str, float, int, float | None, float | None], None],
        describe: Callable[[Iterable[Instrument]], None],
        followed: Callable[[], set[str]],
    ) -> None:
        """Take the account's feed.

        Args:
            feed: of the account.
            tell: takes each price: instrument, LTP, its time, bid and ask.
            describe: takes what becomes known of instruments.
            followed: returns the instruments whose price is wanted whatever the engine wants.
        """
        self._feed = feed
        self._tell = tell
        self._describe = describe
        self._followed = followed
        self._wanted: set[str] = set()
        self._subscribed: set[str] = set()

    async def run(self, inbox: Inbox) -> None:
        self.follow()
        await self._feed.run(_Told(inbox, self._tell, self._describe))

    def subscribe(self, instrument: str) -> None:
        self._wanted.add(instrument)
        self.follow()

    def unsubscribe(self, instrument: str) -> None:
        self._wanted.discard(instrument)
        self.follow()

    def follow(self) -> None:
        """Have the ticks of what is wanted and of what is followed, and of nothing else."""
        names = self._wanted | self._followed()
        for name in sorted(names - self._subscribed):
            self._feed.subscribe(name)
        for name in sorted(self._subscribed - names):
            self._feed.unsubscribe(name)
        self._subscribed = names


class _Told:
    """The engine's inbox behind the exchange on paper."""

    def __init__(
        self,
        inbox: Inbox,
        tell: Callable[[str, float, int, float | None, float | None], None],
        describe: Callable[[Iterable[Instrument]], None],
    ) -> None:
        self._inbox = inbox
        self._tell = tell
        self._describe = describe
        self.room = inbox.room

    def tick(self, tick: Tick) -> None:
        self._tell(tick.instrument, tick.ltp, tick.at_ns, tick.bid, tick.ask)
        self._inbox.tick(tick)

    def put(self, item: Input) -> None:
        if isinstance(item, InstrumentsLoaded):
            self._describe(item.instruments)
        self._inbox.put(item)
