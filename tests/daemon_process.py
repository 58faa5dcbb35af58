"""The real daemon as a process: started, asked, killed, looked at while it is dead."""

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parents[1]
READY_S = 20.0


class Process(Protocol):
    """What is wanted of a ``Popen``."""

    pid: int
    returncode: int | Any

    def poll(self) -> int | None: ...

    def wait(self, timeout: float = ...) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def terminate(self) -> None: ...


class DaemonProcess:
    """One daemon on a state directory of its own, over as many lives as wanted."""

    def __init__(self, state: Path, config: Path) -> None:
        self.state = state
        self.config = config
        self.process: Process | None = None
        self.lives = 0
        self._log_start = 0
        self.ready_s: list[float] = []  # from the start of each life to READY

    def start(self) -> None:
        """Start a life and wait until it serves.

        Raises:
            RuntimeError: it ended instead, or took too long.
        """
        self.lives += 1
        began = time.monotonic()
        log = self.state.parent / "daemon.log"
        self._log_start = log.stat().st_size if log.exists() else 0
        command = [
            *(sys.executable, str(ROOT / "daemon.py"), "-c", str(self.config)),
            *("--state-dir", str(self.state), "--port", "0"),
        ]
        self.process = self._born(command, log)
        while not self._serves():
            if self.process.poll() is not None:
                raise RuntimeError(f"the daemon ended with {self.process.returncode}")
            if time.monotonic() - began > READY_S:
                raise RuntimeError(f"not ready after {READY_S} s")
            time.sleep(0.02)
        self.ready_s.append(time.monotonic() - began)

    def logged(self, event: str) -> bool:
        """Whether this life has logged an event."""
        return event in (self.state.parent / "daemon.log").read_text()[self._log_start :]

    def last_event(self) -> str:
        """Return the name of the last event that this life has logged, or ""."""
        lines = (self.state.parent / "daemon.log").read_text()[self._log_start :].splitlines()
        words = (word for line in reversed(lines) for word in line.split())
        return next((w for w in words if "." in w and w.replace(".", "").isalpha()), "")

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        assert self.process is not None, "a daemon that runs"
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, within_s: float = 20.0) -> int:
        """SIGTERM; return the exit code."""
        assert self.process is not None, "a daemon that runs"
        self.process.terminate()
        return self.process.wait(within_s)

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send one request and return its data; POST with a body, GET without."""
        address = json.loads((self.state / "daemon.json").read_text())["address"]
        key = (self.state / "admin.key").read_text().strip()
        request = urllib.request.Request(
            f"http://{address}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["data"]

    def files_of_the_dead(self, into: Path) -> Path:
        """Copy the state of a killed daemon, to be opened without touching its own."""
        shutil.rmtree(into, ignore_errors=True)
        shutil.copytree(self.state, into)
        return into

    def _born(self, command: list[str], log: Path) -> Process:
        with log.open("ab") as said:
            return subprocess.Popen(command, stdout=said, stderr=said, cwd=ROOT)

    def _serves(self) -> bool:
        assert self.process is not None, "a daemon that was started"
        try:
            daemon = json.loads((self.state / "daemon.json").read_text())
            if daemon["pid"] != self.process.pid:
                return False
            with urllib.request.urlopen(f"http://{daemon['address']}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, ValueError):
            return False
