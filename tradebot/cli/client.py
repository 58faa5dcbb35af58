"""The way of a local command to the running daemon: its address, its key, one request."""

import argparse
import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from tradebot.app.state_flag import add_state_flag, state_dir
from tradebot.errors import TradebotError

ANSWER_S_MAX = 10.0
_NEXT = "; start one with tradebot run, or name its directory with --state-dir"
EXIT_NOT_RUNNING = 3

Json = dict[str, object]


class NotRunningError(TradebotError):
    """No daemon answers: it has not been started, has ended, or is just starting."""


class AnswerError(TradebotError):
    """The daemon answered with an error."""

    def __init__(self, code: str, message: str, details: Json) -> None:
        """Keep the daemon's word and its details beside its message."""
        super().__init__(message)
        self.code = code
        self.details = details


class Daemon:
    """The daemon of one state directory, whichever process that is at the moment.

    Address and key are read anew for each request, so a restart needs no reconnecting.
    """

    def __init__(self, state_dir: Path) -> None:
        """Take the directory that the daemon writes to."""
        self._state_dir = state_dir

    @property
    def announcement(self) -> Path:
        """The file in which the daemon says where it listens, written when it starts to."""
        return self._state_dir / "daemon.json"

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """Return the data of an answer.

        Raises:
            NotRunningError: nobody answers.
            AnswerError: the answer is an error.
            PermissionError: the key may not be read.
        """
        import http.client  # 30 ms, which who only wants --help does not wait for

        host, port = self._address()
        ours = {"X-API-Key": self._key(), "Content-Type": "application/json", **(headers or {})}
        try:
            connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S_MAX)
            with contextlib.closing(connection):
                connection.request(method, path, json.dumps(body or {}), ours)
                answer = connection.getresponse()
                status, text = answer.status, answer.read()
        # ValueError: the name of a host that cannot be one.
        except (OSError, ValueError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            message = f"no daemon answers at {host}:{port} ({why})"
            raise NotRunningError(message) from error
        try:
            return _data(status, text)
        except AnswerError as error:
            if error.code != "unauthorized":
                raise
            # What the daemon advises is for keys that are made by hand, and ours is not.
            message = (
                f"the daemon at {host}:{port} does not know the key in {self._key_file}: that has "
                "changed since it started (restart it), or it is the daemon of another directory"
            )
            raise AnswerError(error.code, message, error.details) from None

    @property
    def _key_file(self) -> Path:
        return self._state_dir / "admin.key"

    def _address(self) -> tuple[str, int]:
        file = self.announcement
        try:
            address = json.loads(file.read_bytes())["address"]
            parts = urlsplit(address if "//" in address else f"//{address}")
            host, port = parts.hostname, parts.port
        except FileNotFoundError:
            raise NotRunningError(f"no daemon runs: there is no {file}{_NEXT}") from None
        except (ValueError, KeyError, TypeError):
            host = port = None
        if not host or not port:
            raise NotRunningError(f"{file} does not say where the daemon is")
        return host, port

    def _key(self) -> str:
        file = self._key_file
        try:
            key = file.read_text("ascii").strip()
        except FileNotFoundError:
            raise NotRunningError(f"no daemon runs: there is no {file}") from None
        except ValueError:
            key = ""
        if not key or not key.isprintable():
            raise NotRunningError(f"{file} holds no key")
        return key


def add_state_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the daemon."""
    add_state_flag(parser, "the daemon's state directory")


def daemon_of(args: argparse.Namespace) -> Daemon:
    """Return the daemon that the command line and the environment name."""
    return Daemon(state_dir_of(args))


def state_dir_of(args: argparse.Namespace) -> Path:
    """Return the state directory that the command line and the environment name."""
    return state_dir(args.state_dir, os.environ)


def in_path(word: str) -> str:
    """Return a word as one part of a path."""
    return quote(word, safe="")


def _data(status: int, text: bytes) -> Json:
    try:
        answer = json.loads(text)
        if answer["status"] == "success":
            data: Json = answer["data"]
            return data
        raise AnswerError(answer["error_code"], answer["message"], answer["details"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"the daemon answered with HTTP {status} and no JSON of ours"
        raise AnswerError("unreadable", message, {}) from error
