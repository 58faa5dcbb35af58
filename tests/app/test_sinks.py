"""Sinks that the settings name send what happens; however they are, the guard guards."""

import asyncio
import contextlib
import time
from decimal import Decimal

import pytest
import time_machine

from tests.alerts.servers import http_server, ok, refused, smtp_server, until
from tests.app.test_parts import SBIN, Lives
from tests.services.guard import a_creation
from tradebot.app.parts import Parts
from tradebot.app.sinks import Sinks
from tradebot.app.state import StateDirectory
from tradebot.app.world import PaperWorld
from tradebot.config import load
from tradebot.core.guard.trades import Rules
from tradebot.core.inputs import OrderSide
from tradebot.core.leaving.halt import Form
from tradebot.core.words.levels import Level, Unit
from tradebot.services import outbox as outbox_module

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
REFUSES = b"the journal refuses: no space"
ENVIRON = {"BOT": TOKEN, "PASSWORD": "pass-word-of-mine"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setattr(outbox_module, "BETWEEN_S", 0.01)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)


class Daemon:
    """The parts of a daemon with its sinks, its log, and the servers that it sends to."""

    def __init__(self, parts, sinks, said):
        self.parts = parts
        self.sinks = sinks
        self.said = said
        self.alerts = parts.alerting.alerts

    async def guarded(self):
        """Guard a position of 100, with a stop far below."""
        parts = self.parts
        assert isinstance(parts.world, PaperWorld)
        prices = parts.world._prices
        await until(lambda: prices.ltp("SIM:SBIN") is not None)
        now_ns = parts.clock.now_ns()
        parts.world.broker.place_for_person(SBIN, OrderSide.BUY, Decimal(100), now_ns)
        await until(lambda: parts.engine.book.net(SBIN) == 100)
        stop = Rules(stop=Level(Unit.PRICE, Decimal("0.05")))
        fields = {"exchange": "SIM", "symbol": "SBIN", "account": SBIN.account}
        await parts.loop.command(a_creation("T1", rules=stop, **fields))

    async def is_left(self):
        """Have the stop reached by the market's next price, and wait until all has left."""
        book = self.parts.engine.book
        await self.parts.trades.update({"trade_id": "T1", "stop": "@100000"})
        await until(lambda: "T1" not in book.trades)
        rows, _ = await self.parts.trades.history(limit=1)
        return next(iter(rows))

    @property
    def log(self):
        return " ".join(str(line) for line in self.said.lines)


@contextlib.asynccontextmanager
async def a_daemon(folder, text):
    lives = Lives(folder)
    with lives.config.open("a") as file:
        file.write(text)
    settings = load(lives.config).settings
    state = StateDirectory(folder / "state")
    state.prepare()
    parts = await Parts.open(settings, state, say=lives.said)
    sinks = Sinks(settings, parts, is_ready=lambda: True, reasons=tuple)
    try:
        parts.start()
        sinks.start()
        yield Daemon(parts, sinks, lives.said)
    finally:
        await parts.close()
        await sinks.close()


def all_sinks(http, smtp, commands="[]"):
    return f"""
[alerts]
telegram = {{ token = "env:BOT", chat = 5, commands = {commands}, server = "{http.address}" }}
webhook = {{ url = "env:HOOK" }}
email = {{ server = "127.0.0.1:{smtp.port}", tls = "none", from = "a@b.c", to = ["d@e.f"] }}
dead_man_url = "env:CHECK"
daily_report_at = "09:05"
"""


@pytest.fixture
async def servers(monkeypatch):
    async with http_server() as http, smtp_server() as smtp:
        monkeypatch.setenv("HOOK", f"{http.address}/hook")
        monkeypatch.setenv("CHECK", f"{http.address}/check")
        yield http, smtp


def by_path(**replies):
    """Answer each path's last word by its own reply."""
    return lambda path, _: replies.get(path.rpartition("/")[2], (200, {}, b"{}"))


async def test_an_alert_leaves_by_every_way_and_the_heart_beats(tmp_path, servers):
    http, smtp = servers
    http.replies = [by_path(sendMessage=ok(), getUpdates="hang")]
    async with a_daemon(tmp_path, all_sinks(http, smtp)) as daemon:
        daemon.parts.say("journal.failed", "critical", error="no space")
        await until(lambda: len(http.asked) >= 3 and REFUSES in b"".join(smtp.mails))
        names = {task.partition(":")[0] for task in daemon.parts.supervisor.dump()}
        await until(lambda: sum(sum(f.values.values()) for f in daemon.sinks.figures()) >= 3)
        sent = {name for f in daemon.sinks.figures() for (name,) in f.values}
    paths = {path for _, path, _ in http.asked}
    assert paths == {f"/bot{TOKEN}/sendMessage", "/hook", "/check"}
    assert {"alerts by telegram", "alerts by webhook", "alerts by email"} <= names
    assert {"heartbeat", "daily report"} <= names
    assert sent == {"telegram", "webhook", "email"}


async def test_what_was_alerted_of_before_the_sinks_were_there_is_sent_too(tmp_path, servers):
    http, smtp = servers
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "alerts.jsonl").write_text("junk\n")
    async with a_daemon(tmp_path, all_sinks(http, smtp)):
        await until(lambda: smtp.mails)
    assert b"earlier alerts cannot be read" in smtp.mails[0].replace(b"=\r\n", b"")


