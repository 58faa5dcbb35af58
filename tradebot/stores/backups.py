"""Backups: whole copies of the database, each checked before an older one goes.

A copy is made beside the commits, read again from its file and held against its checksums;
only then it gets its name. So what has a name was whole, and the journal may let go of
what the second newest holds: the newest may be damaged together with the database.
"""

import asyncio
import contextlib
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from tradebot.errors import DamageError, StoreError
from tradebot.stores.checks import Checked, check_file
from tradebot.stores.sync import sync_file

KEPT_MIN = 2
# Backups never take the last room: the journal needs it more.
ROOM_LEFT_BYTES = 64 << 20
COPY_PAUSE_S = 0.005  # between two steps
CHECK_PAUSE_S = 0.001  # after each hundred rows
_NAME = re.compile(r"tradebot-(\d{8})-(\d{8}T\d{6}Z)-(\d+)\.db")


class Copied(Protocol):
    """A database that can be copied while it is written."""

    async def copy_to(self, path: Path, *, pause_s: float) -> None:
        """Copy it into a new file, with pauses."""


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """One backup, as its name tells."""

    path: Path
    number: int  # ascends, whatever the clock does
    at: datetime
    frame: int  # the last journal frame in it
    size: int  # bytes

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def at_ns(self) -> int:
        """When it was made, nanoseconds UTC."""
        return int(self.at.timestamp()) * 1_000_000_000


class Backups:
    """The directory of the backups."""

    def __init__(self, directory: Path, kept: int) -> None:
        """Take the directory, made when it is needed, and how many it keeps."""
        self.kept = max(kept, KEPT_MIN)
        self.frame_held = 0  # the last journal frame that two backups have; 0: there are not two
        self.directory = directory
        # There while the database is not trusted: the next start looks at every row of it.
        self.suspicion = directory / "suspicion"
        self._hold(self.found())

    def found(self) -> list[Backup]:
        """Return the backups, newest first."""
        try:
            return sorted(self._read(), key=lambda backup: -backup.number)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self.directory}: cannot read: {error.strerror}") from error

    async def make(self, database: Copied, now_ns: int, *, hurry: bool = False) -> Backup:
        """Copy, check, name; then let the oldest go.

        Args:
            database: what is copied.
            now_ns: for the name.
            hurry: nobody else is there who would have to wait: make no pauses.

        Raises:
            StoreError: there is no backup more than before; the message says why.
            DamageError: the database itself is not whole.
        """
        draft = self.directory / "draft.part"
        try:
            self.directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._remove_drafts()
            draft.touch(mode=0o600)
            await database.copy_to(draft, pause_s=0.0 if hurry else COPY_PAUSE_S)
            check_pause_s = 0.0 if hurry else CHECK_PAUSE_S
            checked = await asyncio.to_thread(_brought_to_disk, draft, check_pause_s)
            return self._named(draft, checked, now_ns)
        except DamageError:
            with contextlib.suppress(OSError):
                self.suspicion.touch(mode=0o600)
            raise
        except OSError as error:
            raise StoreError(f"{self.directory}: no backup: {error.strerror}") from error
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def make_room(self, database: Path) -> None:
        """Remove the oldest backups, but for two, until one more of a database fits.

        Raises:
            StoreError: it does not fit.
        """
        oldest_first = self.found()[KEPT_MIN:][::-1]
        try:
            wanted = ROOM_LEFT_BYTES + database.stat().st_size
            self.directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            while (free := shutil.disk_usage(self.directory).free) < wanted and oldest_first:
                oldest_first.pop(0).path.unlink()
        except OSError as error:
            raise StoreError(f"{self.directory}: no backup: {error.strerror}") from error
        if free < wanted:
            message = f"{free >> 20} MiB are free, {-(-wanted >> 20)} are needed"
            raise StoreError(f"{self.directory}: no backup: {message}")

    def _named(self, draft: Path, checked: Checked, now_ns: int) -> Backup:
        before = self.found()
        number = before[0].number + 1 if before else 1
        at = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC)
        path = self.directory / f"tradebot-{number:08}-{at:%Y%m%dT%H%M%SZ}-{checked.frame}.db"
        draft.rename(path)
        sync_file(self.directory)
        made = _backup(path)
        for old in before[self.kept - 1 :]:
            old.path.unlink(missing_ok=True)
        self._hold([made, *before[: self.kept - 1]])
        return made

    def _hold(self, found: list[Backup]) -> None:
        frames = sorted((backup.frame for backup in found), reverse=True)
        self.frame_held = frames[1] if len(frames) > 1 else 0

    def _read(self) -> Iterator[Backup]:
        for path in self.directory.iterdir():
            if _NAME.fullmatch(path.name):
                yield _backup(path)

    def _remove_drafts(self) -> None:
        """Remove what a process that was killed had not finished."""
        for path in self.directory.glob("*.part*"):
            path.unlink(missing_ok=True)


def _brought_to_disk(draft: Path, pause_s: float) -> Checked:
    """Bring a copy to the disk and check it; other threads run between its rows."""
    sync_file(draft)
    try:
        return check_file(draft, pause=lambda: time.sleep(pause_s))
    except DamageError as error:
        raise DamageError(f"a copy of the database is not whole: {error}") from error


def _backup(path: Path) -> Backup:
    match = _NAME.fullmatch(path.name)
    assert match is not None, f"{path.name} is no name of a backup"
    return Backup(
        path=path,
        number=int(match[1]),
        at=datetime.strptime(match[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
        frame=int(match[3]),
        size=path.stat().st_size,
    )
