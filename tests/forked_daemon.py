"""Daemons born by fork from a process that has imported everything: a start without its second.

``python -m tests.forked_daemon`` is that process; it takes JSON lines and answers each. A
child runs ``daemon.py`` itself, with its own arguments and log. It can be born stopped, so
that a tracer is there before its first own system call.
"""

import contextlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from tests.daemon_process import ROOT, DaemonProcess
from tests.traced import PATIENCE_S, Tracer


class Nursery:
    """The process that the daemons are forked from."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked_daemon"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )

    def ask(self, **question: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it; what it bore ends too."""
        self._process.communicate()


class Born:
    """One child, with what a ``Popen`` has of it."""

    def __init__(self, nursery: Nursery, argv: list[str], log: Path, *, stopped: bool) -> None:
        self._nursery = nursery
        self.returncode: int | None = None
        self.pid: int = nursery.ask(argv=argv, log=str(log), stopped=stopped)

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._nursery.ask(poll=self.pid)
        return self.returncode

    def wait(self, timeout: float = PATIENCE_S) -> int:
        last_s = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > last_s:
                raise subprocess.TimeoutExpired("daemon.py", timeout)
            time.sleep(0.005)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class ForkedDaemon(DaemonProcess):
    """A daemon whose lives come from a nursery, some of them traced."""

    def __init__(self, nursery: Nursery, state: Path, config: Path) -> None:
        super().__init__(state, config)
        self._nursery = nursery
        self.tracer: Tracer | None = None  # of the next life

    def kill(self) -> None:
        super().kill()
        if self.tracer is not None:
            self.tracer.wait()

    def _born(self, command: list[str], log: Path) -> Born:
        traced = self.tracer is not None
        born = Born(self._nursery, command[1:], log, stopped=traced)
        if self.tracer is not None:
            _wait_until_stopped(born.pid)
            self.tracer.attach(born.pid)
            os.kill(born.pid, signal.SIGCONT)
        return born


def _wait_until_stopped(pid: int) -> None:
    last_s = time.monotonic() + PATIENCE_S
    while "State:\tT" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < last_s, "it does not stop"
        time.sleep(0.001)


def serve() -> None:
    """Import everything, and bear a daemon for each line that asks for one."""
    __import__("tradebot.app.main")
    children: set[int] = set()
    for line in sys.stdin:
        question = json.loads(line)
        if "poll" in question:
            pid, status = os.waitpid(question["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
            children.discard(pid)
        else:
            answer = os.fork()
            if not answer:
                _live(question)
            children.add(answer)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _live(question: dict[str, Any]) -> None:
    """Be a daemon, from its arguments to its exit code."""
    code: object = 1
    try:
        log = os.open(question["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, log), (2, log)):
            os.dup2(source, target)
        os.closerange(3, 64)
        if question["stopped"]:
            os.kill(os.getpid(), signal.SIGSTOP)
        sys.argv = question["argv"]
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter would tell it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve()
