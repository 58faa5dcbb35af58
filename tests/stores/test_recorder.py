"""The recorder writes what it is handed, in parts, and ends before it slows anybody."""

import errno
import gzip
import io
import os
import threading
import time

import pytest

from tests.core.test_recording import OTHERS, TICK
from tradebot.core.checkpoint import checkpoint
from tradebot.core.engine import Engine
from tradebot.core.inputs import Timer
from tradebot.core.intents import AskQuote
from tradebot.core.policy import Policy
from tradebot.core.recording import End, Part, Said, Scribe, Taken, steps
from tradebot.core.words.tick_files import read_ticks
from tradebot.stores import recorder as recorders
from tradebot.stores.recorder import Recorder
from tradebot.stores.recording_files import INPUTS, OPEN, TICKS, part_name, parts_in, whole_lines

AT = TICK.at_ns
STATE = checkpoint(Engine(Policy()))
HOUR_NS = 3_600 * 10**9
PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(recorders, "LOOK_S", 0.005)
    monkeypatch.setattr(recorders, "FLUSH_S", 0.0)


@pytest.fixture
def made(tmp_path):
    """Make recorders in one directory; all are closed in the end."""
    every = []

    def make(**settings):
        settings = {"rotate_ns": HOUR_NS, "keep_ns": HOUR_NS, **settings}
        recorder = Recorder(tmp_path / "r", program="1", begun_ns=AT, **settings)
        every.append(recorder)
        return recorder

    yield make
    for recorder in every:
        recorder.close("the test is over")
        assert recorder.join(PATIENCE_S)


def read(part):
    rows = "".join(line.decode() for line in whole_lines(part.ticks))
    ticks = read_ticks(io.StringIO(rows), "rows")
    return list(steps(whole_lines(part.inputs), ticks, part.name))


def until(reached):
    end_s = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < end_s, "it does not come"
        time.sleep(0.002)


def ended(recorder, why="stopped"):
    recorder.close(why)
    assert recorder.join(PATIENCE_S)


def test_what_is_handed_over_is_in_closed_files(made, tmp_path):
    recorder = made()
    recorder.begin(STATE, AT)
    recorder.take([TICK, *OTHERS[:3]], [AskQuote("X:A", "why")])
    recorder.take([TICK], [])
    ended(recorder)
    (part,) = parts_in(tmp_path / "r")
    first, *rest = read(part)
    assert isinstance(first, Part)
    assert (first.head.number, first.head.begun_ns, first.head.program) == (1, AT, "1")
    assert [s.item for s in rest if isinstance(s, Taken)] == [TICK, *OTHERS[:3], TICK]
    assert sum(isinstance(s, Said) for s in rest) == 1
    assert rest[-1] == End("stopped", is_whole=True)
    assert recorder.failure == ""
    assert recorder.waiting == 0
    with gzip.open(part.ticks, "rt") as file:
        assert len(list(read_ticks(file, "a"))) == 2


def test_many_inputs_are_written_as_they_come(made, tmp_path, monkeypatch):
    monkeypatch.setattr(recorders, "WRITE_EVERY", 10)
    recorder = made()
    recorder.begin(STATE, AT)
    for _ in range(10):
        recorder.take([TICK] * 30, [AskQuote("X:A", str(n)) for n in range(7)])
    ended(recorder)
    found = read(parts_in(tmp_path / "r")[0])
    assert sum(isinstance(step, Taken) for step in found) == 300
    assert sum(len(step.answers) for step in found if isinstance(step, Said)) == 70


def test_a_running_part_can_be_read_up_to_the_last_flush(made, tmp_path):
    recorder = made()
    recorder.begin(STATE, AT)
    recorder.take([TICK, Timer(AT)], [])
    open_ticks = [tmp_path / "r" / (part_name(AT, 1) + TICKS + OPEN)]
    until(lambda: open_ticks[0].exists() and len(list(whole_lines(open_ticks[0]))) == 2)
    (part,) = parts_in(tmp_path / "r")
    until(lambda: any(isinstance(step, Taken) for step in read(part)))
    assert read(part)[-1].is_whole is False
    assert open_ticks[0].stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("limit", ["time", "size"])
def test_a_part_that_is_full_is_followed_by_the_next(made, tmp_path, monkeypatch, limit):
    if limit == "size":
        monkeypatch.setattr(recorders, "PART_BYTES_MAX", 1)
    recorder = made(rotate_ns=10**6 if limit == "time" else HOUR_NS)
    assert not recorder.is_full
    recorder.begin(STATE, AT)
    recorder.take([TICK], [])
    until(lambda: recorder.is_full)
    recorder.begin(STATE, AT + 10**9)
    assert not recorder.is_full
    recorder.take([TICK, TICK], [])
    ended(recorder)
    one, two = parts_in(tmp_path / "r")
    heads = [read(part)[0].head for part in (one, two)]
    assert [head.number for head in heads] == [1, 2]
    assert heads[0].recording == heads[1].recording
    assert read(one)[-1] == End("the next part begins", is_whole=True)
    assert sum(isinstance(step, Taken) for step in read(two)) == 2


