"""The daemon's life as the service manager and the operator see it: a real process each time."""

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.app.daemon_life import a_life, until

TRADE = {
    "trade_id": "swing-1",
    "exchange": "SIM",
    "symbol": "SBIN",
    "side": "LONG",
    "quantity": 10,
    "entry_price": 800,
    "product": "MIS",
    "stop": "@0.05",
}


@pytest.fixture
def life(tmp_path):
    with a_life(tmp_path) as started:
        yield started.ready()


def test_a_terminated_daemon_says_so_withdraws_its_address_and_ends_well(life):
    assert (life.state / "daemon.json").exists()
    assert life.end() == 0
    life.told("STOPPING=1")
    assert not (life.state / "daemon.json").exists()
    assert life.events()[-1] == "daemon.stopped"


def test_an_interrupt_ends_it_in_order(life):
    assert life.end(signal.SIGINT) == 0
    assert life.log()[-1]["why"] == "SIGINT"


def test_the_watchdog_is_fed_while_the_engine_takes_its_timers(tmp_path):
    with a_life(tmp_path, WATCHDOG_USEC="400000") as life:
        life.ready()
        for _ in range(3):
            life.told("WATCHDOG=1")
        assert life.end() == 0


def test_a_dump_names_every_task_and_goes_on(life):
    life.process.send_signal(signal.SIGUSR2)
    life.process.send_signal(signal.SIGTERM)
    assert life.end(None) == 0
    tasks = {line["task"].partition(":")[0] for line in life.log() if line["event"] == "dump.task"}
    assert {"engine", "persister", "schedule", "market data", "api"} <= tasks


def test_a_killed_daemon_comes_back_with_its_trades_and_its_key(tmp_path):
    with a_life(tmp_path) as life:
        life.ready()
        created = life.call("/api/v1/createtrade", TRADE)
        key = (life.state / "admin.key").read_text()
        assert life.end(signal.SIGKILL) == -signal.SIGKILL
    with a_life(tmp_path) as life:
        life.ready()
        (restored,) = [line for line in life.log() if line["event"] == "state.restored"]
        assert (life.state / "admin.key").read_text() == key
        trades = life.call("/api/v1/activetrades", {})["trades"]
        assert created["trade_id"] == "swing-1"
        assert restored["trades"] == 1
        assert [trade["trade_id"] for trade in trades] == ["swing-1"]
        assert life.end() == 0


def test_a_reload_with_a_mistake_changes_nothing_and_names_it(tmp_path):
    with a_life(tmp_path) as life:
        life.ready()
        (tmp_path / "config.toml").write_text("[price]\nstale_aftr = 3\n")
        life.process.send_signal(signal.SIGHUP)
        assert life.end() == 0
        refused = [line for line in life.log() if line["event"] == "config.refused"]
        assert any("stale_aftr" in line["problem"] for line in refused)


def test_no_file_of_the_state_is_for_others_to_read(life):
    life.call("/api/v1/createtrade", TRADE)
    for path in life.state.rglob("*"):
        if path.is_file() and path.parent.name != "logs":
            assert not path.stat().st_mode & 0o007, path


def test_a_service_manager_that_goes_away_does_not_disturb_it(life):
    life.manager.close()
    assert life.end() == 0


def test_its_files_and_sockets_are_closed_to_child_processes(life):
    process = Path("/proc", str(life.process.pid))
    for descriptor in (process / "fd").iterdir():
        if int(descriptor.name) > 2:
            try:
                info = (process / "fdinfo" / descriptor.name).read_text()
            except FileNotFoundError:
                continue  # it was closed meanwhile
            flags = int(info.split("flags:")[1].split()[0], 8)
            assert flags & os.O_CLOEXEC, f"{descriptor.name} is {descriptor.readlink()}"


def test_a_daemon_starts_and_ends_with_every_sink_down(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections, and hangs
        port = silent.getsockname()[1]
        (tmp_path / "config.toml").write_text(
            f"""[alerts]
telegram.token = "env:BOT"
telegram.chat = 5
telegram.commands = ["exit"]
telegram.server = "http://127.0.0.1:{port}"
webhook = {{ url = "env:HOOK", min = "info" }}
email = {{ server = "127.0.0.1:1", tls = "none", from = "a@b.c", to = ["d@e.f"], min = "info" }}
dead_man_url = "env:NOWHERE"
"""
        )
        hook = f"http://127.0.0.1:{port}/s3cret"
        with a_life(tmp_path, BOT="1102:t0ken", HOOK=hook) as life:
            life.ready()
            until(lambda: "alerts.not_sent" in life.events())
            told = {row["text"] for row in life.call("/api/v1/alerts")["alerts"]}
            ready = life.call("/ready")
            assert life.end() == 0
            text = " ".join(str(line) for line in life.log())
            events = life.events()
    assert any("no alert is sent by dead man" in line for line in told)
    assert ready["state"] == "degraded"
    assert any("no alert is sent by dead man" in reason for reason in ready["reasons"])
    assert any("alerts cannot be sent by email" in line for line in told)
    assert "t0ken" not in text
    assert "s3cret" not in text
    assert not {"task.failed", "task.late", "task.ended"} & set(events)


def test_alerts_outlive_a_kill_but_for_its_last_second(tmp_path):
    file = tmp_path / "state" / "alerts.jsonl"
    with a_life(tmp_path) as life:
        life.ready()
        until(lambda: file.exists() and "guards" in file.read_text())
        life.call("/api/v1/alerts/A1/ack", {})
        life.end(signal.SIGKILL)
    with a_life(tmp_path) as life:
        life.ready()
        alerts = life.call("/api/v1/alerts")["alerts"]
        assert life.end() == 0
    assert [(row["id"], row["acknowledged_by"]) for row in alerts] == [
        ("A2", None),
        ("A1", "local"),
    ]
