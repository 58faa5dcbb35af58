"""Everything a developer does with this checkout, with the standard library alone.

    python3 dev.py setup             make .venv from requirements.lock
    python3 dev.py run [ARGS]        the daemon, and a demonstration trader beside it
    python3 dev.py test [ARGS]       pytest; without ARGS all tests, on two processors
    python3 dev.py lint              ruff check, ruff format --check, mypy
    python3 dev.py bench [NAME]      the benchmarks of bench/
    python3 dev.py soak NAME [ARGS]  a long run of tests/soak

Each command makes .venv first where it is missing or old, so any of them may be the
first one, be interrupted at any point and be called again. ARGS go to the daemon, to
pytest or to the soak run as they are.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import itertools
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
PYTHON_MIN = (3, 11)
# Whoever is done takes over what another has left: the simulated worlds take minutes.
DEFAULTS = {"test": ["-n", "2", "--dist", "worksteal"]}
MODULES = {"test": "pytest", "bench": "bench", "soak": "tests.soak"}
STAMP = ".tradebot-stamp"
_EXIT_FAILURE = 1
_EXIT_USAGE = 2
_EXIT_INTERRUPTED = 128 + signal.SIGINT
_PR_SET_PDEATHSIG = 1  # from linux/prctl.h
_STOP_S_MAX = 25  # the daemon's own stop timeout is 20 s (systemd/tradebot.service)
_NO_NETWORK_SIGNS = (
    "name resolution",
    "name or service not known",
    "dns error",
    "failed to establish a new connection",
    "network is unreachable",
    "error sending request",
    "connection refused",
    "could not connect",
    "failed to fetch",
    "timed out",
)


class SetupError(Exception):
    """The environment cannot be made; the message is the one line a person needs."""


def main(argv: list[str]) -> int:
    """Do what ``argv`` asks and return the exit code."""
    command, arguments = (argv[0] if argv else ""), argv[1:]
    if command in {"", "-h", "--help", "help"}:
        print(__doc__)
        return 0 if command else _EXIT_USAGE
    if command not in {"setup", "run", "lint", *MODULES}:
        print(f"dev.py: no command {command!r}; try: python3 dev.py --help", file=sys.stderr)
        return _EXIT_USAGE
    if command == "soak" and not arguments:
        print("dev.py: soak wants the name of a run: python3 dev.py soak NAME", file=sys.stderr)
        return _EXIT_USAGE
    try:
        python = str(setup(ROOT))
    except SetupError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return _EXIT_FAILURE
    except KeyboardInterrupt:
        print("dev.py: stopped; the same command goes on from here", file=sys.stderr)
        return _EXIT_INTERRUPTED
    os.chdir(ROOT)
    if command == "run":
        return run(ROOT, python, arguments)
    if command == "lint":
        return lint(python)
    if command in MODULES:
        _become(python, MODULES[command], arguments or DEFAULTS.get(command, []))
    return 0


def setup(root: Path) -> Path:
    """Make ``.venv`` hold what requirements.lock says, and return its Python.

    The stamp in it is the hash of all that it was made from and is written last: a
    set-up that was cut off has no stamp and is done again. Two set-ups at the same time
    wait for each other.

    Raises:
        SetupError: it cannot be made; the message says why.
    """
    check_python(sys.version_info[:2])
    venv = root / ".venv"
    python = venv / "bin" / "python"
    with _only_one(root):
        stamp, wanted = venv / STAMP, fingerprint(root)
        if python.exists() and stamp.exists() and stamp.read_text() == wanted:
            return python
        stamp.unlink(missing_ok=True)
        uv = _uv()
        if uv:
            _fill_with_uv(uv, root, venv)
        else:
            _fill_with_pip(root, venv)
        stamp.write_text(wanted)
    return python


def check_python(version: tuple[int, ...]) -> None:
    """Refuse a Python ``version`` that the project does not run on.

    Raises:
        SetupError: it is too old.
    """
    if version < PYTHON_MIN:
        wanted, have = (".".join(map(str, parts)) for parts in (PYTHON_MIN, version))
        raise SetupError(
            f"Python {have} is too old, tradebot needs {wanted} or newer: try python3.11 dev.py"
        )


def fingerprint(root: Path) -> str:
    """Hash what an environment is made from.

    The folder and the interpreter count too: scripts in an environment name both, so a
    checkout that was moved, or a new Python, makes a new one.
    """
    parts = (
        (root / "requirements.lock").read_bytes(),
        (root / "pyproject.toml").read_bytes(),
        str(root).encode(),
        _base_python().encode(),
        sys.version.encode(),
    )
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _fill_with_uv(uv: str, root: Path, venv: Path) -> None:
    """Make ``venv`` anew and fill it: a second with a warm cache."""
    _step("making .venv", [uv, "venv", "-q", "--python", _base_python(), "--clear", str(venv)])
    install = [uv, "pip", "install", "-q", "--python", str(venv / "bin" / "python")]
    _install(install, root, "requirements.lock with uv")


def _fill_with_pip(root: Path, venv: Path) -> None:
    """Make ``venv`` anew and fill it: half a minute."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise SetupError("this Python cannot make a .venv: install python3-venv (or uv) first")
    _step("making .venv", [_base_python(), "-m", "venv", "--clear", str(venv)])
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    _install([*pip, "install", "-q", "--retries", "2"], root, "requirements.lock with pip")


