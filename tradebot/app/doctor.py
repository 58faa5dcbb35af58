"""A look at everything that the daemon rests on; nothing is changed by it."""

import contextlib
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tradebot.app.lock import directory_lock
from tradebot.app.sink_secrets import sink_findings
from tradebot.app.state import StateDirectory
from tradebot.config import BadSettingsError, Loaded
from tradebot.errors import LockHeldError, StoreError
from tradebot.ports import Finding, Level
from tradebot.stores.backups import ROOM_LEFT_BYTES, Backup, Backups
from tradebot.stores.ballast import BALLAST_BYTES
from tradebot.stores.checks import SQLITE_ERRORS, check, check_file
from tradebot.stores.journal import FileJournal

EARLIEST_NS = 1_735_689_600_000_000_000  # 2025: a clock before it was never set
CHECKED_BACKUPS = 2  # the newest: a repair rests on them
_LATE = 3  # backups that were left out before it is worth a word
_S = 1_000_000_000

Findings = Iterator[Finding]


def findings(
    state: StateDirectory,
    load: Callable[[], Loaded],
    readiness: Callable[[], Mapping[str, object] | None],
    *,
    environ: Mapping[str, str],
    now_ns: Callable[[], int] = time.time_ns,
) -> Findings:
    """Look at one thing after the other.

    Args:
        load: reads the settings as the daemon would.
        readiness: asks a daemon how it is; None: none answers.
        environ: where secrets may be.
    """
    loaded, problem = _settings(load)
    yield problem
    every_ns = 0 if loaded is None else loaded.settings.store.backup_every_ns
    if not state.path.is_dir():
        text = f"there is no {state.path}"
        yield _finding("state directory", "error", text, "name it with --state-dir")
        return
    yield from _directory(state)
    yield from _disk(state)
    said = readiness()
    yield _daemon(state, said)
    reasons = None if said is None else _reasons(said)
    for reason in reasons or ():
        yield _finding("readiness", "warning", reason)
    if loaded is not None:
        yield from sink_findings(loaded.settings.alerts, environ, reasons)
    yield from _database(state, is_running=said is not None)
    backups = Backups(state.backups, 1)
    yield from _journal(state, backups)
    yield from _backups(backups, every_ns, now_ns(), is_running=said is not None)
    yield from _set_aside(state)
    yield _clock(state, now_ns())


def _finding(what: str, level: Level, text: str, todo: str = "") -> Finding:
    return Finding(what=what, level=level, text=text, todo=todo)


def _settings(load: Callable[[], Loaded]) -> tuple[Loaded | None, Finding]:
    try:
        loaded = load()
    except BadSettingsError as error:
        first = str(error).splitlines()[0]
        return None, _finding("config", "error", first, "tradebot check says all that is wrong")
    if loaded.warnings:
        more = "; ".join(str(warning) for warning in loaded.warnings)
        return loaded, _finding("config", "warning", more)
    return loaded, _finding("config", "ok", "every setting is allowed")


def _directory(state: StateDirectory) -> Findings:
    if not os.access(state.path, os.W_OK | os.X_OK):
        owner = f"its owner is user {state.path.stat().st_uid}"
        todo = "run this as the daemon's user, or give it the directory"
        yield _finding("state directory", "error", f"{state.path} cannot be written, {owner}", todo)
        return
    loose = [path for path in _files(state.path) if _tells_everybody(path.stat())]
    if state.admin_key.exists() and state.admin_key.stat().st_mode & 0o077:
        text, todo = f"{state.admin_key} may be read by others", f"chmod 600 {state.admin_key}"
        yield _finding("state directory", "error", text, todo)
    elif loose:
        text = f"{loose[0]} may be read by everybody" + _more(len(loose) - 1)
        yield _finding("state directory", "warning", text, f"chmod -R o-rwx {state.path}")
    else:
        yield _finding("state directory", "ok", f"{state.path} is private and can be written")


def _tells_everybody(file: os.stat_result) -> bool:
    is_empty = stat.S_ISREG(file.st_mode) and file.st_size == 0  # as a checkout's .gitkeep
    return bool(file.st_mode & stat.S_IRWXO) and not is_empty


def _files(directory: Path) -> Iterator[Path]:
    """Yield what lies in a directory; what a daemon removes meanwhile is left out."""
    for path in [directory, *directory.iterdir()]:
        with contextlib.suppress(OSError):
            path.stat()
            yield path


def _disk(state: StateDirectory) -> Findings:
    free = shutil.disk_usage(state.path).free
    room = f"{free / (1 << 20):,.0f} MiB are free"
    if free < BALLAST_BYTES:
        yield _finding("free space", "error", room, "make room: nothing is saved any more")
    elif free < ROOM_LEFT_BYTES:
        yield _finding("free space", "warning", room, "make room: no more backups are made")
    else:
        yield _finding("free space", "ok", room)
    if state.ballast.exists():
        yield _finding("reserve", "ok", f"{state.ballast} is there")
    else:
        todo = "it is made by the daemon once there is room"
        yield _finding("reserve", "warning", f"there is no {state.ballast}", todo)


