"""Each way out that the settings name has an outbox, and the last letters leave by any of them."""

import msgspec
import pytest

from tests.alerts.servers import http_server, smtp_server
from tests.app.test_alerting import alerting
from tradebot.app.ways_out import WaysOut, whose
from tradebot.config import load
from tradebot.config.settings import Mode

WITHIN_S = 5.0


def test_nobody_takes_the_exits_of_a_shadow_for_real_ones():
    settings = load(None).settings
    assert whose(settings) == "tradebot PAPER-1"
    shadow = msgspec.structs.replace(settings, mode=Mode.SHADOW)
    assert whose(shadow) == "tradebot PAPER-1 (shadow: nothing is sent)"


@pytest.fixture
async def letters(tmp_path, monkeypatch):
    """Yield what makes the ways out, the servers behind them, and what is alerted of."""
    async with http_server() as http, smtp_server() as smtp:
        monkeypatch.setenv("HOOK", f"{http.address}/hook")
        file = tmp_path / "config.toml"
        file.write_text(
            f"""[alerts]
webhook = {{ url = "env:HOOK" }}
email = {{ server = "127.0.0.1:{smtp.port}", tls = "none", from = "a@b.c", to = ["d@e.f"] }}
"""
        )
        made = alerting(tmp_path / "state")
        ways = WaysOut(load(file).settings, made)
        made.say("journal.failed", "critical", error="no space")
        yield ways, http, smtp
        await ways.close()


async def test_the_last_letters_leave_by_every_way(letters):
    ways, http, smtp = letters
    assert await ways.send_last(WITHIN_S)
    assert len(http.asked) == len(smtp.mails) == 1


async def test_one_way_that_takes_them_is_enough(letters):
    ways, http, smtp = letters
    http.replies = [(500, {}, b"oops")]
    assert await ways.send_last(WITHIN_S)
    assert b"no space" in smtp.mails[0]
    assert b"cannot be sent by webhook" in smtp.mails[-1]


async def test_where_no_way_takes_them_they_have_not_left(letters):
    ways, http, smtp = letters
    http.replies, smtp.answers["EHLO"] = ["hang"], b"421 no\r\n"
    assert not await ways.send_last(0.2)


async def test_a_sink_that_breaks_is_one_that_took_nothing(letters):
    ways, _, _ = letters

    async def breaks(_within_s):
        raise RuntimeError("a bug")

    ways.outboxes["webhook"].send_last = breaks
    assert await ways.send_last(WITHIN_S)
    ways.outboxes["email"].send_last = breaks
    assert not await ways.send_last(WITHIN_S)
