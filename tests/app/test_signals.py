"""Signals in bursts, and a loop that hangs: what a service manager does, and what it is told."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.app.daemon_life import PATIENCE_S, a_life, active, bought, configure, last, until
from tests.disk_trouble import exchange_elsewhere, left, sold, storm
from tests.traced import Tracer, missing

STORM = (signal.SIGHUP, signal.SIGUSR2)
WATCHDOG_S = 0.4


@pytest.fixture
def traced():
    if why := missing():
        pytest.skip(why)


@pytest.fixture
def folder(tmp_path):
    configure(tmp_path, latency="0ms")
    (tmp_path / "state").mkdir()
    exchange_elsewhere(tmp_path)
    return tmp_path


def test_a_storm_of_signals_disturbs_no_exit_and_no_stop(folder):
    with a_life(folder) as life:
        life.ready()
        names = [bought(life, "SIM", "SBIN", stop="50%", tag=str(n)) for n in range(12)]
        until(lambda: {t["status"] for t in active(life).values()} == {"ACTIVE"})
        with storm(life.process.pid, *STORM), ThreadPoolExecutor(4) as people:
            exits = [
                people.submit(life.call, "/api/v1/exittrade", {"trade_id": name})
                for name in names[:8]
            ]
            assert all(done.result() for done in exits)
        until(lambda: active(life).keys() == set(names[8:]))
        assert life.events().count("dump.state") > 20
        for _ in range(20):
            for number in (signal.SIGTERM, *STORM):
                life.process.send_signal(number)
        assert life.end() == 0
        assert life.events().count("daemon.stopped") == 1
        assert last(life, "daemon.stopped")["unsaved"] == 0
    assert sold(folder) == left(*names[:8])
    with a_life(folder) as life:
        assert active(life.ready()).keys() == set(names[8:])
        assert life.end() == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_from_the_first_moment_ends_well_or_by_the_signal(folder, seed):
    """Before its handlers are there a signal does what it does to any process."""
    with a_life(folder) as life:
        draw = random.Random(seed)
        last_s = time.monotonic() + PATIENCE_S
        while life.process.poll() is None and time.monotonic() < last_s:
            life.process.send_signal(draw.choice((signal.SIGTERM, signal.SIGINT)))
            time.sleep(draw.uniform(0.0, 0.1))
        assert life.process.poll() in (0, 1, 130, -signal.SIGTERM, -signal.SIGINT)
    with a_life(folder) as life:
        assert life.ready().end() == 0


def fed(life) -> bool:
    """Whether the watchdog was fed in the last while."""
    life.manager.settimeout(3 * WATCHDOG_S)
    try:
        while "WATCHDOG=1" not in life.manager.recv(65_536).decode().splitlines():
            pass
    except TimeoutError:
        return False
    return True


def drain(life) -> None:
    life.manager.setblocking(False)
    try:
        while life.manager.recv(65_536):
            pass
    except BlockingIOError:
        pass


@pytest.mark.usefixtures("traced")
def test_the_watchdog_of_a_loop_that_hangs_is_fed_no_more(folder):
    """The journal's sync is the loop's own call: one that does not return hangs the engine."""
    with a_life(folder, WATCHDOG_USEC=str(int(WATCHDOG_S * 1e6))) as life:
        name = bought(life.ready(), "SIM", "SBIN", stop="50%")
        until(lambda: active(life)[name]["status"] == "ACTIVE")
        assert fed(life)
        tracer = Tracer(folder / "trace", "fdatasync", "delay_enter=60s", paths=segments(life))
        tracer.attach(life.process.pid)
        with ThreadPoolExecutor(1) as person:
            asked = person.submit(life.call, "/api/v1/exittrade", {"trade_id": name})
            until(lambda: "fdatasync(" in (folder / "trace").read_text())
            drain(life)
            assert not fed(life)
            assert Path(f"/proc/{life.process.pid}/status").exists()  # it lives, and is no use
            # What systemd does in the end. The trade is guarded by the next life.
            life.process.kill()
            tracer.detach()
            assert life.end(None) == -signal.SIGKILL
            assert asked.exception() is not None
    with a_life(folder) as life:
        life.ready()
        until(lambda: not active(life))  # what was decided is left, once
        assert life.end() == 0
    assert sold(folder) == left(name)


def test_the_watchdog_of_a_stopped_process_is_fed_no_more_and_again_when_it_goes_on(folder):
    with a_life(folder, WATCHDOG_USEC=str(int(WATCHDOG_S * 1e6))) as life:
        assert fed(life.ready())
        life.process.send_signal(signal.SIGSTOP)
        until(lambda: "State:\tT" in Path(f"/proc/{life.process.pid}/status").read_text())
        drain(life)
        assert not fed(life)
        life.process.send_signal(signal.SIGCONT)
        assert fed(life)
        assert life.end() == 0


def segments(life) -> list[Path]:
    return list((life.state / "journal").iterdir())
