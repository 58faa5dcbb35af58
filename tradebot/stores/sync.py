"""Bringing a file, or the names in a directory, to the disk."""

import os
from pathlib import Path


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
