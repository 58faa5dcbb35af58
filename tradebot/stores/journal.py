"""The journal: preallocated files that only grow, written before anything leaves.

Each segment is named by its first frame and by its own number. A start begins a new
segment, so nothing is ever written in front of what an earlier process left. A fresh one is
filled with zeros: a sync of blocks that were only reserved must also write the file system's
own journal (3.9 ms where written blocks took 0.09, beside other writers on ext4). That
filling takes some 10 ms, so segments that nobody needs become the next ones. What the
database has is still needed until backups have it too: a damaged database is made again
from a backup and the frames after it.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from tradebot.core.records import Record
from tradebot.errors import LockHeldError, StoreError
from tradebot.stores.ballast import FULL
from tradebot.stores.frames import Frame, chained, frame_bytes, frames_in
from tradebot.stores.rows import packed, unpacked
from tradebot.stores.sync import sync_file

SEGMENT_BYTES = 4 << 20
SMALL_SEGMENT_BYTES = 256 << 10  # where the disk has no room for a whole one
SEGMENTS_MAX = 256  # 1 GiB: above it the database has not followed for a whole day
SEGMENTS_FOR_REPAIR_MAX = 16  # 64 MiB that the database has and backups have not
_SPARES = 2
_PAGE = 4096
_SETTLED_NS = 1_000_000_000
_NAME = re.compile(r"frames-(\d{16})-(\d{8})")


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal knows that the database does not."""

    frames: tuple[tuple[int, tuple[Record, ...]], ...] = ()  # number, records; ascending
    dropped: int = 0  # whole frames behind a hole that a power cut may leave; no reason to worry
    damage: tuple[str, ...] = ()  # what had been on the disk and is not: a reason


class _Segment(msgspec.Struct, kw_only=True):
    path: Path
    size: int
    last: int  # its last frame
    cut_off: bool = False
    spare: bool = False  # sound and covered: the next segment is made of it
    damaged: bool = False  # or next to damage: kept for a person


