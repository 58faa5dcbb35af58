"""The log: one event a line, with a stable name and key=value fields.

    2026-01-22T09:41:07.120Z INFO     trade.closed trade_id=T17 reason=stop

Lines go to the standard error and to a file that rotates; under systemd to the journal
alone, which has times and files of its own. A line break in a value cannot begin a line,
and a value that is bound to the name of a secret is never written.

A terminal that was stopped, a pager and a journal that hangs take nothing and hold up whoever
writes to them. So a thread of its own writes there, and who has something to say goes on.
"""

import contextlib
import datetime as dt
import json
import logging
import math
import os
import queue
import re
import stat
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

if TYPE_CHECKING:
    from loguru import Record

FILE_NAME = "tradebot.log"
FILE_BYTES_MAX = 10_000_000
FILES_KEPT = 10
DIRECTORY_MODE = 0o750
FILE_MODE = 0o640
VALUE_LENGTH_MAX = 2000
LINES_WAITING_MAX = 10_000  # for a terminal that takes none; the file has them all
CLOSE_S_MAX = 1.0

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # syslog(3)
_RESERVED = frozenset({"time", "severity", "event"})  # what every JSON line has of its own

_SECRET_NAME = re.compile(
    r"(?:.*_)?(?:key|apikey|token|secret|password|authorization|cookie)", re.IGNORECASE
)
_SECRET = re.compile(r"tb_[A-Za-z0-9_-]{16,}")  # our own keys, wherever they turn up
_INTEGER_BITS = 64  # of longer ones Python may refuse to write the decimal digits
_HIDDEN = "***"
_BARE = re.compile(r"[^\s\"=\\]+")

_threshold = _LEVELS["info"]
_is_refused = False  # by the file; said once
_held_up: "_Outlet | None" = None  # the way to a reader who may not read


def say(event: str, level: str = "info", /, **fields: object) -> None:
    """Write one line.

    Args:
        event: its stable name: ``trade.closed``.
        level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.
        fields: what happened to whom, in this order; any name is free for a field.
    """
    if _LEVELS[level] < _threshold:
        return
    safe = {name: _safe(name, value) for name, value in fields.items()}
    text = " ".join([_shown(event), *(f"{name}={_shown(value)}" for name, value in safe.items())])
    try:
        # Without arguments of its own loguru leaves braces in the text alone.
        logger.bind(event=event, severity=level, fields=safe).log(level.upper(), text)
    except OSError as error:  # of the file, which comes last
        _file_refused(error)
    else:
        _file_took()
    if _held_up is not None and (lines := _held_up.lost()):
        say("log.lost", "warning", lines=lines)


def configure(
    *,
    level: str,
    form: str,
    directory: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    stream: TextIO | None = None,
) -> None:
    """Say where lines go from now on, and how they look.

    Args:
        level: the least severe that is written.
        form: ``text``, ``json`` or ``journal``; a text whose reader is the journal
            becomes ``journal``.
        directory: of the log file; None: no file. The journal needs none.
        environ: the environment, for JOURNAL_STREAM, NO_COLOR and TERM.
        stream: instead of the standard error.
    """
    out = sys.stderr if stream is None else stream
    to_journal = form == "journal" or _is_journal(out, environ)
    form = "journal" if to_journal and form == "text" else form
    set_level(level)
    logger.remove()
    # A dumb terminal shows control sequences as they are.
    is_plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
    colours = form == "text" and out.isatty() and not is_plain
    global _held_up  # noqa: PLW0603 - the process has one log
    _held_up = _Outlet(out) if _may_hold_up(out) else None
    way = _held_up or out
    logger.add(way, level=0, format=_FORMS[form], colorize=colours, diagnose=False, backtrace=False)
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    if directory is not None and not to_journal:
        _add_file(directory, _FORMS[form])


def set_level(level: str) -> None:
    """Write events of this level and above."""
    global _threshold  # noqa: PLW0603 - the process has one log
    _threshold = _LEVELS[level]


def close() -> None:
    """Write what waits and close the file."""
    with contextlib.suppress(OSError):  # a full disk; what waits was on the other stream
        logger.remove()


def _file_refused(error: OSError) -> None:
    """Say once that a full disk takes no lines: a trace of each would drown what matters."""
    global _is_refused  # noqa: PLW0603 - the process has one log
    if not _is_refused:
        _is_refused = True
        say("log.failed", "error", error=error.strerror or str(error))


def _file_took() -> None:
    global _is_refused  # noqa: PLW0603 - the process has one log
    if _is_refused:
        _is_refused = False
        say("log.back", "warning")


