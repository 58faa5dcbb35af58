"""Subscriptions and second opinions: what the engine wants of prices."""

import asyncio

from tradebot.core.inputs import QuoteReply
from tradebot.core.intents import AskQuote, Subscribe, Unsubscribe
from tradebot.ports import Broker, Clock, Feed, Inbox, Say
from tradebot.services.supervisor import Supervisor

ANSWER_S_MAX = 10.0  # a quote that takes longer is worth nothing


class MarketData:
    """One subscription per instrument however many trades, and quotes on request."""

    def __init__(
        self,
        feed: Feed,
        broker: Broker,
        inbox: Inbox,
        *,
        supervisor: Supervisor,
        clock: Clock,
        say: Say,
        answer_s_max: float = ANSWER_S_MAX,
    ) -> None:
        """Take the feed to subscribe at and the broker to ask for quotes."""
        self._feed = feed
        self._broker = broker
        self._inbox = inbox
        self._supervisor = supervisor
        self._clock = clock
        self._say = say
        self._answer_s_max = answer_s_max

    async def run(self) -> None:
        """Deliver the feed's ticks; a recording that ends leaves the daemon running."""
        await self._feed.run(self._inbox)
        self._say("feed.ended", "warning")
        await asyncio.Event().wait()

    def subscribe(self, intent: Subscribe) -> None:
        """Want the ticks of an instrument."""
        self._feed.subscribe(intent.instrument)

    def unsubscribe(self, intent: Unsubscribe) -> None:
        """Want them no longer."""
        self._feed.unsubscribe(intent.instrument)

    def ask_quote(self, intent: AskQuote) -> None:
        """Ask the second source; no answer is an answer too, so that it is asked again."""
        self._supervisor.send(f"quote {intent.instrument}", self._ask(intent.instrument))

    async def _ask(self, instrument: str) -> None:
        quote = None
        try:
            async with asyncio.timeout(self._answer_s_max):
                quote = await self._broker.quote(instrument)
        finally:  # an error is the supervisor's to tell, and still an answer
            now_ns = self._clock.now_ns()
            self._inbox.put(
                QuoteReply(
                    instrument=instrument,
                    ltp=None if quote is None else quote.ltp,
                    at_ns=now_ns if quote is None else quote.at_ns,
                    received_ns=now_ns,
                    prev_close=None if quote is None else quote.prev_close,
                )
            )
