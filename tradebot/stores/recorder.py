"""Recording what the engine takes: handed over by its loop, written by a thread of its own.

The loop gives lists that exist already, and goes on; text and gzip are made here. A thread
that works holds the interpreter, so it rests after every few inputs. What it cannot keep
up with, and what no disk takes, ends the recording and never slows the guard.
"""

import contextlib
import errno
import os
import threading
import time
import zlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from tradebot.core.checkpoint import Checkpoint
from tradebot.core.events import Event
from tradebot.core.inputs import Input
from tradebot.core.intents import Intent
from tradebot.core.recording import Head, Scribe
from tradebot.stores.recording_files import (
    GZIP,
    INPUTS,
    LEVEL,
    OPEN,
    TICKS,
    forget_older,
    left_open,
    mend,
    open_new,
    part_name,
)

WAITING_MAX = 262_144  # inputs and answers that wait to be written; some 60 MB
PART_BYTES_MAX = 64 << 20  # on the disk, both files together
FREE_BYTES_MIN = 256 << 20  # below it the journal needs the disk more than we do
LOOK_S = 0.2  # between two looks at what was handed over
FLUSH_S = 1.0  # what a kill may cost
REST_EVERY = 64  # inputs and answers, a tenth of a millisecond of work
# A sleep of nothing lets nobody in: who waits for the interpreter is slower than who had it.
REST_S = 50e-6
WRITE_EVERY = 1_024