def test_old_parts_are_let_go_when_a_new_one_begins(made, tmp_path):
    (tmp_path / "r").mkdir()
    old = tmp_path / "r" / (part_name(AT, 1) + TICKS)
    old.touch()
    os.utime(old, (1, 1))
    recorder = made()
    recorder.begin(STATE, AT)
    ended(recorder)
    assert len(parts_in(tmp_path / "r")) == 1
    assert old.stat().st_size > 0


def test_what_an_earlier_life_left_open_is_closed(made, tmp_path):
    (tmp_path / "r").mkdir()
    left = tmp_path / "r" / (part_name(AT - 10**9, 1) + TICKS + OPEN)
    left.write_bytes(gzip.compress(b"ts_ns,exchange,symbol,price,bid,ask\n")[:-8])
    made()
    until(lambda: not left.exists())
    assert (tmp_path / "r" / (part_name(AT - 10**9, 1) + TICKS)).exists()


def test_what_cannot_be_mended_is_no_harm(made, tmp_path, monkeypatch):
    def refuses(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(recorders, "mend", refuses)
    recorder = made()
    recorder.begin(STATE, AT)
    ended(recorder)
    assert recorder.failure == ""


# The end.


def test_more_than_may_wait_ends_it_whole_up_to_there(made, tmp_path, monkeypatch):
    monkeypatch.setattr(recorders, "WAITING_MAX", 10)
    holds = threading.Event()
    monkeypatch.setattr(
        Recorder,
        "_begin",
        lambda recorder, begin, real=Recorder._begin: [holds.wait(), real(recorder, begin)],
    )
    recorder = made()
    recorder.begin(STATE, AT)
    recorder.take([TICK] * 9, [])
    assert recorder.failure == ""
    recorder.take([TICK], [AskQuote("X:A", "why")])
    assert recorder.failure == "11 inputs wait to be written, 10 may"
    recorder.take([TICK], [])
    holds.set()
    assert recorder.join(PATIENCE_S)
    found = read(parts_in(tmp_path / "r")[0])
    assert sum(isinstance(step, Taken) for step in found) == 9
    assert found[-1] == End("11 inputs wait to be written, 10 may", is_whole=True)


def test_a_disk_without_room_ends_it(made, tmp_path, monkeypatch):
    monkeypatch.setattr(recorders, "FREE_BYTES_MIN", 1 << 62)
    recorder = made()
    recorder.begin(STATE, AT)
    assert recorder.join(PATIENCE_S)
    assert recorder.failure.startswith(f"{tmp_path / 'r'}: less than ")
    assert parts_in(tmp_path / "r") == []
    recorder.take([TICK], [])


def test_a_disk_that_fills_up_leaves_a_part_that_is_readable(made, tmp_path, monkeypatch):
    recorder = made()
    recorder.begin(STATE, AT)
    recorder.take([TICK], [])
    until(lambda: recorder.waiting == 0)
    (part,) = parts_in(tmp_path / "r")
    until(lambda: any(isinstance(step, Taken) for step in read(part)))
    monkeypatch.setattr(recorders, "FREE_BYTES_MIN", 1 << 62)
    assert recorder.join(PATIENCE_S)
    assert "MiB are free" in recorder.failure
    assert [step.item for step in read(part) if isinstance(step, Taken)] == [TICK]


def test_a_write_that_fails_ends_it(made, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recorders._GzipFile, "flush", full)
    recorder = made()
    recorder.begin(STATE, AT)
    assert recorder.join(PATIENCE_S)
    assert recorder.failure == f"{tmp_path / 'r'}: No space left on device"


def test_a_directory_that_cannot_be_made_ends_it(made, tmp_path):
    (tmp_path / "r").touch()
    recorder = made()
    recorder.begin(STATE, AT)
    assert recorder.join(PATIENCE_S)
    assert recorder.failure == f"{tmp_path / 'r'}: File exists"


def test_a_part_whose_second_file_cannot_be_made_ends_it(made, tmp_path):
    (tmp_path / "r" / (part_name(AT, 1) + INPUTS + OPEN)).mkdir(parents=True)
    recorder = made()
    recorder.begin(STATE, AT)
    assert recorder.join(PATIENCE_S)
    assert recorder.failure.endswith("File exists")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_recorder_that_breaks_says_so(made, monkeypatch):
    def breaks(*_):
        raise AssertionError("a broken promise")

    monkeypatch.setattr(Scribe, "take", breaks)
    recorder = made()
    recorder.begin(STATE, AT)
    recorder.take([TICK], [])
    assert recorder.join(PATIENCE_S)
    assert recorder.failure == "the recorder broke"


def test_handing_over_does_not_wait_for_the_disk(made, monkeypatch):
    holds = threading.Event()
    monkeypatch.setattr(recorders._GzipFile, "_put", lambda *_: holds.wait())
    recorder = made()
    recorder.begin(STATE, AT)
    begun_s = time.monotonic()
    for _ in range(1_000):
        recorder.take([TICK] * 10, [])
    assert time.monotonic() - begun_s < 1
    assert not recorder.join(0.01)
    holds.set()
    monkeypatch.undo()