def _daemon(state: StateDirectory, said: Mapping[str, object] | None) -> Finding:
    lock = directory_lock(state.path)
    holder = ", ".join(f"{key} {value}" for key, value in state.announced().items())
    try:
        lock.take()
    except LockHeldError:
        if said is not None:
            return _finding("daemon", "ok", f"it runs and answers ({holder})")
        todo = "look at its log; systemctl restart tradebot"
        return _finding("daemon", "error", f"one holds the lock and does not answer {holder}", todo)
    except StoreError as error:
        return _finding("daemon", "error", str(error))
    lock.release()
    if holder:
        return _finding("daemon", "warning", f"none runs; the last one was killed ({holder})")
    return _finding("daemon", "ok", "none runs")


def _reasons(said: Mapping[str, object]) -> list[str]:
    reasons = said.get("reasons", [])
    assert isinstance(reasons, list), "the reasons are a list"
    return [str(reason) for reason in reasons]


def _database(state: StateDirectory, *, is_running: bool) -> Findings:
    if is_running:
        text = "the daemon has it open; what it can read again is its backups"
        yield _finding("database", "ok", text)
        return
    if not state.database.exists():
        found = Backups(state.backups, 1).found()
        level: Level = "error" if found else "ok"
        todo = "the next start makes it again from the newest backup" if found else ""
        yield _finding("database", level, f"there is no {state.database}", todo)
        return
    try:
        open_trades = _checked(state.database)
    except (StoreError, OSError, *SQLITE_ERRORS) as error:
        todo = "the next start repairs it from backup and journal; tradebot restore by hand"
        yield _finding("database", "error", str(error), todo)
    else:
        yield _finding("database", "ok", f"{state.database} is whole: {open_trades} open trades")


def _checked(database: Path) -> int:
    """Check a copy of a database and its log: to open the log would change the file."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        shutil.copyfile(database, copy)
        log = database.with_name(f"{database.name}-wal")
        if log.exists():
            shutil.copyfile(log, copy.with_name("copy.db-wal"))
        with contextlib.closing(sqlite3.connect(copy)) as db:
            return check(db).open_trades


def _journal(state: StateDirectory, backups: Backups) -> Findings:
    found = backups.found()
    frame = found[0].frame if found else 0
    try:
        lost = FileJournal.open(state.journal).lost(frame) if state.journal.exists() else ()
        damaged = [path.name for path in state.journal.glob("*.damaged")]
    except (StoreError, OSError) as error:
        yield _finding("journal", "error", str(error))
        return
    if lost:
        gone = ", ".join(f"{first} to {last}" for first, last in lost)
        todo = "tradebot backup now: without these frames a damaged database loses them"
        yield _finding("journal", "error", f"frames {gone} after the newest backup are gone", todo)
    elif damaged:
        text = f"{damaged[0]} was kept for a person" + _more(len(damaged) - 1)
        yield _finding("journal", "warning", text, "look at it, then move it away")
    else:
        yield _finding("journal", "ok", f"it has all that came after frame {frame}")


def _backups(backups: Backups, every_ns: int, now_ns: int, *, is_running: bool) -> Findings:
    found = backups.found()
    if not found:
        yield _finding("backups", "warning", f"there is none in {backups.directory}", _MAKE)
        return
    for backup in found[:CHECKED_BACKUPS]:
        yield _backup(backup, now_ns)
    age_ns = now_ns - found[0].at_ns
    if is_running and every_ns and age_ns > _LATE * every_ns:
        text = f"the newest is {_age(age_ns)} old, one is due every {_age(every_ns)}"
        yield _finding("backups", "warning", text, "the log says why: backup.failed")
    else:
        yield _finding("backups", "ok", f"{len(found)}, the newest {_age(age_ns)} old")


_MAKE = "tradebot backup makes one"


def _backup(backup: Backup, now_ns: int) -> Finding:
    try:
        checked = check_file(backup.path)
    except StoreError as error:
        return _finding("backup", "error", str(error), f"{_MAKE}; this one is of no use")
    age = _age(now_ns - backup.at_ns)
    return _finding(
        "backup", "ok", f"{backup.name} is whole: {checked.open_trades} open trades, {age} old"
    )


def _set_aside(state: StateDirectory) -> Findings:
    for path in sorted(state.path.glob("*.damaged-*[Z0-9]")):
        todo = "look at it, then move it away"
        yield _finding("damaged file", "warning", f"{path.name} was replaced by a repair", todo)


def _clock(state: StateDirectory, now_ns: int) -> Finding:
    newest = max((path.stat().st_mtime_ns for path in _files(state.path)), default=0)
    if now_ns < EARLIEST_NS:
        return _finding("clock", "error", "it was never set", "set it: every session depends on it")
    if newest > now_ns + 60 * _S:
        text = f"it is {_age(newest - now_ns)} behind what was written last"
        return _finding("clock", "error", text, "set it: every session depends on it")
    return _finding("clock", "ok", "it goes on from what was written last")


def _more(count: int) -> str:
    return f", and {count} more" if count else ""


def _age(ns: int) -> str:
    seconds = abs(ns) // _S
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
