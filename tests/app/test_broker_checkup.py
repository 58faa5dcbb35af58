"""A look at the broker, through a daemon that runs or without one."""

import asyncio
from types import SimpleNamespace

import pytest

from tests.openalgo.server import OpenAlgoServer
from tests.services.fakes import Said
from tradebot.app import broker_checkup
from tradebot.app.broker_checkup import ON_PAPER, broker_findings, daemons_look, look_alone
from tradebot.brokers.openalgo.calls.client import READ_ROUTES, Client
from tradebot.brokers.openalgo.stream.channel_proof import ChannelProof
from tradebot.clock import SystemClock
from tradebot.config import load
from tradebot.core.secret import Secret
from tradebot.ports import Finding

KEY = "0123456789abcdef-of-the-fake"
LIVE = """mode = "live"
[account]
id = "AB1234"
[broker]
kind = "openalgo"
rest = "{rest}"
feed = "{feed}"
key = "env:ALGO_KEY"
"""


@pytest.fixture
def settings_of(tmp_path):
    def read(text):
        (tmp_path / "config.toml").write_text(text)
        return load(tmp_path / "config.toml")

    return read


@pytest.fixture
async def server():
    async with OpenAlgoServer(api_key=KEY) as running:
        running.price("NSE:SBIN", 812.5)
        yield running


def live(server):
    return LIVE.format(rest=server.url, feed=server.feed_url)


async def test_without_a_daemon_the_broker_is_asked_by_a_client_that_only_reads(
    server, settings_of
):
    settings = settings_of(live(server)).settings
    found = await look_alone(settings, {"ALGO_KEY": KEY}, Said())
    assert {one.what: one.level for one in found}["order channel"] == "ok"
    assert {request.endpoint for request in server.record.requests} <= READ_ROUTES


async def test_a_key_that_is_not_there_is_a_finding(server, settings_of):
    (found,) = await look_alone(settings_of(live(server)).settings, {}, Said())
    assert (found.what, found.level) == ("server", "error")
    assert found.todo == "put the key there, or correct broker.key"


async def test_on_paper_there_is_nobody_to_ask(settings_of):
    assert await look_alone(settings_of("").settings, {}, Said()) == [ON_PAPER]


def test_a_daemon_that_runs_is_asked_and_nobody_else():
    answer = [{"what": "mode", "level": "error", "text": "analyzer mode", "todo": "x"}]

    def never():
        raise AssertionError("the settings are not read")

    found = broker_findings(lambda: answer, never, {})
    assert found == [Finding(what="mode", level="error", text="analyzer mode", todo="x")]


def test_without_a_daemon_wrong_settings_ask_nobody(settings_of):
    (found,) = broker_findings(lambda: None, lambda: settings_of("x = 1"), {})
    assert (found.level, found.todo) == ("error", "tradebot check")


def test_without_a_daemon_on_paper_all_is_well(settings_of):
    assert broker_findings(lambda: None, lambda: settings_of(""), {}) == [ON_PAPER]


async def test_a_daemon_looks_through_its_own_client_one_look_at_a_time(server):
    client = Client(server.url, Secret(KEY), clock=SystemClock(), say=Said())
    await client.open()
    trade = SimpleNamespace(instrument="NSE:INFY")
    book = SimpleNamespace(trades={"T1": trade}, policy=SimpleNamespace(sessions={}, skew_ns=0))
    proof = ChannelProof()
    proof.welcomed("angel")
    world = SimpleNamespace(client=client, proof=proof)
    parts = SimpleNamespace(world=world, engine=SimpleNamespace(book=book))
    look = daemons_look(parts, "AB1234")  # type: ignore[arg-type]  # all that is asked of it
    first, second = await asyncio.gather(look(), look())
    assert [one.what for one in first] == [one.what for one in second]
    told = {one.what: one.text for one in first}
    assert "symbol NSE:INFY" in told
    assert told["websocket"] == "the daemon is connected, broker angel"
    assert server.proxy.received == []  # the daemon has its own connection
    await client.close()


async def test_a_daemon_on_paper_has_nobody_to_ask(monkeypatch):
    monkeypatch.setattr(broker_checkup, "PaperWorld", SimpleNamespace)
    parts = SimpleNamespace(world=SimpleNamespace(), engine=SimpleNamespace(book=None))
    assert await daemons_look(parts, "A1")() == [ON_PAPER]  # type: ignore[arg-type]  # as above
