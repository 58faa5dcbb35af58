"""The HTTP side: one request at a time to where it goes, and what came of it as a value."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
import msgspec

from tradebot.brokers.openalgo.calls.budget import Budget
from tradebot.brokers.openalgo.calls.lockout import Lockout
from tradebot.brokers.openalgo.calls.met import met
from tradebot.brokers.openalgo.calls.shared import Shared
from tradebot.brokers.openalgo.calls.skew import Skew
from tradebot.brokers.openalgo.calls.turns import AT_ONCE, Rank, Turns
from tradebot.brokers.openalgo.wire.answers import TOO_MANY, Answer, answer_of
from tradebot.brokers.openalgo.wire.requests import Body
from tradebot.core.secret import Secret
from tradebot.ports import Clock, Say

ANSWER_BYTES_MAX = 16 * 1024 * 1024
READS_AT_ONCE = 16  # more than quotes ever take: a book that an exit needs never waits for one

_ORDER_ROUTES = frozenset({"placeorder", "cancelorder", "cancelgttorder"})
_BOOK_ROUTES = frozenset(
    {"orderbook", "tradebook", "positionbook", "orderstatus", "holdings", "funds"}
)
# All that a client may be given to read with: no request to one of these changes anything.
READ_ROUTES = _BOOK_ROUTES | {
    *("gttorderbook", "ping", "analyzer", "quotes", "multiquotes", "symbol", "search"),
    *("market/timings", "market/holidays"),
}
ROUTES = READ_ROUTES | _ORDER_ROUTES
# [W] A success of one of these is of auto mode: semi-auto queues the first, and forbids the other.
_AUTO_ROUTES = frozenset({"placeorder", "cancelorder"})
# [W] In analyzer mode each of these says so, and in live mode none of them says anything.
_MODE_ROUTES = _ORDER_ROUTES | _BOOK_ROUTES


class Withheld(msgspec.Struct, frozen=True):
    """No byte of the request could act: nobody has it."""

    message: str


class Silent(msgspec.Struct, frozen=True):
    """It left, and no answer came: whether it acted is not known."""

    message: str


Reply = Answer | Withheld | Silent


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long things may take, and how many there may be."""

    connect_s: float = 3.0
    order_s: float = 12.0  # an order whose answer takes longer is in doubt
    read_s: float = 8.0
    budget_s: float = 10.0  # how long a request waits for its turn
    again_s: float = 1.0  # before a read that failed is tried again at once
    # [W] ORDER 10/s; API 50/s, but 10/s where the variable is not set. The broker behind
    # has limits of its own, of the same size.
    orders_per_s: int = 10
    reads_per_s: int = 10  # of each route


