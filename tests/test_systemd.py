"""The unit starts what this checkout holds, starts it again where that helps, and fences it in."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "systemd" / "tradebot.service"
EXPOSURE_MAX = 1.7

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def unit(tmp_path):
    """Render the unit as it would be for this checkout."""
    lines = UNIT.read_text().splitlines()
    start = next(line for line in lines if line.startswith("ExecStart="))
    python, daemon, *arguments = start.removeprefix("ExecStart=").split()
    assert Path(python).relative_to(Path(daemon).parent) == Path(".venv/bin/python")
    rendered = " ".join([sys.executable, str(ROOT / Path(daemon).name), *arguments])
    copy = tmp_path / UNIT.name
    copy.write_text("\n".join(lines).replace(start, f"ExecStart={rendered}"))
    return copy


def systemd_analyze(*arguments):
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)


def settings():
    lines = [line for line in UNIT.read_text().splitlines() if re.match(r"\w+=", line)]
    return dict(line.split("=", 1) for line in lines)


@needs_systemd
def test_systemd_finds_nothing_to_say_about_the_unit(unit):
    verified = systemd_analyze("verify", "--man=no", unit)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@needs_systemd
def test_systemd_would_notice_a_setting_that_it_does_not_know(unit):
    unit.write_text(unit.read_text().replace("WatchdogSec", "WatchdogSeconds"))
    assert "WatchdogSeconds" in systemd_analyze("verify", "--man=no", unit).stderr


@needs_systemd
def test_the_unit_exposes_little_to_whoever_breaks_in(unit):
    report = systemd_analyze("security", "--offline=true", unit).stdout
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", report)
    assert exposure, report
    assert float(exposure[1]) <= EXPOSURE_MAX


def test_the_unit_starts_again_for_ever_unless_that_cannot_help():
    assert settings()["Restart"] == "always"
    assert settings()["StartLimitIntervalSec"] == "0"
    # usage, permission, and a bad configuration or a living second daemon
    assert settings()["RestartPreventExitStatus"] == "2 77 78"


def test_the_unit_waits_for_readiness_and_watches_the_engine_loop():
    found = {name: settings()[name] for name in ("Type", "NotifyAccess", "WatchdogSec")}
    assert found == {"Type": "notify", "NotifyAccess": "main", "WatchdogSec": "10"}


def test_the_unit_keeps_asserts_on():
    assert "PYTHONOPTIMIZE" in settings()["UnsetEnvironment"]
    assert " -O" not in settings()["ExecStart"]


def test_the_unit_lets_the_daemon_reach_brokers_and_this_machine():
    assert settings()["RestrictAddressFamilies"] == "AF_INET AF_INET6 AF_UNIX"
    assert "PrivateNetwork" not in settings()
