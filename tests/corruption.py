"""Files of a killed daemon, damaged in one place or two, and what the next start makes of them.

A variant is its number: the same file, the same place, the same damage on every machine. The
start must have all that was acknowledged, or say what it lacks, or refuse; to go on with less
and not say so is wrong.
"""

import asyncio
import contextlib
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.stores.samples import (
    a_high,
    a_line,
    a_position,
    a_trade,
    an_execution,
    an_exit,
)
from tradebot.core.guard.trades import Status
from tradebot.core.leaving.exit import State
from tradebot.core.records import Heard, Record
from tradebot.errors import DamageError, StoreError
from tradebot.stores.backups import Backups
from tradebot.stores.checks import check_file
from tradebot.stores.repair import Files, Opened, open_or_repair
from tradebot.stores.snapshot import Tables

PAGE = 4096
SEGMENT_BYTES = 16 << 10
NOW_NS = 1_767_584_700_000_000_000
FRAMES = 60
BACKUPS_AT = (15, 30, 45)
CLEAN_STOP_AT = 40
UNCOMMITTED = 4  # frames of the end that only the journal has
WHOLE, REPAIRED, TOLD, REFUSED = "whole", "repaired", "told what is missing", "refused"
# What only the journal's end had is acknowledged to nobody: a person is answered when the
# database has it too. Without a second copy nothing tells that it is gone.
TAIL = "lost the unacknowledged end"

# There is always a second copy of what was acknowledged.
ALWAYS_WHOLE = {
    *("database", "log", "a segment", "last segment", "newest backup", "every backup"),
    *("database and log", "database and newest backup", "log and newest backup"),
}


class Prepared(NamedTuple):
    """The files as a kill -9 left them, and all that had been acknowledged."""

    folder: Path
    acknowledged: Tables  # in the database too
    written: Tables  # the journal's last frames included


class Variant(NamedTuple):
    """One damage."""

    number: int
    what: str  # a line for a person
    outcome: str = ""
    wrong: str = ""  # what was silently lost, or how the start died


def records_of(frame: int) -> list[Record]:
    """Return what the frame of that number carries: trades come, move and go."""
    old = max(1, frame - 12)
    return [
        a_trade(frame, 1, highs_seen=frame),
        a_trade(max(1, frame - 5), 2, status=Status.TRIGGERED),
        an_exit(max(1, frame - 5), 1, 1, State.SENDING),
        *([a_trade(old, 3, status=Status.CLOSED)] if frame > 12 else []),
        *([an_exit(old, 1, 2, State.DONE)] if frame > 12 else []),
        an_execution(f"e{frame}", at_ns=frame, order_id=f"o{frame}"),
        a_position(frame, frame),
        a_high(frame, 800.0 + frame),
        a_line(frame, frame, why=f"line {frame} " + "x" * 300),
        Heard(seq=frame, at_ns=frame),
    ]


def prepared(folder: Path) -> Prepared:
    """Live two lives in a folder, and copy the files of the second while it still runs."""
    (folder / "alive").mkdir(parents=True)
    asyncio.run(_lived(folder / "alive", folder / "dead"))
    return Prepared(folder / "dead", _tables(FRAMES - UNCOMMITTED), _tables(FRAMES))


def _tables(frames: int) -> Tables:
    tables = Tables()
    for frame in range(1, frames + 1):
        for record in records_of(frame):
            tables.apply(record)
    return tables


async def _lived(alive: Path, dead: Path) -> None:
    for first, last in ((1, CLEAN_STOP_AT), (CLEAN_STOP_AT + 1, FRAMES)):
        files = files_in(alive)
        opened = await open_or_repair(files, say=_silent)
        for frame in range(first, last + 1):
            opened.journal.append(records_of(frame))
            opened.journal.sync()
            if frame <= FRAMES - UNCOMMITTED:
                await opened.store.commit(records_of(frame), frame, full_sync=True)
                opened.journal.covered(opened.store.frame_on_disk, files.backups.frame_held)
            if frame in BACKUPS_AT:
                await files.backups.make(opened.store, NOW_NS + frame)
        if last == FRAMES:
            shutil.copytree(alive, dead)
        await _closed(opened)