def _add_file(directory: Path, form: "Callable[[Record], str]") -> None:
    """Write to a file too; a guard without its log file still guards."""
    try:
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        logger.add(
            directory / FILE_NAME,
            level=0,
            format=form,
            colorize=False,
            diagnose=False,
            backtrace=False,
            catch=False,
            rotation=FILE_BYTES_MAX,
            retention=FILES_KEPT,
            encoding="utf-8",
            opener=lambda path, flags: os.open(path, flags, FILE_MODE),
        )
    except OSError as error:
        say("log.no_file", "warning", directory=str(directory), error=error.strerror)


def _is_journal(out: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether ``out`` is the very stream that systemd connected to the journal.

    systemd.exec(5): JOURNAL_STREAM holds its device and inode. A child whose output was
    sent elsewhere inherits the variable and must not believe it.
    """
    stream = environ.get("JOURNAL_STREAM")
    if not stream:
        return False
    try:
        status = os.fstat(out.fileno())
    except (OSError, ValueError):
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"


def _may_hold_up(out: TextIO) -> bool:
    """Whether somebody reads what is written, who may cease to: no file, nothing in memory."""
    try:
        mode = os.fstat(out.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or out.isatty()


class _Outlet:
    """Takes lines at once and writes them when their reader lets it; too many are lost."""

    def __init__(self, out: TextIO) -> None:
        self.name = str(out.name)  # what loguru calls it
        self._fd = out.fileno()
        self._encoding = out.encoding
        self._waiting: queue.Queue[bytes | None] = queue.Queue(LINES_WAITING_MAX)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Take a line."""
        try:
            self._waiting.put_nowait(text.encode(self._encoding, "backslashreplace"))
        except queue.Full:
            self._lost += 1

    def lost(self) -> int:
        """Return how many lines found no room, once there is room again."""
        if not self._lost or not self._waiting.empty():
            return 0
        lost, self._lost = self._lost, 0
        return lost

    def stop(self) -> None:
        """Wait a moment for what was taken; a reader that is stuck holds no end up either."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
            self._thread.join(CLOSE_S_MAX)

    def _run(self) -> None:
        # Not by the stream: its lock, held in a write that hangs, would hold up the exit of Python.
        while (line := self._waiting.get()) is not None:
            with contextlib.suppress(OSError):  # nobody reads any more
                while line:
                    line = line[os.write(self._fd, line) :]


def _safe(name: str, value: object) -> object:
    """Return a value that may be written: no secret, no broken line, not too long."""
    if _SECRET_NAME.fullmatch(name):
        return _HIDDEN
    match value:
        case bool() | None:
            return value
        case int():
            return value if value.bit_length() < _INTEGER_BITS else hex(value)[:VALUE_LENGTH_MAX]
        case float() if math.isfinite(value):
            return value
    text = _SECRET.sub(_HIDDEN, str(value))
    return text if len(text) <= VALUE_LENGTH_MAX else f"{text[:VALUE_LENGTH_MAX]}..."


def _shown(value: object) -> str:
    """Return a value as one word, in quotes where it has spaces or what a line must not have."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case str():
            if value.isprintable() and _BARE.fullmatch(value):
                return value
            return f'"{_escaped(value)}"'
        case _:
            return str(value)


def _escaped(text: str) -> str:
    """Return text that a terminal shows and never obeys."""
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    if quoted.isprintable():
        return quoted
    return "".join(
        char if char.isprintable() else json.dumps(char)[1:-1].replace("\x7f", "\\u007f")
        for char in quoted
    )


def _text(_: "Record") -> str:
    return "{time:YYYY-MM-DDTHH:mm:ss.SSS!UTC}Z <level>{level: <8}</level> {message}\n"


def _journal(record: "Record") -> str:
    priority = _PRIORITIES[record["extra"].get("severity", "info")]
    return f"\\<{priority}>{{message}}\n"  # without the backslash it would be a colour


def _json(record: "Record") -> str:
    extra = record["extra"]
    fields = extra.get("fields", {})
    line = {
        "time": record["time"].astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "severity": extra.get("severity", "info"),
        "event": extra.get("event", record["message"]),
        **{f"{name}_" if name in _RESERVED else name: value for name, value in fields.items()},
    }
    extra["line"] = json.dumps(line)
    return "{extra[line]}\n"


class _FromLibraries(logging.Handler):
    """What libraries say through ``logging`` becomes a line like ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a library's mistake in its own message stays there."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = str(record.msg)
        error = record.exc_info[1] if record.exc_info else None
        more = {} if error is None else {"error": f"{type(error).__name__}: {error}"}
        level = record.levelname.lower()
        known = level if level in _LEVELS else "warning"
        say("library.said", known, library=record.name, message=message, **more)


_FORMS = {"text": _text, "json": _json, "journal": _journal}
