"""The start of journal and database: as they are, or made again from what is left.

A damaged database is set aside, never deleted. In its place comes the newest backup from
which the journal has every later frame, or an empty database where the journal has all of
them; the version rules then bring every row to its newest state. Where no such start is
whole, the one that lacks least is taken, with every sound row of the damaged files, and said
to lack it; where nothing is left, the start is refused.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tradebot.core.records import Record
from tradebot.errors import DamageError, StoreError
from tradebot.ports import Say
from tradebot.stores.backups import Backup, Backups
from tradebot.stores.checks import check_file
from tradebot.stores.journal import SEGMENT_BYTES, FileJournal
from tradebot.stores.restore import Restored, restore
from tradebot.stores.salvage import salvaged
from tradebot.stores.sqlite import SqliteStore
from tradebot.stores.sync import sync_file

NUMBERS_SKIPPED = 10_000  # after a repair that lacks something

Ranges = tuple[tuple[int, int], ...]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What a start goes on with."""

    store: SqliteStore
    journal: FileJournal
    restored: Restored
    reasons: tuple[str, ...] = ()  # what a person should know of how it came about


class _Base(msgspec.Struct, frozen=True, kw_only=True):
    """What a new database may begin with."""

    backup: Backup | None  # None: empty
    lost: Ranges  # frames that the journal no longer has
    saved: int = 0  # sound rows of damaged files, where there was nothing better

    def __str__(self) -> str:
        if self.saved:
            return f"{self.saved} sound rows of damaged files"
        return "the journal alone" if self.backup is None else f"backup {self.backup.name}"


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything lies."""

    database: Path
    journal: Path
    backups: Backups
    segment_bytes: int = SEGMENT_BYTES

    def open_journal(self) -> FileJournal:
        """Read the journal as it is."""
        return FileJournal.open(self.journal, segment_bytes=self.segment_bytes)


async def open_or_repair(files: Files, *, say: Say) -> Opened:
    """Open both, and load; repair the database first where it is damaged.

    Raises:
        StoreError: a file cannot be read or written, or nothing is left to start from.
    """
    aside = _Aside(files.database)
    try:
        _check_presence(files)
        return await _opened(files, say, aside)
    except DamageError as error:
        wrong = str(error)
    aside.move()
    say("store.damaged", "critical", error=wrong, kept_as=aside.name)
    base = _base(files, say)
    saved = _saved(files, aside) if base is None or base.lost else []
    if base is None and not saved:
        aside.move_back()
        raise StoreError(
            f"{wrong}; no backup in {files.backups.directory} can be read, and the journal in "
            f"{files.journal} does not reach back to the beginning: nothing is left to start "
            "from. tradebot restore FILE takes a copy from elsewhere; without one, move "
            f"{files.database.parent} away to begin anew"
        )
    if base is None:
        base = _Base(backup=None, lost=files.open_journal().lost(0), saved=len(saved))
    if base.backup is not None:
        put_in_place(base.backup.path, files.database)
    if saved:
        await _put_in(files.database, saved)
    opened = await _opened(files, say, None)
    return _told(opened, base, wrong, aside.name, say)


def put_in_place(backup: Path, database: Path) -> None:
    """Copy a backup to where the database belongs, whole or not at all.

    Raises:
        StoreError: it cannot be written.
    """
    draft = database.with_name(f"{database.name}.part")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        shutil.copyfile(backup, draft)
        sync_file(draft)
        draft.rename(database)
        sync_file(database.parent)
    except OSError as error:
        raise StoreError(f"{database}: cannot restore {backup}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def set_aside(database: Path, why: str) -> Path:
    """Give a database, with its write-ahead log, a name that says why it is no longer used.

    Raises:
        StoreError: it cannot be renamed.
    """
    at = datetime.fromtimestamp(time.time(), UTC)
    name = f"{database.name}.{why}-{at:%Y%m%dT%H%M%SZ}"
    new, more = database.with_name(name), 1
    while new.exists() or _log_of(new).exists():
        more += 1
        new = database.with_name(f"{name}-{more}")
    try:
        for old, kept in ((database, new), (_log_of(database), _log_of(new))):
            if old.exists():
                old.rename(kept)
        sync_file(database.parent)
    except OSError as error:
        raise StoreError(f"{database}: cannot rename it: {error.strerror}") from error
    return new


class _Aside:
    """The damaged database's way out, taken once."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._moved: Path | None = None

    @property
    def name(self) -> str:
        """What it is called now; empty: there was no file."""
        return self._moved.name if self._moved is not None and self._moved.exists() else ""

    @property
    def files(self) -> list[Path]:
        """The damaged file, where there was one."""
        return [self._moved] if self.name and self._moved is not None else []

    def move(self) -> None:
        if self._moved is None:
            self._moved = set_aside(self._database, "damaged")

    def move_back(self) -> None:
        """Leave everything as it was found: a start that is refused changes nothing."""
        if self._moved is not None:
            for kept, old in (
                (self._moved, self._database),
                (_log_of(self._moved), _log_of(self._database)),
            ):
                if kept.exists():
                    kept.rename(old)


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def _check_presence(files: Files) -> None:
    """Refuse to take a missing or empty file for a first start where it is none."""
    database = files.database
    try:
        size = database.stat().st_size
    except FileNotFoundError:
        size = -1
    except OSError as error:
        raise StoreError(f"{database}: cannot open: {error.strerror}") from error
    if size > 0:
        return
    if files.backups.directory.exists() or not files.open_journal().began_empty:
        raise DamageError(f"{database} is {'missing' if size < 0 else 'empty'}")