@pytest.mark.parametrize(
    "reply",
    ["hang", "reset", (500, {}, b"oops"), refused(429, "later", retry_after=9), (200, {}, b"\xff")],
)
async def test_whatever_the_sinks_do_a_stop_leaves_and_the_daemon_ends(tmp_path, servers, reply):
    http, smtp = servers
    http.replies = [reply]
    smtp.answers["EHLO"] = b"hang" if reply == "hang" else b"421 no\r\n"
    text = all_sinks(http, smtp, '["status", "exit", "halt"]')
    async with a_daemon(tmp_path, text) as daemon:
        daemon.parts.say("journal.failed", "critical", error="no space")
        await until(lambda: len(http.asked) >= 3)  # each of them is being tried
        await daemon.guarded()
        async with asyncio.timeout(20):
            left = await daemon.is_left()
        assert b'"reason":"stop"' in bytes(left)
        book = daemon.parts.engine.book
        assert "T1" not in book.trades
        assert daemon.parts.loop.waiting < 100
        assert [alert.key for alert in daemon.alerts.listed()].count("closed:T1") == 1
    assert daemon.parts.supervisor.failure == ""
    assert TOKEN not in daemon.log
    assert ENVIRON["PASSWORD"] not in daemon.log
    assert "/hook" not in daemon.log


async def test_with_nobody_there_it_starts_and_each_sink_is_told_of_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK", "http://127.0.0.1:1/hook")
    monkeypatch.setenv("CHECK", "http://127.0.0.1:1/check")

    class Nobody:
        address, port = "http://127.0.0.1:1", 1

    text = all_sinks(Nobody, Nobody, '["exit"]')
    async with a_daemon(tmp_path, text) as daemon:
        daemon.parts.say("journal.failed", "critical", error="no space")
        await until(lambda: daemon.said.events.count("alerts.not_sent") == 3)
        await until(lambda: {"chat.not_heard", "heartbeat.failed"} <= set(daemon.said.events))
        keys = {alert.key for alert in daemon.alerts.listed() if alert.holds}
    assert {"sink:telegram", "sink:webhook", "sink:email", "heartbeat", "chat"} <= keys
    assert TOKEN not in daemon.log


async def test_a_secret_that_is_missing_or_no_address_costs_its_sink_alone(
    tmp_path, servers, monkeypatch
):
    http, smtp = servers
    monkeypatch.setenv("HOOK", "hooks.example/x")
    monkeypatch.delenv("BOT")
    monkeypatch.delenv("CHECK")
    text = all_sinks(http, smtp).replace(
        "tls =", 'user = "me", password = "env:NO_PASSWORD", tls ='
    )
    async with a_daemon(tmp_path, text) as daemon:
        refused_sinks = [
            fields["sink"] for name, _, fields in daemon.said.lines if name == "alerts.no_sink"
        ]
        texts = [alert.text for alert in daemon.alerts.listed()]
        reasons = daemon.sinks.reasons
    assert [reason.split(":")[0] for reason in reasons] == [
        f"no alert is sent by {sink}" for sink in refused_sinks
    ]
    assert refused_sinks == ["telegram", "webhook", "email", "dead man"]
    assert any("the secret env:HOOK is no address" in text for text in texts)
    assert "hooks.example" not in daemon.log


async def test_the_password_of_the_mail_server_is_used(tmp_path, servers):
    http, smtp = servers
    text = all_sinks(http, smtp).replace("tls =", 'user = "me", password = "env:PASSWORD", tls =')
    async with a_daemon(tmp_path, text) as daemon:
        daemon.parts.say("journal.failed", "critical", error="no space")
        await until(lambda: smtp.mails)
    assert smtp.login == ["me", ENVIRON["PASSWORD"]]


async def test_the_chat_halts_the_guard_and_is_answered(tmp_path, servers):
    http, smtp = servers
    asked = iter(["halt entries news"])

    def update(path, _):
        if not path.endswith("getUpdates"):
            return ok()
        text = next(asked, None)
        if text is None:
            return "hang"
        message = {"chat": {"id": 5}, "date": 2_000_000_000, "text": text}
        return ok([{"update_id": 1, "message": message}])

    http.replies = [update]
    async with a_daemon(tmp_path, all_sinks(http, smtp, '["halt"]')) as daemon:
        await until(lambda: daemon.parts.engine.book.halt.form is Form.ENTRIES)
        await until(lambda: any("halted (entries);" in str(body) for body in http.bodies))
    assert daemon.parts.engine.book.halt.why == "telegram: news"


async def test_the_chat_is_heard_where_the_machines_clock_was_wrong_at_the_start(tmp_path, servers):
    http, smtp = servers

    def update(path, _):
        if not path.endswith("getUpdates") or halts(daemon):
            return ok()
        message = {"chat": {"id": 5}, "date": int(time.time()), "text": "halt entries"}
        return ok([{"update_id": 1, "message": message}])

    async with a_daemon(tmp_path, all_sinks(http, smtp, '["halt"]')) as daemon:
        with time_machine.travel(time.time() - 3600):
            http.replies = [update]
            await until(lambda: halts(daemon))


def halts(daemon) -> bool:
    return daemon.parts.engine.book.halt.form is Form.ENTRIES


async def test_a_heart_whose_engine_stands_still_does_not_beat(tmp_path, servers):
    http, smtp = servers
    async with a_daemon(tmp_path, all_sinks(http, smtp)) as daemon:
        await until(lambda: ("GET", "/check", b"") in http.asked)
        turns = daemon.parts.loop.turns
        await until(lambda: daemon.parts.loop.turns > turns)
        assert daemon.sinks._is_well()
        assert not daemon.sinks._is_well()


async def test_without_settings_there_is_no_sink_and_no_task(tmp_path):
    async with a_daemon(tmp_path, "") as daemon:
        names = {task.partition(":")[0] for task in daemon.parts.supervisor.dump()}
        assert daemon.sinks.figures() == []
    assert "heartbeat" not in names
