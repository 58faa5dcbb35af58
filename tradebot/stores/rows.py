"""Records as bytes: the payload of a journal frame, and the rows of the database.

A row is its key columns, a body (the record as JSON) and a checksum over both. JSON,
because a person with a damaged file and no tradebot must be able to read it.
"""

from binascii import crc32
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from tradebot.core.account.positions import Position
from tradebot.core.adoption.found import Findings
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.guard.trades import Side
from tradebot.core.inputs import Execution
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.leaving.halt import Halt
from tradebot.core.records import Heard, HighReached, Record, Told, TradeSaved
from tradebot.errors import DamageError

Row = tuple[str | int | float | bytes | None, ...]  # key columns, body, checksum
Stored = Sequence[Row]

_Body = TypeVar("_Body")

_to_msgpack = msgspec.msgpack.Encoder().encode
_from_msgpack = msgspec.msgpack.Decoder(list[Record]).decode
_to_json = msgspec.json.Encoder().encode


def packed(records: Sequence[Record]) -> bytes:
    """Return the payload of one journal frame."""
    return _to_msgpack(records)


def unpacked(payload: bytes) -> list[Record]:
    """Read a frame back.

    Raises:
        ValueError: these bytes are not records (msgspec's errors and UnicodeDecodeError).
    """
    return _from_msgpack(payload)


def trade_row(saved: TradeSaved) -> Row:
    """trade_id, number, version, over (0 or 1), strategy."""
    trade = saved.trade
    keys = (trade.trade_id, trade.number, trade.version, int(trade.status.is_over), trade.strategy)
    return _sealed(keys, saved)


def exit_row(exit_: Exit) -> Row:
    """trade_id, number, version, done (0 or 1)."""
    done = int(exit_.state is State.DONE)
    return _sealed((exit_.trade_id, exit_.number, exit_.version, done), exit_)


def execution_row(execution: Execution) -> Row:
    """execution_id, order_id, at_ns."""
    return _sealed((execution.execution_id, execution.order_id, execution.at_ns), execution)


def position_row(position: Position) -> Row:
    """The four parts of the net key, version."""
    return _sealed((*position.key, position.version), position)


def told_row(told: Told) -> Row:
    """number, trade_id."""
    return _sealed((told.number, told.event.trade_id), told)


def high_row(high: HighReached) -> Row:
    """line, number, rank: the price, negated for shorts, so that more is better."""
    return _sealed((high.line, high.number, rank(high)), high)


def heard_row(heard: Heard) -> Row:
    """1 (there is one such row), seq, at_ns."""
    return _sealed((1, heard.seq, heard.at_ns), heard)


def halt_row(halt: Halt) -> Row:
    """The version."""
    return _sealed((halt.version,), halt)


def findings_row(findings: Findings) -> Row:
    """1 (there is one such row), version."""
    return _sealed((1, findings.version), findings)


def uncovered_row(uncovered: Uncovered) -> Row:
    """The day, instrument, trade_id, version."""
    keys = (uncovered.day, uncovered.instrument, uncovered.trade_id, uncovered.version)
    return _sealed(keys, uncovered)


def rank(high: HighReached) -> float:
    """Return the price so that a better one is greater; the line says which side it serves."""
    return -high.price if high.line.rsplit(" ", 2)[1] == Side.SHORT else high.price


def bodies(rows: Stored, type_: type[_Body], table: str) -> list[_Body]:
    """Read rows back, each against its checksum.

    Raises:
        DamageError: a row is damaged; the message names table and key.
    """
    check_sums(rows, table)
    try:
        # One array is one call: for 100,000 trades half the time of as many small ones.
        joined = b",".join([row[-2] for row in rows])  # type: ignore[misc]  # checked above
        return msgspec.json.decode(b"[" + joined + b"]", type=list[type_])  # type: ignore[valid-type]
    except ValueError:
        return [_body(row, type_, table) for row in rows]


def check_sums(rows: Stored, table: str) -> None:
    """Hold rows against their checksums.

    Raises:
        DamageError: one is not what was written; the message names table and key.
    """
    for row in rows:
        if not is_sound(row):
            raise DamageError(f"row {_name(row)} of table {table} is damaged: checksum")


def is_sound(row: Row) -> bool:
    """Whether a row is as it was written."""
    *keys, body, checksum = row
    return isinstance(body, bytes) and crc32(body, crc32(repr(tuple(keys)).encode())) == checksum


def _body(row: Row, type_: type[_Body], table: str) -> _Body:
    try:
        return msgspec.json.decode(row[-2], type=type_)  # type: ignore[arg-type]  # bytes, checked
    except ValueError as error:
        raise DamageError(f"row {_name(row)} of table {table} is not readable: {error}") from error


def _sealed(keys: tuple[str | int | float, ...], record: msgspec.Struct) -> Row:
    body = _to_json(record)
    return (*keys, body, crc32(body, crc32(repr(keys).encode())))


def _name(row: Row) -> str:
    return "/".join(str(key) for key in row[:-2])
