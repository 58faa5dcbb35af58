"""Words of the one chat, done by the services that the API uses, and written into the log."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from random import Random

from tradebot.core.backoff import pause_s
from tradebot.core.leaving.halt import Form
from tradebot.errors import AlertError, TradebotError
from tradebot.ports import Chat, Say
from tradebot.services.halts import Halts
from tradebot.services.trades import Trades

HEARD_S_MAX = 60.0
REPLY_S_MAX = 20.0
BETWEEN_S = 1.0
PAUSE_S_MAX = 900.0
WORDS_LENGTH_MAX = 200
_USAGE = {
    "status": "status",
    "exit": "exit TRADE",
    "halt": "halt entries, halt flatten",
}


class Spoken:
    """Listens to the chat, does what is allowed, and answers."""

    def __init__(
        self,
        chat: Chat,
        allowed: Collection[str],
        *,
        trades: Trades,
        halts: Halts,
        status: Callable[[], str],
        say: Say,
        random: Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the chat, and which of ``status``, ``exit`` and ``halt`` it may say."""
        self._chat = chat
        self._allowed = allowed
        self._trades = trades
        self._halts = halts
        self._status = status
        self._say = say
        self._random = random
        self._sleep = sleep
        self._failures = 0  # in a row

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            await self._sleep(await self._once())

    async def obey(self, text: str) -> str:
        """Do what is said, and return the answer."""
        words = text[:WORDS_LENGTH_MAX].split()
        # In a group a command is written as /exit@name_of_the_bot.
        name = words[0].removeprefix("/").partition("@")[0].lower() if words else ""
        if name not in self._allowed:
            known = "; ".join(_USAGE[word] for word in _USAGE if word in self._allowed)
            return f"not done; here may be said: {known}"
        if name == "status":
            return self._status()
        try:
            done = await self._done(name, words[1:])
        except TradebotError as error:
            self._audit(text, str(error))
            return f"not done: {error}"
        self._audit(text, "")
        return done

    async def _done(self, name: str, words: list[str]) -> str:
        match (name, words):
            case ("exit", [trade_id]):
                left = await self._trades.exit(trade_id)
                orders = left["orders"]
                sent = ", ".join(orders) if isinstance(orders, list) and orders else "none yet"
                return f"{trade_id} is being left; orders: {sent}"
            case ("halt", [("entries" | "flatten") as form, *why]):
                reason = " ".join(why) or "said in the chat"
                await self._halts.halt(Form(form), f"{self._chat.name}: {reason}")
                return f"halted ({form}); tradebot release ends it"
        raise TradebotError(f"say it as: {_USAGE[name]}")

    async def _once(self) -> float:
        """Listen once; return how long to wait before the next time."""
        try:
            async with asyncio.timeout(HEARD_S_MAX):
                texts = await self._chat.heard()
        except TimeoutError:
            return self._failed(AlertError(f"no answer within {HEARD_S_MAX:g} s"))
        except AlertError as error:
            return self._failed(error)
        if self._failures:
            self._failures = 0
            self._say("chat.heard_again", "warning", chat=self._chat.name)
        for text in texts:
            await self._answer(await self.obey(text))
        return BETWEEN_S

    async def _answer(self, text: str) -> None:
        try:
            async with asyncio.timeout(REPLY_S_MAX):
                await self._chat.reply(text)
        except (AlertError, TimeoutError) as error:
            self._say("chat.unanswered", "warning", chat=self._chat.name, error=str(error))

    def _failed(self, error: AlertError) -> float:
        self._failures += 1
        if self._failures == 1:
            self._say("chat.not_heard", "warning", chat=self._chat.name, error=str(error))
        pause = pause_s(self._failures + 1, self._random.random())
        return max(pause, min(error.retry_after_s or 0.0, PAUSE_S_MAX))

    def _audit(self, text: str, refused: str) -> None:
        self._say(
            "chat.audit",
            "warning" if refused else "info",
            who=self._chat.name,
            words=text[:WORDS_LENGTH_MAX],
            outcome=refused or "success",
        )
