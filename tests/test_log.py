"""A line of the log is one event, whatever its values hold, and never a secret."""

import io
import json
import logging
import os
import pty
import re
import socket
import subprocess
import sys
import tty
import warnings
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from tradebot import log


@pytest.fixture(autouse=True)
def the_log_as_it_was():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    log.close()
    logger.add(sys.stderr)
    log.set_level("info")
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level


class Terminal(io.StringIO):
    def isatty(self):
        return True


def lines(form="text", *, level="info", stream=None, **more):
    """Configure the log and return what it writes to, as a function."""
    out = io.StringIO() if stream is None else stream
    log.configure(level=level, form=form, stream=out, environ=more.pop("environ", {}), **more)
    return lambda: out.getvalue().splitlines()


def test_a_line_has_time_level_name_and_fields():
    written = lines()
    log.say("trade.closed", trade_id="T17", reason="stop", pnl=Decimal("-12.50"), left=0, ok=True)
    (line,) = written()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO     "
        r"trade\.closed trade_id=T17 reason=stop pnl=-12\.50 left=0 ok=true",
        line,
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("stop", "stop"),
        ("a b", '"a b"'),
        ("", '""'),
        ("a=b", '"a=b"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("T1\n2026-01-01T00:00:00.000Z INFO forged", '"T1\\n2026-01-01T00:00:00.000Z INFO forged"'),
        ("\r\t\0", '"\\r\\t\\u0000"'),
        ("\x1b[31mred", '"\\u001b[31mred"'),
        ("\x7f\x9b\u2028\u202e\ud800", '"\\u007f\\u009b\\u2028\\u202e\\ud800"'),
        ("{time} <red>", '"{time} <red>"'),
        ("नमस्ते", "नमस्ते"),
        (None, "none"),
        (False, "false"),
        (1.5, "1.5"),
        (float("nan"), "nan"),
        pytest.param(10**5000, hex(10**5000)[:2000], id="huge"),
        ("x" * 2001, "x" * 2000 + "..."),
    ],
)
def test_a_value_is_one_word_of_one_line(value, text):
    written = lines()
    log.say("thing.seen", value=value)
    (line,) = written()
    assert line.endswith(f"thing.seen value={text}")


@given(st.text() | st.binary() | st.floats() | st.integers())
def test_no_value_breaks_a_line(value):
    for form in ("text", "json", "journal"):
        written = lines(form)
        log.say("thing.seen", value=value)
        (line,) = written()
        assert line.isprintable()


@pytest.mark.parametrize(
    "name",
    ["key", "apikey", "api_key", "token", "secret", "password", "Authorization", "bot_token"],
)
@pytest.mark.parametrize("form", ["text", "json", "journal"])
def test_a_secret_is_never_written(name, form):
    written = lines(form)
    log.say("door.opened", **{name: "hunter2", "keyboard": "qwerty"})
    assert "hunter2" not in written()[0]
    assert "***" in written()[0]
    assert "qwerty" in written()[0]


def test_a_key_of_ours_is_not_written_wherever_it_turns_up():
    written = lines()
    log.say("door.opened", error="no such key: tb_0123456789abcdefABCDEF-_")
    assert written()[0].endswith('error="no such key: ***"')


def test_a_field_may_have_any_name():
    written = lines("json")
    log.say("price.held", "warning", event="E", level=812.5, time="t", severity="s", self="me")
    line = json.loads(written()[0])
    assert (line["event"], line["severity"]) == ("price.held", "warning")
    assert (line["event_"], line["severity_"], line["time_"]) == ("E", "s", "t")
    assert (line["level"], line["self"]) == (812.5, "me")


