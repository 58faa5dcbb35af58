"""``tradebot shadow`` as a new user types it, at a real terminal, against the fake server."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

from tests.app.daemon_life import PATIENCE_S, clean_environment
from tests.cli.commanding import nobody
from tests.openalgo.server import OpenAlgoServer
from tradebot.app.state import StateDirectory
from tradebot.brokers.openalgo.calls.client import READ_ROUTES
from tradebot.cli.main import main
from tradebot.cli.shadow import last_words

SBIN = "NSE:SBIN"
KEY = "0123456789abcdef-of-the-fake"
PROMPT = "the API key of OpenAlgo (it is not shown): "
BANNER = "SHADOW: nothing is sent."


class Terminal:
    """A command at a terminal of 140 columns; what it shows, and what a person types."""

    def __init__(self, folder, *words, **environment):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self.fd = ours
        self.shown = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tradebot", "shadow", *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**clean_environment(), "TERM": "xterm", "NO_COLOR": "1", **environment},
            start_new_session=True,
        )
        os.close(theirs)

    def read(self, text, count=1):
        """Wait until the terminal has shown a text so often."""
        last_s = time.monotonic() + PATIENCE_S
        while self.shown.count(text) < count:
            assert time.monotonic() < last_s, f"never shown {text!r}: {self.shown[-3000:]}"
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self.fd, 65_536).decode(errors="replace")
                except OSError:  # the other side is closed
                    break
        assert self.shown.count(text) >= count, f"never shown {text!r}: {self.shown[-3000:]}"

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self, number=signal.SIGINT):
        """Do as Ctrl-C does, or wait; return the exit code."""
        if number is not None:
            self.process.send_signal(number)
        with contextlib.suppress(AssertionError):
            self.read("\x00")  # until the other side is closed
        return self.process.wait(PATIENCE_S)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.fd)


@pytest.fixture
async def server():
    async with OpenAlgoServer(api_key=KEY) as made:
        made.price(SBIN, 812.5)
        made.by_hand(SBIN, "BUY", 100)
        await made.until(lambda: made.net(SBIN) == 100)
        yield made


@pytest.fixture
def terminal(tmp_path):
    opened = []

    def begin(*words, **environment):
        opened.append(Terminal(tmp_path, *words, **environment))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()
    with contextlib.suppress(OSError, ValueError, KeyError, ProcessLookupError):
        os.kill(pid_of(tmp_path), signal.SIGKILL)


def pid_of(folder):
    return int(json.loads((folder / "shadow" / "daemon.json").read_text())["pid"])


def words(server):
    return "--openalgo", server.url, "--feed", server.feed_url, "--stop", "2%"


async def on_thread(call, *args):
    return await asyncio.to_thread(call, *args)


async def test_a_new_user_sees_his_account_and_then_the_table(server, terminal, tmp_path):
    shown = terminal(*words(server))
    await on_thread(shown.read, PROMPT)
    shown.type(f"{KEY}\n")
    await on_thread(shown.read, BANNER, 3)
    assert await on_thread(shown.end) == 0
    assert f"OpenAlgo at {server.url} takes the key. From here on it is only read." in shown.shown
    assert "the account holds 1 position\r\n  NSE:SBIN  MIS  100 at 812.50" in shown.shown
    assert "wrote shadow/config.toml" in shown.shown
    assert "tradebot shadow --state-dir shadow goes on from here" in shown.shown
    assert KEY not in shown.shown
    assert not (tmp_path / "shadow" / "daemon.json").exists()
    again = terminal()  # the second time it knows all
    await on_thread(again.read, BANNER, 3)
    assert PROMPT not in again.shown
    assert await on_thread(again.end) == 0
    assert {asked.endpoint for asked in server.record.requests} <= READ_ROUTES


async def test_a_dumb_terminal_has_the_table_in_lines_without_control(server, terminal):
    shown = terminal(*words(server), "--key", "env:ALGO_KEY", ALGO_KEY=KEY, TERM="dumb")
    await on_thread(shown.read, "adopted-1  NSE:SBIN  LONG  100")
    assert await on_thread(shown.end) == 0
    assert BANNER in shown.shown
    assert "\x1b" not in shown.shown


async def test_a_daemon_that_outlived_its_table_is_shown_again(server, terminal, tmp_path):
    first = terminal(*words(server), "--key", "env:ALGO_KEY", ALGO_KEY=KEY)
    await on_thread(first.read, BANNER, 2)
    pid = pid_of(tmp_path)
    first.process.kill()
    second = terminal(ALGO_KEY=KEY)
    await on_thread(second.read, BANNER, 2)
    assert f"this shadow runs already (pid {pid})" in second.shown
    assert await on_thread(second.end) == 0
    assert pid_of(tmp_path) == pid
    os.kill(pid, 0)


async def test_a_daemon_that_ends_ends_its_table_and_tells_why(server, terminal, tmp_path):
    shown = terminal(*words(server), "--key", "env:ALGO_KEY", ALGO_KEY=KEY)
    await on_thread(shown.read, BANNER, 2)
    os.kill(pid_of(tmp_path), signal.SIGTERM)
    await on_thread(shown.read, "tradebot: the daemon has ended; its log says:")
    assert await on_thread(shown.end, None) == 1


async def test_a_daemon_that_was_killed_is_not_explained_by_what_it_said(
    server, terminal, tmp_path
):
    shown = terminal(*words(server), "--key", "env:ALGO_KEY", ALGO_KEY=KEY)
    await on_thread(shown.read, BANNER, 2)
    os.kill(pid_of(tmp_path), signal.SIGKILL)
    told = "tradebot: the daemon was killed by SIGKILL; tradebot shadow --state-dir shadow goes on"
    await on_thread(shown.read, told)
    assert await on_thread(shown.end, None) == 1


async def test_what_was_refused_is_told_whatever_another_daemon_has_said_since(
    server, terminal, tmp_path
):
    first = terminal(*words(server), "--key", "env:ALGO_KEY", ALGO_KEY=KEY)
    await on_thread(first.read, BANNER, 2)
    announced = tmp_path / "shadow" / "daemon.json"
    announced.rename(tmp_path / "kept")  # as in a race: the first has not said yet where it is
    second = terminal(ALGO_KEY=KEY)
    await on_thread(second.read, "tradebot: the daemon did not start; its log says:")
    assert await on_thread(second.end, None) == 1
    assert f"another daemon guards the state directory {tmp_path}" in second.shown
    (tmp_path / "kept").rename(announced)
    assert await on_thread(first.end) == 0


def test_of_what_a_daemon_has_said_the_gravest_is_told(tmp_path):
    state = StateDirectory(tmp_path)
    assert last_words(state, 0) == f"it left no log in {state.logs}"
    state.logs.mkdir()
    state.log.write_text("10:00 CRITICAL daemon.refused why=old\n")
    since = state.log.stat().st_size
    assert last_words(state, since) == f"it left no log in {state.logs}"
    with state.log.open("a") as log:
        log.write("10:01 CRITICAL daemon.refused why=held\n10:01 INFO     trade.created\n")
    assert last_words(state, since) == "its log says: 10:01 CRITICAL daemon.refused why=held"
    state.log.write_text("10:02 INFO     new.file\n")  # the other one lies beside it
    assert last_words(state, since) == "its log says: 10:02 INFO     new.file"


async def test_a_daemon_that_cannot_start_tells_why(server, terminal):
    shown = terminal(*words(server), "--key", "env:ALGO_KEY", ALGO_KEY=KEY)
    await on_thread(shown.read, BANNER, 2)
    assert await on_thread(shown.end) == 0
    await server.stop()
    again = terminal(ALGO_KEY=KEY)
    await on_thread(again.read, "tradebot: the daemon did not start; its log says:")
    assert "no connection to" in again.shown
    assert await on_thread(again.end, None) == 1


async def test_a_key_that_is_not_taken_leaves_nothing_behind(server, terminal, tmp_path):
    shown = terminal(*words(server))
    await on_thread(shown.read, PROMPT)
    shown.type("a-wrong-key\n")
    await on_thread(shown.read, "tradebot: OpenAlgo does not take the key")
    assert await on_thread(shown.end, None) == 1
    assert not (tmp_path / "shadow").exists()


async def test_without_a_terminal_it_is_the_daemon(server, tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradebot", "shadow", *words(server), "--key", "env:ALGO_KEY"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**clean_environment(), "ALGO_KEY": KEY},
    )
    assert process.stderr is not None
    while b"daemon.ready" not in (line := await process.stderr.readline()):
        assert line, "it ended"
    assert pid_of(tmp_path) == process.pid
    process.terminate()
    await process.communicate()
    assert process.returncode == 0


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty directory in which a script runs the command."""
    monkeypatch.chdir(tmp_path)
    nobody(monkeypatch)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ([], 2, "say where OpenAlgo is: tradebot shadow --openalgo http://127.0.0.1:5000"),
        (["--openalgo", "127.0.0.1:5000"], 2, "--openalgo = '127.0.0.1:5000': must be an address"),
        (["--openalgo", "http://a", "--feed", "http://b"], 2, "--feed = 'http://b': must be"),
        (["--openalgo", "http://a", "--stop", "2"], 2, "--stop = '2' is not a level"),
        (["--openalgo", "http://a", "--key", "a-secret"], 2, "and not be it"),
        (["--openalgo", "http://a", "--key", ""], 2, "and not be it"),
        (["--openalgo", "http://a"], 2, "nobody can be asked for the key: say --key env:NAME"),
        (["--openalgo", "http://a", "--key", "env:NO_SUCH"], 78, "the secret env:NO_SUCH"),
    ],
)
def test_what_is_missing_or_wrong_is_named(given, code, told, here, capsys):
    assert main(["shadow", *given]) == code
    said = capsys.readouterr().err
    assert told in said
    assert "a-secret" not in said
    assert list(here.iterdir()) == []


CONFIG = """mode = "{mode}"
account.id = "AB1"
[broker]
kind = "openalgo"
rest = "http://127.0.0.1:5000"
key = "env:ALGO_KEY"
[shadow]
stop = "2%"
"""


@pytest.mark.parametrize(
    ("mode", "given", "told"),
    [
        ("live", [], "mode = 'live' is no shadow; name another --state-dir"),
        ("shadow", ["--openalgo", "http://other"], "broker.rest = 'http://127.0.0.1:5000'"),
        ("shadow", ["--feed", "ws://other"], "broker.feed = 'ws://127.0.0.1:8765'"),
        ("shadow", ["--stop", "3%"], "shadow.stop = '2%'"),
        ("shadow", ["--key", "env:OTHER"], "broker.key = 'env:ALGO_KEY'"),
    ],
)
def test_a_directory_of_something_else_is_refused(mode, given, told, tmp_path, capsys):
    (tmp_path / "config.toml").write_text(CONFIG.format(mode=mode))
    assert main(["shadow", "--state-dir", str(tmp_path), *given]) == 78
    assert told in capsys.readouterr().err