class Recorder:
    """One recording: ``begin`` it, hand over turns with ``take``, ``close`` it.

    None of these waits. After a turn, ``failure`` says why it is over, and ``is_full`` that
    the next part should begin.
    """

    def __init__(
        self, directory: Path, *, rotate_ns: int, keep_ns: int, program: str, begun_ns: int
    ) -> None:
        """Start the thread; no part is there before ``begin``.

        Args:
            directory: made where it is missing.
            rotate_ns: the longest time that a part covers.
            keep_ns: how long a part is kept after it was written to the last time.
            program: our version, for the parts' heads.
            begun_ns: the time, which names the recording.
        """
        self.failure = ""
        self._directory = directory
        self._rotate_s = rotate_ns / 1e9
        self._keep_ns = keep_ns
        self._program = program
        self._name = part_name(begun_ns, 0)
        self._scribe = Scribe()
        self._handed: deque[_Turn | _Begin] = deque()
        self._begun = 0  # parts; counted by who hands over, as is ``_given``
        self._given = 0
        self._number = 0  # of the part being written; counted by the thread, as are all below
        self._full_number = 0
        self._written = 0
        self._part: _Part | None = None
        self._flushed_s = 0.0
        self._why: str | None = None  # to close
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """Whether the present part has had its time or its size."""
        return 0 < self._full_number == self._begun

    @property
    def waiting(self) -> int:
        """Inputs and answers that were handed over and are not written."""
        return self._given - self._written

    def begin(self, state: Checkpoint, at_ns: int) -> None:
        """Begin a part with the engine as it is."""
        self._begun += 1
        self._handed.append(_Begin(state, at_ns))

    def take(self, inputs: Sequence[Input], answers: Sequence[Event | Intent]) -> None:
        """Take a turn. Once too much waits the recording is over, whole up to here."""
        if self.failure:
            return
        self._given += len(inputs) + len(answers)
        if self.waiting > WAITING_MAX:
            self.failure = f"{self.waiting} inputs wait to be written, {WAITING_MAX} may"
            self._wake.set()
            return
        self._handed.append(_Turn(inputs, answers))

    def close(self, why: str) -> None:
        """End the recording as soon as all that was handed over is written."""
        self._why = why
        self._wake.set()

    def join(self, within_s: float) -> bool:
        """Wait for the end of the thread, and say whether it came."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    # The thread.

    def _run(self) -> None:
        is_whole = False
        try:
            self._directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            torn = left_open(self._directory)
            # Elsewhere, because what waits meanwhile has a bound.
            threading.Thread(target=_mend, args=(torn,), name="mends", daemon=True).start()
            while self._why is None and not self.failure:
                self._wake.wait(LOOK_S)
                self._write_handed()
                self._flush()
            self._write_handed()
            self._end(self.failure or self._why or "stopped")
            is_whole = True
        except OSError as error:
            self.failure = f"{self._directory}: {error.strerror}"
        finally:
            if not is_whole:
                self.failure = self.failure or "the recorder broke"
                if self._part is not None:
                    self._part.abandon()
            self._handed.clear()

    def _write_handed(self) -> None:
        while self._handed:
            handed = self._handed.popleft()
            if isinstance(handed, _Begin):
                self._begin(handed)
                continue
            for item in handed.inputs:
                self._scribe.take(item)
                self._count()
            for answer in handed.answers:
                self._scribe.say(answer)
                self._count()
        self._write()

    def _count(self) -> None:
        self._written += 1
        if not self._written % REST_EVERY:
            time.sleep(REST_S)
        if not self._written % WRITE_EVERY:
            self._write()

    def _begin(self, begin: "_Begin") -> None:
        self._end("the next part begins")
        self._check_room()
        forget_older(self._directory, time.time_ns() - self._keep_ns)
        self._number += 1
        self._part = _Part(self._directory, part_name(begin.at_ns, self._number))
        head = Head(
            recording=self._name,
            number=self._number,
            begun_ns=begin.at_ns,
            program=self._program,
        )
        for _ in self._scribe.begin(head, begin.state):
            time.sleep(REST_S)
        self._write()

    def _write(self) -> None:
        rows, lines = self._scribe.taken()
        if self._part is not None and (rows or lines):
            self._part.write(rows, lines)

    def _flush(self) -> None:
        now_s = time.monotonic()
        if self._part is None or now_s - self._flushed_s < FLUSH_S:
            return
        self._flushed_s = now_s
        self._check_room()
        self._part.flush()
        if now_s - self._part.begun_s >= self._rotate_s or self._part.size >= PART_BYTES_MAX:
            self._full_number = self._number

    def _end(self, why: str) -> None:
        if self._part is not None:
            self._scribe.end(why)
            self._write()
            self._part.close()
            self._part = None

    def _check_room(self) -> None:
        disk = os.statvfs(self._directory)
        if disk.f_bavail * disk.f_frsize < FREE_BYTES_MIN:
            raise OSError(errno.ENOSPC, f"less than {FREE_BYTES_MIN >> 20} MiB are free")


def _mend(paths: list[Path]) -> None:
    # The disk that refuses it refuses the recording too, and that is told.
    with contextlib.suppress(OSError):
        mend(paths)


class _Turn:
    __slots__ = ("answers", "inputs")

    def __init__(self, inputs: Sequence[Input], answers: Sequence[Event | Intent]) -> None:
        self.inputs = inputs
        self.answers = answers


class _Begin:
    __slots__ = ("at_ns", "state")

    def __init__(self, state: Checkpoint, at_ns: int) -> None:
        self.state = state
        self.at_ns = at_ns


class _Part:
    """The two files of one part while they are written."""

    def __init__(self, directory: Path, name: str) -> None:
        self.begun_s = time.monotonic()
        self._ticks = _GzipFile(directory / (name + TICKS))
        try:
            self._inputs = _GzipFile(directory / (name + INPUTS))
        except OSError:
            self._ticks.abandon()
            raise

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._ticks.size + self._inputs.size

    def write(self, rows: bytes, lines: bytes) -> None:
        self._ticks.write(rows)
        self._inputs.write(lines)

    def flush(self) -> None:
        """Bring to the kernel what was written: a kill costs nothing of it."""
        self._ticks.flush()  # before the lines that tell of its rows
        self._inputs.flush()

    def close(self) -> None:
        self._ticks.close()
        self._inputs.close()

    def abandon(self) -> None:
        """Leave the files as they are; the next recording mends them."""
        self._ticks.abandon()
        self._inputs.abandon()


class _GzipFile:
    """One file; it has its name once it is whole."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self._path = path
        self._open_path = path.with_name(path.name + OPEN)
        self._deflate = zlib.compressobj(LEVEL, wbits=GZIP)
        self._file = open_new(self._open_path)

    def write(self, text: bytes) -> None:
        self._put(self._deflate.compress(text))

    def flush(self) -> None:
        self._put(self._deflate.flush(zlib.Z_SYNC_FLUSH))
        self._file.flush()

    def close(self) -> None:
        self._put(self._deflate.flush())
        self._file.close()
        self._open_path.rename(self._path)

    def abandon(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def _put(self, data: bytes) -> None:
        self.size += self._file.write(data)
