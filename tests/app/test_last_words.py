"""A start that fails is heard of once, by whoever can hear it, and goes on failing as it did."""

import asyncio
import contextlib
import socket

import pytest

from tests.alerts.servers import http_server, until
from tests.app.daemon_life import a_life
from tests.app.test_parts import Lives
from tradebot.app import last_words as module
from tradebot.app.main import EXIT_TEMPORARY
from tradebot.app.sinks import Sinks
from tradebot.app.state import StateDirectory
from tradebot.brokers.paper.broker import PaperBroker
from tradebot.config import load
from tradebot.errors import BrokerError
from tradebot.services import outbox as outbox_module
from tradebot.stores.alert_file import AlertFile

WHY = "the daemon does not start, and nothing is guarded: nobody answers"


class House:
    """One state directory with a webhook, where starts fail while the broker is away."""

    def __init__(self, folder, http, monkeypatch):
        self.lives, self.http = Lives(folder), http
        self.state = StateDirectory(folder / "state")
        with self.lives.config.open("a") as file:
            file.write('[alerts]\nwebhook = { url = "env:HOOK" }\n')
        self._monkeypatch = monkeypatch

    async def fails(self, error=None):
        error = error or BrokerError("nobody answers")

        async def away(*_):
            raise error

        with self._monkeypatch.context() as patch:
            patch.setattr(PaperBroker, "open", away)
            with pytest.raises(type(error), match="nobody answers"):
                await self.lives.open()

    async def starts(self):
        parts = await self.lives.open()
        settings = load(self.lives.config).settings
        sinks = Sinks(settings, parts, is_ready=lambda: True, reasons=tuple)
        parts.start()
        sinks.start()
        return parts, sinks

    @property
    def sent(self):
        return [body["text"] for _, _, body in self.http.asked]

    @property
    def kept(self):
        return [(one.text, one.count, one.unsent) for one in AlertFile(self.state.alerts).load()]


@pytest.fixture
async def house(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox_module, "BETWEEN_S", 0.01)
    async with http_server() as http:
        monkeypatch.setenv("HOOK", f"{http.address}/hook")
        yield House(tmp_path, http, monkeypatch)


async def test_a_start_that_fails_is_told_of_and_the_error_goes_on(house):
    await house.fails()
    assert len(house.sent) == 1
    assert f"CRITICAL: {WHY}" in house.sent[0]
    assert house.kept == [(WHY, 1, False)]


async def test_one_that_fails_again_and_again_is_told_of_once(house):
    await house.fails()
    await house.fails()
    await house.fails()
    assert len(house.sent) == 1
    assert house.kept == [(WHY, 3, False)]


async def test_what_could_not_leave_leaves_with_the_next_start_that_fails(house):
    house.http.replies = [(500, {}, b"oops"), (200, {}, b"{}")]
    await house.fails()
    assert (WHY, 1, True) in house.kept
    await house.fails()
    assert f"CRITICAL: {WHY} (2 times)" in house.sent[-1]
    assert (WHY, 2, False) in house.kept


@pytest.mark.parametrize("was_sent", [True, False])
async def test_a_start_that_succeeds_tells_that_it_is_over(house, was_sent):
    if not was_sent:
        house.http.replies = [(500, {}, b"oops"), (200, {}, b"{}")]
    await house.fails()
    parts, sinks = await house.starts()
    await until(lambda: any(f"over: {WHY}" in text for text in house.sent))
    await parts.close()
    await sinks.close()
    assert (WHY, 1, False) in house.kept


async def test_a_sink_that_hangs_holds_up_the_next_start_for_a_bounded_time(house, monkeypatch):
    monkeypatch.setattr(module, "WITHIN_S", 0.05)
    house.http.replies = ["hang"]
    await house.fails()
    assert (WHY, 1, True) in house.kept


async def test_what_no_error_of_ours_says_is_not_told(house):
    await house.fails(RuntimeError("nobody answers: s3cret"))
    assert "RuntimeError, see the log" in house.sent[0]
    assert "s3cret" not in str(house.sent) + str(house.kept)


# The real daemon, which has recovered all and then finds its port taken.


@contextlib.contextmanager
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def ended(folder, http, port):
    """Live until the end on this port; return the exit code and the log's events."""
    hook = f"{http.address}/hook"
    with a_life(folder, "--port", str(port), HOOK=hook) as life:
        code = await asyncio.to_thread(life.end, None)
        return code, life.events()


def letters(http):
    return [body["text"] for body in http.bodies]


@pytest.fixture
async def hook(tmp_path):
    (tmp_path / "config.toml").write_text('[alerts]\nwebhook = { url = "env:HOOK" }\n')
    async with http_server() as http:
        yield http


async def test_a_start_that_fails_after_it_has_recovered_is_heard_of_before_it_ends(tmp_path, hook):
    with taken_port() as port:
        code, events = await ended(tmp_path, hook, port)
    assert (code, events[-1]) == (EXIT_TEMPORARY, "daemon.refused")
    assert "task.ended" not in events  # nothing had begun
    (told,) = letters(hook)
    why = f"cannot listen at 127.0.0.1:{port}: Address already in use"
    assert f"CRITICAL: the daemon does not start, and nothing is guarded: {why}" in told


async def test_there_too_it_is_told_of_once_and_when_it_is_over(tmp_path, hook):
    with taken_port() as port:
        await ended(tmp_path, hook, port)
        await ended(tmp_path, hook, port)
        assert len(letters(hook)) == 1
    with a_life(tmp_path, HOOK=f"{hook.address}/hook") as life:
        await asyncio.to_thread(life.ready)
        await until(lambda: len(letters(hook)) > 1)
        assert life.end() == 0
    assert "over: the daemon does not start, and nothing is guarded" in letters(hook)[1]
    assert "(2 times)" in letters(hook)[1]


async def test_there_too_what_could_not_leave_leaves_with_the_next_start(tmp_path, hook):
    hook.replies = [(500, {}, b"oops"), (200, {}, b"{}")]
    with taken_port() as port:
        await ended(tmp_path, hook, port)
        await ended(tmp_path, hook, port)
    assert len(letters(hook)) == 2
    assert "the daemon does not start" in letters(hook)[1]
