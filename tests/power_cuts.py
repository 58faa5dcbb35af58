"""A disk that loses its power: the images that a recorded sequence of calls may leave behind.

A write is on the disk once its file was synced; a new name, a rename and a removal once the
directory was, in order. Of everything else an image has any part: writes in any choice,
each whole, absent, or in some of its sectors.
"""

import asyncio
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.stores.writing_child import LIVES, SEGMENT_BYTES, records_of
from tests.traced import Tracer
from tradebot.core.records import Snapshot
from tradebot.errors import StoreError
from tradebot.stores.journal import FileJournal
from tradebot.stores.restore import restore
from tradebot.stores.snapshot import Tables
from tradebot.stores.sqlite import SqliteStore

SECTOR = 512
CALLS = "openat,pwrite64,fdatasync,fsync,ftruncate,fallocate,rename,unlink"


class Call(NamedTuple):
    """One call as it was made; names are relative to the recorded directory."""

    name: str
    file: str
    data: bytes = b""
    at: int = 0  # offset, or size
    other: str = ""  # the new name


class Inode:
    """A file: what the disk has, and what it was given since the last sync."""

    def __init__(self) -> None:
        self.synced = b""
        self.pending: list[tuple[int, bytes | None]] = []  # None: cut or grown to that size

    def sync(self) -> None:
        self.synced = bytes(_applied(self.synced, self.pending))
        self.pending = []

    def left(self, draw: Random, kept: float) -> bytes:
        """Return what a cut may leave."""
        chosen: list[tuple[int, bytes | None]] = []
        for at, data in self.pending:
            if draw.random() < kept:
                chosen += [(at, data)] if data is None else _torn(draw, at, data)
        return bytes(_applied(self.synced, chosen))


class Disk:
    """A directory with its subdirectories, which are there from the beginning."""

    def __init__(self) -> None:
        self._live: dict[str, Inode] = {}  # as a process sees it
        self._synced: dict[str, Inode] = {}
        self._pending: list[tuple[Call, Inode]] = []  # what names have gone through since
        self.promised: list[str] = []  # lines of the file "acks"

    def do(self, call: Call) -> None:
        if call.file == "acks":
            self.promised += call.data.decode().split("\n")[:-1]
            return
        match call.name:
            case "openat" | "rename" | "unlink":
                if call.name != "openat" or call.file not in self._live:
                    self._pending.append((call, Inode()))
                    _rename(self._live, *self._pending[-1])
            case "pwrite64":
                self._live[call.file].pending.append((call.at, call.data))
            case "ftruncate" | "fallocate":
                self._live[call.file].pending.append((call.at, None))
            case _ if call.file in self._live:
                self._live[call.file].sync()
            case _:
                self._sync_directory(call.file)

    def image(self, into: Path, draw: Random) -> None:
        """Write what a power cut at this moment may leave."""
        kept = draw.choice((0.0, 0.3, 0.7, 0.95, 1.0))
        names = dict(self._synced)
        for call, inode in self._pending[: draw.randint(0, len(self._pending))]:
            _rename(names, call, inode)
        for name, inode in names.items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_bytes(inode.left(draw, kept))
            (into / name).chmod(0o600)

    def _sync_directory(self, directory: str) -> None:
        later = []
        for call, inode in self._pending:
            if str(Path(call.file).parent) == directory:
                _rename(self._synced, call, inode)
            else:
                later.append((call, inode))
        self._pending = later


def _rename(names: dict[str, Inode], call: Call, inode: Inode) -> None:
    """Do to names what a call does; ``inode`` is what it would make."""
    match call.name:
        case "openat":
            names[call.file] = inode
        case "rename":
            names[call.other] = names.pop(call.file)
        case _:
            names.pop(call.file)


def _applied(data: bytes, changes: list[tuple[int, bytes | None]]) -> bytearray:
    image = bytearray(data)
    for at, written in changes:
        size = at if written is None else at + len(written)
        image.extend(bytes(max(0, size - len(image))))
        if written is None:
            del image[size:]
        else:
            image[at:size] = written
    return image


