"""One daemon per account: a lock that dies with its process.

An abstract unix socket cannot be deleted under us as a lock file can, and the kernel
lets it go however the process ends. The epoch in database and journal is the real fence.
"""

import contextlib
import errno
import hashlib
import socket
from pathlib import Path

from tradebot.errors import LockHeldError, StoreError


class Lock:
    """The right to guard what names stand for, held as long as the process lives."""

    def __init__(self, *names: str) -> None:
        """Name the lock; nothing is taken yet."""
        self._names = names
        self._taken = contextlib.ExitStack()

    def take(self) -> None:
        """Take the lock: all of its names, or none.

        Raises:
            LockHeldError: another process has one of them.
            StoreError: the system refuses; whether somebody has it is not known.
        """
        with contextlib.ExitStack() as taken:
            for name in self._names:
                taken.enter_context(_taken(name))
            self._taken = taken.pop_all()

    def release(self) -> None:
        """Let it go; a second call changes nothing."""
        self._taken.close()


def account_lock(owner: str, state_dir: Path) -> Lock:
    """Return the lock of a real account: one, whatever directory its daemon uses, and that too.

    Whoever repairs the files of a daemon that is gone asks for the directory alone.
    """
    return Lock(f"the {owner}", _directory(state_dir))


def directory_lock(state_dir: Path) -> Lock:
    """Return the lock of a state directory: the whole world of what trades on paper."""
    return Lock(_directory(state_dir))


def _directory(state_dir: Path) -> str:
    return f"the state directory {state_dir.resolve()}"


def _taken(name: str) -> socket.socket:
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    try:
        # Python's sockets are close-on-exec: no child keeps the lock alive after us.
        taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            taken.bind(f"\0tradebot:{digest}")
            taken.listen(1)
        except OSError:
            taken.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise LockHeldError(f"another daemon guards {name}") from error
        raise StoreError(f"the lock of {name} cannot be taken: {error.strerror}") from error
    return taken