def files_in(folder: Path) -> Files:
    """Return where everything lies in a state directory."""
    return Files(
        database=folder / "tradebot.db",
        journal=folder / "journal",
        backups=Backups(folder / "backups", 12),
        segment_bytes=SEGMENT_BYTES,
    )


def run(prepared_: Prepared, number: int, folder: Path) -> Variant:
    """Damage a copy of the files as the number says, start, and look at what came of it."""
    shutil.copytree(prepared_.folder, folder)
    try:
        what = damaged(folder, number)
        outcome, wrong = asyncio.run(_started(folder, prepared_))
        if outcome in (TOLD, REFUSED) and what.partition(",")[0] in ALWAYS_WHOLE:
            wrong = f"{outcome}, although all of it was there"
    finally:
        shutil.rmtree(folder)
    return Variant(number, what, outcome, wrong)


async def _started(folder: Path, truth: Prepared) -> tuple[str, str]:
    said: list[tuple[str, str]] = []

    def say(event: str, level: str = "info", /, **_fields: object) -> None:
        said.append((event, level))

    try:
        opened = await open_or_repair(files_in(folder), say=say)
    except StoreError as error:
        is_clear = any(word in str(error) for word in ("tradebot.db", "journal"))
        return REFUSED, "" if is_clear else f"refused without naming a file: {error}"
    except Exception as error:  # noqa: BLE001 - whatever it is, a start must not die of it
        return "", f"died of {type(error).__name__}: {error}"
    await _closed(opened)
    try:
        check_file(folder / "tradebot.db")
    except DamageError as error:
        return "", f"went on with damage: {error}"
    lacks = sorted(_lacking(folder / "tradebot.db", truth.acknowledged))
    if lacks and not opened.reasons:
        return "", f"lacks {lacks[:5]} and does not say so"
    if opened.reasons and not any(level == "critical" for _, level in said):
        return "", f"reasons without a critical line: {opened.reasons}"
    if lacks:
        return TOLD, ""
    if any(_lacking(folder / "tradebot.db", truth.written)):
        return TAIL, ""
    return (REPAIRED if ("store.repaired", "critical") in said else WHOLE), ""


