"""The proof: a session of the paper daemon's parts, recorded, decides the same when replayed."""

import asyncio
import gzip
import io
import itertools
import json
import random
from decimal import Decimal

import msgspec
import pytest

from tests.services.fakes import Said
from tradebot.app.parts import Parts
from tradebot.app.recorded import RecordedJob, replay_recording
from tradebot.app.replay import ReplayJob, replay
from tradebot.app.state import StateDirectory
from tradebot.app.world import PaperWorld
from tradebot.config import load
from tradebot.core.events import ExitDecided
from tradebot.core.guard.trades import Side, TradeRequest
from tradebot.core.inputs import (
    CreateTrade,
    ExitTrade,
    InstrumentsLoaded,
    OrderSide,
    Unknown,
    UpdateTrade,
)
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.money import exact, plain
from tradebot.core.words.rule_words import parse_rules
from tradebot.errors import InputError
from tradebot.stores import recorder as recorders
from tradebot.stores.recording_files import INPUTS, OPEN, TICKS, parts_in, whole_lines

SYMBOLS = ("AA", "BB", "CC", "DD")
ROWS = 6_000
STEP_NS = 10**7
PLANS = (
    {"stop": "0.3%", "target": "0.3%"},
    {"stop": "0.5%", "trail": {"by": "0.2%"}},
    {"stop": "0.4%", "trail": {"by": "0.15%", "activation": "0.1%", "step": "0.05pts"}},
    {"stop": "1%", "breakeven": {"at": "0.1%", "lock": "0pts"}, "time_exit": {"after": "1s"}},
    {"target": [{"at": "0.1%", "quantity": 4}, {"at": "0.2%"}], "stop": "0.6%"},
)
CONFIG = """
[paper]
market = "replay"
replay_files = ["t.csv.gz"]
speed = 20
latency = "5ms"
partial_fills = 0.5
rejects = 0.2
[record]
on = true
"""


def market(path, seed):
    """Write prices that wander, with lone false prints and real jumps among them."""
    rng = random.Random(seed)
    prices = dict.fromkeys(SYMBOLS, 1_000.0)
    rows = ["ts_ns,exchange,symbol,price,bid,ask\n"]
    for number in range(ROWS):
        symbol = rng.choice(SYMBOLS)
        jump = rng.choice((20.0, -20.0)) if rng.random() < 0.002 else 0.0
        price = prices[symbol] = max(500.0, round(prices[symbol] + rng.gauss(0, 0.5) + jump, 2))
        shown = round(price * 1.04, 2) if rng.random() < 0.002 else price
        sides = "," if rng.random() < 0.1 else f"{shown - 0.05:.2f},{shown + 0.05:.2f}"
        rows.append(f"{1_700_000_000_000_000_000 + number * STEP_NS},X,{symbol},{shown},{sides}\n")
    path.write_bytes(gzip.compress("".join(rows).encode()))


class Session:
    """A life of the parts, with a person who trades, edits and leaves at random."""

    def __init__(self, folder, seed) -> None:
        self.rng = random.Random(seed)
        self.folder = folder
        self.said = Said()
        self.events: list[object] = []
        self.serial = itertools.count()
        market(folder / "t.csv.gz", seed)
        (folder / "config.toml").write_text(CONFIG)

    async def live(self, seconds: float) -> None:
        state = StateDirectory(self.folder / "state")
        state.prepare()
        self.settings = load(self.folder / "config.toml").settings
        self.parts = await Parts.open(self.settings, state, say=self.said)
        self.parts.loop._deliver = self._delivered(self.parts.loop._deliver)
        place = self.parts.world.broker.place

        async def lossy(order):
            outcome = await place(order)
            return Unknown("the reply was lost") if self.rng.random() < 0.3 else outcome

        self.parts.world.broker.place = lossy  # type: ignore[method-assign] # a lossy wire
        self.parts.start()
        end_s = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end_s:
            await self._act()
            await asyncio.sleep(0.01)
        await self.parts.close()

    def _delivered(self, deliver):
        def noted(outputs, *, is_safe):
            self.events.extend(outputs)
            deliver(outputs, is_safe=is_safe)

        return noted

    async def _act(self) -> None:
        loop, now_ns = self.parts.loop, self.parts.clock.now_ns()
        trades = list(loop.engine.book.trades)
        what = self.rng.random()
        if len(trades) < 24 and what < 0.6:
            await loop.command(CreateTrade(request=self._request(now_ns), at_ns=now_ns))
        elif trades and what < 0.7:
            rules = parse_rules(self.rng.choice(PLANS), quantity=Decimal(10))
            await loop.command(
                UpdateTrade(trade_id=self.rng.choice(trades), rules=rules, at_ns=now_ns)
            )
        elif trades and what < 0.75:
            await loop.command(ExitTrade(trade_id=self.rng.choice(trades), at_ns=now_ns))
        elif what < 0.76:
            described = Instrument(exchange="X", symbol="AA", tick_size=Decimal("0.05"))
            await loop.command(InstrumentsLoaded((described,)))

    def _request(self, now_ns) -> TradeRequest:
        side = self.rng.choice((Side.LONG, Side.SHORT))
        product = "MIS" if side is Side.LONG else "NRML"
        key = NetKey("PAPER-1", "X", self.rng.choice(SYMBOLS), product)
        buys = OrderSide.BUY if side is Side.LONG else OrderSide.SELL
        assert isinstance(self.parts.world, PaperWorld)
        try:
            order_id = self.parts.world.broker.place_for_person(key, buys, Decimal(10), now_ns)
        except InputError:  # it has no price yet
            order_id = f"none-{next(self.serial)}"
        return TradeRequest(
            account=key.account,
            exchange="X",
            symbol=key.symbol,
            product=product,
            side=side,
            quantity=Decimal(10),
            order_id=order_id,
            rules=parse_rules(self.rng.choice(PLANS), quantity=Decimal(10)),
        )


