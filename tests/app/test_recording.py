"""Recording follows the settings: at the start, when they change, at the end, and when it fails."""

import msgspec
import pytest

from tests.services.fakes import FakeClock
from tests.services.guard import Guard, a_tick
from tradebot.app import recording as recordings
from tradebot.app.recording import Recording
from tradebot.config import load
from tradebot.core.inputs import Timer
from tradebot.stores import recorder as recorders
from tradebot.stores.recorder import Recorder
from tradebot.stores.recording_files import parts_in, whole_lines

OFF = load(None).settings.record
ON = msgspec.structs.replace(OFF, on=True)
AT = 1_760_000_000 * 10**9


@pytest.fixture
def guard():
    return Guard()


@pytest.fixture
def made(guard, tmp_path, monkeypatch):
    monkeypatch.setattr(recorders, "LOOK_S", 0.005)

    def make(settings, clock=None):
        clock = clock or FakeClock(AT)
        default = tmp_path / "state" / "recordings"
        return Recording(settings, default, guard.loop, clock=clock, say=guard.said)

    return make


def turn(guard, *seqs):
    for seq in seqs:
        guard.loop.tick(a_tick(800, seq=seq))
    guard.loop.put(Timer(AT))
    guard.loop.turn()


def rows(directory):
    return [line for part in parts_in(directory) for line in list(whole_lines(part.ticks))[1:]]


async def test_nothing_is_recorded_unless_the_settings_say_so(guard, made, tmp_path):
    recording = made(OFF)
    recording.start()
    turn(guard, 1)
    await recording.close()
    assert guard.loop.record is None
    assert guard.said.lines == []
    assert not (tmp_path / "state").exists()


async def test_what_was_taken_is_on_the_disk_after_the_close(guard, made, tmp_path):
    recording = made(ON)
    recording.start()
    turn(guard, 1, 2)
    await recording.close()
    turn(guard, 3)
    assert len(rows(tmp_path / "state" / "recordings")) == 2
    assert guard.said.events == ["recording.started", "recording.ended"]


async def test_the_settings_switch_it_while_the_daemon_runs(guard, made, tmp_path):
    clock = FakeClock(AT)
    recording = made(OFF, clock)
    recording.start()
    turn(guard, 1)
    recording.change(ON)
    turn(guard, 2)
    recording.change(ON)
    recording.change(OFF)
    turn(guard, 3)
    clock.ns += 10**9
    recording.change(msgspec.structs.replace(ON, directory=tmp_path / "other"))
    turn(guard, 4, 5)
    await recording.close()
    assert len(rows(tmp_path / "other")) == 2
    assert guard.said.events == ["recording.started", "recording.ended"] * 2


async def test_a_recording_that_fails_is_told_once_and_the_guard_goes_on(
    guard, made, tmp_path, monkeypatch
):
    monkeypatch.setattr(recorders, "WAITING_MAX", 5)
    clock = FakeClock(AT)
    recording = made(ON, clock)
    recording.start()
    turn(guard, *range(10))
    turn(guard, *range(10))
    assert guard.loop.record is None
    assert guard.loop.ticks_judged == 20
    ((event, level, fields),) = guard.said.lines[1:]
    assert (event, level) == ("recording.failed", "critical")
    assert "wait to be written" in str(fields["error"])
    clock.ns += 10**9
    monkeypatch.setattr(recorders, "WAITING_MAX", 10_000)  # however slow its thread is now
    recording.change(OFF)
    recording.change(ON)
    turn(guard, 1)
    await recording.close()
    assert guard.said.events[-2:] == ["recording.started", "recording.ended"]


async def test_a_failure_that_comes_with_the_end_is_told_too(guard, made, tmp_path):
    (tmp_path / "state").touch()
    recording = made(ON)
    recording.start()
    await recording.close()
    assert guard.said.lines[-1][0] == "recording.failed"


async def test_an_end_that_takes_too_long_is_told(guard, made, monkeypatch):
    recording = made(ON)
    recording.start()
    turn(guard, 1)
    monkeypatch.setattr(recordings, "JOIN_S", 0.0)
    monkeypatch.setattr(Recorder, "join", lambda *_: False)
    await recording.close()
    assert guard.said.lines[-1][:2] == ("recording.unwritten", "error")


async def test_a_full_part_is_followed_by_one_that_knows_the_engine(guard, made, monkeypatch):
    begun: list[int] = []
    begin = Recorder.begin

    def noted(recorder, state, at_ns):
        begun.append(len(state.trades))
        begin(recorder, state, at_ns)

    monkeypatch.setattr(Recorder, "is_full", property(lambda _: len(begun) < 3))
    monkeypatch.setattr(Recorder, "begin", noted)
    recording = made(ON)
    recording.start()
    guard.create("T1", "T2")
    turn(guard, 1)
    turn(guard, 2)
    await recording.close()
    assert begun == [0, 2, 2]
