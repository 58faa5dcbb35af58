"""One daemon per account: a lock that dies with its process.

An abstract unix socket cannot be deleted under us as a lock file can, and the kernel
lets it go however the process ends. The epoch in database and journal is the real fence.
"""

import errno
import hashlib
import socket
from pathlib import Path

from tradebot.errors import LockHeldError, StoreError


class Lock:
    """The right to guard what a name stands for, held as long as the process lives."""

    def __init__(self, name: str) -> None:
        """Name the lock; nothing is taken yet."""
        digest = hashlib.sha256(name.encode()).hexdigest()[:32]
        self._address = f"\0tradebot:{digest}"
        self._name = name
        self._socket: socket.socket | None = None

    def take(self) -> None:
        """Take the lock.

        Raises:
            LockHeldError: another process has it.
            StoreError: the system refuses; whether somebody has it is not known.
        """
        try:
            # Python's sockets are close-on-exec: no child keeps the lock alive after us.
            taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                taken.bind(self._address)
                taken.listen(1)
            except OSError:
                taken.close()
                raise
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise LockHeldError(f"another daemon guards {self._name}") from error
            message = f"the lock of {self._name} cannot be taken: {error.strerror}"
            raise StoreError(message) from error
        self._socket = taken

    def release(self) -> None:
        """Let it go; a second call changes nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def account_lock(owner: str) -> Lock:
    """Return the lock of a real account: there is one, whatever directory its daemon uses."""
    return Lock(f"the {owner}")


def paper_lock(state_dir: Path) -> Lock:
    """Return the lock of what trades on paper: its world is its state directory."""
    return Lock(f"the state directory {state_dir.resolve()}")
