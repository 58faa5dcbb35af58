"""A connection that is dead without a word is found out, and another one takes its place.

Silence alone says nothing: a market may be quiet, and a proxy that makes its broker log in
answers nobody for seconds [W]. What shows that a connection is dead is that the same proxy
answers on another one, and still not there.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from tradebot.brokers.openalgo.stream.connection import Line, Pace, dialled
from tradebot.brokers.openalgo.wire import frames
from tradebot.core.secret import Secret

WHY = "it does not answer, and another connection is answered"


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a connection by who reads it, and done for him."""

    missed: Callable[[], bool]  # whether anything should be heard now
    leave: Callable[[str], None]  # ends it, for this reason; then ``taken`` is asked
    pause: Callable[[int, bool], Awaitable[None]]  # after failures, and where our key was shown


class Ready(msgspec.Struct, frozen=True):
    """A connection that was let in, and the word that said so."""

    socket: ClientConnection
    welcome: frames.Frame


class StandBy:
    """Watches the line, and has another connection ready when it is to be left.

    The dead one is left when the other one is let in: with its last client the proxy leaves
    the broker, and a login there would have to be waited for [W]. Until then all that it may
    still bring is read.
    """

    def __init__(self, url: str, key: Secret, line: Line, pace: Pace, beside: Beside) -> None:
        """Watch a line to the websocket of this address, as long as the pace says."""
        self._url = url
        self._key = key
        self._line = line
        self._pace = pace
        self._beside = beside
        self._ready: Ready | None = None

    @property
    def is_ready(self) -> bool:
        """Whether another connection waits to be taken."""
        return self._ready is not None

    def taken(self) -> Ready | None:
        """Return the connection that is ready and let in; it is the caller's now."""
        ready, self._ready = self._ready, None
        return ready

    async def run(self) -> None:
        """Watch for ever."""
        failures = 0
        try:
            while True:
                await asyncio.sleep(self._pace.look_s)
                if not self._is_quiet():
                    continue
                silence = await self._silence()
                if silence is None or not silence.lasts():
                    failures = 0
                    continue
                was_asked = await self._try(silence)
                await self._beside.pause(failures, was_asked)
                failures += was_asked
        finally:
            if self._ready is not None:
                self._ready.socket.transport.abort()

    def _is_quiet(self) -> bool:
        quiet_s = asyncio.get_running_loop().time() - self._line.heard_s
        is_there = self._line.socket is not None and self._ready is None
        return is_there and quiet_s >= self._pace.quiet_s and self._beside.missed()

    async def _silence(self) -> "_Silence | None":
        """Ping, and give it time to answer; None: it could not even be sent.

        A pong says that somebody is there, and nothing of what becomes of our wishes: those
        who are busy with one answer it too.
        """
        line, pace = self._line, self._pace
        socket, heard_s = line.socket, line.heard_s
        assert socket is not None, "there is a connection that is quiet"
        try:
            async with asyncio.timeout(pace.answer_s):
                pong = await socket.ping()
        except WebSocketException:
            return None  # its reader tells why it ended
        except TimeoutError:
            pong = None  # what nobody takes has filled it
        silence = _Silence(line, socket, heard_s, pong)
        await asyncio.sleep(pace.answer_s)
        if not silence.lasts() and line.socket is socket:
            line.heard_s = max(line.heard_s, asyncio.get_running_loop().time())
        return silence

    async def _try(self, silence: "_Silence") -> bool:
        """Try whether somebody else is answered; return whether the key was shown there."""
        was_asked = False
        with contextlib.suppress(OSError, TimeoutError, WebSocketException):
            # Over a network that lost everything for a while, a new try is through the soonest.
            socket = await dialled(self._url, self._pace, within_s=self._pace.beside_s)
            try:
                # Held up as a whole, the proxy has both to answer at once: wait for the first.
                await asyncio.sleep(self._pace.look_s)
                if was_asked := silence.lasts():
                    async with asyncio.timeout(self._pace.welcome_s):
                        frame = await _answer(socket, self._key)
                    if frame.is_welcome and silence.lasts():
                        self._ready = Ready(socket, frame)
                        self._beside.leave(WHY)
            finally:
                if self._ready is None:
                    socket.transport.abort()
        return was_asked


class _Silence:
    """That nothing has come on a line since, and no answer to a ping."""

    def __init__(
        self, line: Line, socket: ClientConnection, heard_s: float, pong: Awaitable[float] | None
    ) -> None:
        self._line = line
        self._socket = socket
        self._heard_s = heard_s
        self._pong = pong

    def lasts(self) -> bool:
        """Whether it is the same connection, and nothing has come yet."""
        is_same = self._line.socket is self._socket and self._line.heard_s == self._heard_s
        return is_same and not (isinstance(self._pong, asyncio.Future) and self._pong.done())


async def _answer(socket: ClientConnection, key: Secret) -> frames.Frame:
    """Show the key; return the frame that lets us in, or does not."""
    await socket.send(frames.authenticate(key.reveal()), text=True)
    while True:
        frame = frames.frame_of(await socket.recv(decode=False))
        if frame is not None and (frame.is_welcome or frame.is_error):
            return frame
