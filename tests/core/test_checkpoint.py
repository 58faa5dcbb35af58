"""An engine made from a checkpoint says what the first one says, from any moment on."""

from decimal import Decimal

import msgspec
import pytest

from tests.fault_run import Run
from tests.playbook import START_NS, Playbook, a_trade
from tradebot.core import checkpoint as checkpoints
from tradebot.core.checkpoint import Checkpoint, checkpoint, engine_of, joined, pieces
from tradebot.core.engine import Engine
from tradebot.core.events import PriceDropped
from tradebot.core.inputs import InstrumentsLoaded, Tick, Timer
from tradebot.core.market.instruments import Instrument
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Policy


def through_bytes(engine: Engine) -> Engine:
    """Return the engine that a file would give back."""
    lines = [msgspec.json.encode(piece) for piece in pieces(checkpoint(engine))]
    return engine_of(joined(msgspec.json.decode(line, type=Checkpoint) for line in lines))


class Twins(Run):
    """A life in which a copy of the engine, made anew now and then, hears the same."""

    def __init__(self, seed: int) -> None:
        self.copy: Engine | None = None
        self.copies = 0
        self.said = 0
        super().__init__(seed, Watched)

    def take(self, item):
        if self.copy is None or self.rng.random() < 0.05:
            self.copy = through_bytes(self.engine)
            self.copies += 1
        assert isinstance(self.engine, Watched)
        self.engine.on_process = self._compare
        super().take(item)

    def _compare(self, engine, item, out):
        if engine is not self.engine or self.copy is None:
            return
        answer = list(self.copy.process(item))
        self.said += len(answer)
        if out != answer:
            self.wrong.append(f"after {item}: {out}, the copy {answer}")
        if isinstance(item, Tick):
            engine.hear(item)
            self.copy.hear(item)

    def _restart(self):
        self.copy = None
        super()._restart()


class Watched(Engine):
    """An engine that tells of each answer."""

    on_process = staticmethod(lambda _engine, _item, _out: None)

    def process(self, item):
        out = super().process(item)
        self.on_process(self, item, list(out))
        return out


@pytest.mark.parametrize("seeds", [range(n, n + 12) for n in range(0, 48, 12)])
def test_a_copy_says_the_same_whatever_the_world_does(seeds):
    said = copies = 0
    for seed in seeds:
        run = Twins(seed)
        run.live()
        assert not run.wrong, f"seed {seed}"
        said, copies = said + run.said, copies + run.copies
    assert said > 1_000
    assert copies > 100


def test_a_copy_is_the_same_checkpoint_again():
    for seed in range(20):
        engine = Run(seed).live().engine
        assert checkpoint(through_bytes(engine)) == checkpoint(engine)


def test_a_held_price_is_still_held():
    story = Playbook(a_trade(stop="5pts"))
    story >> 800 >> 780.0
    copy = through_bytes(story.engine)
    tick = Tick("NSE:SBIN", 780.5, story.now_ns + 1, story.now_ns + 1)
    assert [type(o).__name__ for o in copy.process(tick)][:2] == ["PriceResolved", "ExitDecided"]


def test_a_blind_instrument_is_still_blind_and_a_session_still_open():
    policy = Policy(
        stale_after_ns=10**9,
        sessions={"NSE": Session(zone="UTC", open_minutes=1, close_minutes=1439)},
    )
    story = Playbook(a_trade(stop="5pts"), policy=policy)
    story >> 800
    story.process(Timer(story.now_ns + 5 * 10**9))
    copy = through_bytes(story.engine)
    tick = Tick("NSE:SBIN", 700.0, story.now_ns + 6 * 10**9, story.now_ns + 6 * 10**9)
    ours, its = story.engine.process(tick), copy.process(tick)
    assert list(ours) == list(its)
    assert type(its[0]).__name__ == "InstrumentSeen"


def test_trades_that_wait_for_a_price_go_on_waiting():
    story = Playbook(a_trade(stop="5pts", past_stop="from_here"))
    copy = through_bytes(story.engine)
    tick = Tick("NSE:SBIN", 790.0, START_NS + 10**9, START_NS + 10**9)
    ours, its = story.engine.process(tick), copy.process(tick)
    assert list(ours) == list(its)
    assert its


def test_a_new_circuit_band_holds_for_the_copy_too():
    engine = Engine(Policy())
    band = Instrument(exchange="X", symbol="A", price_low=Decimal(90), price_high=Decimal(110))
    engine.process(InstrumentsLoaded((band,)))
    engine.book.line("X:A")
    copy = through_bytes(engine)
    out = copy.process(Tick("X:A", 120.0, START_NS, START_NS))
    assert list(out) == list(engine.process(Tick("X:A", 120.0, START_NS, START_NS)))
    assert isinstance(out[0], PriceDropped)
    assert out[0].why.startswith("beyond what is possible")


def test_pieces_are_small_and_an_empty_book_is_one_of_them(monkeypatch):
    assert len(list(pieces(checkpoint(Engine(Policy()))))) == 1
    monkeypatch.setattr(checkpoints, "PIECE", 2)
    story = Playbook(*(a_trade(trade_id=f"A{n}", stop="5pts") for n in range(5)))
    found = list(pieces(checkpoint(story.engine)))
    assert [len(piece.trades) for piece in found if piece.trades] == [2, 2, 1]
    assert joined(found) == checkpoint(story.engine)


# A checkpoint has to know of everything that a book, a line and a gate remember.

DERIVED = {  # made anew, or durable and no part of what is said
    *{"levels", "lanes", "open_on", "out"},
    "_unsaved",
    *{"gate", "lo", "hi", "long", "short", "others"},
    *{"low", "high", "session", "holds_jumps"},
}


def test_nothing_that_an_engine_remembers_is_forgotten():
    engine = Engine(Policy())
    line = engine.book.line("X:A")
    remembered = {*vars(engine.book), *type(line).__slots__, *type(line.gate).__slots__}
    kept = {
        *Checkpoint.__struct_fields__,
        *checkpoints.Counts.__struct_fields__,
        *checkpoints.LineState.__struct_fields__,
        *checkpoints.GateState.__struct_fields__,
    }
    assert {name for name in remembered - DERIVED if name.lstrip("_") not in kept} == set()
    # Of these the days and the open trades are found anew, and the rest is what must be saved.
    found = {"next_day_ns", "days", "trades", "lines", "open", "touched", "_dirty"}
    assert set(vars(engine.book.coverage)) - found == {"clock_ns"}
    assert set(vars(engine)) == {"book", "_lines", "_sessions"}
