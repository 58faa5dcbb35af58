"""Letters reach the one chat, and only that one is listened to."""

import pytest

from tests.alerts.letters import a_letter
from tests.alerts.servers import http_server, ok, refused
from tests.services.fakes import FakeClock, Said
from tradebot.alerts.telegram import FRESH_S, Telegram
from tradebot.core.secret import Secret
from tradebot.errors import AlertError
from tradebot.ports import Letter

CHAT = 123456
TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
NOW_S = 1_767_584_700


class World:
    def __init__(self, server):
        self.server = server
        self.said = Said()
        self.clock = FakeClock(NOW_S * 10**9)
        self.telegram = Telegram(
            Secret(TOKEN), CHAT, server=f"{server.address}/", clock=self.clock, say=self.said
        )


@pytest.fixture
async def world():
    async with http_server(ok({"message_id": 1})) as server:
        made = World(server)
        yield made
        await made.telegram.close()


def message(text, number=1, chat=CHAT, at_s=NOW_S):
    return {"update_id": number, "message": {"chat": {"id": chat}, "date": at_s, "text": text}}


async def test_a_letter_is_one_message_to_the_chat(world):
    await world.telegram.send(a_letter())
    await world.telegram.send(Letter(subject="only this", text=""))
    assert world.server.asked == [
        (
            "POST",
            f"/bot{TOKEN}/sendMessage",
            {"chat_id": CHAT, "text": "tradebot PAPER-1: feed\nthe feed is down"},
        ),
        ("POST", f"/bot{TOKEN}/sendMessage", {"chat_id": CHAT, "text": "only this"}),
    ]


async def test_a_text_that_is_too_long_is_cut(world):
    await world.telegram.reply("x" * 5000)
    assert world.server.bodies[0]["text"] == "x" * 4095 + "…"


@pytest.mark.parametrize(
    ("reply", "says", "wait_s"),
    [
        (refused(429, "Too Many Requests: retry after 35", retry_after=35), "HTTP 429", 35.0),
        (refused(403, f"Forbidden {TOKEN}"), r"HTTP 403: Forbidden \*\*\*", None),
        ((502, {}, b"<html>bad gateway"), "without an answer of the Bot API", None),
        ((200, {}, b"\xff\xfe garbage"), "without an answer of the Bot API", None),
        ("reset", "no answer", None),
    ],
)
async def test_what_is_not_taken_says_so_without_the_token(world, reply, says, wait_s):
    world.server.replies = [reply]
    for asked in (world.telegram.send(a_letter()), world.telegram.heard()):
        with pytest.raises(AlertError, match=says) as caught:
            await asked
        assert caught.value.retry_after_s == wait_s
        assert TOKEN not in str(caught.value)


async def test_messages_of_the_chat_are_heard_once(world):
    world.server.replies = [ok([message("status", 7), message("exit T1", 8)]), ok([])]
    assert await world.telegram.heard() == ["status", "exit T1"]
    assert await world.telegram.heard() == []
    first, second = world.server.bodies
    assert ("offset" in first, second["offset"]) == (False, 9)
    assert first["allowed_updates"] == ["message"]


async def test_who_writes_from_another_chat_is_not_answered_and_counted(world):
    strangers = [message("exit T1", number, chat=666) for number in range(3)]
    world.server.replies = [ok([*strangers, message("status", 4)]), ok([message("x", 5, chat=-1)])]
    assert await world.telegram.heard() == ["status"]
    assert await world.telegram.heard() == []
    assert world.telegram.strangers == 4
    assert world.said.lines == [("telegram.stranger", "warning", {"chat": 666, "messages": 1})]
    assert len(world.server.asked) == 2


async def test_an_order_of_another_moment_is_answered_and_not_obeyed(world):
    old = message("exit T1", 1, at_s=NOW_S - FRESH_S - 1)
    world.server.replies = [ok([old, message("status", 2, at_s=NOW_S - FRESH_S)]), ok()]
    assert await world.telegram.heard() == ["status"]
    assert world.server.bodies[1]["text"] == "not done, it is too old: exit T1"


@pytest.mark.parametrize("result", [None, {}, [1], "x"])
async def test_what_is_no_list_of_updates_says_so(world, result):
    world.server.replies = [ok(result)]
    with pytest.raises(AlertError, match="no list of updates"):
        await world.telegram.heard()
