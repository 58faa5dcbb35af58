"""What a turn took, in its order, is handed to whoever records; without one, nothing is noted."""

from typing import Any

import pytest

from tests.services.guard import SECOND_NS, Guard, a_creation, a_fill, a_tick
from tradebot.core.engine import Engine
from tradebot.core.events import Event, ExitDecided
from tradebot.core.inputs import Tick, Timer
from tradebot.core.intents import Intent


class Turns:
    """A recorder that is a list of turns."""

    def __init__(self, guard) -> None:
        self.turns: list[tuple[list[Any], list[Event | Intent]]] = []
        guard.loop.record = lambda inputs, outputs: self.turns.append((inputs, list(outputs)))


def test_a_turn_is_handed_over_as_it_was_taken():
    guard = Guard()
    recorded = Turns(guard)
    tick, creation = a_tick(801, "T1", 1), a_creation("T1")
    fill, timer = a_fill(creation), Timer(2 * SECOND_NS)
    guard.loop.tick(tick)
    for item in (timer, fill, creation):
        guard.loop.put(item)
    guard.loop.turn()
    ((inputs, outputs),) = recorded.turns
    assert inputs == [timer, fill, creation, tick]
    assert outputs == [output for said, _ in guard.delivered for output in said]


def test_a_tick_that_was_not_taken_is_not_recorded():
    guard = Guard()
    guard.create("T1")
    recorded = Turns(guard)
    for seq, ltp in enumerate((800, 795, 790)):
        guard.loop.tick(a_tick(ltp, "T1", seq))
    guard.loop.turn()
    ((inputs, outputs),) = recorded.turns
    assert [tick.ltp for tick in inputs] == [800, 795]
    assert isinstance(outputs[0], ExitDecided)
    guard.loop.turn()
    assert [tick.ltp for tick in recorded.turns[1][0]] == [790]


def test_an_order_is_on_its_way_before_the_turn_is_recorded():
    guard = Guard()
    guard.create("T1")
    guard.loop.record = lambda _inputs, _outputs: guard.calls.append("record")
    guard.loop.tick(a_tick(795, "T1"))
    guard.loop.turn()
    assert guard.calls[-2:] == ["deliver", "record"]


def test_a_turn_without_an_input_is_not_recorded():
    guard = Guard()
    recorded = Turns(guard)
    guard.loop.turn()
    guard.loop.finish()
    assert recorded.turns == []


def test_the_turn_that_broke_is_recorded_up_to_what_broke_it(monkeypatch):
    guard = Guard()
    recorded = Turns(guard)
    process = Engine.process

    def breaks(engine, item):
        assert not isinstance(item, Tick), "a broken promise"
        return process(engine, item)

    monkeypatch.setattr(Engine, "process", breaks)
    timer, tick = Timer(SECOND_NS), a_tick(800)
    guard.loop.put(timer)
    guard.loop.tick(tick)
    with pytest.raises(AssertionError, match="a broken promise"):
        guard.loop.turn()
    assert recorded.turns == [([timer, tick], [])]


def test_a_recorder_may_come_and_go_between_turns():
    guard = Guard()
    guard.loop.tick(a_tick(800, seq=1))
    guard.loop.turn()
    recorded = Turns(guard)
    guard.loop.tick(a_tick(800, seq=2))
    guard.loop.turn()
    guard.loop.record = None
    guard.loop.tick(a_tick(800, seq=3))
    guard.loop.turn()
    assert [tick.seq for inputs, _ in recorded.turns for tick in inputs] == [2]


def test_a_recorder_that_leaves_in_the_middle_of_a_turn_is_told_nothing_more():
    guard = Guard()
    recorded = Turns(guard)

    def leave() -> None:
        guard.loop.record = None

    guard.journal.on_append = leave
    guard.loop.put(a_fill(a_creation("T1")))
    guard.loop.turn()
    guard.loop.tick(a_tick(800))
    guard.loop.turn()
    assert recorded.turns == []
