"""Our positions beside the broker's, when somebody asks."""

import asyncio
from decimal import Decimal
from typing import NamedTuple

from tradebot.core.events import BookDiffers
from tradebot.core.inputs import Input, PositionsReply, Reconcile, Tick
from tradebot.core.market.instruments import NetKey
from tradebot.core.words.fields import Json
from tradebot.ports import Clock, Say
from tradebot.services.loop import EngineLoop, Outputs
from tradebot.services.trade_json import number

ANSWERS_S_MAX = 5.0  # a broker that takes longer has not answered, for now


class Told(NamedTuple):
    """What the broker said of one position, and what we said just then."""

    broker: Decimal | None  # None: the read failed
    ours: Decimal
    guarded: Decimal  # what the open trades add up to, signed


class Comparison:
    """Hears the broker's nets on their way to the engine; everything else just passes."""

    def __init__(
        self, loop: EngineLoop, *, clock: Clock, say: Say, within_s: float = ANSWERS_S_MAX
    ) -> None:
        """Take the engine; ``within_s`` is how long the broker has for its answers."""
        self._loop = loop
        self._clock = clock
        self._say = say
        self._within_s = within_s
        self._told: dict[NetKey, Told] = {}
        self._asking = 0
        self._heard = asyncio.Event()

    def tick(self, tick: Tick) -> None:
        """Pass a tick on."""
        self._loop.tick(tick)

    def put(self, item: Input) -> None:
        """Pass an input on, and note a net once the engine has taken it."""
        if isinstance(item, PositionsReply) and self._asking:
            answer = self._loop.command(item)
            answer.add_done_callback(lambda done: self._note(item, done))
        else:
            self._loop.put(item)

    async def room(self) -> None:
        """Wait until a source faster than real time may go on."""
        await self._loop.room()

    async def compare(self) -> Json:
        """Return each position with open trades: ours, the broker's, and what is guarded.

        A broker that says something else is believed when a second read agrees with the
        first; until then nothing is sent there.
        """
        if not self._asking:
            self._told.clear()
        self._asking += 1
        try:
            await self._loop.command(Reconcile(self._clock.now_ns()))
            keys = list(dict.fromkeys(key for key, _ in self._loop.engine.book.open_on))
            await self._answers(keys)
        finally:
            self._asking -= 1
        rows = [self._row(key, self._told.get(key)) for key in keys]
        for row in rows:
            if row["result"] == "differs":
                said = {name: value for name, value in row.items() if name != "result"}
                self._say("reconcile.differs", "warning", **said)
        return {"agreed": all(row["result"] == "agreed" for row in rows), "positions": rows}

    async def _answers(self, keys: list[NetKey]) -> None:
        """Wait for an answer about each of these, as long as may be."""
        try:
            async with asyncio.timeout(self._within_s):
                while any(key not in self._told for key in keys):
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            return

    def _note(self, reply: PositionsReply, done: asyncio.Future[Outputs]) -> None:
        if done.cancelled():
            return  # the engine is gone
        book = self._loop.engine.book
        replaced = (o.ours for o in done.result() if isinstance(o, BookDiffers))
        ours = next(replaced, book.net(reply.key))
        self._told[reply.key] = Told(reply.net, ours, book.guarded_net(reply.key))
        self._heard.set()

    def _row(self, key: NetKey, told: Told | None) -> Json:
        book = self._loop.engine.book
        if told is None:
            told = Told(None, book.net(key), book.guarded_net(key))
        if told.broker is None:
            result = "not answered"
        else:
            result = "agreed" if told.broker == told.ours else "differs"
        return {
            "account": key.account,
            "exchange": key.exchange,
            "symbol": key.symbol,
            "product": key.product,
            "ours": number(told.ours),
            "broker": number(told.broker),
            "guarded": number(told.guarded),
            "result": result,
        }
