"""Two daemons for one account, as processes: one of them guards, and says who it is."""

import contextlib
import shutil
import signal
import sqlite3

import pytest

from tests.app.daemon_life import a_life, active, bought, configure, last, until
from tradebot.app.lock import directory_lock


@pytest.fixture
def first(tmp_path):
    configure(tmp_path, latency="0ms")
    with a_life(tmp_path) as life:
        yield life.ready()


@pytest.fixture
def elsewhere(tmp_path, first):
    """Another path of the same files, as a container has one: no lock reaches across."""
    folder = tmp_path / "elsewhere"
    (folder / "state").mkdir(parents=True)
    configure(folder, latency="0ms")
    for name in ("journal", "tradebot.db", "paper.db"):
        (folder / "state" / name).symlink_to(first.state / name)
    return folder


def test_who_guards_is_named_with_process_and_address(first, tmp_path):
    (tmp_path / "second").mkdir()
    with a_life(tmp_path / "second", "--state-dir", str(first.state)) as second:
        assert second.end(None) == 78
        said = last(second, "daemon.refused")
        assert said["pid"] == first.process.pid
        assert str(said["api"]).startswith("http://127.0.0.1:")
        assert said["answers"] is True
        assert "lock.held" in second.events()


def test_a_holder_that_does_not_answer_is_tried_again_later(first, tmp_path):
    first.process.send_signal(signal.SIGSTOP)
    (tmp_path / "second").mkdir()
    with a_life(tmp_path / "second", "--state-dir", str(first.state)) as second:
        assert second.end(None) == 75
        said = last(second, "daemon.refused")
        assert (said["pid"], said["answers"]) == (first.process.pid, False)


def test_a_restart_waits_for_the_one_that_is_dying(first, tmp_path):
    name = bought(first, "SIM", "SBIN", stop="50%")
    first.process.send_signal(signal.SIGSTOP)
    (tmp_path / "second").mkdir()
    with a_life(tmp_path / "second", "--state-dir", str(first.state)) as second:
        until(lambda: "lock.held" in second.events())
        first.process.kill()
        second.ready()
        second.state = first.state
        assert active(second).keys() == {name}
        assert second.end() == 0


def test_where_no_lock_reaches_the_database_itself_is_held(first, elsewhere):
    lock = directory_lock(elsewhere / "state")
    lock.take()  # nobody has it
    lock.release()
    with a_life(elsewhere) as second:
        assert second.end(None) == 75
        assert "has" in str(last(second, "daemon.refused")["why"])
    assert first.call("/ready")["state"] == "ready"


def test_an_older_daemon_sends_nothing_once_a_newer_one_has_the_journal(first, elsewhere):
    name = bought(first, "SIM", "SBIN", stop="50%")
    until(lambda: active(first)[name]["status"] == "ACTIVE")
    first.process.send_signal(signal.SIGSTOP)
    for file in first.state.glob("tradebot.db*"):  # a file system without working locks
        copy = elsewhere / "state" / file.name
        copy.unlink(missing_ok=True)
        shutil.copy(file, copy)
    with a_life(elsewhere) as second:
        second.ready()
        first.process.send_signal(signal.SIGCONT)
        with contextlib.suppress(OSError, AssertionError):  # it may be gone by now
            first.call("/api/v1/exittrade", {"trade_id": name})
        assert first.end(None) == 75
        assert "exit.sent" not in first.events()
        assert "taken over" in str(last(first, "daemon.refused")["why"])
        assert active(second).keys() == {name}
        second.call("/api/v1/exittrade", {"trade_id": name})
        until(lambda: not active(second))
        assert second.end() == 0
    with sqlite3.connect(first.state / "paper.db") as paper:
        ours = paper.execute("SELECT filled FROM orders WHERE client_order_id IS NOT NULL")
        assert ours.fetchall() == [("10",)]
    paper.close()
