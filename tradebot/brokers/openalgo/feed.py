"""OpenAlgo's ticks over its websocket, and quotes where ticks are missing."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from tradebot.brokers.openalgo.books.descriptions import Descriptions
from tradebot.brokers.openalgo.calls.client import Client
from tradebot.brokers.openalgo.stream.channel_proof import ChannelProof
from tradebot.brokers.openalgo.stream.connection import Line, Pace, dialled
from tradebot.brokers.openalgo.stream.polling import Polling
from tradebot.brokers.openalgo.stream.stand_by import Beside, StandBy
from tradebot.brokers.openalgo.stream.tick_times import TickTimes
from tradebot.brokers.openalgo.stream.watch import Heard, Patience, Step, Watch
from tradebot.brokers.openalgo.stream.wish import Wish
from tradebot.brokers.openalgo.wire import frames, prices, values
from tradebot.core.backoff import pause_s
from tradebot.core.inputs import Execution, FeedState, OrderChannel, Tick
from tradebot.errors import BrokerError
from tradebot.ports import Inbox, Quote


class OpenAlgoFeed:
    """Keeps a connection, and says when it cannot be trusted.

    A subscription counts as good when a tick came of it; its acknowledgement only says that
    the request was handed on [I #1458].
    """

    def __init__(
        self,
        url: str,
        client: Client,
        *,
        is_open: Callable[[str, int], bool],
        news: Callable[[], Awaitable[Sequence[Execution]]],
        proof: ChannelProof,
        resume_after: int = 0,
        patience: Patience = Patience(),  # noqa: B008 - a frozen value
        pace: Pace = Pace(),  # noqa: B008 - as above
        random: Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Name the server.

        Args:
            url: of the websocket.
            client: for quotes and descriptions.
            is_open: whether an instrument trades at a time.
            news: reads what executed, when there is word of an order.
            proof: whether such word can be relied on.
            resume_after: the count of the last tick that an earlier life has heard.
            patience: with silent instruments.
            pace: of the connection.
            random: draws the pauses between connections.
            sleep: passes such a pause.
        """
        self._url = url
        self._client = client
        self._clock = client.clock
        self._say = client.say
        self._watch = Watch(patience, is_open)
        self._descriptions = Descriptions(client)
        self._news = news
        self._proof = proof
        self._is_told = False  # the engine was told that it can
        self._has_news = asyncio.Event()
        self._times = TickTimes()
        self._seq = resume_after
        self._pace = pace
        self._random = random
        self._sleep = sleep
        self._line = Line()
        beside = Beside(missed=self._is_missed, leave=self._end, pause=self._pause)
        self._stand_by = StandBy(url, client.key, self._line, pace, beside)
        self._is_welcome = False
        self._orders = Wish(pace.orders_s, pace.orders_s_max)
        self._welcome_due_s: float | None = None
        self._renewed_s = -pace.renew_s_min
        self._checked_s = -pace.check_s
        self._ended_why = ""  # why we end a connection ourselves
        self._failures = 0  # connections in a row that brought no tick
        self._was_reached = False  # in the last attempt to connect
        self._is_up: bool | None = None
        self._changed = asyncio.Event()
        self._added: dict[str, None] = {}
        self._removed: dict[str, None] = {}

    def subscribe(self, instrument: str) -> None:
        if self._watch.want(instrument, self._clock.now_ns()):
            self._descriptions.want(instrument)
            self._removed.pop(instrument, None)
            self._added[instrument] = None
            self._changed.set()

    def unsubscribe(self, instrument: str) -> None:
        if self._watch.drop(instrument):
            self._added.pop(instrument, None)
            self._removed[instrument] = None
            self._changed.set()

    async def run(self, inbox: Inbox) -> None:
        # If either ends with an error of ours, the daemon ends: it is no feed any more.
        # Each asks on its own: an answer that does not come must keep no other one waiting.
        await asyncio.gather(
            self._stay_connected(inbox),
            self._stand_by.run(),
            self._look_after(inbox),
            self._polling(inbox).run(),
            self._hear_news(inbox),
            self._ask_beside(inbox),
        )

    async def _stay_connected(self, inbox: Inbox) -> None:
        while True:
            while self._client.lockout.is_closed:
                await self._sleep(self._pace.look_s)
            why = await self._connection(inbox)
            self._is_welcome = False
            self._set_up(inbox, is_up=False, why=why)
            if not self._stand_by.is_ready:
                await self._pause(self._failures, self._was_reached)
                self._failures += self._was_reached

    async def _pause(self, failures: int, was_reached: bool) -> None:  # noqa: FBT001 - a callback
        pause = pause_s(failures, self._random.random(), was_reached=was_reached)
        await self._sleep(pause * self._pace.pause_share)

    async def _connection(self, inbox: Inbox) -> str:
        """Hold one connection to its end; return why it ended."""
        self._ended_why, self._was_reached = "", False
        line, now_s = self._line, asyncio.get_running_loop().time
        other = self._stand_by.taken()
        try:
            made = dialled(self._url, self._pace, within_s=self._pace.connect_s)
            async with other.socket if other else made as socket:
                line.socket, line.heard_s, self._was_reached = socket, now_s(), True
                if other:
                    self._welcomed(inbox, other.welcome)
                else:
                    await self._authenticate(socket)
                while True:
                    raw = await socket.recv(decode=False)
                    line.heard_s = now_s()
                    self._take(inbox, raw)
        except (OSError, TimeoutError, WebSocketException) as error:
            told = self._client.key.cleaned(f"{type(error).__name__}: {error}")
            return self._ended_why or f"the connection ended, {values.tidy(told)}"
        finally:
            line.socket = None
            self._proof.ended()
            self._say_proof(inbox)

    async def _authenticate(self, socket: ClientConnection) -> None:
        self._is_welcome = False
        self._welcome_due_s = asyncio.get_running_loop().time() + self._pace.welcome_s
        await socket.send(frames.authenticate(self._client.key.reveal()), text=True)

    def _take(self, inbox: Inbox, raw: bytes) -> None:
        """Take a frame; one that cannot be read is like none at all."""
        frame = frames.frame_of(raw)
        if frame is None:
            self._say("feed.unreadable", "warning", bytes=len(raw))
        elif frame.is_tick:
            self._take_tick(inbox, frame)
        elif frame.is_welcome:
            self._welcomed(inbox, frame)
        elif frame.is_order_news:
            self._proof.told(str(frame.orderid), frame.broker or "")
            self._say_proof(inbox)
            self._has_news.set()
        elif frame.is_order_ack:
            self._proof.ack = values.tidy(frame.status or "")
            if frame.status == "success":
                self._orders.granted()
        elif frame.is_error:
            self._take_error(frame)
        else:
            for name in frame.taken:
                self._watch.taken(name)
            for name, message in frame.refused:
                # It is asked for by quotes meanwhile.
                self._watch.refused(name, self._clock.now_ns())
                self._say("feed.refused", "warning", instrument=name, why=values.tidy(message))

    def _welcomed(self, inbox: Inbox, frame: frames.Frame) -> None:
        """Have all that is wanted subscribed: the proxy may have forgotten it [W]."""
        now_ns = self._clock.now_ns()
        self._is_welcome, self._welcome_due_s = True, None
        self._proof.welcomed(values.tidy(frame.broker or ""))
        self._client.lockout.hasten(now_ns)
        self._orders.begin()
        self._watch.subscribed(now_ns)
        self._added = dict.fromkeys(self._watch.names)
        for name in self._added:
            self._descriptions.want(name)
        self._changed.set()
        if not self._added:
            self._set_up(inbox, is_up=True)

    def _take_tick(self, inbox: Inbox, frame: frames.Frame) -> None:
        data = frame.data
        assert data is not None, "a tick has data"
        ltp = values.price(data.ltp)
        name = f"{frame.exchange}:{frame.symbol}"
        now_ns = self._clock.now_ns()
        if ltp is None or self._times.is_past(name, data.ltt, ltp, now_ns):
            return
        if data.high is not None and not prices.is_in_range(ltp, data.low, data.high):
            return
        heard = self._watch.ticked(name, ltp, now_ns)
        if heard is Heard.NOTHING:
            return
        if heard is Heard.DOUBTED:
            self._say("feed.doubted", "warning", instrument=name, ltp=ltp)
            return
        if heard is Heard.CONFIRMED and (doubted := self._watch.doubted(name)) is not None:
            self._seq += 1
            inbox.tick(Tick(name, doubted, now_ns, now_ns, None, None, self._seq))
        self._seq += 1
        bid, ask = values.price(data.bid), values.price(data.ask)
        inbox.tick(Tick(name, ltp, now_ns, now_ns, bid, ask, self._seq))
        if not self._is_up:
            self._failures = 0
            # Whom ticks come to is let in: a renewal that is still unanswered ends nothing now.
            self._is_welcome, self._welcome_due_s = True, None
            self._set_up(inbox, is_up=True)

    def _take_error(self, frame: frames.Frame) -> None:
        said = values.tidy(self._client.key.cleaned(f"{frame.code} {frame.message or ''}"))
        self._say("feed.error", "warning", why=said)
        if not self._is_welcome:
            self._end(f"not let in: {said}")
        elif frame.is_broker_gone:
            self._proof.ended()
            self._is_welcome = False  # renewed at the next look, but not all the time
            self._welcome_due_s = None
        else:
            self._watch.failed(self._clock.now_ns())

    async def _look_after(self, inbox: Inbox) -> None:
        """See to subscriptions and silence, for ever."""
        while True:
            await self._waited_for(self._changed)
            self._changed.clear()
            try:
                await self._look(inbox)
            except (OSError, TimeoutError, WebSocketException):
                continue  # the reader of the same socket tells why it ended

    async def _look(self, inbox: Inbox) -> None:
        socket, now_s = self._line.socket, asyncio.get_running_loop().time()
        if socket is not None:
            if self._welcome_due_s is not None and now_s >= self._welcome_due_s:
                self._end("no answer to our key")
            elif self._is_welcome:
                await self._tell_wishes(socket)
                await self._judge(inbox, socket)
            elif self._welcome_due_s is None:
                await self._renew(inbox, socket, "the proxy has lost its broker")

    def _polling(self, inbox: Inbox) -> Polling:
        """Return what asks for quotes of what has fallen silent."""

        def tell(name: str, quote: Quote, now_ns: int) -> None:
            self._seq += 1
            inbox.tick(Tick(name, quote.ltp, now_ns, now_ns, quote.bid, quote.ask, self._seq))

        pace = self._pace
        return Polling(self._client, self._watch, tell, look_s=pace.look_s, quote_s=pace.quote_s)

    async def _hear_news(self, inbox: Inbox) -> None:
        """Deliver what executed sooner than somebody would ask for it, for ever."""
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            try:
                executions = await self._news()
            except BrokerError:
                continue  # whoever asks for the order will hear of it
            for execution in executions:
                inbox.put(execution)
            self._say_proof(inbox)

    async def _ask_beside(self, inbox: Inbox) -> None:
        """Ask what instruments are, and whether orders are real, for ever."""
        while True:
            self._say_proof(inbox)
            if self._client.lockout.is_closed:
                await self._client.ask("ping", {}, urgent=False)  # it knocks when it is time to
            for description in await self._descriptions.fetched():
                inbox.put(description)
            now_s = asyncio.get_running_loop().time()
            if now_s - self._checked_s >= self._pace.check_s:
                self._checked_s = now_s
                # [W] The master contract is replaced after each login of the day.
                for name in self._watch.names:
                    self._descriptions.want(name)
                await self._client.check_mode()
            await asyncio.sleep(self._pace.look_s)

    async def _waited_for(self, event: asyncio.Event) -> None:
        """Wait until something happens, but no longer than until the next look is due."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pace.look_s):
                await event.wait()

    async def _tell_wishes(self, socket: ClientConnection) -> None:
        """Subscribe and unsubscribe what has changed."""
        added, self._added = self._added, {}
        removed, self._removed = self._removed, {}
        now_ns = self._clock.now_ns()
        added |= dict.fromkeys(self._watch.due(now_ns))
        if self._orders.is_due(asyncio.get_running_loop().time()):
            await socket.send(frames.subscribe_orders(), text=True)
        if removed:
            await socket.send(frames.unsubscribe(removed), text=True)
        if added:
            self._watch.wished(added, now_ns)
            await socket.send(frames.subscribe(added), text=True)

    async def _judge(self, inbox: Inbox, socket: ClientConnection) -> None:
        step, why = self._watch.judge(self._clock.now_ns())
        if step is Step.RENEW:
            if not await self._renew(inbox, socket, why):
                self._watch.put_off()
        elif step is Step.RECONNECT:
            self._failures = 0  # who let us in is not called too often: such steps are rare
            self._end(why)

    async def _renew(self, inbox: Inbox, socket: ClientConnection, why: str) -> bool:
        """Authenticate and subscribe again on the same socket; False: it is too soon to."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._renewed_s < self._pace.renew_s_min:
            return False
        self._renewed_s = now_s
        self._proof.ended()
        self._say_proof(inbox)
        self._set_up(inbox, is_up=False, why=why)
        await self._authenticate(socket)
        return True

    def _end(self, why: str) -> None:
        """End the connection; its reader comes back and tells why."""
        if self._line.socket is not None and not self._ended_why:
            self._ended_why = why
            self._line.socket.transport.abort()

    def _is_missed(self) -> bool:
        """Whether ticks could come now, and our key is taken."""
        is_open = self._watch.is_any_open(self._clock.now_ns())
        return is_open and not self._client.lockout.is_closed

    def _say_proof(self, inbox: Inbox) -> None:
        """Tell the engine when word of orders begins to be good, or to be none."""
        now_ns = self._clock.now_ns()
        if self._is_told is not self._proof.is_good(now_ns):
            self._is_told = not self._is_told
            inbox.put(OrderChannel(up=self._is_told, at_ns=now_ns))

    def _set_up(self, inbox: Inbox, *, is_up: bool, why: str = "") -> None:
        if self._is_up is not is_up:
            self._is_up = is_up
            inbox.put(FeedState(up=is_up, at_ns=self._clock.now_ns(), why=why))
