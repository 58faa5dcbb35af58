"""What instruments are, asked for one by one: of 100,000 lines ten matter."""

import re

from tradebot.brokers.openalgo.calls.client import Client
from tradebot.brokers.openalgo.wire import listings, requests
from tradebot.brokers.openalgo.wire.answers import Answer
from tradebot.brokers.openalgo.wire.listings import Listing
from tradebot.core.market.instruments import Instrument
from tradebot.core.words.did_you_mean import suggestion
from tradebot.ports import Unlisted

_HEAD = re.compile(r"[A-Z&-]{2,}")
_HEAD_LENGTH = 3  # letters that a slip of the pen seldom reaches


class Catalogue:
    """The master contract behind the server, as far as it answers."""

    def __init__(self, client: Client) -> None:
        """Take the way to the server."""
        self._client = client

    async def describe(self, name: str) -> Instrument | Unlisted | None:
        """Say what an instrument is; None: that cannot be said now."""
        listing = await self.listing(name)
        if not listing.is_missing:
            return listing.instrument
        near = await self._near(name)
        hint = f'; did you mean "{near}"?' if near else ""
        return Unlisted(f"OpenAlgo lists no {name}{hint}")

    async def listing(self, name: str) -> Listing:
        """Ask for one instrument, and name what is wrong with the answer."""
        reply = await self._client.ask("symbol", requests.instrument(name), urgent=False)
        if not isinstance(reply, Answer):
            return Listing(why=reply.message)
        listing = listings.listing_of(reply)
        instrument = listing.instrument
        if instrument is not None and instrument.id != name:
            listing = Listing(why=f"it was answered with {instrument.id}")
        if listing.why and reply.is_success:
            self._client.say("openalgo.misdescribed", "warning", instrument=name, why=listing.why)
        return listing

    async def _near(self, name: str) -> str | None:
        """Return the symbol that somebody most likely meant."""
        exchange, _, symbol = name.partition(":")
        head = _HEAD.match(symbol.upper())
        if head is None:
            return None
        for query in dict.fromkeys((head.group(), head.group()[:_HEAD_LENGTH])):
            body: requests.Body = {"query": query, "exchange": exchange}
            reply = await self._client.ask("search", body, urgent=False)
            if not isinstance(reply, Answer):
                return None
            near = suggestion(symbol.upper(), listings.symbols_of(reply, exchange))
            if near is not None:
                return near
        return None
