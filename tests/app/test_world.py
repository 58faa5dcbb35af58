"""The settings' world: simulated or recorded prices, and a broker that fills at them."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from tests.services.fakes import FakeClock, ListInbox, Said
from tradebot.app.state import StateDirectory
from tradebot.app.world import OpenAlgoWorld, PaperWorld, ShadowWorld, world_of
from tradebot.brokers.openalgo.broker import OpenAlgoBroker
from tradebot.brokers.openalgo.calls.client import READ_ROUTES
from tradebot.brokers.openalgo.feed import OpenAlgoFeed
from tradebot.brokers.openalgo.reader import OpenAlgoReader
from tradebot.brokers.paper.feed import ReplayFeed, SimulatedFeed
from tradebot.brokers.paper.market import INSTRUMENTS
from tradebot.brokers.shadow.broker import ShadowBroker
from tradebot.brokers.shadow.feed import ShadowFeed
from tradebot.config import load
from tradebot.config.settings import Market
from tradebot.core.inputs import Execution, OrderSide, Tick
from tradebot.core.intents import PlaceOrder
from tradebot.core.market.instruments import NetKey
from tradebot.core.words.levels import Level, Unit
from tradebot.errors import BrokerError, ConfigError

HEADER = "ts_ns,exchange,symbol,price\n"
NOW_NS = 1_800_000_000_000_000_000


@pytest.fixture
def paper(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("")
    return load(path).settings.paper


@pytest.fixture
def recording(tmp_path, paper):
    """Return the settings of a replay of two ticks."""
    rows = tmp_path / "ticks.csv"
    rows.write_text(f"{HEADER}{NOW_NS},NSE,SBIN,800.5\n{NOW_NS + 1},NSE,TCS,3000\n")
    return msgspec.structs.replace(
        paper,
        market=Market.REPLAY,
        replay_files=(rows,),
        speed=0.0,
        latency_ns=0,
        partial_fills=0.0,
        rejects=0.0,
    )


async def test_the_simulated_market_trades_its_own_instruments(paper, tmp_path):
    world = PaperWorld(paper, tmp_path / "paper.db", FakeClock(NOW_NS))
    assert await world.broker.instruments() == tuple(INSTRUMENTS)
    assert isinstance(world.feed(0), SimulatedFeed)


async def test_a_recordings_instruments_are_those_it_has_ticks_of(recording, tmp_path):
    world = PaperWorld(recording, tmp_path / "paper.db", FakeClock(NOW_NS))
    assert [i.id for i in await world.broker.instruments()] == ["NSE:SBIN", "NSE:TCS"]
    assert isinstance(world.feed(0), ReplayFeed)


def described(recording, file, content: bytes):
    file.write_bytes(content)
    return msgspec.structs.replace(recording, instruments_file=file)


async def test_an_instruments_file_describes_what_a_recording_only_names(recording, tmp_path):
    content = b"""[
        {"exchange": "NSE", "symbol": "SBIN", "tick_size": "0.05", "lot_size": 25},
        {"exchange": "NSE", "symbol": "OTHER", "tick_size": "0.05"}
    ]"""
    paper = described(recording, tmp_path / "instruments.json", content)
    world = PaperWorld(paper, tmp_path / "paper.db", FakeClock(NOW_NS))
    sbin, tcs = await world.broker.instruments()
    assert (sbin.id, sbin.lot_size, tcs.lot_size) == ("NSE:SBIN", 25, 1)


@pytest.mark.parametrize("content", [b"", b"{}", b"[{}]", b"\xff\xfe", b'[{"exchange": 3}]'])
def test_an_instruments_file_that_is_bad_is_named(recording, tmp_path, content):
    paper = described(recording, tmp_path / "instruments.json", content)
    with pytest.raises(BrokerError, match=r"instruments\.json"):
        PaperWorld(paper, tmp_path / "paper.db", FakeClock(NOW_NS))


def test_a_file_that_is_gone_is_named(recording, tmp_path):
    gone = tmp_path / "gone.csv"
    for fields in ({"replay_files": (gone,)}, {"instruments_file": gone}):
        paper = msgspec.structs.replace(recording, **fields)
        with pytest.raises(BrokerError, match=r"gone.csv: No such file"):
            PaperWorld(paper, tmp_path / "paper.db", FakeClock(NOW_NS))


async def test_a_recording_goes_on_after_what_was_heard(recording, tmp_path):
    world = PaperWorld(recording, tmp_path / "paper.db", FakeClock(NOW_NS))
    inbox = ListInbox()
    feed = world.feed(1)
    feed.subscribe("NSE:SBIN")
    feed.subscribe("NSE:TCS")
    await feed.run(inbox)
    assert [item.instrument for item in inbox.items if isinstance(item, Tick)] == ["NSE:TCS"]


async def test_a_recordings_spike_does_not_confirm_itself_as_a_quote(recording, tmp_path):
    world = PaperWorld(recording, tmp_path / "paper.db", FakeClock(NOW_NS))
    await world.feed(0).run(ListInbox())
    assert await world.broker.quote("NSE:SBIN") is None


@pytest.mark.parametrize(
    ("slippage", "price"),
    [
        (Level(Unit.POINTS, Decimal(2)), Decimal("798.5")),
        (Level(Unit.PERCENT, Decimal(2)), Decimal("784.49")),
        (Level(Unit.POINTS, Decimal(0)), Decimal("800.5")),
    ],
)
async def test_slippage_is_of_the_unit_that_the_settings_say(recording, tmp_path, slippage, price):
    slipping = msgspec.structs.replace(recording, slippage=slippage)
    world = PaperWorld(slipping, tmp_path / "paper.db", FakeClock(NOW_NS))
    inbox, filled = ListInbox(), asyncio.Event()
    inbox.on_put = lambda item: filled.set() if isinstance(item, Execution) else None
    await world.broker.open(inbox)
    await world.feed(0).run(ListInbox())
    await world.broker.place(
        PlaceOrder(
            client_order_id="T1-x1",
            trade_id="T1",
            key=NetKey("PAPER-1", "NSE", "SBIN", "MIS"),
            side=OrderSide.SELL,
            quantity=Decimal(10),
            decided_at_ns=NOW_NS,
        )
    )
    await filled.wait()
    (execution,) = await world.broker.executions()
    assert execution.price == price
    await world.broker.close()


LIVE = """mode = "live"
[account]
id = "AB1234"
[broker]
kind = "openalgo"
key = "env:ALGO_KEY"
"""


def test_the_settings_choose_the_world(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(LIVE)
    monkeypatch.setenv("ALGO_KEY", "0123456789abcdef")

    def world(**flags):
        settings = load(tmp_path / "config.toml", flags=flags).settings
        state = StateDirectory(tmp_path)
        return world_of(settings, state, FakeClock(), say=Said(), is_open=lambda *_: True)

    real, paper = world(), world(mode="paper")
    assert isinstance(real, OpenAlgoWorld)
    assert isinstance(real.broker, OpenAlgoBroker)
    assert isinstance(real.feed(7), OpenAlgoFeed)
    assert "0123456789abcdef" not in repr(vars(real))
    assert isinstance(paper, PaperWorld)
    assert list(paper.reasons()) == list(real.reasons()) == []


def test_a_shadows_world_has_nothing_that_could_order_at_its_account(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(LIVE.replace("live", "shadow"))
    monkeypatch.setenv("ALGO_KEY", "0123456789abcdef")
    settings = load(tmp_path / "config.toml").settings
    state = StateDirectory(tmp_path)
    world = world_of(settings, state, FakeClock(), say=Said(), is_open=lambda *_: True)
    assert isinstance(world, ShadowWorld)
    assert isinstance(world.broker, ShadowBroker)
    assert isinstance(world.feed(7), ShadowFeed)
    assert type(world.broker._real) is OpenAlgoReader
    assert world.client._routes == READ_ROUTES
    assert "0123456789abcdef" not in repr(vars(world))
    assert list(world.reasons()) == []
    world.client.is_live = False
    assert world.reasons() == [
        "OpenAlgo is in analyzer mode: its positions are none of the account's"
    ]


def test_a_world_without_its_key_is_none(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(LIVE)
    monkeypatch.delenv("ALGO_KEY", raising=False)
    settings = load(tmp_path / "config.toml").settings
    state = StateDirectory(tmp_path)
    with pytest.raises(ConfigError, match="ALGO_KEY"):
        world_of(settings, state, FakeClock(), say=Said(), is_open=lambda *_: True)


def test_what_keeps_real_orders_from_being_sent_is_a_reason(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(LIVE)
    monkeypatch.setenv("ALGO_KEY", "0123456789abcdef")
    settings = load(tmp_path / "config.toml").settings
    world = OpenAlgoWorld(settings, FakeClock(), say=Said(), is_open=lambda *_: True)
    world.client.is_live = False
    assert world.reasons() == ["OpenAlgo is in analyzer mode: it would only simulate orders"]
    world.client.is_live, world.client.is_semi_auto = True, True
    assert world.reasons() == [
        "OpenAlgo is in semi-auto mode: each exit waits for approval at its Action Center"
    ]
    world.client.lockout.close("Invalid openalgo apikey", 0)
    assert world.reasons() == ["OpenAlgo does not take our key: Invalid openalgo apikey"]
