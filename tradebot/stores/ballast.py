"""A reserve on the disk: a file that is there to be removed when nothing else fits."""

import asyncio
import contextlib
import errno
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from tradebot.ports import Say
from tradebot.stores.sync import sync_file

BALLAST_BYTES = 1 << 20
# Remade only where it is far from being needed again at once.
ROOM_BYTES = 8 * BALLAST_BYTES
LOOK_S = 5.0
FULL = {errno.ENOSPC, errno.EDQUOT}


class Ballast:
    """One file of zeros, freed when the disk is full, remade when there is room."""

    def __init__(self, path: Path, *, say: Say) -> None:
        """Take the file's place; ``look`` makes it."""
        self._path = path
        self._say = say
        self._is_freed = False  # and the log knows

    def free(self) -> bool:
        """Give its room to whoever has just found none; False: there was nothing to give."""
        try:
            self._path.unlink()
            sync_file(self._path.parent)
        except OSError:
            return False
        self._is_freed = True
        self._say("disk.full", "critical", freed=BALLAST_BYTES, file=str(self._path))
        return True

    def start(self) -> None:
        """Free it where a start would find no room; later only whom the disk refuses asks.

        Whatever filled the disk would else take the reserve too, before one of ours needs it.
        """
        if self._room() < BALLAST_BYTES:
            self.free()
        self.look()

    def look(self) -> None:
        """Make it where it is missing and there is room."""
        if self._path.exists() or (room := self._room()) < ROOM_BYTES:
            return
        if self._made() and self._is_freed:
            self._is_freed = False
            self._say("disk.room", "warning", free=room)

    def reasons(self) -> Iterator[str]:
        """Yield why a look at the disk is needed."""
        if not self._path.exists():
            yield f"the disk of {self._path.parent} is full, its reserve is in use: make room"

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look for ever."""
        while True:
            self.look()
            await sleep(LOOK_S)

    def _room(self) -> int:
        try:
            return shutil.disk_usage(self._path.parent).free
        except OSError:
            return 0  # what cannot be looked at is told by whoever writes there

    def _made(self) -> bool:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, BALLAST_BYTES)
            finally:
                os.close(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            return False
        return True
