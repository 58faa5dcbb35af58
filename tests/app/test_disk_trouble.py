"""Whatever the disk does, stops fire; what is wrong is said, and made good once it can be."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.app.daemon_life import a_life, active, configure, until
from tests.disk_trouble import (
    NotAllowedError,
    Trouble,
    cross,
    exchange_elsewhere,
    guarded,
    left,
    small_disk,
    sold,
    status,
)
from tests.traced import missing


@pytest.fixture
def traced():
    if why := missing():
        pytest.skip(why)


@pytest.fixture
def folder(tmp_path):
    """A daemon's folder whose state directory is a small disk."""
    configure(tmp_path, latency="0ms")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(small_disk(tmp_path / "state"))
        except NotAllowedError as error:
            pytest.skip(str(error))
        exchange_elsewhere(tmp_path)
        yield tmp_path


def readiness(life):
    told = life.call("/ready")
    return told["state"], " ".join(told["reasons"])


def drained(life, names):
    """Restart after the trouble: nothing is left of it, and nothing happened twice."""
    until(lambda: "refuses" not in readiness(life)[1])
    assert life.end() == 0
    assert life.events().count("trade.closed") == len(names)


def test_on_a_full_disk_stops_fire_and_all_is_saved_once_there_is_room(folder):
    with a_life(folder) as life:
        names = guarded(life.ready(), 4)
        trouble = Trouble(life)
        for name in names[:3]:
            trouble.fill()
            cross(life, name)
        until(lambda: sold(folder) == left(*names[:3]))
        until(lambda: "store.failed" in life.events())
        state, reasons = readiness(life)
        assert state == "degraded"
        assert reasons.count("the database refuses") == 1
        code, told = status(life)
        assert code == 1
        assert "the database refuses" in told
        trouble.end()
        drained(life, names[:3])
    with a_life(folder) as life:
        assert active(life.ready()).keys() == {names[3]}
        assert life.end() == 0
    assert sold(folder) == left(*names[:3])


def test_killed_on_a_full_disk_it_guards_again_once_there_is_room(folder):
    with a_life(folder) as life:
        names = guarded(life.ready(), 3)
        trouble = Trouble(life)
        trouble.fill()
        cross(life, names[0])
        until(lambda: sold(folder) == left(names[0]))
        assert life.end(signal.SIGKILL) == -signal.SIGKILL
        trouble.end()
    with a_life(folder) as life:
        cross(life.ready(), names[1])
        until(lambda: active(life).keys() == {names[2]})
        assert life.end() == 0
    assert sold(folder) == left(*names[:2])


def test_started_on_a_full_disk_without_its_reserve_it_guards_and_saves_once_there_is_room(folder):
    with a_life(folder) as life:
        names = guarded(life.ready(), 3)
        trouble = Trouble(life)
        assert life.end(signal.SIGKILL) == -signal.SIGKILL
    (folder / "state" / "ballast").unlink()
    trouble.fill()
    with a_life(folder) as life:
        state, reasons = readiness(life.ready())
        assert state == "degraded"
        assert "the database refuses" in reasons
        assert "its reserve is in use" in reasons
        for name in names[:2]:
            cross(life, name)
        until(lambda: sold(folder) == left(*names[:2]))
        trouble.end()
        drained(life, names[:2])
    with a_life(folder) as life:
        assert active(life.ready()).keys() == {names[2]}
        assert life.end() == 0
    assert sold(folder) == left(*names[:2])


@pytest.mark.usefixtures("traced")
def test_where_journal_and_database_fail_stops_fire_all_the_same(folder):
    with a_life(folder) as life:
        names = guarded(life.ready(), 3)
        trouble = Trouble(life)
        trouble.let("fdatasync,fsync", "error=EIO")
        for name in names[:2]:
            cross(life, name)
        until(lambda: sold(folder) == left(*names[:2]))
        assert {"journal.failed", "exit.unsaved"} <= set(life.events())
        state, reasons = readiness(life)
        assert state == "degraded"
        assert "the journal refuses" in reasons
        assert "the journal refuses" in status(life)[1]
        trouble.end()
        until(lambda: "journal.back" in life.events())
        drained(life, names[:2])
    with a_life(folder) as life:
        assert active(life.ready()).keys() == {names[2]}
        assert life.end() == 0
    assert sold(folder) == left(*names[:2])


@pytest.mark.usefixtures("traced")
def test_a_database_that_hangs_holds_no_stop_back(folder):
    with a_life(folder) as life:
        (name, other) = guarded(life.ready(), 2)
        trouble = Trouble(life)
        trouble.let("pwrite64,fdatasync", "delay_enter=30s", "tradebot.db*")
        with ThreadPoolExecutor(1) as person:
            person.submit(cross, life, name)  # it is answered when a disk has taken it
            until(lambda: sold(folder) == left(name))
            assert trouble.seen().count("pwrite64") <= 1  # the first call has not returned
            trouble.end()
        until(lambda: active(life).keys() == {other})
        drained(life, [name])


def test_an_exchange_that_is_held_by_somebody_gets_each_order_once(folder):
    with a_life(folder) as life:
        names = guarded(life.ready(), 3)
        with contextlib.closing(sqlite3.connect(folder / "exchange" / "paper.db")) as somebody:
            somebody.execute("BEGIN IMMEDIATE")
            for name in names[:2]:
                cross(life, name)
            until(lambda: life.events().count("exit.answered") >= 2)
            somebody.rollback()
        until(lambda: sold(folder) == left(*names[:2]))
        drained(life, names[:2])


def test_a_database_that_somebody_has_open_is_waited_for(tmp_path):
    configure(tmp_path)
    with a_life(tmp_path) as life:
        assert life.ready().end() == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "tradebot.db")) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        with a_life(tmp_path) as life:
            assert life.end(None) == 75  # the service manager tries again
            assert "another process has" in str(life.log()[-1]["why"])
    with a_life(tmp_path) as life:
        assert life.ready().end() == 0


@pytest.mark.parametrize(
    ("path", "mode", "named"),
    [
        ("state", 0o550, "state directory"),
        ("state/tradebot.db", 0o000, "tradebot.db"),
        ("state/journal", 0o000, "journal"),
        ("state/paper.db", 0o000, "paper.db"),
        ("state/admin.key", 0o000, "admin.key"),
    ],
)
def test_what_a_plain_user_may_not_touch_is_named_and_not_tried_again(
    tmp_path, used, path, mode, named
):
    configure(tmp_path)
    shutil.copytree(used, tmp_path / "state")
    (tmp_path / path).chmod(mode)
    try:
        with a_life(tmp_path, under=without_powers()) as life:
            assert life.end(None) in (69, 77)
            assert named in str(life.log()[-1].get("why", life.log()[-1]["event"]))
    finally:
        (tmp_path / path).chmod(0o750)


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """The state directory of a daemon that ended well."""
    folder = tmp_path_factory.mktemp("used")
    configure(folder)
    with a_life(folder) as life:
        assert life.ready().end() == 0
    return folder / "state"


def without_powers() -> list[str]:
    """Return what stands before a command that has to obey the modes of files; root need not."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed: root may touch everything")
    command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("setpriv may not take root's powers away here")
    return command
