"""The paper world's ticks: simulated ones round the clock, or recorded ones again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from tradebot.brokers.paper.market import BLOCK_NS, Market, MarketState
from tradebot.brokers.paper.memory import Memory
from tradebot.brokers.paper.prices import LastPrices
from tradebot.brokers.paper.recordings import recorded_ticks
from tradebot.core.inputs import FeedState, Tick
from tradebot.errors import BrokerError, InputError
from tradebot.ports import Clock, Inbox

_GAP_NS = 5 * BLOCK_NS  # a longer sleep (a suspended laptop) is not delivered afterwards
_TURN = 100  # ticks, after which a fast replay lets others run
_TURN_SKIPPED = 5000

Sleep = Callable[[float], Awaitable[None]]


class _Subscriptions:
    """What the engine wants to hear of."""

    def __init__(self) -> None:
        self._wanted: set[str] = set()

    def subscribe(self, instrument: str) -> None:
        self._wanted.add(instrument)

    def unsubscribe(self, instrument: str) -> None:
        self._wanted.discard(instrument)


class SimulatedFeed(_Subscriptions):
    """Lets the simulated market move with the clock and shows what it is asked for.

    ``memory`` keeps the market over a restart; it must be open when ``run`` begins.
    ``resume_after`` is the ``seq`` of the last tick that the daemon has seen.
    """

    def __init__(
        self,
        seed: int,
        prices: LastPrices,
        clock: Clock,
        *,
        memory: Memory | None = None,
        resume_after: int = 0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__()
        self._seed = seed
        self._prices = prices
        self._clock = clock
        self._memory = memory
        self._seq = resume_after
        self._sleep = sleep
        self._seen_at_ns = 0

    async def run(self, inbox: Inbox) -> None:
        now_ns = self._clock.now_ns()
        market = Market(self._seed, now_ns, self._remembered())
        market.skip_to(now_ns)
        self._seen_at_ns = now_ns
        inbox.put(FeedState(up=True, at_ns=now_ns))
        saved = -1
        while True:
            self._deliver(market, inbox)
            if market.block != saved:
                saved = market.block
                self._remember(market.state)
            wait_ns = market.next_at_ns - self._clock.now_ns()
            await self._sleep(min(max(wait_ns, 0), BLOCK_NS) / 1e9)

    def _deliver(self, market: Market, inbox: Inbox) -> None:
        """Hand out what was traded until now; the exchange's own prices move first."""
        now_ns = self._clock.now_ns()
        if not -BLOCK_NS <= now_ns - self._seen_at_ns <= _GAP_NS:
            market.skip_to(now_ns)
        self._seen_at_ns = now_ns
        for at_ns, instrument, price, shown, bid, ask in market.ticks_until(now_ns):
            self._prices.tell(instrument, price, at_ns, bid, ask)
            if shown is not None and instrument in self._wanted:
                self._seq += 1
                inbox.tick(Tick(instrument, shown, at_ns, now_ns, bid, ask, self._seq))

    def _remembered(self) -> MarketState | None:
        kept = self._memory.market() if self._memory else None
        try:
            return msgspec.json.decode(kept, type=MarketState) if kept else None
        except ValueError:
            return None  # of a version that kept something else: a new market begins

    def _remember(self, state: MarketState) -> None:
        if self._memory is None:
            return
        try:
            self._memory.save_market(msgspec.json.encode(state))
        except BrokerError:
            # A full disk must not silence the feed; the next second saves more.
            return


class ReplayFeed(_Subscriptions):
    """Plays recordings again, as if they happened now.

    Ticks carry the present time and keep their ``seq``, which counts the rows of all files
    together. ``speed`` is a multiple of real time; 0 is as fast as the engine takes them.
    The replay goes on after ``resume_after``, the last tick that the daemon has seen; the
    time between is not made up for. A file that ends, or holds a wrong row, ends the feed.
    """

    def __init__(
        self,
        files: Sequence[Path],
        prices: LastPrices,
        clock: Clock,
        *,
        speed: float = 1.0,
        resume_after: int = 0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        assert speed >= 0, f"a replay has no speed {speed}"
        super().__init__()
        self._files = files
        self._prices = prices
        self._clock = clock
        self._speed = speed
        self._resume_after = resume_after
        self._sleep = sleep
        prices.quotable = False

    async def run(self, inbox: Inbox) -> None:
        inbox.put(FeedState(up=True, at_ns=self._clock.now_ns()))
        why = "the recording has ended"
        try:
            await self._play(inbox)
        except InputError as error:
            why = str(error)
        inbox.put(FeedState(up=False, at_ns=self._clock.now_ns(), why=why))

    async def _play(self, inbox: Inbox) -> None:
        skipped: dict[str, Tick] = {}
        recorded_ns = started_ns = last_ns = 0  # where the recording and we began to play
        for tick in recorded_ticks(self._files):
            if tick.seq <= self._resume_after:
                skipped[tick.instrument] = tick
                if not tick.seq % _TURN_SKIPPED:
                    await self._sleep(0)
                continue
            if not recorded_ns:
                recorded_ns, started_ns = tick.at_ns, self._clock.now_ns()
                self._tell_last(skipped)
            elif self._speed:
                due_ns = started_ns + int((tick.at_ns - recorded_ns) / self._speed)
                if (wait_ns := due_ns - self._clock.now_ns()) > 0:
                    await self._sleep(wait_ns / 1e9)
            if not tick.seq % _TURN:
                await self._sleep(0)
                await inbox.room()
            # Our clock may be set back; the order of a recording stays.
            last_ns = max(last_ns, self._clock.now_ns())
            self._prices.tell(tick.instrument, tick.ltp, last_ns, tick.bid, tick.ask)
            if tick.instrument in self._wanted:
                inbox.tick(
                    Tick(tick.instrument, tick.ltp, last_ns, last_ns, tick.bid, tick.ask, tick.seq)
                )
        if not recorded_ns:
            self._tell_last(skipped)

    def _tell_last(self, ticks: dict[str, Tick]) -> None:
        """Tell the prices at which the daemon stopped, and none before: they are past."""
        now_ns = self._clock.now_ns()
        for tick in ticks.values():
            self._prices.tell(tick.instrument, tick.ltp, now_ns, tick.bid, tick.ask)
