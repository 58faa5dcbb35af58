"""A look at everything that guarding through OpenAlgo rests on; nothing is changed by it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

from tradebot.brokers.openalgo.books.catalogue import Catalogue
from tradebot.brokers.openalgo.books.gtts import PREFIX
from tradebot.brokers.openalgo.calls.client import Client, Silent
from tradebot.brokers.openalgo.doctor.channel_findings import of_daemon, of_probe
from tradebot.brokers.openalgo.doctor.clocks import Clocks, clock_finding, clocks_of
from tradebot.brokers.openalgo.doctor.hours import compared
from tradebot.brokers.openalgo.doctor.order_channel import probed
from tradebot.brokers.openalgo.doctor.server_finding import LOGIN, refused_todo, server_finding
from tradebot.brokers.openalgo.reader import OpenAlgoReader
from tradebot.brokers.openalgo.reader import said as told
from tradebot.brokers.openalgo.stream.channel_proof import ChannelProof
from tradebot.brokers.openalgo.wire import gtts, positions
from tradebot.brokers.openalgo.wire.answers import Answer
from tradebot.brokers.openalgo.wire.positions import DELIVERY, Place
from tradebot.core.market.instruments import Instrument, instrument_id
from tradebot.core.market.sessions import Session
from tradebot.core.money import plain
from tradebot.ports import Finding, Level, Unlisted

SHOWN_MAX = 20  # orders of others, one by one
SYMBOLS_MAX = 20  # each is a request, and ten a second may be all there are
SAMPLES = 5  # answers that the server's clock is read from


class Checkup:
    """Asks one thing after the other, slowly: exits have the budget first."""

    def __init__(
        self,
        client: Client,
        *,
        account: str,
        feed: str | ChannelProof,
        sessions: Mapping[str, Session],
        wall_ahead_ns: int = 0,
    ) -> None:
        """Take what is asked.

        Args:
            client: to the server; open.
            account: whose books are read.
            feed: the address of the websocket, or what a daemon's connection to it has shown.
            sessions: by exchange, as the settings have them.
            wall_ahead_ns: how far this machine's clock is ahead of the client's by now.
        """
        self._client = client
        self._reader = OpenAlgoReader(account, client)
        self._catalogue = Catalogue(client)
        self._feed = feed
        self._sessions = sessions
        self._wall_ahead_ns = wall_ahead_ns

    async def findings(self, names: Iterable[str]) -> AsyncIterator[Finding]:
        """Yield what each look shows; ``names`` are the instruments that are guarded."""
        server = await self._server()
        yield server
        if server.level == "error":
            return
        yield await self._mode()
        yield clock_finding(self._clocks(), self._sessions)
        if self._client.is_live is False:
            text = "session, positions and orders are not looked at: those told are the sandbox's"
            yield _found("account", "warning", text, "look again in live mode")
            async for finding in self._instruments(names):
                yield finding
        else:
            async for finding in self._account(names):
                yield finding
        for finding in await self._websocket():
            yield finding
        async for finding in compared(self._client, self._sessions, self._clocks()):
            yield finding
        yield await self._limits()

    async def _account(self, names: Iterable[str]) -> AsyncIterator[Finding]:
        yield await self._session()
        held, found = await self._held()
        yield found
        # A portfolio of years is asked about where it is guarded: each name is a request.
        traded = [instrument_id(*place[:2]) for place in held if place[2] != DELIVERY]
        guarded = list(dict.fromkeys([*names, *traded]))
        async for finding in self._instruments(guarded):
            yield finding
        mine = {*guarded, *(instrument_id(*place[:2]) for place in held)}
        async for finding in self._others(mine):
            yield finding
        yield _permission(held)

    async def _instruments(self, names: Iterable[str]) -> AsyncIterator[Finding]:
        listed = list(names)
        for name in listed[:SYMBOLS_MAX]:
            yield await self._symbol(name)
        if (more := len(listed) - SYMBOLS_MAX) > 0:
            text = f"{more} more are not asked about here; a daemon asks before it guards one"
            yield _found("symbols", "ok", text)
        for name in listed[:3]:
            yield await self._quote(name)

    async def _server(self) -> Finding:
        client = self._client
        for sample in range(SAMPLES):
            reply = await client.check()
            finding = server_finding(client.rest, reply, client.skew.round_trip_ns or 0)
            # A connection that was kept may have been closed by a server that began anew.
            if finding.level == "error" and (sample or not isinstance(reply, Silent)):
                break
        return finding

    async def _mode(self) -> Finding:
        if await self._client.check_mode():
            return self._approval()
        if self._client.is_live is False:
            text = "analyzer mode: orders would only be simulated, and nothing is sent"
            return _found("mode", "error", text, "switch OpenAlgo to live mode")
        text = "it does not say whether orders are real, so that nothing would be sent"
        return _found("mode", "error", text, "look at OpenAlgo's log")

    def _approval(self) -> Finding:
        """Return what is known of semi-auto mode: no route that reads tells of it."""
        if self._client.is_semi_auto:
            text = "semi-auto mode: the last answer to an order of ours was that it needs approval"
            todo = "approve what waits at the Action Center, and switch the order mode to auto"
            return _found("mode", "error", text, todo)
        text = "orders are real; semi-auto mode shows in the answer to an order, and nowhere before"
        todo = "see at OpenAlgo's page that the order mode is auto: in semi-auto each exit waits"
        return _found("mode", "ok", text, todo)

    async def _session(self) -> Finding:
        reply = await self._client.ask("funds", {}, urgent=False)
        if isinstance(reply, Answer) and positions.has_funds(reply):
            return _found("session", "ok", "the broker answers: the session of today is alive")
        text = f"the broker does not tell the funds: {told(reply)}"
        return _found("session", "error", text, refused_todo(reply))

    def _clocks(self) -> Clocks:
        client = self._client
        return clocks_of(client.skew.offset, client.clock.now_ns(), self._wall_ahead_ns)

    async def _held(self) -> tuple[list[Place], Finding]:
        found = await self._reader.positions()
        if found is None:
            text = "the position book cannot be read, or is empty and nothing speaks for it"
            return [], _found("positions", "error", text, LOGIN)
        held = [one for one in found if one.net]
        places = [(one.key.exchange, one.key.symbol, one.key.product) for one in held]
        listed = ", ".join(f"{one.key.instrument} {plain(one.net)}" for one in held) or "none"
        return places, _found("positions", "ok", f"held: {listed}")

    async def _symbol(self, name: str) -> Finding:
        described = await self._catalogue.describe(name)
        what = f"symbol {name}"
        if isinstance(described, Instrument):
            freeze = described.freeze_quantity
            most = "no freeze quantity" if freeze is None else f"at most {plain(freeze)} an order"
            sizes = f"ticks of {plain(described.tick_size)}, lots of {plain(described.lot_size)}"
            return _found(what, "ok", f"{sizes}, {most}")
        if isinstance(described, Unlisted):
            todo = "it expired, or the master contract is not loaded: log in again"
            return _found(what, "error", described.why, todo)
        text = "nobody says in what ticks and lots it trades"
        return _found(what, "warning", text, "look at OpenAlgo's master contract")

    async def _quote(self, name: str) -> Finding:
        quote = await self._reader.quote(name)
        exchange = name.partition(":")[0]
        if quote is not None:
            return _found(f"quote {name}", "ok", f"LTP {quote.ltp}")
        session, clocks = self._sessions.get(exchange, Session()), self._clocks()
        text, todo = "no price of today", ""
        level: Level = "error"
        if clocks.disagree(session):
            text = f"{text}, and {exchange} is {clocks.words(session)}: {clocks.distance}"
            todo = "put the clocks right first, then look again"
        elif session.is_open(clocks.ours_ns):
            todo = "the second source of prices is missing: look at the broker"
        else:
            level, text = "ok", f"{text}, and {exchange} is closed"
        return _found(f"quote {name}", level, text, todo)

    async def _websocket(self) -> Iterator[Finding]:
        if isinstance(self._feed, ChannelProof):
            return of_daemon(self._feed, self._client.clock.now_ns())
        return of_probe(self._feed, await probed(self._feed, self._client.key))

    async def _others(self, mine: set[str]) -> AsyncIterator[Finding]:
        """Yield who else may sell what is held or guarded."""
        reports = await self._reader.order_book()
        reply = await self._client.ask("gttorderbook", {}, urgent=False)
        if reports is None:
            text = "the order book cannot be read: what others have waiting is not known"
            yield _found("other guards", "error", text, f"look at OpenAlgo's log; {LOGIN}")
            return
        waiting = [one for one in reports if not one.state.is_final]
        theirs = [one for one in waiting if one.key.instrument in mine]
        for one in theirs[:SHOWN_MAX]:
            is_gtt = one.order_id.startswith(PREFIX)
            text = f"{'' if is_gtt else 'order '}{one.order_id} waits: {one.side}"
            todo = "cancel it, or set exit.resting_orders: an exit beside it may cross zero"
            left = f"{text} {plain(one.quantity - one.filled)}"
            yield _found(f"other guard {one.key.instrument}", "warning", left, todo)
        others = len(waiting) - len(theirs)
        text = f"orders that wait: {len(theirs)} on what is held or guarded, {others} on the rest"
        is_told = isinstance(reply, Answer) and gtts.gtt_rows(reply) is not None
        more = "" if is_told else "; GTTs are not told here, look at the broker's own page"
        yield _found("other guards", "ok", f"{text}{more}")

    async def _limits(self) -> Finding:
        limits = self._client.limits
        text = f"we ask {limits.reads_per_s} times a second each, orders {limits.orders_per_s}"
        if self._client.limited:
            todo = "another program shares the limit of this address, or .env has it lower"
            return _found("rate limits", "warning", f"{text}; it was too often just now", todo)
        return _found("rate limits", "ok", f"{text}; the broker's own limits do not show")


def _permission(held: Iterable[Place]) -> Finding:
    if any(product == DELIVERY for _exchange, _symbol, product in held):
        text = "shares for delivery are held; that they may be sold does not show before the sale"
        todo = "authorise the sale of the day (e-DIS, TPIN) or give a power of attorney"
        return _found("selling permission", "warning", text, todo)
    return _found("selling permission", "ok", "nothing for delivery is held that would need one")


def _found(what: str, level: Level, text: str, todo: str = "") -> Finding:
    return Finding(what=what, level=level, text=text, todo=todo)


async def all_of(checkup: Checkup, names: Iterable[str], *, within_s: float) -> list[Finding]:
    """Return the findings in the order of the looks, as many as there is time for."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(within_s):
            async for finding in checkup.findings(names):
                found.append(finding)  # noqa: PERF401 - what there is counts if time is up
    except TimeoutError:
        text = f"not finished within {within_s:g} s: the server hardly answers"
        found.append(_found("checkup", "error", text, "look at OpenAlgo's log and its machine"))
    return found