def test_json_is_one_object_a_line():
    written = lines("json")
    log.say("trade.closed", pnl=Decimal("1.10"), price=float("inf"), ok=True, why=None, n=3)
    line = json.loads(written()[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "severity": "info",
        "event": "trade.closed",
        "pnl": "1.10",
        "price": "inf",
        "ok": True,
        "why": None,
        "n": 3,
    }


@pytest.mark.parametrize(
    ("level", "priority"), [("info", 6), ("warning", 4), ("error", 3), ("critical", 2)]
)
def test_the_journal_gets_a_priority_and_no_time(level, priority):
    written = lines("journal")
    log.say("trade.stuck", level, trade_id="T1")
    assert written() == [f"<{priority}>trade.stuck trade_id=T1"]


def test_less_severe_events_are_not_written_and_the_level_may_change():
    written = lines("journal", level="warning")
    log.say("a.b")
    log.say("c.d", "warning")
    log.set_level("debug")
    log.say("e.f", "debug")
    assert written() == ["<4>c.d", "<7>e.f"]


def test_an_unknown_level_is_a_broken_promise():
    with pytest.raises(KeyError):
        log.say("a.b", "loud")


def test_a_terminal_gets_colours_unless_it_asks_for_none():
    written = lines(stream=Terminal())
    log.say("a.b", "error")
    assert "\x1b[" in written()[0]
    dumb = (Terminal(), {"TERM": "dumb"})
    for stream, environ in ((Terminal(), {"NO_COLOR": "1"}), dumb, (io.StringIO(), {})):
        written = lines(stream=stream, environ=environ)
        log.say("a.b", "error")
        assert "\x1b[" not in written()[0]


def test_lines_go_to_a_file_too(tmp_path):
    written = lines(directory=tmp_path / "logs")
    log.say("a.b", n=1)
    file = tmp_path / "logs" / log.FILE_NAME
    assert file.read_text().splitlines() == written()
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.parent.stat().st_mode & 0o777 == 0o750


def test_the_file_rotates_and_old_ones_go(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "FILE_BYTES_MAX", 1000)
    monkeypatch.setattr(log, "FILES_KEPT", 3)
    lines(directory=tmp_path)
    for number in range(100):
        log.say("a.b", n=number, filler="x" * 100)
    files = list(tmp_path.iterdir())
    assert len(files) == 4
    assert all(file.stat().st_size <= 1000 for file in files)
    assert "n=99" in (tmp_path / log.FILE_NAME).read_text()


def test_a_guard_without_its_log_file_still_guards(tmp_path):
    (tmp_path / "logs").write_text("a file is in the way")
    written = lines(directory=tmp_path / "logs")
    log.say("a.b")
    assert "log.no_file" in written()[0]
    assert written()[1].endswith("a.b")


def test_systemd_gets_journal_lines_and_no_file(tmp_path):
    with (tmp_path / "stream").open("w+") as stream:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        for form in ("text", "json"):
            log.configure(
                level="info", form=form, stream=stream, environ=environ, directory=tmp_path / "logs"
            )
            log.say("a.b")
        stream.seek(0)
        first, second = stream.read().splitlines()
    assert first == "<6>a.b"
    assert json.loads(second)["event"] == "a.b"
    assert not (tmp_path / "logs").exists()


def test_a_stream_that_systemd_did_not_connect_is_no_journal(tmp_path):
    with (tmp_path / "stream").open("w+") as stream:
        log.configure(level="info", form="text", stream=stream, environ={"JOURNAL_STREAM": "1:2"})
        log.say("a.b")
        stream.seek(0)
        assert stream.read().endswith("INFO     a.b\n")
    written = lines(environ={"JOURNAL_STREAM": "1:2"})  # a stream without a descriptor
    log.say("a.b")
    assert written()[0].endswith("INFO     a.b")


def test_what_libraries_say_becomes_a_line_like_ours():
    written = lines("journal")
    theirs = logging.getLogger("a.library")
    theirs.info("not worth a line")
    theirs.warning("bad\n%s", "request")
    theirs.warning("two %s %s", "one")
    theirs.log(35, "odd")
    try:
        dict[str, str]()["why"]
    except KeyError:
        theirs.exception("failed")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert written()[:4] == [
        '<4>library.said library=a.library message="bad\\nrequest"',
        '<4>library.said library=a.library message="two %s %s"',
        "<4>library.said library=a.library message=odd",
        "<3>library.said library=a.library message=failed error=\"KeyError: 'why'\"",
    ]
    assert "DeprecationWarning: old" in written()[4]


def test_before_it_is_configured_a_line_is_whole_all_the_same():
    code = "from tradebot.log import say; say('a.b', n=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.rstrip().endswith("a.b n=1")


def test_a_full_disk_is_said_once_and_costs_no_line_of_the_other_stream(tmp_path):
    code = """
import sys
from pathlib import Path
from tradebot import log
log.configure(level="info", form="json", directory=Path(sys.argv[1]), environ={})
log.say("first")
file = next(h for h in log.logger._core.handlers.values() if "tradebot.log" in str(h._name))
real = file._sink._file
file._sink._file = open("/dev/full", "w", buffering=1)
for number in range(3):
    log.say("meanwhile", number=number)
file._sink._file = real
log.say("last")
file._sink._file = open("/dev/full", "w", buffering=1)
log.say("the end")
log.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events == [
        *("first", "meanwhile", "log.failed", "meanwhile", "meanwhile", "last", "log.back"),
        *("the end", "log.failed"),
    ]
    kept = [
        json.loads(line)["event"] for line in (tmp_path / "tradebot.log").read_text().splitlines()
    ]
    assert kept == ["first", "last", "log.back"]


@pytest.fixture(params=["terminal", "pipe", "socket"])
def unread(request):
    """A stream that nobody reads, as a terminal after Ctrl-S, and its other end."""
    if request.param == "terminal":
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
    elif request.param == "pipe":
        ours, theirs = os.pipe()
    else:
        ours, theirs = (end.detach() for end in socket.socketpair())
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield ours, stream
        os.close(ours)  # whoever still writes is told that nobody reads
        log.close()


def test_a_reader_that_takes_nothing_holds_nobody_up(unread, tmp_path, monkeypatch):
    monkeypatch.setattr(log, "LINES_WAITING_MAX", 3000)
    ours, stream = unread
    log.configure(level="info", form="text", stream=stream, environ={}, directory=tmp_path)
    for number in range(5000):
        log.say("a.b", n=number, filler="x" * 100)
    assert " n=4999 " in (tmp_path / log.FILE_NAME).read_text()
    shown = b""  # the reader is back: what it has missed is counted, and the rest is in order
    while not (lost := re.search(rb"log.lost lines=(\d+)\n.* n=(\d+) ", shown)):
        number += 1
        log.say("a.b", n=number, filler="x" * 100)
        shown += os.read(ours, 65_536)
    numbers = [int(n) for n in re.findall(rb" n=(\d+) ", shown[: lost.start()])]
    assert numbers[:3000] == list(range(3000))
    assert len(numbers) + int(lost[1]) == int(lost[2])


def test_a_reader_that_takes_nothing_holds_no_end_up():
    code = """
from tradebot import log
log.CLOSE_S_MAX = 0.01
log.configure(level="info", form="json", environ={})
for number in range(5000):
    log.say("a.b", number=number)
log.close()
"""
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as process:
        assert process.wait() == 0
        assert process.stderr is not None
        assert process.stderr.readline().endswith(b'"number": 0}\n')


def test_what_was_said_last_is_read_when_the_log_is_closed():
    code = """
from tradebot import log
log.configure(level="info", form="json", environ={})
for number in range(5000):
    log.say("a.b", number=number)
log.close()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert len(done.stderr.splitlines()) == 5000


def test_nobody_reads_any_more_and_the_next_line_is_said_all_the_same(tmp_path):
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        log.configure(level="info", form="text", stream=stream, environ={}, directory=tmp_path)
        log.say("a.b")
        log.say("a.c")
        log.close()
    assert len((tmp_path / log.FILE_NAME).read_text().splitlines()) == 2
