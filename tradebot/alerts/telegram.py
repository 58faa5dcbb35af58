"""A bot of Telegram's: letters to one chat, and words from that chat alone."""

from collections.abc import Sequence

from tradebot.alerts import telegram_wire as wire
from tradebot.alerts.http import Answer, Http
from tradebot.core.secret import Secret
from tradebot.errors import AlertError
from tradebot.ports import Clock, Letter, Say

POLL_S = 25  # how long the server keeps a question open when nothing is said
POLL_SPARE_S = 10.0
FRESH_S = 60  # an order that is older was meant for another moment
STRANGER_SAID_NS = 600_000_000_000
_NS = 1_000_000_000


class Telegram:
    """The one chat. Who writes from another is not answered, and counted."""

    name = "telegram"

    def __init__(self, token: Secret, chat: int, *, server: str, clock: Clock, say: Say) -> None:
        """Take the bot's token and the id of the chat; nothing is sent yet."""
        self._token = token
        self._chat = chat
        self._server = server.rstrip("/")
        self._clock = clock
        self._say = say
        self._http = Http()
        self._polls = Http()  # a question that is open must not hold up what is sent
        self._next: int | None = None  # update; the server forgets those before it
        self._stranger_said_ns = 0
        self.strangers = 0  # messages from other chats

    async def send(self, letter: Letter) -> None:
        """Send a letter as one message.

        Raises:
            AlertError: it was not taken.
        """
        await self.reply(letter.whole)

    async def reply(self, text: str) -> None:
        """Send a text; Telegram takes no more than 4,096 characters.

        Raises:
            AlertError: it was not taken.
        """
        cut = text if len(text) <= wire.TEXT_LENGTH_MAX else f"{text[: wire.TEXT_LENGTH_MAX - 1]}…"
        # Without parse_mode nothing in the text means anything to Telegram.
        answer = await self._http.post(
            self._address("sendMessage"), {"chat_id": self._chat, "text": cut}
        )
        self._check(answer)

    async def heard(self) -> Sequence[str]:
        """Wait for messages, and return the texts of those from the one chat that are fresh.

        Each is returned once: the next question tells the server to forget it. One that
        waited while nobody listened is answered, and not obeyed.

        Raises:
            AlertError: the server does not answer as it should.
        """
        question: dict[str, object] = {"timeout": POLL_S, "allowed_updates": ["message"]}
        if self._next is not None:
            question["offset"] = self._next
        answer = await self._polls.post(
            self._address("getUpdates"), question, within_s=POLL_S + POLL_SPARE_S
        )
        self._check(answer)
        try:
            said, highest = wire.updates_of(answer.body)
        except ValueError:
            raise AlertError("an answer that is no list of updates") from None
        if highest is not None:
            self._next = highest + 1
        texts = []
        for message in said:
            if message.chat != self._chat:
                self._note_stranger(message.chat)
            elif self._clock.now_ns() // _NS - message.at_s > FRESH_S:
                await self.reply(f"not done, it is too old: {message.text[:100]}")
            else:
                texts.append(message.text)
        return texts

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()
        await self._polls.close()

    def _address(self, method: str) -> str:
        return f"{self._server}/bot{self._token.reveal()}/{method}"

    def _check(self, answer: Answer) -> None:
        refusal = wire.refusal_of(answer.status, answer.body)
        if refusal is not None:
            raise AlertError(self._token.cleaned(refusal.why), refusal.retry_after_s)

    def _note_stranger(self, chat: int) -> None:
        self.strangers += 1
        now_ns = self._clock.now_ns()
        if now_ns - self._stranger_said_ns >= STRANGER_SAID_NS:
            self._stranger_said_ns = now_ns
            self._say("telegram.stranger", "warning", chat=chat, messages=self.strangers)
