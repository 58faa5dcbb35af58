"""dev.py makes the environment once, and passes signals and exit codes on."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import dev

ROOT = Path(__file__).resolve().parent.parent
DEV = str(ROOT / "dev.py")

A_DAEMON = """
import os, signal, socket, sys
def say(what):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(what, os.environ["NOTIFY_SOCKET"])
def stop(number, frame):
    print("stopped by", signal.Signals(number).name, flush=True)
    sys.exit(7)
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
for beat in range(50):  # more than a socket holds that nobody reads
    say(b"STATUS=recovering")
print("daemon", *sys.argv[1:], flush=True)
say(b"STATUS=guarding\\nREADY=1")
if "--end" in sys.argv:
    sys.exit(int(sys.argv[-1]))
while True:
    signal.pause()
"""
A_TRADER = """
import signal, sys
print("trader", *sys.argv[1:], flush=True)
signal.pause()
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose daemon and demonstration only say what happens to them."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "daemon.py").write_text(A_DAEMON)
    (tmp_path / "examples" / "demonstration.py").write_text(A_TRADER)
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.fixture
def running(checkout):
    """Start ``dev.run`` in a process of its own; what still runs at the end is killed."""
    started = []

    def start(*arguments):
        code = (
            "import sys, pathlib, dev\n"
            "root = pathlib.Path(sys.argv[1])\n"
            "sys.exit(dev.run(root, sys.executable, sys.argv[2:]))"
        )
        command = [sys.executable, "-c", code, str(checkout), *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        environment.pop("TRADEBOT_STATE_DIR", None)
        started.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_daemon_once_and_its_exit_code_comes_back(number, running, checkout):
    process = running("--state-dir", "elsewhere")
    config = checkout / "config.toml"
    assert process.stdout.readline() == f"daemon -c {config} --state-dir elsewhere\n"
    assert process.stdout.readline() == "trader --state-dir elsewhere\n"
    process.send_signal(number)
    assert process.stdout.read() == f"stopped by {number.name}\n"
    assert process.wait() == 7


def test_the_demonstration_stays_away_from_a_configuration_of_ones_own(running):
    process = running("--config=mine.toml", "--end", "0")
    assert process.stdout.read() == "daemon --config=mine.toml --end 0\n"
    assert process.wait() == 0


def test_the_exit_code_of_a_daemon_that_refuses_to_start_comes_back(running, checkout):
    (checkout / "daemon.py").write_text("raise SystemExit(78)")
    process = running()
    assert (process.stdout.read(), process.wait()) == ("", 78)


def test_a_daemon_that_was_killed_is_reported_as_a_shell_would(running, checkout):
    (checkout / "daemon.py").write_text("import os\nos.kill(os.getpid(), 9)")
    assert running().wait() == 128 + signal.SIGKILL


def test_the_daemon_ends_when_the_one_who_started_it_is_killed(running):
    process = running("-cmine.toml")
    process.stdout.readline()
    process.kill()
    assert process.stdout.read() == "stopped by SIGTERM\n"  # until the last writer is gone


@pytest.mark.parametrize(
    ("arguments", "environment", "folder"),
    [
        ([], {}, "ROOT/state"),
        ([], {"TRADEBOT_STATE_DIR": "a"}, "a"),
        (["--paper", "--state-dir", "b"], {"TRADEBOT_STATE_DIR": "a"}, "b"),
        (["--state-dir=c"], {}, "c"),
    ],
)
def test_the_demonstration_looks_where_the_daemon_keeps_its_state(arguments, environment, folder):
    assert dev.state_dir(Path("ROOT"), arguments, environment) == folder


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("x\nERROR: No matching distribution found (Temporary failure in name resolution)", "no n"),
        ("error: Request failed after 3 retries\n  Caused by: dns error", "no network"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "the hash"),
        ("Error: Command [..., 'ensurepip', '--upgrade'] returned 1", "python3-venv"),
        ("error: no space left\n\nhint: see above\n", "error: no space left"),
        ("", "the installer said nothing"),
    ],
)
def test_a_failed_installer_is_explained_in_one_line(output, reason):
    assert reason in dev.why_it_failed(output)
    assert "\n" not in dev.why_it_failed(output)


def test_a_python_that_is_too_old_is_named_with_the_one_that_would_do():
    with pytest.raises(dev.SetupError, match=r"Python 3\.9 is too old, tradebot needs 3\.11"):
        dev.check_python((3, 9))
    dev.check_python((3, 11))
    dev.check_python((4, 0))


def test_a_python_without_venv_is_told_what_to_install(checkout, monkeypatch):
    monkeypatch.setattr(dev, "_uv", lambda: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(dev.SetupError, match="install python3-venv"):
        dev.setup(checkout)


@pytest.fixture
def steps(monkeypatch):
    """Record the steps of a set-up instead of taking them; a step named here fails."""
    taken: list[str] = []
    failing: set[str] = set()

    def step(title, command):
        taken.append(title)
        if title in failing:
            raise dev.SetupError(title)
        if title == "making .venv":
            assert "--clear" in command
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True, exist_ok=True)
            python.unlink(missing_ok=True)
            python.symlink_to(sys.executable)

    monkeypatch.setattr(dev, "_step", step)
    monkeypatch.setattr(dev, "_uv", lambda: "uv")
    return taken, failing


def test_a_second_setup_takes_no_step_until_the_lock_changes(checkout, steps):
    taken, _ = steps
    dev.setup(checkout)
    first = len(taken)
    dev.setup(checkout)
    assert (first > 0, len(taken)) == (True, first)
    (checkout / "requirements.lock").write_text("msgspec==9\n")
    dev.setup(checkout)
    assert len(taken) > first


def test_a_setup_that_was_cut_off_is_done_again(checkout, steps):
    taken, failing = steps
    failing.add("installing tradebot")
    with pytest.raises(dev.SetupError):
        dev.setup(checkout)
    failing.clear()
    taken.clear()
    dev.setup(checkout)
    assert "installing tradebot" in taken


def test_a_setup_that_is_interrupted_ends_in_one_line(monkeypatch, capsys):
    def interrupted(_root):
        raise KeyboardInterrupt

    monkeypatch.setattr(dev, "setup", interrupted)
    assert dev.main(["setup"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_an_environment_that_moved_is_made_again(checkout, steps, tmp_path):
    taken, _ = steps
    dev.setup(checkout)
    taken.clear()
    moved = tmp_path.with_name(f"{tmp_path.name}-moved")
    tmp_path.rename(moved)
    dev.setup(moved)
    assert taken


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--help"], 0, "python3 dev.py test"),
        ([], 2, "python3 dev.py test"),
        (["tset"], 2, "no command 'tset'"),
        (["soak"], 2, "soak wants the name"),
    ],
)
def test_usage_is_answered_before_anything_is_made(arguments, code, says):
    done = subprocess.run(
        [sys.executable, DEV, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, says in done.stdout + done.stderr) == (code, True)


def test_an_older_python_can_still_read_dev_and_say_so():
    compile(Path(DEV).read_text(), "dev.py", "exec", dont_inherit=True, _feature_version=8)
