"""Bringing a file, or the names in a directory, to the disk."""

import os
from pathlib import Path

PRIVATE = 0o600


def sync_file(path: Path) -> None:
    """Bring a file's content to the disk; of a directory, the names in it.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def written_beside(path: Path, data: bytes) -> Path:
    """Write what is to replace a file, whole and on the disk, and return where it is.

    Nobody else may read it. What an earlier attempt has left there is gone.

    Raises:
        OSError: the disk refuses.
    """
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(fresh, flags, PRIVATE), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return fresh
