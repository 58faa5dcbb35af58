"""What is done to a state directory while no daemon has it: backup and restore.

Both hold the daemon's lock meanwhile: none can start half way.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tradebot.app.lock import directory_lock
from tradebot.app.state import StateDirectory
from tradebot.errors import InputError, LockHeldError, StoreError
from tradebot.stores.backups import Backup, Backups
from tradebot.stores.checks import Checked, check_file
from tradebot.stores.journal import FileJournal
from tradebot.stores.repair import put_in_place, set_aside
from tradebot.stores.sqlite import SqliteStore

KEPT = 1_000  # a person's backup removes none; the daemon does so by its settings


class Restoring(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore did."""

    backup: Path
    checked: Checked
    kept: Path | None  # where the former database is now; None: there was none
    put_aside: tuple[Path, ...]  # journal and newer backups, where they are not to count


@contextlib.contextmanager
def nobody_else(state: StateDirectory) -> Iterator[None]:
    """Hold the daemon's lock.

    Raises:
        LockHeldError: a daemon runs.
    """
    lock = directory_lock(state.path)
    try:
        lock.take()
    except LockHeldError as error:
        raise LockHeldError(f"{error}; stop it first") from error
    try:
        yield
    finally:
        lock.release()


def back_up(state: StateDirectory) -> Backup:
    """Make a backup of a database that no daemon has open.

    Raises:
        LockHeldError: a daemon runs.
        StoreError: there is no database, or no backup could be made of it.
    """

    async def made() -> Backup:
        backups = Backups(state.backups, KEPT)
        backups.make_room(state.database)
        store = await SqliteStore.open(state.database)
        try:
            return await backups.make(store, time.time_ns())
        finally:
            await store.close()

    with nobody_else(state):
        if not state.database.exists():
            raise StoreError(f"there is no {state.database}; name its directory with --state-dir")
        return asyncio.run(made())


def restore(state: StateDirectory, backup: Path, *, alone: bool) -> Restoring:
    """Put a backup in the database's place; what is there is renamed, never deleted.

    Args:
        backup: a file, or the name of one among the state directory's backups.
        alone: the journal and newer backups count no more: what came after is forgotten.

    Raises:
        LockHeldError: a daemon runs.
        InputError: there is no such backup, or the journal does not join it.
        DamageError: it is not whole.
        StoreError: a file cannot be read or written.
    """
    if not backup.exists() and backup == Path(backup.name):
        backup = state.backups / backup
    if not backup.is_file():
        raise InputError("backup", f"there is no backup {backup}; {_choice(state)}")
    with nobody_else(state):
        checked = check_file(backup)
        aside = list(_newer(state, checked)) if alone else []
        if not alone:
            _check_joins(state, backup, checked)
        kept = set_aside(state.database, "replaced") if state.database.exists() else None
        moved = tuple(set_aside(path, "replaced") for path in aside)
        # Its own place may have been among those that were newer.
        source = next((new for old, new in zip(aside, moved, strict=True) if old == backup), backup)
        put_in_place(source, state.database)
        return Restoring(backup=backup, checked=checked, kept=kept, put_aside=moved)


def _choice(state: StateDirectory) -> str:
    names = [backup.name for backup in Backups(state.backups, KEPT).found()]
    return f"there are {', '.join(names)}" if names else f"{state.backups} has none"


def _newer(state: StateDirectory, checked: Checked) -> Iterator[Path]:
    """Yield what knows more than a backup: the next start would go on from it."""
    if state.journal.exists():
        yield state.journal
    for backup in Backups(state.backups, KEPT).found():
        if backup.frame > checked.frame:
            yield backup.path


def _check_joins(state: StateDirectory, backup: Path, checked: Checked) -> None:
    """Refuse a backup that the journal cannot bring up to now."""
    lost = FileJournal.open(state.journal).lost(checked.frame)
    if lost:
        gone = ", ".join(f"{first} to {last}" for first, last in lost)
        raise InputError(
            "backup",
            f"the journal has no longer all that came after {backup.name} (frames {gone}): take "
            "a newer one, or say --alone to forget all that came after it",
        )