def _torn(draw: Random, at: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield a write, or some sectors of it."""
    whole = draw.random() < 0.7
    first = draw.random() < 0.5  # a write that ends somewhere, or one with holes
    end = at + draw.randrange(len(data) + 1)
    start = at
    while start < at + len(data):
        stop = min(at + len(data), (start // SECTOR + 1) * SECTOR)
        if whole or (stop <= end if first else draw.random() < 0.5):
            yield start, data[start - at : stop - at]
        start = stop


class Figures(NamedTuple):
    """What became of cuts."""

    cuts: int = 0
    acknowledged: int = 0  # frames that had to be there, in all
    beyond: int = 0  # frames that survived without a promise
    wrong: tuple[str, ...] = ()

    def plus(self, other: "Figures") -> "Figures":
        return Figures(*(mine + its for mine, its in zip(self, other, strict=True)))  # type: ignore[operator]


def cut_often(calls: Sequence[Call], cuts: range, into: Path) -> Figures:
    """Cut after calls drawn by the number of the cut, and judge each image."""
    moments: dict[int, list[int]] = defaultdict(list)
    for cut in cuts:
        moments[Random(f"moment {cut}").randrange(1, len(calls) + 1)].append(cut)
    disk, expected, figures = Disk(), Expected(), Figures()
    with asyncio.Runner() as runner:
        for done, call in enumerate(calls, 1):
            disk.do(call)
            for cut in moments[done]:
                shutil.rmtree(into, ignore_errors=True)
                (into / "journal").mkdir(parents=True)
                disk.image(into, Random(f"image {cut}"))
                figures = figures.plus(runner.run(_judged(disk, expected, into, f"cut {cut}")))
    return figures


class Expected:
    """What the database holds after each frame."""

    def __init__(self) -> None:
        self._snapshots = [Tables().snapshot()]
        self._tables = Tables()

    def after(self, frame: int) -> Snapshot:
        while len(self._snapshots) <= frame:
            for record in records_of(len(self._snapshots)):
                self._tables.apply(record)
            self._snapshots.append(self._tables.snapshot())
        return self._snapshots[frame]


async def _judged(disk: Disk, expected: Expected, image: Path, cut: str) -> Figures:
    """Start on an image as the daemon does, and hold what it finds against the promises."""
    promised = [line.split() for line in disk.promised]
    acknowledged = max((int(n) for kind, n in promised if kind in "CJ"), default=0)
    epoch = max((int(n) for kind, n in promised if kind == "E"), default=0)
    wrong: list[str] = []
    try:
        journal = FileJournal.open(image / "journal", segment_bytes=SEGMENT_BYTES)
        store = await SqliteStore.open(image / "tradebot.db", epoch_above=journal.epoch_seen)
    except StoreError as error:
        return Figures(1, acknowledged, 0, (f"{cut}: {error}",))
    try:
        recovered = journal.recover(epoch=store.epoch, after=store.frame)
        wrong += recovered.damage
        restored = await restore(store, recovered)
        found = store.frame
        if [number for number, _ in recovered.frames] != list(
            range(found + 1 - len(recovered.frames), found + 1)
        ):
            wrong.append(f"frames {[number for number, _ in recovered.frames]}")
        if found < acknowledged:
            wrong.append(f"frames to {acknowledged} were acknowledged, {found} is the last")
        if store.epoch <= epoch:
            wrong.append(f"epoch {store.epoch} after {epoch}")
        if restored.snapshot != expected.after(found):
            wrong.append(f"not what {found} frames make")
        wrong += _goes_on(journal, store, image)
    except StoreError as error:
        wrong.append(str(error))
    finally:
        await store.close()
        journal.close()
    beyond = max(0, store.frame - acknowledged)
    return Figures(1, acknowledged, beyond, tuple(f"{cut}: {what}" for what in wrong))


def _goes_on(journal: FileJournal, store: SqliteStore, image: Path) -> Iterator[str]:
    """Journal one more frame; nothing that an earlier life left may stand in its way."""
    number = journal.append(records_of(1))
    journal.sync()
    again = FileJournal.open(image / "journal", segment_bytes=SEGMENT_BYTES)
    found = again.recover(epoch=again.epoch_seen + 1, after=store.frame)
    again.close()
    if [frame for frame, _ in found.frames] != [number]:
        yield f"frame {number} was written, {found.frames} are read"


def recorded(folder: Path) -> list[Call]:
    """Let the child live its lives under strace, and return every call that it made there."""
    state = folder / "state"
    (state / "journal").mkdir(parents=True)
    calls: list[Call] = []
    for life in range(LIVES):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.stores.writing_child", str(state), str(life)],
            stdin=subprocess.PIPE,
        )
        trace = folder / f"trace{life}"
        tracer = Tracer(trace, CALLS, data_bytes=1 << 20)
        tracer.attach(child.pid)
        child.communicate(b"\n")
        assert child.returncode == 0
        tracer.wait()
        calls += read_trace(trace, state)
    return calls


_PATH = r"<((?:\\x..)+)>"
_CALL = re.compile(r"\d+ +(\w+)\((.*)\) += (-?\d+)(?:<[^>]*>)?$")
_STRING = re.compile(r'"((?:\\x..)*)"')


def read_trace(trace: Path, state: Path) -> Iterator[Call]:
    """Yield the calls on files of a directory that did not fail.

    Raises:
        AssertionError: two threads were at it at once, so that the order is not known.
    """
    with trace.open() as lines:
        for line in lines:
            made = _CALL.match(line)
            if made is None:
                assert str(state) not in _plain(line), line[:200]
                continue
            name, given, answer = made.groups()
            if int(answer) >= 0 and (call := _call(name, given, state)) is not None:
                yield call


def _call(name: str, given: str, state: Path) -> Call | None:
    strings = [bytes.fromhex(s.replace("\\x", "")) for s in _STRING.findall(given)]
    if name in ("openat", "rename", "unlink"):
        if name == "openat" and "O_CREAT" not in given:
            return None
        paths = [path.decode() for path in strings]
    else:
        paths = [_plain(given).partition("<")[2].partition(">")[0]]
    if not paths[0].startswith(str(state)):
        return None
    file, *other = (str(Path(path).relative_to(state)) for path in paths)
    match name:
        case "pwrite64":
            return Call(name, file, data=strings[0], at=int(given.rpartition(", ")[2]))
        case "ftruncate" | "fallocate":
            numbers = [int(number) for number in given.split(", ")[1:]]
            return Call(name, file, at=sum(numbers[-2:]) if name == "fallocate" else numbers[0])
        case _:
            return Call(name, file, other=other[0] if other else "")


def _plain(text: str) -> str:
    """Return text with its hexadecimal letters as letters."""
    return re.sub(r"\\x(..)", lambda found: chr(int(found[1], 16)), text)
