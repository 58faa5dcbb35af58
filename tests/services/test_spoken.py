"""What the chat says is done by the services of the API, and nothing else is."""

import asyncio
from random import Random

import pytest

from tests.api.world import LONG, running
from tradebot.core.leaving.halt import Form
from tradebot.errors import AlertError
from tradebot.services import spoken as module
from tradebot.services.spoken import BETWEEN_S, Spoken

ALL = ("status", "exit", "halt")


class Chat:
    """A chat that says what is on its list, one line of it at each question."""

    name = "telegram"

    def __init__(self):
        self.says: list[object] = []
        self.replies = []
        self.does_not_reply = False

    async def heard(self):
        if not self.says:
            await asyncio.Event().wait()
        said = self.says.pop(0)
        if said == "hang":
            await asyncio.Event().wait()
        if isinstance(said, Exception):
            raise said
        return said

    async def reply(self, text):
        self.replies.append(text)
        if self.does_not_reply:
            raise AlertError("HTTP 502")


class Room:
    """The chat beside a small daemon."""

    def __init__(self, world, allowed=ALL):
        self.world = world
        self.chat = Chat()
        self.slept = []
        self.spoken = Spoken(
            self.chat,
            allowed,
            trades=world.trades,
            halts=world.halts,
            status=lambda: "all is well",
            say=world.say,
            random=Random(1),
            sleep=self._sleep,
        )

    async def _sleep(self, seconds):
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def hears(self, *says):
        self.chat.says = list(says)
        task = asyncio.create_task(self.spoken.run())
        while len(self.slept) < len(says):  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return self.chat.replies

    @property
    def audit(self):
        return [
            (fields["who"], fields["words"], fields["outcome"])
            for name, _, fields in self.world.said
            if name == "chat.audit"
        ]


@pytest.fixture
async def room():
    async with running() as world:
        yield Room(world)


@pytest.mark.parametrize(
    "text", ["status", "/status", "/Status@tradebot", "  status  ", "status x"]
)
async def test_it_says_how_things_stand(room, text):
    assert await room.spoken.obey(text) == "all is well"
    assert room.audit == []


async def test_a_trade_is_left_once_however_often_it_is_said(room):
    await room.world.bought()
    await room.world.trades.create(LONG)
    await room.world.tick(805.0)
    first = await room.spoken.obey("/exit T1")
    assert first == "T1 is being left; orders: T1-x1"
    assert await room.spoken.obey("exit T1") == "T1 is being left; orders: none yet"
    sent = [o for o in room.world.outputs if type(o).__name__ == "PlaceOrder"]
    assert len(sent) == 1
    assert room.audit == [
        ("telegram", "/exit T1", "success"),
        ("telegram", "exit T1", "success"),
    ]


async def test_a_halt_holds_with_its_reason_and_who_said_it(room):
    assert await room.spoken.obey("halt entries too much news") == (
        "halted (entries); tradebot release ends it"
    )
    halt = room.world.book.halt
    assert (halt.form, halt.why) == (Form.ENTRIES, "telegram: too much news")
    await room.spoken.obey("halt flatten")
    assert room.world.book.halt.form is Form.FLATTEN


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exit", "not done: say it as: exit TRADE"),
        ("exit T1 T2", "not done: say it as: exit TRADE"),
        ("exit T9", "not done: there is no trade T9"),
        ("halt", "not done: say it as: halt entries, halt flatten"),
        ("halt everything", "not done: say it as: halt entries, halt flatten"),
    ],
)
async def test_what_cannot_be_done_says_so_and_is_in_the_log(room, text, says):
    assert await room.spoken.obey(text) == says
    ((_, words, outcome),) = room.audit
    assert (words, says) == (text, f"not done: {outcome}")
    assert room.world.book.halt.form is None


@pytest.mark.parametrize("text", ["", "   ", "release", "sell everything", "\x00" * 9000, "/", "@"])
async def test_other_words_do_nothing(room, text):
    assert await room.spoken.obey(text) == (
        "not done; here may be said: status; exit TRADE; halt entries, halt flatten"
    )
    assert room.audit == []


async def test_only_what_the_settings_allow_may_be_said():
    async with running() as world:
        room = Room(world, allowed=("status",))
        assert await room.spoken.obey("halt entries") == "not done; here may be said: status"
        assert world.book.halt.form is None


async def test_each_message_is_answered_in_its_turn(room):
    replies = await room.hears(["status", "hello"], [], ["status"])
    assert [reply[:8] for reply in replies] == ["all is w", "not done", "all is w"]
    assert set(room.slept) == {BETWEEN_S}


async def test_a_server_that_fails_is_asked_ever_more_rarely_and_said_once(room, monkeypatch):
    monkeypatch.setattr(module, "HEARD_S_MAX", 0.01)
    error = AlertError("HTTP 409")
    replies = await room.hears(error, "hang", error, AlertError("HTTP 429", 300.0), ["status"])
    assert replies == ["all is well"]
    names = [name for name, _, _ in room.world.said if name.startswith("chat.")]
    assert names == ["chat.not_heard", "chat.heard_again"]
    assert room.slept[3] == 300.0
    assert room.slept[2] > room.slept[0]


async def test_an_answer_that_does_not_arrive_undoes_nothing(room):
    room.chat.does_not_reply = True
    await room.hears(["halt entries"], ["status"])
    assert room.world.book.halt.form is Form.ENTRIES
    assert [name for name, _, _ in room.world.said].count("chat.unanswered") == 2