def replayed(directory, **more):
    out = io.StringIO()
    answer = replay_recording(RecordedJob(directory=directory, check=True, **more), out)
    return answer, [json.loads(line) for line in out.getvalue().splitlines()]


def decided_live(session):
    return sorted(
        (
            e.trade_id,
            e.at_ns,
            e.reason.value,
            None if e.level is None else plain(e.level),
            None if e.ltp is None else plain(exact(e.ltp)),
            None if e.best_price is None else plain(exact(e.best_price)),
        )
        for e in session.events
        if isinstance(e, ExitDecided)
    )


KEYS = ("trade_id", "ts_ns", "reason", "level", "trigger_price", "best_price")


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_recorded_session_decides_the_same_again(tmp_path, seed):
    session = Session(tmp_path, seed)
    await session.live(2.5)
    recordings = tmp_path / "state" / "recordings"
    answer, exits = replayed(recordings)
    assert answer.is_same, answer.summary
    assert sorted(tuple(exit_[key] for key in KEYS) for exit_ in exits) == decided_live(session)
    said = {type(event).__name__ for event in session.events}
    assert {"ExitFilled", "ExitAnswered", "QueryOrder", "RulesChanged", "TradeClosed"} <= said
    assert len(exits) > 20
    assert session.said.events.count("recording.started") == 1
    assert "recording.failed" not in session.said.events
    # The ticks alone are what a replay takes.
    trade = {"exchange": "X", "symbol": "AA", "side": "LONG", "quantity": 1, "entry_price": 1000}
    trades = tmp_path / "trades.jsonl"
    trades.write_text(json.dumps({**trade, "opened_at_ns": 10**18, "stop": "1%"}))
    ticks = tuple(part.ticks for part in parts_in(recordings))
    assert "ticks  " in replay(ReplayJob(ticks=ticks, trades=trades), io.StringIO())


async def test_parts_and_switching_off_and_on_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(recorders, "LOOK_S", 0.01)
    monkeypatch.setattr(recorders, "FLUSH_S", 0.05)
    monkeypatch.setattr(recorders, "PART_BYTES_MAX", 30_000)
    session = Session(tmp_path, 3)

    async def switches():
        await asyncio.sleep(1)
        record = session.settings.record
        session.parts.recording.change(msgspec.structs.replace(record, on=False))
        await asyncio.sleep(0.2)
        session.parts.recording.change(record)

    await asyncio.gather(session.live(2.5), switches())
    recordings = tmp_path / "state" / "recordings"
    answer, _ = replayed(recordings)
    assert answer.is_same, answer.summary
    assert len(parts_in(recordings)) > 3
    # A part in the middle is a recording too.
    for part in parts_in(recordings)[:2]:
        part.ticks.unlink()
        part.inputs.unlink()
    answer, _ = replayed(recordings)
    assert answer.is_same, answer.summary


async def test_what_was_killed_and_what_was_changed_is_told(tmp_path):
    session = Session(tmp_path, 4)
    await session.live(1.5)
    recordings = tmp_path / "state" / "recordings"
    (part,) = parts_in(recordings)
    for path in (part.ticks, part.inputs):
        path.write_bytes(path.read_bytes()[:-300])
        path.rename(path.with_name(path.name + OPEN))
    answer, exits = replayed(recordings)
    assert answer.is_same, answer.summary
    assert "cut off  " in answer.summary
    assert exits
    out = tmp_path / "exits.jsonl"
    replayed(recordings, out=out)
    assert [json.loads(line) for line in out.read_text().splitlines()] == exits
    lines = gzip.decompress(_whole(recordings, part.name, INPUTS))
    decided = b'"type":"ExitDecided","trade_id":"'
    assert decided + b"T" in lines
    changed = lines.replace(decided + b"T", decided + b"U", 1)
    (recordings / (part.name + INPUTS)).write_bytes(gzip.compress(changed))
    answer, _ = replayed(recordings)
    assert not answer.is_same
    assert 'live said  ["ExitDecided",{"type":"ExitDecided","trade_id":"U' in answer.summary
    assert 'this says  ["ExitDecided",{"type":"ExitDecided","trade_id":"T' in answer.summary


def _whole(directory, name, kind):
    """Return the gzip of all whole lines of a file that was cut off."""
    return gzip.compress(b"".join(whole_lines(directory / (name + kind + OPEN))))


def test_a_directory_without_a_recording_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no recording in it"):
        replayed(tmp_path)


def test_a_part_without_its_ticks_ends_at_once(tmp_path):
    name = "20260101T000000.000000Z-0001"
    (tmp_path / (name + TICKS)).write_bytes(b"")
    answer, exits = replayed(tmp_path)
    assert (answer.is_same, exits) == (True, [])
    assert "cut off" in answer.summary
