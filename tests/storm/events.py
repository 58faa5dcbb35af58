"""What befalls the whole feed, server or daemon in a storm, and how soon it is mended.

While an event is looked at the small faults rest, and from its end on quotes fail: what the
daemon hears of a price then, it heard by a tick.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from tests.openalgo.faults import Fault
from tests.openalgo.record import Request

if TYPE_CHECKING:
    from tests.storm.run import Storm

VERIFIED_S = 3.0
WHOLE = 0.99  # of the symbols
HEAL_S = 60.0  # an event that takes longer is told as not mended
LOOK_S = 0.1


class Mended(msgspec.Struct, kw_only=True):
    """One event, in seconds; None: not looked for, or it did not come."""

    event: str
    polled_s: float | None = None  # from the loss: every symbol was asked for by quotes
    first_s: float | None = None  # from the return: the first tick
    verified: float | None = None  # share of the symbols with a tick 3 s after it
    healed_s: float | None = None  # from the return: 99 % of the symbols have ticked
    missed: int = 0  # trades whose silence was not noticed
    ready_s: float | None = None


class Events:
    """Every event by its name."""

    def __init__(self, storm: "Storm") -> None:
        self._storm = storm
        self._server = storm.server
        self.names: dict[str, Callable[[], Awaitable[Mended]]] = {
            "muted": self.muted,
            "blackout": self.blackout,
            "relogin": self.relogin,
            "drop": self.drop,
            "proxy down": self.proxy_down,
            "server down": self.server_down,
            "freeze": self.freeze,
            "killed": self.killed,
            "logged out": self.logged_out,
        }

    async def muted(self) -> Mended:
        """No tick comes, pings are healthy: quotes take over."""
        mended = Mended(event="muted")
        with self._server.faults.during(Fault.TICKS_MUTED):
            mended.polled_s = await self._polled(self._now_s())
        await self._returned(mended)
        return mended

    async def blackout(self) -> Mended:
        """No price comes from anywhere: every symbol has to be called blind."""
        mended = Mended(event="blackout")
        async with self._without_quotes():
            with self._server.faults.during(Fault.TICKS_MUTED):
                await asyncio.sleep(4.0)
                trades = await self._storm.active()
        mended.missed = sum("blind" not in trade["flags"] for trade in trades)
        await self._returned(mended)
        return mended

    async def relogin(self) -> Mended:
        """The session at the broker is a new one: the socket stands, and is deaf."""
        mended = Mended(event="relogin")
        began_s = self._now_s()
        self._server.proxy.relogin()
        mended.healed_s = await self._healed(began_s)
        return mended

    async def drop(self) -> Mended:
        mended = Mended(event="drop")
        self._server.proxy.drop()
        await self._returned(mended)
        return mended

    async def proxy_down(self) -> Mended:
        """The websocket's process dies; quotes take over."""
        mended = Mended(event="proxy down")
        began_s = self._now_s()
        await self._server.stop_feed()
        mended.polled_s = await self._polled(began_s)
        await asyncio.sleep(self._storm.rng.uniform(0.0, 8.0))
        await self._server.start_feed()
        await self._returned(mended)
        return mended

    async def server_down(self) -> Mended:
        mended = Mended(event="server down")
        await self._server.stop()
        await asyncio.sleep(self._storm.rng.uniform(1.0, 8.0))
        await self._server.start()
        await self._returned(mended)
        return mended

    async def freeze(self) -> Mended:
        """The connection stands open and says nothing any more, not even a pong."""
        mended = Mended(event="freeze")
        began_s = self._now_s()
        self._server.proxy.freeze()
        mended.polled_s = await self._polled(began_s)
        mended.healed_s = await self._healed(began_s)
        return mended

    async def killed(self) -> Mended:
        """SIGKILL, and another life on the same files."""
        mended = Mended(event="killed")
        began_s = time.monotonic()
        await self._storm.killed()
        mended.ready_s = time.monotonic() - began_s
        await self._returned(mended)
        return mended

    async def logged_out(self) -> Mended:
        """The session ends for a while, as every night; nobody restarts us."""
        mended = Mended(event="logged out")
        self._server.log_out()
        await asyncio.sleep(6.0)
        self._server.log_in()
        mended.healed_s = await self._healed(self._now_s())
        return mended

    async def _polled(self, began_s: float) -> float | None:
        """Wait until every symbol was asked for since; return how long that took, from then."""
        began = self._broker_s() - (self._now_s() - began_s) / self._storm.scale
        while self._now_s() - began_s < HEAL_S:
            asked = {
                f"{row['exchange']}:{row['symbol']}"
                for request in reversed(self._server.record.asked("multiquotes"))
                if request.at_s >= began
                for row in _symbols(request)
            }
            if self._storm.market.watched <= asked:
                return round(self._now_s() - began_s, 2)
            await asyncio.sleep(LOOK_S)
        return None

    async def _returned(self, mended: Mended) -> None:
        """Look how soon ticks come again, with quotes that all fail."""
        began_s = self._now_s()
        async with self._without_quotes():
            while self._now_s() - began_s < HEAL_S:
                share = await self._share(began_s)
                age_s = round(self._now_s() - began_s, 2)
                if share and mended.first_s is None:
                    mended.first_s = age_s
                if share >= WHOLE and mended.healed_s is None:
                    mended.healed_s = age_s
                if age_s >= VERIFIED_S and mended.verified is None:
                    mended.verified = round(share, 3)
                if mended.healed_s is not None and mended.verified is not None:
                    return
                await asyncio.sleep(LOOK_S)

    async def _healed(self, began_s: float) -> float | None:
        """Wait until the symbols are served again; return how long that took from then."""
        while self._now_s() - began_s < HEAL_S:
            watched = self._storm.market.watched
            served = sum(map(self._server.proxy.serves, watched))
            if served >= WHOLE * len(watched):
                return round(self._now_s() - began_s, 2)
            await asyncio.sleep(LOOK_S)
        return None

    async def _share(self, began_s: float) -> float:
        """Return the share of the watched symbols with a price that came since."""
        since_ms = (self._now_s() - began_s) * 1000
        trades = await self._storm.active()
        watched = self._storm.market.watched
        ages = {f"{t['exchange']}:{t['symbol']}": t["ltp_age_ms"] for t in trades}
        ages = {name: age for name, age in ages.items() if name in watched}
        fresh = sum(age is not None and age <= since_ms for age in ages.values())
        return float(fresh / max(1, len(ages)))

    @asynccontextmanager
    async def _without_quotes(self) -> AsyncIterator[None]:
        faults = self._server.faults
        with (
            faults.during(Fault.ERROR, endpoint="multiquotes"),
            faults.during(Fault.ERROR, endpoint="quotes"),
        ):
            yield

    def _now_s(self) -> float:
        return time.monotonic()

    def _broker_s(self) -> float:
        return self._server.account.time.now_s()


def _symbols(request: Request) -> list[dict[str, str]]:
    symbols = request.body.get("symbols", [])
    assert isinstance(symbols, list)
    return symbols
