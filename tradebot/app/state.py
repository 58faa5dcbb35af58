"""The state directory: everything that is written lies under it."""

import contextlib
import errno
import hashlib
import http.client
import json
import os
import secrets
import stat
import tempfile
from pathlib import Path

import msgspec

from tradebot.errors import ConfigError, StoreError
from tradebot.log import FILE_NAME

DIRECTORY_MODE = 0o750
TOO_OPEN = 0o777 & ~DIRECTORY_MODE
SECRET_MODE = 0o600
ANSWER_S = 2.0
PAPER_OWNER = "the paper exchange"


def live_owner(account: str) -> str:
    """Return whose trades are guarded with real orders."""
    return f"account {account}"


def shadow_owner(account: str) -> str:
    """Return whose trades a shadow has: never those of the account itself."""
    return f"a shadow of account {account}"


class StateDirectory(msgspec.Struct, frozen=True):
    """The paths of one daemon's files."""

    path: Path

    @property
    def database(self) -> Path:
        """The engine's database."""
        return self.path / "tradebot.db"

    @property
    def journal(self) -> Path:
        """The journal's directory."""
        return self.path / "journal"

    @property
    def backups(self) -> Path:
        """Copies of the engine's database."""
        return self.path / "backups"

    @property
    def alerts(self) -> Path:
        """What a person was alerted of."""
        return self.path / "alerts.jsonl"

    @property
    def instruments(self) -> Path:
        """What a broker's catalogue last said of the instruments in use."""
        return self.path / "instruments.json"

    @property
    def ballast(self) -> Path:
        """The reserve that is freed when the disk is full."""
        return self.path / "ballast"

    @property
    def paper(self) -> Path:
        """The paper world's own file."""
        return self.path / "paper.db"

    @property
    def shadow(self) -> Path:
        """What a shadow remembers of its account."""
        return self.path / "shadow.db"

    @property
    def recordings(self) -> Path:
        """What was recorded, where the settings name no other place."""
        return self.path / "recordings"

    @property
    def daemon(self) -> Path:
        """Address and pid of the running daemon, for local tools."""
        return self.path / "daemon.json"

    @property
    def owner(self) -> Path:
        """Whose trades these are."""
        return self.path / "owner"

    @property
    def admin_key(self) -> Path:
        """The key of local tools."""
        return self.path / "admin.key"

    @property
    def logs(self) -> Path:
        """The rotated log files."""
        return Path(os.environ.get("LOGS_DIRECTORY") or self.path / "logs")

    @property
    def log(self) -> Path:
        """The log file that is written now."""
        return self.logs / FILE_NAME

    def prepare(self) -> None:
        """Make the directory, for its owner and group alone.

        A full disk is no obstacle: trades are guarded from memory.

        Raises:
            StoreError: it cannot be made or written to.
        """
        try:
            self.path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            self._tighten()
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            if error.errno == errno.ENOSPC and self.path.is_dir():
                return
            message = f"the state directory {self.path} cannot be used: {error.strerror}"
            raise StoreError(message) from error

    def claim(self, owner: str) -> None:
        """Keep whose trades lie here: those of paper must never be left with real orders.

        Raises:
            ConfigError: they are somebody else's.
            StoreError: the directory cannot be read or written.
        """
        try:
            if self.owner.exists():
                found = self.owner.read_text(encoding="utf-8").strip()
            else:
                # Before there were real accounts all was paper, and nobody said so.
                found = PAPER_OWNER if self.database.exists() else ""
                with contextlib.suppress(OSError):  # a full disk; what is there stays unmarked
                    write_secret(self.owner, f"{found or owner}\n")
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{self.owner}: {error}") from error
        if found not in ("", owner):
            what = f"holds the trades of {found}, and this is {owner}"
            raise ConfigError(f"the state directory {self.path} {what}; name another one")

    def _tighten(self) -> None:
        """Close our own directory to the world: one that was not made here is often 0755."""
        found = self.path.stat()
        # Sticky: others keep files of theirs in it, as in /tmp.
        is_ours = found.st_uid == os.geteuid() and not found.st_mode & stat.S_ISVTX
        if is_ours and found.st_mode & TOO_OPEN:
            with contextlib.suppress(OSError):  # not every file system has modes; doctor tells
                self.path.chmod(stat.S_IMODE(found.st_mode) & ~TOO_OPEN)

    def admin_key_hash(self) -> bytes:
        """Return the SHA-256 of the local tools' key, made at the first start.

        Raises:
            StoreError: the key file cannot be read or written, or others may read it.
        """
        try:
            if not self.admin_key.exists():
                write_secret(self.admin_key, f"tb_{secrets.token_urlsafe(32)}\n")
            if self.admin_key.stat().st_mode & 0o077:
                raise StoreError(f"{self.admin_key} may be read by others; allowed is mode 0600")
            key = self.admin_key.read_text().strip()
        except OSError as error:
            raise StoreError(f"{self.admin_key}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise StoreError(f"{self.admin_key} is no text; remove it to have a new key") from error
        if not key:
            raise StoreError(f"{self.admin_key} is empty; remove it to have a new key made")
        return hashlib.sha256(key.encode()).digest()

    def announce(self, url: str) -> bool:
        """Say where the API listens and who we are; False: no disk takes it.

        Local tools do not find a daemon that could not say it; it guards all the same.
        """
        address = url.partition("://")[2]
        text = json.dumps({"address": address, "url": url, "pid": os.getpid()}) + "\n"
        try:
            write_secret(self.daemon, text)
        except OSError:
            with contextlib.suppress(OSError):
                self.daemon.unlink(missing_ok=True)  # an earlier one's address would lead astray
            return False
        return True

    def announced(self) -> dict[str, object]:
        """Return who announced itself here last, for a message; empty: nobody."""
        try:
            said = json.loads(self.daemon.read_text())
            return {"pid": said["pid"], "api": said["url"]}
        except (OSError, ValueError, LookupError, TypeError):
            return {}

    def is_served(self) -> bool:
        """Whether the daemon that announced itself here answers."""
        try:
            address = json.loads(self.daemon.read_text())["address"]
            host, _, port = str(address).rpartition(":")
            connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=ANSWER_S)
            with contextlib.closing(connection):
                connection.request("GET", "/health")
                return connection.getresponse().status == http.client.OK
        except (OSError, ValueError, LookupError, TypeError, ArithmeticError):
            return False  # a port above 65535 is an OverflowError
        except http.client.HTTPException:
            return False

    def withdraw(self) -> None:
        """Say that we listen no more; what another daemon has announced meanwhile stays."""
        if self.announced().get("pid", os.getpid()) == os.getpid():
            with contextlib.suppress(OSError):
                self.daemon.unlink(missing_ok=True)


def write_secret(path: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner alone from the first byte.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    fresh = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
