"""A process under strace: killed, delayed or refused at its n-th system call."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

PATIENCE_S = 30.0


@cache
def missing() -> str:
    """Return why nothing can be traced here; empty: it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with tempfile.TemporaryDirectory() as folder:
            tracer = Tracer(Path(folder) / "trace", "pwrite64")
            tracer.attach(child.pid)
            tracer.detach()
    except AssertionError as error:
        return f"no tracing here: {error}"
    finally:
        child.communicate(b"\n")
    return ""


class Tracer:
    """One run of strace on one process and all its threads."""

    def __init__(
        self,
        into: Path,
        calls: str,
        inject: str = "",
        *,
        paths: Sequence[Path] = (),
        data_bytes: int = 0,
    ) -> None:
        """Say what is wanted; ``attach`` begins it.

        Args:
            into: gets one line for each call.
            calls: names as strace(1) takes them, with commas between.
            inject: what becomes of those calls, as strace takes it behind their names.
            paths: only calls on these files; none: on any.
            data_bytes: how much of what is written is noted, in hexadecimal.
        """
        self._into = into
        self._command = [
            *("strace", "-f", "-q", "-s", str(data_bytes), "-y", "-o", str(into)),
            *(("-xx",) if data_bytes else ()),
            *("-e", "signal=KILL", "-e", f"trace={calls}"),
            *(("-e", f"inject={calls}:{inject}") if inject else ()),
            *(word for path in paths for word in ("-P", str(path))),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def attach(self, pid: int) -> None:
        """Begin, and return once every thread is traced."""
        process = subprocess.Popen([*self._command, "-p", str(pid)], stderr=subprocess.PIPE)
        self._process = process
        last_s = time.monotonic() + PATIENCE_S
        while not all(_tracer_of(task) == process.pid for task in _tasks(pid)):
            if process.poll() is not None:
                _, said = process.communicate()
                raise AssertionError(said.decode().strip())
            assert time.monotonic() < last_s, "strace does not come to it"
            time.sleep(0.001)

    def detach(self) -> None:
        """End; the process goes on as if nothing had been."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self.wait()

    def wait(self) -> None:
        """Wait until the process is dead and its trace complete."""
        if self._process is not None:
            self._process.communicate(timeout=PATIENCE_S)

    def last_file(self, call: str) -> str:
        """Return the name of the file of the last such call; "" where it had none."""
        text = self._into.read_text()
        files: list[str] = re.findall(
            rf"^\d+ +{call}\((?:[^\n,]*?<([^\n>]*)>)?", text, re.MULTILINE
        )
        return Path(files[-1]).name if files and files[-1] else ""

    def counts(self) -> dict[str, int]:
        """Return how often the busiest thread made each call: that is what ``when`` counts."""
        seen: dict[tuple[str, str], int] = {}
        for thread, call in re.findall(r"^(\d+) +(\w+)\(", self._into.read_text(), re.MULTILINE):
            seen[call, thread] = seen.get((call, thread), 0) + 1
        most: dict[str, int] = {}
        for (call, _), count in seen.items():
            most[call] = max(count, most.get(call, 0))
        return most


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _tracer_of(task: Path) -> int:
    return int((task / "status").read_text().split("TracerPid:")[1].split()[0])