def _lacking(database: Path, truth: Tables) -> Iterable[str]:
    """Yield what had been acknowledged and is not there, or is older."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        trades = dict(db.execute("SELECT trade_id, version FROM trades").fetchall())
        exits = {(t, n): v for t, n, v in db.execute("SELECT trade_id, number, version FROM exits")}
        executions = {name for (name,) in db.execute("SELECT execution_id FROM executions")}
        positions = {row[:4]: row[4] for row in db.execute("SELECT * FROM positions")}
        told = {number for (number,) in db.execute("SELECT number FROM told")}
        (high,) = db.execute("SELECT max(number) FROM highs").fetchone()
        (heard,) = db.execute("SELECT max(seq) FROM heard").fetchone()
    for trade_id, saved in truth.trades.items():
        if trades.get(trade_id, 0) < saved.trade.version:
            yield f"trade {trade_id}"
    for key, exit_ in truth.exits.items():
        if exits.get(key, 0) < exit_.version:
            yield f"exit {key}"
    for net_key, position in truth.positions.items():
        if positions.get(tuple(net_key), 0) < position.version:
            yield f"position {net_key}"
    yield from (f"execution {name}" for name in truth.executions.keys() - executions)
    yield from (f"line {number}" for number in truth.told.keys() - told)
    if high is None or high < max(line[-1].number for line in truth.highs.values()):
        yield "high"
    if truth.heard is None or heard is None or heard < truth.heard.seq:
        yield "heard"


async def _closed(opened: Opened) -> None:
    await opened.store.close()
    opened.journal.close()


def _silent(_event: str, _level: str = "info", /, **_fields: object) -> None:
    pass


# Damage.


def damaged(folder: Path, number: int) -> str:
    """Do what the number says; return a line that tells what it was."""
    draw = Random(number)
    backups = sorted((folder / "backups").iterdir())
    segments = sorted((folder / "journal").iterdir(), key=lambda path: path.name[-8:])
    database, log = folder / "tradebot.db", folder / "tradebot.db-wal"
    one: dict[str, list[Path]] = {
        "database": [database],
        "log": [log],
        "newest backup": [backups[-1]],
        "a segment": [draw.choice(segments)],
        "last segment": [segments[-1]],
        "database and newest backup": [database, backups[-1]],
        "database and log": [database, log],
        "database and a segment": [database, draw.choice(segments)],
        "log and newest backup": [log, backups[-1]],
        "every backup": backups,
        "database and every backup": [database, *backups],
        "everything": [database, log, *backups, *segments],
    }
    name = draw.choices(list(one), weights=[40, 15, 8, 15, 8, 10, 8, 8, 4, 2, 3, 2])[0]
    kind = draw.choice(list(KINDS))
    places = [f"{path.name}: {KINDS[kind](path, draw)}" for path in one[name]]
    return f"{name}, {kind}: {'; '.join(places)}"


def _flip(path: Path, draw: Random) -> str:
    data = bytearray(path.read_bytes())
    at = draw.randrange(len(data))
    data[at] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    return f"byte {at}"


def _flip_content(path: Path, draw: Random) -> str:
    """Flip a bit where there is something: a file of zeros has places that mean nothing."""
    data = bytearray(path.read_bytes())
    used = [at for at, byte in enumerate(data) if byte]
    at = draw.choice(used or [0])
    data[at] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    return f"byte {at}"


def _flip_header(path: Path, draw: Random) -> str:
    """Flip a bit of a header: the file's own, or that of one of its pages."""
    data = bytearray(path.read_bytes())
    page = draw.choice([0, 0, draw.randrange(len(data) // PAGE)])
    at = page * PAGE + draw.randrange(100 if page == 0 else 12)
    data[at] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    return f"byte {at}"


def _garbage(path: Path, draw: Random) -> str:
    data = bytearray(path.read_bytes())
    at, length = draw.randrange(len(data)), draw.choice([2, 16, 512, PAGE])
    data[at : at + length] = draw.randbytes(min(length, len(data) - at))
    path.write_bytes(data)
    return f"{length} from byte {at}"


def _zero_page(path: Path, draw: Random) -> str:
    data = bytearray(path.read_bytes())
    page = draw.randrange(max(1, len(data) // PAGE))
    data[page * PAGE : (page + 1) * PAGE] = bytes(len(data[page * PAGE : (page + 1) * PAGE]))
    path.write_bytes(data)
    return f"page {page}"


def _truncate(path: Path, draw: Random) -> str:
    size = path.stat().st_size
    left = draw.choice([draw.randrange(size), size // PAGE * draw.randrange(PAGE), size - 1])
    with path.open("r+b") as file:
        file.truncate(min(left, size - 1))
    return f"to {min(left, size - 1)} of {size}"


def _empty(path: Path, _draw: Random) -> str:
    path.write_bytes(b"")
    return "to 0"


def _remove(path: Path, _draw: Random) -> str:
    path.unlink()
    return "gone"


def _old_page(path: Path, draw: Random) -> str:
    """Put another page of the file where one should be: a write that went astray."""
    data = bytearray(path.read_bytes())
    pages = max(1, len(data) // PAGE)
    source, target = draw.randrange(pages), draw.randrange(pages)
    data[target * PAGE : (target + 1) * PAGE] = data[source * PAGE : (source + 1) * PAGE]
    path.write_bytes(data)
    return f"page {source} over page {target}"


KINDS: dict[str, Callable[[Path, Random], str]] = {
    "flipped bit": _flip,
    "flipped bit of content": _flip_content,
    "flipped bit of a header": _flip_header,
    "garbage": _garbage,
    "zeroed page": _zero_page,
    "page astray": _old_page,
    "cut off": _truncate,
    "emptied": _empty,
    "removed": _remove,
}


def counted(variants: Iterable[Variant]) -> Counter[tuple[str, str]]:
    """Count by what was damaged and how it ended."""
    return Counter((v.what.partition(",")[0], v.outcome or "WRONG") for v in variants)
