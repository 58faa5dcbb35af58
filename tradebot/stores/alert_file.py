"""The file of the alerts: a line for each change, the newest of an alert counts."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tradebot.core.alerting.alerts import Alert
from tradebot.errors import StoreError
from tradebot.stores.sync import PRIVATE, written_beside

BYTES_MAX = 2 << 20  # then it begins anew, and the one before it is kept beside it
OPEN_BYTES_MAX = 8 << 20  # a file that is larger is none of ours


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Alert)


class AlertFile:
    """``alerts.jsonl``. A kill costs what was not handed over, a power cut what was not synced.

    Each write is made by a thread, so a disk that hangs holds up nobody else.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; it need not exist."""
        self._path = path
        self._older = path.with_name(f"{path.stem}.old{path.suffix}")
        self._size = 0
        self._ends_whole = True  # the last line has its end
        self.unread = 0  # lines of the file that are no alert

    @property
    def is_full(self) -> bool:
        """Whether it is time to begin anew."""
        return self._size > BYTES_MAX

    def load(self) -> list[Alert]:
        """Return what an earlier life kept; a line that is cut off or damaged is passed over.

        Raises:
            StoreError: it cannot be read; what is there is left alone until it begins anew.
        """
        try:
            with self._path.open("rb") as file:
                data = file.read(OPEN_BYTES_MAX + 1)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from error
        if len(data) > OPEN_BYTES_MAX:
            raise StoreError(f"{self._path} is larger than {OPEN_BYTES_MAX} bytes")
        self._size = len(data)
        self._ends_whole = not data or data.endswith(b"\n")
        found: dict[int, Alert] = {}
        for line in data.splitlines():
            try:
                alert = _decoder.decode(line)
            except ValueError:  # also of bytes that are no text
                self.unread += 1
            else:
                found[alert.number] = alert
        return list(found.values())

    async def keep(self, changed: Sequence[Alert], *, sync: bool) -> None:
        """Write alerts down.

        Raises:
            StoreError: the disk refuses.
        """
        data = b"".join(_encoder.encode(alert) + b"\n" for alert in changed)
        await asyncio.to_thread(self._append, data, sync=sync)

    async def begin_anew(self, alerts: Sequence[Alert]) -> None:
        """Keep only these; what was written before becomes the older file.

        Raises:
            StoreError: the disk refuses; the file stays as it is.
        """
        data = b"".join(_encoder.encode(alert) + b"\n" for alert in alerts)
        await asyncio.to_thread(self._replace, data)

    def _append(self, data: bytes, *, sync: bool) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            with os.fdopen(os.open(self._path, flags, PRIVATE), "ab") as file:
                # What a full disk or a power cut has cut off must not swallow the next line.
                file.write(data if self._ends_whole else b"\n" + data)
                self._ends_whole = False
                file.flush()
                self._ends_whole = True
                self._size = file.tell()
                if sync:
                    os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from error

    def _replace(self, data: bytes) -> None:
        try:
            fresh = written_beside(self._path, data)
            if self._path.exists():
                self._path.replace(self._older)
            fresh.replace(self._path)
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from error
        self._size, self._ends_whole = len(data), True
