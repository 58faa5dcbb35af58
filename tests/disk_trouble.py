"""A daemon on a disk of its own that gets into trouble: full, slow, failing, or not allowed."""

import contextlib
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from tests.app.daemon_life import ROOT, Life, active, bought, clean_environment, until
from tests.traced import Tracer

DISK_BYTES = 40 << 20
_TRADEBOT = "import sys; from tradebot.cli.main import main; sys.exit(main())"
QUANTITY = 10


class NotAllowedError(Exception):
    """The machine does not let us; the text says why."""


@contextmanager
def small_disk(at: Path, size: int = DISK_BYTES) -> Iterator[Path]:
    """Mount a file system in memory.

    Raises:
        NotAllowedError: only root may, and not everywhere.
    """
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        raise NotAllowedError("only root may mount a small file system")
    at.mkdir(parents=True)
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={size},mode=750", "tmpfs", at],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise NotAllowedError(f"no mount here: {made.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", at], check=True)


class Trouble:
    """What befalls the state directory of one life; ``end`` takes it all away again."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._ballast = life.state / "ballast-of-the-test"
        self._tracers: list[Tracer] = []

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096, 512, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def let(self, calls: str, do: str, *names: str) -> None:
        """Let calls on files of the state directory fail or take long."""
        paths = [path for name in names for path in self._life.state.glob(name)]
        tracer = Tracer(self._life.state.parent / "trouble", calls, do, paths=paths)
        tracer.attach(self._life.process.pid)
        self._tracers.append(tracer)

    def seen(self) -> str:
        """Return the calls that were made since one of them was let fail or take long."""
        return (self._life.state.parent / "trouble").read_text()

    def end(self) -> None:
        for tracer in self._tracers:
            tracer.detach()
        self._tracers.clear()
        self._ballast.unlink(missing_ok=True)


def exchange_elsewhere(folder: Path) -> None:
    """Let the paper exchange have its file on another disk: it is no part of the daemon."""
    (folder / "exchange").mkdir()
    (folder / "state" / "paper.db").symlink_to(folder / "exchange" / "paper.db")


def guarded(life: Life, count: int) -> list[str]:
    """Have so many positions guarded; nothing reaches their stops."""
    names = [bought(life, "SIM", "SBIN", stop="50%", tag=str(n)) for n in range(count)]
    until(lambda: {t["status"] for t in active(life).values()} == {"ACTIVE"})
    return names


@contextmanager
def storm(pid: int, *signals: int) -> Iterator[None]:
    """Send a process signals as fast as it takes them, in another thread."""
    over = threading.Event()

    def send() -> None:
        for number in itertools.cycle(signals):
            if over.wait(0.001):
                return
            os.kill(pid, number)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


def cross(life: Life, name: str) -> None:
    """Move a stop past the price: the next tick stops the trade, whatever a disk says."""
    with contextlib.suppress(AssertionError):  # "in force, but no disk took it"
        life.call("/api/v1/updatetrade", {"trade_id": name, "stop": "@100000"})


def sold(folder: Path) -> dict[str, list[Decimal]]:
    """Return what the exchange has filled of each trade's exits, order by order."""
    found: dict[str, list[Decimal]] = {}
    path = folder / "exchange" / "paper.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as paper:
        rows = paper.execute("SELECT client_order_id, filled FROM orders ORDER BY number")
        for name, filled in rows.fetchall():
            if name is not None:
                found.setdefault(name.rpartition("-x")[0], []).append(Decimal(filled))
    return found


def left(*names: str) -> dict[str, list[Decimal]]:
    """Return what is right: each of these left once, whole."""
    return {name: [Decimal(QUANTITY)] for name in names}


def status(life: Life) -> tuple[int, str]:
    """Ask ``tradebot status``, as a person does."""
    asked = subprocess.run(
        [sys.executable, "-c", _TRADEBOT, "status", "--state-dir", str(life.state)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
    )
    return asked.returncode, asked.stdout + asked.stderr