def _install(install: list[str], root: Path, what: str) -> None:
    """Install the lock, and the project itself with what the lock brought to build it."""
    lock = ["--require-hashes", "-r", str(root / "requirements.lock")]
    _step(f"installing {what}", [*install, *lock])
    editable = ["--no-deps", "--no-build-isolation", "-e", str(root)]
    _step("installing tradebot", [*install, *editable])


def _step(title: str, command: list[str]) -> None:
    """Run one step of the set-up, and turn its failure into one line."""
    print(f"dev.py: {title}", file=sys.stderr, flush=True)
    # A VIRTUAL_ENV of the caller's would make pip and uv look at the wrong environment.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SetupError(f"{title} failed: {why_it_failed(done.stderr + done.stdout)}")


def why_it_failed(output: str) -> str:
    """Say in one line what the ``output`` of a failed installer means."""
    low = output.lower()
    if "do not match the hash" in low or "hash mismatch" in low:
        return "a downloaded package does not have the hash that requirements.lock promises"
    if any(sign in low for sign in _NO_NETWORK_SIGNS):
        return "no network, or the package registry does not answer"
    if "ensurepip" in low:
        return "this Python cannot make a .venv: install python3-venv (or uv) first"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["the installer said nothing"])[-1]


@contextlib.contextmanager
def _only_one(root: Path) -> Iterator[None]:
    """Hold the checkout's folder, so that two set-ups do not write one environment."""
    folder = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _uv() -> str | None:
    """Find a uv that starts: a shim on PATH may have nothing behind it."""
    uv = shutil.which("uv")
    if uv is None:
        return None
    probe = subprocess.run([uv, "--version"], check=False, capture_output=True)
    return uv if probe.returncode == 0 else None


def _base_python() -> str:
    """Name the interpreter behind this one, also when dev.py is run by .venv's own."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


def run(root: Path, python: str, arguments: list[str]) -> int:
    """Run the daemon until it ends, and return its exit code.

    On the shipped config.toml a demonstration trader is started beside it once it says
    READY=1, as it does under systemd; it comes from outside because the daemon never
    opens a position. With a configuration of the caller's own there is no demonstration.
    SIGINT and SIGTERM are passed on, one for one.
    """
    own_config = any(re.match(r"-c|--config(=|$)", word) for word in arguments)
    config = [] if own_config else ["-c", str(root / "config.toml")]
    script = root / "examples" / "demonstration.py"
    trader: list[subprocess.Popen[bytes]] = []

    def on_ready() -> None:
        if own_config or trader or not script.exists():
            return
        state = state_dir(root, arguments, dict(os.environ))
        trader.append(_child([python, str(script), "--state-dir", state], dict(os.environ)))

    with tempfile.TemporaryDirectory(prefix="tradebot-") as folder, _forwarding() as started:
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(f"{folder}/notify")
        environment = os.environ | {"NOTIFY_SOCKET": f"{folder}/notify"}
        daemon = _child([python, str(root / "daemon.py"), *config, *arguments], environment)
        started(daemon)
        try:
            with notify:
                code = _attend(notify, daemon, on_ready)
        finally:
            for child in (*trader, daemon):
                _end(child)
    return code if code >= 0 else 128 - code


def state_dir(root: Path, arguments: list[str], environment: dict[str, str]) -> str:
    """Name the folder where the daemon started with ``arguments`` keeps its state."""
    for word, following in itertools.pairwise([*arguments, ""]):
        if word.startswith("--state-dir="):
            return word.partition("=")[2]
        if word == "--state-dir" and following:
            return following
    return environment.get("TRADEBOT_STATE_DIR") or str(root / "state")


def _child(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own.

    A Ctrl+C in the terminal reaches a whole group: in ours the daemon would get it twice,
    once from the terminal and once from us, and a second SIGINT means "at once". Should
    we be killed outright, the kernel ends the child for us.
    """
    libc = ctypes.CDLL(None)

    def end_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return subprocess.Popen(
        command,
        env=environment,
        process_group=0,
        preexec_fn=end_with_parent,  # noqa: PLW1509 - this process has one thread
    )


@contextlib.contextmanager
def _forwarding() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Pass SIGINT and SIGTERM on to the child that is told to the yielded function.

    One that comes before there is a child is kept for it.
    """
    waiting: list[int] = []
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _frame: object) -> None:
        if children:
            children[0].send_signal(number)
        else:
            waiting.append(number)

    def started(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        for number in waiting:
            child.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield started
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _attend(
    notify: socket.socket, daemon: subprocess.Popen[bytes], on_ready: Callable[[], None]
) -> int:
    """Wait for ``daemon`` to end, call ``on_ready`` when it says READY=1, return its code.

    All that it says is read to the end: a socket that nobody reads is full after ten
    messages, and then stops the daemon.
    """
    ended = os.pidfd_open(daemon.pid)
    try:
        while True:
            readable, _, _ = select.select([notify.fileno(), ended], [], [])
            if notify.fileno() in readable and b"READY=1" in notify.recv(65536).splitlines():
                on_ready()
            if ended in readable:
                return daemon.wait()
    finally:
        os.close(ended)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End ``child`` if it still runs: politely, then for certain."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_STOP_S_MAX)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def lint(python: str) -> int:
    """Run every static check, also after one has failed, and return the worst code."""
    checks = (
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
    )
    return max(subprocess.run([python, *check], check=False).returncode for check in checks)


def _become(python: str, module: str, arguments: list[str]) -> NoReturn:
    """Turn into ``module``: its signals and its exit code need no passing on then."""
    os.execv(python, [python, "-m", module, *arguments])  # noqa: S606 - a list, no shell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
