"""What can still be read of damaged databases: every row whose checksum is right."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tradebot.core.account.positions import Position
from tradebot.core.adoption.found import Findings
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.inputs import Execution
from tradebot.core.leaving.exit import Exit
from tradebot.core.leaving.halt import Halt
from tradebot.core.records import (
    ExecutionSaved,
    ExitSaved,
    FindingsSaved,
    HaltSaved,
    Heard,
    HighReached,
    PositionSaved,
    Record,
    Told,
    TradeSaved,
    UncoveredSaved,
)
from tradebot.stores.checks import SQLITE_ERRORS, sealed_sql, sealed_tables
from tradebot.stores.rows import is_sound

# What the body of a row is, and the record that makes such a row.
RECORDS: dict[str, tuple[type[Any], Callable[[Any], Record]]] = {
    "trades": (TradeSaved, lambda saved: saved),
    "exits": (Exit, lambda exit_: ExitSaved(exit=exit_)),
    "executions": (Execution, lambda execution: ExecutionSaved(execution=execution)),
    "positions": (Position, lambda position: PositionSaved(position=position)),
    "highs": (HighReached, lambda high: high),
    "told": (Told, lambda told: told),
    "heard": (Heard, lambda heard: heard),
    "halts": (Halt, lambda halt: HaltSaved(halt=halt)),
    "findings": (Findings, lambda findings: FindingsSaved(findings=findings)),
    "uncovered": (Uncovered, lambda uncovered: UncoveredSaved(uncovered=uncovered)),
}


def salvaged(files: Iterable[Path]) -> list[Record]:
    """Return the records of every sound row in some files; none of them is changed.

    Records are versioned: which file an older state came from makes no difference.
    """
    return [record for file in files for record in _of_file(file)]


def _of_file(file: Path) -> Iterator[Record]:
    with contextlib.suppress(*SQLITE_ERRORS, OSError):
        uri = f"{file.resolve().as_uri()}?immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
            db.text_factory = lambda text: text.decode(errors="replace")
            for table in list(sealed_tables(db)):
                if table in RECORDS:
                    yield from _of_table(db, table)


def _of_table(db: sqlite3.Connection, table: str) -> Iterator[Record]:
    """Yield a table's records, up to the page that cannot be read."""
    type_, record = RECORDS[table]
    with contextlib.suppress(*SQLITE_ERRORS):
        for row in db.execute(sealed_sql(db, table)):
            if is_sound(row):
                with contextlib.suppress(ValueError):
                    yield record(msgspec.json.decode(row[-2], type=type_))
