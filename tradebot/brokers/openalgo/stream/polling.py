"""Quotes of what has fallen silent, asked for in time however slowly the answers come.

What was lost is asked for within three seconds: it counts as silent after ``Patience.poll_ns``,
is found at the next look, and leaves once the budget has room for it, which for up to 350
instruments it has after ``SPAN_S`` at the latest, also where the server has just refused one.
No answer is waited for in between, as long as fewer than ``AT_ONCE`` requests hang.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from tradebot.brokers.openalgo.calls.client import Client
from tradebot.brokers.openalgo.stream.watch import Watch
from tradebot.brokers.openalgo.wire import prices, requests
from tradebot.brokers.openalgo.wire.answers import Answer
from tradebot.ports import Quote

NAMES_MAX = 50  # instruments of one request
AT_ONCE = 8  # requests under way: half of the connections, the others are for books


class Polling:
    """Asks for many at once; one that asks waits for its own answer and for no other."""

    def __init__(
        self,
        client: Client,
        watch: Watch,
        tell: Callable[[str, Quote, int], None],
        *,
        look_s: float,
        quote_s: float,
    ) -> None:
        """Ask nobody yet.

        Args:
            watch: says what is silent, and whether a quote is news.
            tell: takes such news: instrument, quote, and when it came.
            look_s: between two looks.
            quote_s: how long an answer may take before it is an old price.
        """
        self._client = client
        self._watch = watch
        self._tell = tell
        self._look_s = look_s
        self._quote_s = quote_s
        self._looks = asyncio.Lock()
        self._due: deque[str] = deque()  # of the last look, and not asked for yet

    async def run(self) -> None:
        """Ask for ever."""
        await asyncio.gather(*(self._ask_in_turn() for _ in range(AT_ONCE)))

    async def _ask_in_turn(self) -> None:
        while True:
            async with self._looks:  # one looks for all: what is due together is asked together
                while not self._due:
                    await asyncio.sleep(self._look_s)
                    self._due.extend(self._watch.to_poll(self._client.clock.now_ns()))
                names = [self._due.popleft() for _ in range(min(NAMES_MAX, len(self._due)))]
                asked_ns = self._client.clock.now_ns()
                self._watch.asked(names, asked_ns)
            await self._ask(names, asked_ns)

    async def _ask(self, names: list[str], asked_ns: int) -> None:
        """Ask for some quotes; a price that has not changed is no news."""
        quotes = await self._quotes(names)
        self._watch.missed([name for name in names if name not in quotes], asked_ns)
        for name, quote in quotes.items():
            if self._watch.quoted(name, quote.ltp, asked_ns):
                self._tell(name, quote, quote.at_ns)

    async def _quotes(self, names: list[str]) -> dict[str, Quote]:
        """Return the quotes that come, and come in time."""
        asked = self._client.ask("multiquotes", requests.instruments(names), urgent=False)
        try:
            async with asyncio.timeout(self._quote_s):
                reply = await asked
        except TimeoutError:
            return {}  # it would be an old price
        if not isinstance(reply, Answer):
            return {}
        return prices.quotes_of(reply, self._client.clock.now_ns())
