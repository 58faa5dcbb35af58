"""How far a websocket lets us: its connection, our key, the wish to hear of orders, a ping."""

import asyncio
import enum
import time

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from tradebot.brokers.openalgo.calls.met import met
from tradebot.brokers.openalgo.stream.sockets import Straight
from tradebot.brokers.openalgo.wire import frames, values
from tradebot.core.secret import Secret


class Asked(enum.StrEnum):
    """What is asked for, one after the other."""

    CONNECTION = "a connection"
    KEY = "authenticate"
    ORDERS = "subscribe_orders"
    PING = "ping"


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long an answer may take."""

    connect_s: float = 5.0
    welcome_s: float = 20.0  # [W] the broker's connection is made inside it
    answer_s: float = 5.0


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """How far it came."""

    asked: Asked  # last
    why: str = ""  # what came instead of its answer; empty: all was answered
    broker: str = ""  # as the welcome names it
    ack: str = ""  # the status in the answer to the wish; empty: the pong came, and no answer
    pong_ms: int | None = None


async def probed(url: str, key: Secret, *, patience: Patience = Patience()) -> Probe:  # noqa: B008 - a frozen value
    """Make one short connection beside those of others, ask, and leave.

    Only for when no daemon is connected: to authenticate makes the proxy talk to the broker,
    and everybody else waits meanwhile [W]. Whoever leaves last takes the broker's connection
    along [W]: with a daemon connected that is never us.
    """
    steps = _Steps(key, patience)
    try:
        async with asyncio.timeout(patience.connect_s):
            socket = await Straight(url, compression=None, proxy=None, close_timeout=1.0)
        try:
            await steps.take(socket)
        finally:
            await socket.close()
    except TimeoutError:
        steps.ended(f"no answer within {steps.within_s:g} s")
    except (OSError, WebSocketException) as error:
        steps.ended(_what_came(error))
    return steps.probe


class _Steps:
    """The questions, and how far they came."""

    def __init__(self, key: Secret, patience: Patience) -> None:
        self.probe = Probe(asked=Asked.CONNECTION)
        self.within_s = patience.connect_s
        self._key = key
        self._patience = patience

    def ended(self, why: str) -> None:
        """Note what came instead of an answer."""
        self._note(why=values.tidy(self._key.cleaned(why)))

    async def take(self, socket: ClientConnection) -> None:
        """Ask one thing after the other, until something else than an answer comes."""
        self.within_s = self._patience.welcome_s
        self._note(asked=Asked.KEY)
        async with asyncio.timeout(self.within_s):
            await socket.send(frames.authenticate(self._key.reveal()), text=True)
            if not await self._is_let_in(socket):
                return
        self.within_s = self._patience.answer_s
        self._note(asked=Asked.ORDERS)
        async with asyncio.timeout(self.within_s):
            sent_s = time.monotonic()
            await socket.send(frames.subscribe_orders(), text=True)
            # The proxy answers one client in order: no pong comes before the answer to the wish.
            await socket.send(frames.ping(), text=True)
            while self.probe.pong_ms is None and not self.probe.why:
                self._heard(await _next(socket), sent_s)

    async def _is_let_in(self, socket: ClientConnection) -> bool:
        while True:
            frame = await _next(socket)
            if frame.is_error:
                self.ended(f"{frame.code} {frame.message or ''}")
                return False
            if frame.is_welcome:
                self._note(broker=values.tidy(frame.broker or ""))
                return True

    def _heard(self, frame: frames.Frame, sent_s: float) -> None:
        if frame.is_order_ack:
            self._note(asked=Asked.PING, ack=values.tidy(frame.status or ""))
        elif frame.is_pong:
            self._note(asked=Asked.PING, pong_ms=int((time.monotonic() - sent_s) * 1000))
        elif frame.is_error:
            self.ended(f"{frame.code} {frame.message or ''}")

    def _note(self, **changes: object) -> None:
        self.probe = msgspec.structs.replace(self.probe, **changes)


async def _next(socket: ClientConnection) -> frames.Frame:
    """Return the next frame that can be read."""
    while True:
        frame = frames.frame_of(await socket.recv(decode=False))
        if frame is not None:
            return frame


def _what_came(error: OSError | WebSocketException) -> str:
    """Return what a connection met, in words that a person can look for."""
    match error:
        case InvalidStatus():
            return f"HTTP {error.response.status_code}, and no websocket"
        case InvalidHandshake():
            return f"no websocket: {error}"
        case _:
            return met(error)