class Client:
    """Sends requests within the budget, with the key, and never logs it.

    An order goes over a connection of its own. One that was kept open may have been closed
    by the server in the moment in which we write to it: the order's fate would be unknown,
    and an exit would wait two minutes, to save the making of a connection.
    """

    def __init__(
        self,
        rest: str,
        key: Secret,
        *,
        clock: Clock,
        say: Say,
        limits: Limits = Limits(),  # noqa: B008 - a frozen value
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        routes: frozenset[str] = ROUTES,
    ) -> None:
        """Name the server; ``open`` makes it usable.

        Args:
            rest: the address of its HTTP side.
            key: the key to it.
            clock: the time of day.
            say: the log.
            limits: how long things may take, and how many there may be.
            sleep: passes the time until a request may leave.
            routes: all that may be asked; no byte leaves for any other. With ``READ_ROUTES``
                nothing can be ordered.
        """
        self.rest = rest.rstrip("/")
        self.key = key
        self.clock = clock
        self.say = say
        self.lockout = Lockout()
        self.skew = Skew()
        self.limited = 0  # answers that said: too often
        self.is_live: bool | None = None  # None: not known yet; False: analyzer mode
        self.is_semi_auto = False  # as far as the answers to our orders have shown
        self.limits = limits
        self._sleep = sleep
        self._routes = routes
        self._turns: dict[str, Turns] = {}
        self._orders: aiohttp.ClientSession | None = None
        self._reads: aiohttp.ClientSession | None = None
        self._knock = Shared(self._knocked, given_up=None)

    async def open(self) -> None:
        """Make the sessions; nothing is sent."""
        if self._routes & _ORDER_ROUTES:
            self._orders = _session(aiohttp.TCPConnector(force_close=True), self.limits)
        self._reads = _session(
            aiohttp.TCPConnector(limit=READS_AT_ONCE, keepalive_timeout=2), self.limits
        )

    async def close(self) -> None:
        """End what is under way: it is answered as ``Silent``."""
        sessions, self._orders, self._reads = (self._orders, self._reads), None, None
        for session in sessions:
            if session is not None:
                await session.close()

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent at all."""
        return self._reads is not None

    async def ask(
        self, route: str, body: Body, *, urgent: bool = True, rank: Rank = AT_ONCE
    ) -> Reply:
        """Send a request; ``urgent`` is what an exit waits for, the lowest ``rank`` first."""
        if self.lockout.is_closed and not await self._may_pass():
            return Withheld(f"OpenAlgo does not take our key: {self.lockout.why}")
        wait_s = await self._turn(route, urgent=urgent, rank=rank)
        if wait_s is not None:
            return Withheld(f"{route} has to wait {wait_s:.1f} s for its turn")
        return self._noted(route, await self._sent(route, body))

    async def pause(self) -> None:
        """Pass the time before a read that failed is tried again."""
        await self._sleep(self.limits.again_s)

    async def check(self) -> Reply:
        """Ask whether key and session are good: it asks the server, never the broker."""
        return self._noted("ping", await self._sent("ping", {}))

    async def check_mode(self) -> bool:
        """Whether orders are real; what cannot be asked is not."""
        reply = await self.ask("analyzer", {})
        if not isinstance(reply, Answer) or not reply.is_success or reply.body is None:
            return False
        mode = _mode_of(reply)
        if mode is not None:
            self._set_live(is_live=mode == "live")
        return self.is_live is True

    async def _may_pass(self) -> bool:
        """Knock if it is time to; whether the key is taken now."""
        if self.lockout.may_knock(self.clock.now_ns()):
            await self._knock()
        return not self.lockout.is_closed

    async def _knocked(self) -> None:
        if not self.lockout.is_closed or not self.lockout.may_knock(self.clock.now_ns()):
            return
        self.lockout.knocks(self.clock.now_ns())
        reply = await self.check()
        if isinstance(reply, Answer) and reply.is_success and self.lockout.open():
            self.is_live = None  # whoever logged in may have changed it
            self.say("openalgo.unlocked", "warning")

    async def _turn(self, route: str, *, urgent: bool, rank: Rank) -> float | None:
        """Wait for the budget; None: now. Else the time that is too long to wait."""
        kind = "orders" if route in _ORDER_ROUTES else route
        turns = self._turns.get(kind)
        if turns is None:
            limits = self.limits
            most = limits.orders_per_s if kind == "orders" else limits.reads_per_s
            turns = self._turns[kind] = Turns(Budget(most), sleep=self._sleep)
        return await turns.take(urgent=urgent, rank=rank, within_s=self.limits.budget_s)

    async def _sent(self, route: str, body: Body) -> Reply:
        if route not in self._routes:
            return Withheld(f"this client never asks for {route}")
        is_order = route in _ORDER_ROUTES
        session = self._orders if is_order else self._reads
        if session is None:
            return Withheld("the connection to OpenAlgo is closed")
        limits = self.limits
        total_s = limits.order_s if is_order else limits.read_s
        sent_ns, sent_s = self.clock.now_ns(), time.monotonic()
        try:
            async with session.post(
                f"{self.rest}/api/v1/{route}",
                data=msgspec.json.encode({"apikey": self.key.reveal(), **body}),
                timeout=aiohttp.ClientTimeout(total=total_s, sock_connect=limits.connect_s),
                allow_redirects=False,
            ) as response:
                took_ns = int((time.monotonic() - sent_s) * 1e9)
                self.skew.heard(response.headers.get("Date", ""), sent_ns, took_ns)
                raw = await _whole(response)
                self._heed(route, response.status, response.headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Withheld(f"no connection to {self.rest}: {self.key.cleaned(met(error))}")
        except TimeoutError:
            return Silent(f"no answer to {route}: nothing came within {total_s:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Silent(f"no answer to {route}: {self.key.cleaned(met(error))}")
        answer = answer_of(response.status, raw)
        return msgspec.structs.replace(answer, message=self.key.cleaned(answer.message))

    def _heed(self, route: str, http: int, headers: Mapping[str, str]) -> None:
        """Slow down after a 429."""
        if http != TOO_MANY:
            return
        self.limited += 1
        text = headers.get("Retry-After", "")
        kind = "orders" if route in _ORDER_ROUTES else route
        if kind in self._turns:
            wait_s = float(text) if text.isdecimal() and len(text) < len("86400") else None
            self._turns[kind].budget.refused(asyncio.get_running_loop().time(), wait_s)
        self.say("openalgo.limited", "warning", route=route, retry_after=text or None)

    def _noted(self, route: str, reply: Reply) -> Reply:
        """Remember what an answer says of the session and of the mode."""
        if not isinstance(reply, Answer):
            return reply
        if reply.is_locked_out:
            if self.lockout.close(reply.message or "HTTP 403", self.clock.now_ns()):
                self.say("openalgo.locked_out", "critical", why=self.lockout.why)
            return reply
        if reply.is_success:
            self.lockout.taken()
        if reply.is_analyzed:
            self._set_live(is_live=False)
        elif reply.shows_semi_auto:
            self._set_semi_auto(is_semi_auto=True)
        elif reply.is_success and route in _MODE_ROUTES and reply.body and not reply.body.mode:
            self._set_live(is_live=True)
            if route in _AUTO_ROUTES:
                self._set_semi_auto(is_semi_auto=False)
        return reply

    def _set_live(self, *, is_live: bool) -> None:
        if self.is_live is not is_live and not is_live:
            self.say("openalgo.analyzer_mode", "critical", why="orders would be simulated")
        elif self.is_live is False and is_live:
            self.say("openalgo.live_mode", "warning")
        self.is_live = is_live

    def _set_semi_auto(self, *, is_semi_auto: bool) -> None:
        if is_semi_auto and not self.is_semi_auto:
            self.say("openalgo.semi_auto", "critical", why="orders wait for approval")
        elif self.is_semi_auto and not is_semi_auto:
            self.say("openalgo.auto", "warning")
        self.is_semi_auto = is_semi_auto


def _session(connector: aiohttp.BaseConnector, limits: Limits) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=limits.order_s),
        # [W] without it the server answers 500
        headers={"Content-Type": "application/json"},
    )


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """Read a body, but no more than a book of any account can have."""
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            raise aiohttp.ClientPayloadError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _mode_of(answer: Answer) -> str | None:
    """Return the mode that ``analyzer`` tells: ``live`` or ``analyze``."""
    assert answer.body is not None, "an answer that succeeded"
    try:
        mode = msgspec.json.decode(answer.body.data, type=dict[str, object]).get("mode")
    except ValueError:
        return None
    return mode if isinstance(mode, str) else None
