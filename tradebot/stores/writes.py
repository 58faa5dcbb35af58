"""Records into tables: versioned upserts, so that a record late or twice changes nothing."""

import sqlite3
from collections.abc import Sequence
from typing import assert_never

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
from tradebot.stores.rows import (
    Row,
    execution_row,
    exit_row,
    findings_row,
    halt_row,
    heard_row,
    high_row,
    position_row,
    told_row,
    trade_row,
    uncovered_row,
)

_TRADE = """
    INSERT INTO trades (trade_id, number, version, over, strategy, body, checksum)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (trade_id) DO UPDATE SET
        version = excluded.version, over = excluded.over,
        body = excluded.body, checksum = excluded.checksum
    WHERE excluded.version > trades.version"""
_EXIT = """
    INSERT INTO exits (trade_id, number, version, done, body, checksum)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (trade_id, number) DO UPDATE SET
        version = excluded.version, done = excluded.done,
        body = excluded.body, checksum = excluded.checksum
    WHERE excluded.version > exits.version"""
_POSITION = """
    INSERT INTO positions (account, exchange, symbol, product, version, body, checksum)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (account, exchange, symbol, product) DO UPDATE SET
        version = excluded.version, body = excluded.body, checksum = excluded.checksum
    WHERE excluded.version > positions.version"""
_EXECUTION = """
    INSERT INTO executions (execution_id, order_id, at_ns, body, checksum)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (execution_id) DO NOTHING"""
_TOLD = """
    INSERT INTO told (number, trade_id, body, checksum)
    VALUES (?, ?, ?, ?) ON CONFLICT (number) DO NOTHING"""
_HEARD = """
    INSERT INTO heard (one, seq, at_ns, body, checksum) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (one) DO UPDATE SET
        seq = excluded.seq, at_ns = excluded.at_ns,
        body = excluded.body, checksum = excluded.checksum
    WHERE (excluded.seq, excluded.at_ns) > (heard.seq, heard.at_ns)"""
_UNCOVERED = """
    INSERT INTO uncovered (day, instrument, trade_id, version, body, checksum)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (day, instrument, trade_id) DO UPDATE SET
        version = excluded.version, body = excluded.body, checksum = excluded.checksum
    WHERE excluded.version > uncovered.version"""
_FINDINGS = """
    INSERT INTO findings (one, version, body, checksum) VALUES (?, ?, ?, ?)
    ON CONFLICT (one) DO UPDATE SET
        version = excluded.version, body = excluded.body, checksum = excluded.checksum
    WHERE excluded.version > findings.version"""
_HALT = """
    INSERT INTO halts (version, body, checksum)
    VALUES (?, ?, ?) ON CONFLICT (version) DO NOTHING"""

# A line keeps the highs that no later one equals or betters; snapshot.with_high in SQL.
_HIGH = """
    INSERT INTO highs (line, number, rank, body, checksum)
    SELECT ?1, ?2, ?3, ?4, ?5
    WHERE NOT EXISTS (
        SELECT 1 FROM highs
        WHERE line = ?1 AND (number = ?2 OR (number > ?2 AND rank >= ?3)))"""
_HIGHS_BETTERED = "DELETE FROM highs WHERE line = ? AND number < ? AND rank <= ?"


def write(db: sqlite3.Connection, records: Sequence[Record]) -> None:
    """Apply records, inside the caller's transaction."""
    rows: dict[str, list[Row]] = {}
    for record in records:
        match record:
            case TradeSaved():
                statement, row = _TRADE, trade_row(record)
            case ExitSaved(exit=exit_):
                statement, row = _EXIT, exit_row(exit_)
            case PositionSaved(position=position):
                statement, row = _POSITION, position_row(position)
            case ExecutionSaved(execution=execution):
                statement, row = _EXECUTION, execution_row(execution)
            case Told():
                statement, row = _TOLD, told_row(record)
            case Heard():
                statement, row = _HEARD, heard_row(record)
            case HaltSaved(halt=halt):
                statement, row = _HALT, halt_row(halt)
            case UncoveredSaved(uncovered=uncovered):
                statement, row = _UNCOVERED, uncovered_row(uncovered)
            case FindingsSaved(findings=findings):
                statement, row = _FINDINGS, findings_row(findings)
            case HighReached():
                statement, row = _HIGH, high_row(record)
            case _:
                assert_never(record)
        rows.setdefault(statement, []).append(row)
    for high in rows.pop(_HIGH, ()):
        if db.execute(_HIGH, high).rowcount == 1:
            db.execute(_HIGHS_BETTERED, high[:3])
    for statement, batch in rows.items():
        db.executemany(statement, batch)