class FileJournal:
    """The journal's directory. ``open``, then ``recover`` once, then ``append`` and ``sync``."""

    def __init__(self, directory: Path, segment_bytes: int) -> None:
        """Call ``open`` instead."""
        self.epoch_seen = 0  # the highest epoch that wrote here; ours must be above it
        self._directory = directory
        self._segment_bytes = segment_bytes
        self.began_empty = True  # when it was opened, nobody had ever appended to it
        self.on_full: Callable[[], bool] = lambda: False  # makes room on the disk, if it can
        self._covered = 0  # the last frame that the database has
        self._found: list[list[Frame]] = []  # until ``recover``
        self._known = 0  # the highest frame that was on the disk, by the segments' names
        self._sealed: list[_Segment] = []
        self._serial = 0  # of the newest segment
        self._epoch: int | None = None
        self._last = 0  # frame appended
        self._synced = 0  # frame on the disk
        self._unsynced: list[tuple[int, bytes]] = []  # written again when a sync fails
        self._fd: int | None = None
        self._current = _Segment(path=directory, size=0, last=0)
        self._end = 0  # where the next frame goes
        self._looked_at_ns = 0  # the directory's change up to which its names are known
        self.failing = ""  # how the disk refuses; until a sync is done
        self.is_taken_over = False  # by another process: from then on nothing is written

    @classmethod
    def open(cls, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> "FileJournal":
        """Read what is there.

        Raises:
            StoreError: the directory or one of its files cannot be read.
        """
        journal = cls(directory, segment_bytes)
        where = directory
        try:
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            found = [(match, path) for path in directory.iterdir() if (match := _named(path))]
            for match, where in sorted(found, key=lambda pair: int(pair[0][2])):
                journal._take(where, int(match[1]), int(match[2]))
        except OSError as error:
            raise StoreError(f"{where}: cannot read the journal: {error.strerror}") from error
        return journal

    def _take(self, path: Path, first: int, serial: int) -> None:
        data = path.read_bytes()
        frames = list(frames_in(data, first))
        last = max((frame.number for frame in frames), default=0)
        self._found.append(frames)
        # Every segment is made of whole pages. One of zeros alone was never finished: the power
        # was cut while it was made.
        is_cut_off = bool(len(data) % _PAGE and data.strip(b"\0"))
        self._sealed.append(_Segment(path=path, size=len(data), last=last, cut_off=is_cut_off))
        self._serial = max(self._serial, serial)
        self._known = max(self._known, first - 1)
        self.began_empty = not self._known and not any(self._found)
        self.epoch_seen = max(self.epoch_seen, *(frame.epoch for frame in frames), 0)

    def lost(self, after: int) -> tuple[tuple[int, int], ...]:
        """Return first and last number of frames above ``after`` that are gone; before ``recover``.

        What lies above them may still be there.
        """
        return chained(self._found, after, self._known).lost

    def recover(self, *, epoch: int, after: int, backed_up: int | None = None) -> Recovered:
        """Return what was appended above frame ``after``, and go on numbering behind it.

        Args:
            epoch: this process's, from the database.
            after: the last frame that the database has on the disk.
            backed_up: the last frame that backups have (see ``covered``).

        Raises:
            StoreError: a process of this epoch or a later one has written here.
        """
        if epoch <= self.epoch_seen:
            raise StoreError(
                f"{self._directory}: epoch {self.epoch_seen} has written here, ours is {epoch}"
            )
        assert self._epoch is None, "recover is called once"
        chain = chained(self._found, after, self._known)
        self._found = []
        self._epoch, self._last, self._synced = epoch, max(chain.last, after), chain.synced
        damage = [
            f"{segment.path}: cut off at {segment.size} bytes"
            for segment in self._sealed
            if segment.cut_off
        ]
        damage += [
            f"{self._directory}: frames {first} to {last} were on the disk and are gone"
            for first, last in chain.lost
        ]
        frames = []
        for frame in chain.frames:
            try:
                frames.append((frame.number, tuple(unpacked(frame.payload))))
            except ValueError as error:
                damage.append(f"{self._directory}: frame {frame.number} is not readable: {error}")
        for segment in self._sealed:
            segment.damaged = bool(damage) and segment.last > after
        with contextlib.suppress(OSError, StoreError):  # an append tries again, and tells
            for segment in self._sealed:
                if segment.last > chain.synced:
                    sync_file(segment.path)  # the next segment's name says that it was
            self.covered(after, backed_up)
            self._begin(self._last + 1, 0)
        return Recovered(frames=tuple(frames), dropped=chain.dropped, damage=tuple(damage))

    @property
    def last(self) -> int:
        """The number of the last frame appended."""
        return self._last

    def append(self, records: Sequence[Record]) -> int:
        """Write one frame and return its number (see the port)."""
        assert self._epoch is not None, "recover comes before append"
        if self.is_taken_over:
            raise self._taken_over()
        number = self._last + 1
        frame = frame_bytes(packed(records), epoch=self._epoch, number=number, synced=self._synced)
        try:
            if self._fd is not None and self._end + len(frame) > self._current.size:
                self._flush(self._fd)
                self._seal()
            fd = self._begin(number, len(frame)) if self._fd is None else self._fd
            self._write(fd, frame)
        except OSError as error:
            raise self._failed(f"cannot append frame {number}", error) from error
        self._last = self._current.last = number
        self._unsynced.append((number, frame))
        return number

    def sync(self) -> None:
        """Bring all that was appended to the disk (see the port).

        Raises:
            StoreError: the disk refused.
            LockHeldError: another process goes on with this journal. Orders leave behind a
                sync, so none of ours leaves any more.
        """
        if self._unsynced:
            try:
                self._flush(self._begin(self._last, 0) if self._fd is None else self._fd)
            except OSError as error:
                raise self._failed(f"cannot sync frame {self._last}", error) from error
        if self._is_another_there():
            raise self._taken_over()

    def covered(self, frame: int, backed_up: int | None = None) -> None:
        """Let go of segments up to a frame that the database has *on the disk*.

        A commit without full sync covers nothing: a power cut takes it back.

        Args:
            frame: the database's.
            backed_up: the last one that backups have; what lies above it is kept for a
                repair, but not without end where backups fail. None: nobody makes any.

        Raises:
            StoreError: a file could not be removed; nothing is lost by it.
        """
        if self._is_another_there():
            return  # they are its files now
        self._covered = frame
        self._unsynced = [(number, data) for number, data in self._unsynced if number > frame]
        going = [s for s in self._sealed if s.last <= frame and not s.spare]
        if backed_up is not None:
            wanted = [segment for segment in going if segment.last > backed_up]
            going = [s for s in going if s not in wanted[-SEGMENTS_FOR_REPAIR_MAX:]]
        for segment in going:
            fits = segment.size == self._segment_bytes and not segment.damaged
            if fits and sum(s.spare for s in self._sealed) < _SPARES:
                segment.spare = True
                continue
            try:
                if segment.damaged:
                    segment.path.rename(segment.path.with_suffix(".damaged"))
                else:
                    segment.path.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(f"{segment.path}: cannot remove: {error.strerror}") from error
            self._sealed.remove(segment)

    def close(self) -> None:
        """Let go of the file; what was appended stays as it is."""
        if self._fd is not None:
            self._seal()

    def _begin(self, number: int, more: int) -> int:
        """Start a segment with room for what is not on the disk yet and ``more`` bytes."""
        if sum(not segment.spare for segment in self._sealed) >= SEGMENTS_MAX:
            raise OSError(0, f"{SEGMENTS_MAX} segments wait for the database")
        if self._is_another_there():
            raise self._taken_over()
        waiting = b"".join(data for _, data in self._unsynced)
        first = self._unsynced[0][0] if self._unsynced else number
        self._serial += 1
        size = max(self._segment_bytes, -(-(len(waiting) + more) // _PAGE) * _PAGE)
        path = self._directory / f"frames-{first:016}-{self._serial:08}"
        fd = self._from_spare(path, size)
        if fd is None:
            fd, size = self._fresh(path, size, len(waiting) + more)
        self._fd, self._end = fd, 0
        self._current = _Segment(path=path, size=size, last=self._last)
        sync_file(self._directory)
        if waiting:
            self._write(fd, waiting)
        return fd

    def _is_another_there(self) -> bool:
        """Look for segments that a later process began: the lock may not reach everywhere.

        A container, or another path of the same directory, has a lock of its own.
        """
        with contextlib.suppress(OSError):  # a directory that cannot be read tells nothing
            changed_ns = self._directory.stat().st_mtime_ns
            if changed_ns != self._looked_at_ns:
                # Another change may come in the same tick of the file system's clock.
                is_settled = time.time_ns() - changed_ns > _SETTLED_NS
                found = map(_named, self._directory.iterdir())
                self.is_taken_over |= any(name and int(name[2]) > self._serial for name in found)
                self._looked_at_ns = changed_ns if is_settled else 0
        return self.is_taken_over

    def _taken_over(self) -> LockHeldError:
        message = f"another process has taken over from epoch {self._epoch}"
        return LockHeldError(f"{self._directory}: {message}")

    def _fresh(self, path: Path, size: int, least: int) -> tuple[int, int]:
        """Make a segment; on a full disk of what is left, and return its size beside it."""
        try:
            return _created(path, size), size
        except OSError as error:
            if error.errno not in FULL:
                raise
        # What the database has is kept for a repair alone: an order now is worth more.
        for segment in self._sealed:
            segment.spare |= segment.last <= self._covered and not segment.damaged
        fd = self._from_spare(path, size)
        if fd is not None:
            return fd, size
        small = max(SMALL_SEGMENT_BYTES, -(-least // _PAGE) * _PAGE)
        try:
            return _created(path, small), small
        except OSError:
            if not self.on_full():
                raise
        return _created(path, small), small

    def _from_spare(self, path: Path, size: int) -> int | None:
        spare = next((s for s in self._sealed if s.spare and s.size == size), None)
        if spare is None:
            return None
        self._sealed.remove(spare)
        try:
            spare.path.rename(path)
            return os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return None  # a fresh file does as well

    def _write(self, fd: int, data: bytes) -> None:
        done = 0
        while done < len(data):  # one call, unless a signal or a full disk cuts it short
            done += os.pwrite(fd, data[done:] if done else data, self._end + done)
        self._end += done

    def _flush(self, fd: int) -> None:
        os.fdatasync(fd)
        self._synced = self._last
        self._unsynced.clear()
        self.failing = ""

    def _failed(self, what: str, error: OSError) -> StoreError:
        """Give the segment up: a page that failed to reach the disk may read as clean after.

        Its frames that no sync covered are written again to the next segment.
        """
        path = self._directory
        if self._fd is not None:
            path = self._current.path
            self._seal()
        self.failing = f"{path}: {what}: {error.strerror}"
        return StoreError(self.failing)

    def _seal(self) -> None:
        assert self._fd is not None
        with contextlib.suppress(OSError):  # an error of the writes was or will be a sync's
            os.close(self._fd)
        self._fd = None
        self._sealed.append(self._current)


def _named(path: Path) -> re.Match[str] | None:
    return _NAME.fullmatch(path.name)


def _created(path: Path, size: int) -> int:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, size)  # a full disk is known here, not at a frame
        os.pwrite(fd, bytes(size), 0)
        os.fsync(fd)  # the size too, so that a later fdatasync has only data to bring
    except OSError:
        os.close(fd)
        path.unlink(missing_ok=True)
        raise
    return fd