async def _opened(files: Files, say: Say, aside: _Aside | None) -> Opened:
    """Open journal and database as they are.

    Raises:
        DamageError: the database is damaged; it is set aside before it is closed, because
            closing writes to it.
    """
    on_damage: Callable[[], None] = aside.move if aside is not None else lambda: None
    journal = files.open_journal()
    epoch = journal.epoch_seen
    store = await SqliteStore.open(files.database, epoch_above=epoch, on_damage=on_damage)
    try:
        if aside is not None:
            _check_age(store, journal, files.backups)
        store.is_suspect = files.backups.suspicion.exists()
        # What a power cut may take back is no reason to let go of the journal's.
        held = files.backups.frame_held if store.frame_on_disk == store.frame else 0
        recovered = journal.recover(epoch=store.epoch, after=store.frame, backed_up=held)
        for damage in recovered.damage:
            say("journal.damaged", "critical", what=damage)
        restored = await restore(store, recovered)
    except BaseException as error:
        if isinstance(error, DamageError):
            on_damage()
        await store.close()
        journal.close()
        raise
    if store.is_suspect:
        files.backups.suspicion.unlink(missing_ok=True)
    reasons = tuple(f"the journal is damaged: {damage}" for damage in recovered.damage)
    return Opened(store=store, journal=journal, restored=restored, reasons=reasons)


def _saved(files: Files, aside: _Aside) -> list[Record]:
    """Return what is sound in the damaged database and in damaged backups."""
    damaged = [backup.path for backup in files.backups.found()]
    return salvaged([*aside.files, *damaged])


async def _put_in(database: Path, records: list[Record]) -> None:
    store = await SqliteStore.open(database)
    try:
        # No frame of the journal is thereby in it: all that are left are replayed.
        await store.commit(records, 0, full_sync=True)
    finally:
        await store.close()


def _check_age(store: SqliteStore, journal: FileJournal, backups: Backups) -> None:
    """Notice a database that has fallen behind so far that a backup knows more."""
    if not (journal.began_empty or journal.lost(store.frame)):
        return
    newest = max((backup.frame for backup in backups.found()), default=0)
    if newest > store.frame:
        raise DamageError(
            f"the database ends at frame {store.frame} of the journal, a backup at {newest}"
        )


def _base(files: Files, say: Say) -> _Base | None:
    """Choose what to begin with; None: nothing is left."""
    journal = files.open_journal()
    found: list[_Base] = []
    for backup in _whole(files.backups, say):
        base = _Base(backup=backup, lost=journal.lost(backup.frame))
        if not base.lost:
            return base
        found.append(base)
    if not journal.began_empty and not journal.lost(0):
        return _Base(backup=None, lost=())
    return min(found, key=lambda base: _missing(base.lost), default=None)


def _whole(backups: Backups, say: Say) -> Iterator[Backup]:
    """Yield the backups that are still what they were, newest first."""
    for backup in backups.found():
        try:
            check_file(backup.path)
        except StoreError as error:
            say("backup.damaged", "critical", file=backup.name, error=str(error))
        else:
            yield backup


def _told(opened: Opened, base: _Base, wrong: str, kept_as: str, say: Say) -> Opened:
    """Say what was done, in the log and in the reasons."""
    frame = 0 if base.backup is None else base.backup.frame
    frames = max(0, opened.restored.frame - frame)
    say("store.repaired", "critical", made_from=str(base), frames=frames, trades=_open(opened))
    kept = f"; the damaged one is kept as {kept_as}" if kept_as else ""
    made_from = f"{base} and {frames} frames of the journal"
    reasons = [f"the database was damaged and was made again from {made_from}{kept} ({wrong})"]
    if base.saved:
        # Nothing tells which rows are not among them.
        say("store.incomplete", "critical", made_from=str(base))
        reasons.append(
            "no backup was whole: trades may be missing or old; compare the list of trades with "
            "the broker's"
        )
    if base.lost:
        gone = ", ".join(f"{first} to {last}" for first, last in base.lost)
        say("store.incomplete", "critical", made_from=str(base), frames=gone)
        reasons.append(
            f"frames {gone} of the journal are gone: trades may be missing or old; compare the "
            "list of trades with the broker's"
        )
    if base.backup is not None and opened.journal.began_empty:
        at = f"{base.backup.at:%Y-%m-%d %H:%M:%S} UTC"
        say("store.incomplete", "critical", made_from=str(base), after=at)
        reasons.append(f"the journal is gone: what came after {at} is missing")
    if len(reasons) > 1:
        opened = _without_used_names(opened)
    return msgspec.structs.replace(opened, reasons=(*reasons, *opened.reasons))


def _without_used_names(opened: Opened) -> Opened:
    """Skip the numbers that missing trades may have had: their orders are at the broker.

    An order of the same name would be taken for the old one, already filled.
    """
    snapshot = opened.restored.snapshot
    made = snapshot.trades_made + NUMBERS_SKIPPED
    snapshot = msgspec.structs.replace(snapshot, trades_made=made)
    restored = msgspec.structs.replace(opened.restored, snapshot=snapshot)
    return msgspec.structs.replace(opened, restored=restored)


def _open(opened: Opened) -> int:
    return len(opened.restored.snapshot.trades)


def _missing(lost: Ranges) -> int:
    return sum(last - first + 1 for first, last in lost)
