"""The file of the API's keys: edited by a command, followed by a running daemon."""

import contextlib
import datetime as dt
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tradebot.api.keys import Key, ListedKey, Scope, keys_text, listed_key, read_keys
from tradebot.errors import InputError, LockHeldError, NotFoundError, RefusedError, StoreError
from tradebot.ports import Say

SCOPES = tuple(scope.value for scope in Scope)
FILE_BYTES_MAX = 1_000_000
KEYS_MAX = 1_000
LOOK_NS = 1_000_000_000  # how old what a daemon knows of the file may be
LOCK_WAIT_S = 10.0
LOCK_PAUSE_S = 0.02
ID_LENGTH_MIN = 6

_FILE_MODE = 0o600
_DIRECTORY_MODE = 0o750
_NEW_KEY = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class KeyFile:
    """``keys.toml`` of one state directory."""

    def __init__(self, state_dir: Path) -> None:
        """Take the directory; it need not exist yet."""
        self._directory = state_dir
        self.path = state_dir / "keys.toml"

    def listed(self) -> list[ListedKey]:
        """Return what is listed; without a file, nothing.

        Raises:
            StoreError: it cannot be read, others may read it, or it is no such file.
        """
        try:
            # Without waiting: somebody may have put a pipe there.
            with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise StoreError(f"{self.path} is no regular file")
                if status.st_mode & 0o077:
                    raise StoreError(
                        f"{self.path} may be read by others; allowed is mode 0600 (chmod 600)"
                    )
                text = file.read(FILE_BYTES_MAX + 1)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}") from error
        if len(text) > FILE_BYTES_MAX:
            raise StoreError(f"{self.path} is larger than {FILE_BYTES_MAX} bytes")
        try:
            return read_keys(text.decode("utf-8"))
        except (InputError, UnicodeDecodeError) as error:
            raise StoreError(f"{self.path}: {error}") from None

    def create(self, name: str, scope: str, per_minute: int | None = None) -> tuple[str, ListedKey]:
        """Make a key, and return it with what is kept of it; nobody is told it again.

        Raises:
            InputError: name, scope or allowance is none.
            RefusedError: there is a key of that name.
            StoreError: the file cannot be read or written.
            LockHeldError: another command does not let the file go.
        """
        token = f"tb_{secrets.token_urlsafe(32)}"
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        key = listed_key(token, name=name, scope=scope, per_minute=per_minute, at=now)
        with self._locked():
            keys = self.listed()
            if any(other.name == name for other in keys):
                raise RefusedError("name", f"there is a key {name} already; revoke it first")
            if len(keys) >= KEYS_MAX:
                raise RefusedError("name", f"there are {KEYS_MAX} keys; revoke some first")
            self._write([*keys, key])
        return token, key

    def revoke(self, word: str) -> ListedKey:
        """Strike a key out, by its name or the beginning of its id, and return it.

        Raises:
            NotFoundError: there is no such key.
            RefusedError: several ids begin so.
            StoreError: the file cannot be read or written.
            LockHeldError: another command does not let the file go.
        """
        with self._locked():
            keys = self.listed()
            gone = _chosen(keys, word)
            self._write([key for key in keys if key is not gone])
        return gone

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other commands from the file; the lock dies with its process."""
        try:
            self._directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            descriptor = os.open(self.path.with_suffix(".lock"), flags, _FILE_MODE)
        except OSError as error:
            raise StoreError(f"{self._directory}: {error.strerror}") from error
        try:
            self._own(descriptor)
            last_s = time.monotonic() + LOCK_WAIT_S
            while not _is_locked(descriptor):
                if time.monotonic() >= last_s:
                    raise LockHeldError(f"another command is changing {self.path}")
                time.sleep(LOCK_PAUSE_S)
            yield
        finally:
            os.close(descriptor)

    def _write(self, keys: Sequence[ListedKey]) -> None:
        """Replace the file as a whole: what is written survives a power cut, or never was."""
        fresh = self.path.with_suffix(".new")
        try:
            fresh.unlink(missing_ok=True)  # of a command that was killed: we hold the lock
            descriptor = os.open(fresh, _NEW_KEY, _FILE_MODE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                self._own(descriptor)
                file.write(keys_text(keys))
                file.flush()
                os.fsync(descriptor)
            fresh.replace(self.path)
            directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise StoreError(f"{self.path}: {error.strerror}") from error

    def _own(self, descriptor: int) -> None:
        """Give a file to whom the directory belongs: root's would be closed to the daemon."""
        if os.geteuid() == 0:
            owner = self._directory.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


class KeysInForce:
    """The keys that a running daemon knows: the file is looked at once a second, when asked.

    A file that cannot be taken keeps the keys in force, and is told once. A file that is
    gone has revoked them all. The local tools' key is always in force.
    """

    def __init__(
        self,
        file: KeyFile,
        local: Mapping[bytes, Key],
        *,
        say: Say,
        elapsed_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Take the file, and the keys that are in force whatever it says."""
        self._file = file
        self._local = local
        self._say = say
        self._elapsed_ns = elapsed_ns
        self._known = dict(local)
        self._mark: object = None  # of a file that is not there
        self._refused = ""
        self._look_at_ns = elapsed_ns() + LOOK_NS
        self._look()

    def __call__(self) -> Mapping[bytes, Key]:
        """Return the keys in force, by their SHA-256."""
        now_ns = self._elapsed_ns()
        if now_ns >= self._look_at_ns:
            self._look_at_ns = now_ns + LOOK_NS
            self._look()
        return self._known

    def _look(self) -> None:
        """Take the file if it is another than before."""
        mark = _mark(self._file.path)
        if mark == self._mark and not self._refused:
            return
        try:
            keys = self._file.listed()
        except StoreError as error:
            if str(error) != self._refused:
                self._refused = str(error)
                self._say("keys.refused", "error", error=self._refused, in_force=len(self._known))
            return
        self._mark, self._refused = mark, ""
        listed = {bytes.fromhex(key.sha256): key for key in keys}
        self._known = {**listed, **self._local}
        self._say("keys.taken", count=len(listed))


def _chosen(keys: Sequence[ListedKey], word: str) -> ListedKey:
    for key in keys:
        if key.name == word:
            return key
    if len(word) >= ID_LENGTH_MIN:
        found = [key for key in keys if key.sha256.startswith(word)]
        if len(found) == 1:
            return found[0]
        if found:
            raise RefusedError("key", f"{len(found)} keys have an id that begins so")
    # The word may be a key that somebody took for its id: it is not repeated.
    raise NotFoundError("there is no key of that name or id; `tradebot keys list` shows them")


def _is_locked(descriptor: int) -> bool:
    """Take the lock if it is free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _mark(path: Path) -> object:
    """Return what changes whenever the file does; who may read it counts too."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.errno
    return (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_mode)
