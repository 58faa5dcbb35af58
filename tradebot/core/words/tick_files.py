"""Recorded ticks: rows ``ts_ns,exchange,symbol,price[,qty][,bid][,ask]`` read and merged."""

import heapq
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, NoReturn

from tradebot.core.inputs import Tick
from tradebot.core.market.instruments import instrument_id
from tradebot.errors import InputError

HEADER = "ts_ns,exchange,symbol,price[,qty][,bid][,ask]"
AT_NS_MIN = 631_152_000_000_000_000  # 1990-01-01
AT_NS_MAX = 4_102_444_800_000_000_000  # 2100-01-01; seconds or milliseconds fall below the minimum

_REQUIRED = ("ts_ns", "exchange", "symbol", "price")
_OPTIONAL = ("qty", "bid", "ask")
_ALSO_CALLED = {
    **dict.fromkeys(("time", "timestamp", "ts", "at_ns", "date", "datetime"), "ts_ns"),
    **dict.fromkeys(("venue", "market"), "exchange"),
    **dict.fromkeys(("ticker", "instrument", "scrip", "tradingsymbol"), "symbol"),
    **dict.fromkeys(("ltp", "last", "last_price", "close"), "price"),
    **dict.fromkeys(("quantity", "volume", "size", "amount"), "qty"),
}
_CELL = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=,|$)|([^,"]*)(?=,|$)')


class _Row(NamedTuple):
    """What one line says."""

    at_ns: int
    instrument: str
    ltp: float
    bid: float | None
    ask: float | None


class _Table:
    """The columns of one file, and the instruments seen in it."""

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self.name = name
        self.width = len(columns)
        self.columns = columns
        place = {column: number for number, column in enumerate(columns)}
        self.qty, self.bid, self.ask = (place.get(column, 0) for column in _OPTIONAL)
        self.known: dict[tuple[str, str], str] = {}  # by the cells as written


def read_ticks(lines: Iterable[str], name: str) -> Iterator[Tick]:
    """Yield the ticks of one file in its order, ``seq`` counting rows from 1.

    ``name`` is the file's, for messages. Times must not go back and must lie between
    1990 and 2100. A price that is a number but no price (0, negative, ``nan``, ``inf``)
    is yielded: dropping and counting it is the price gate's work. A side that is blank
    or no price is missing. Bytes that were not UTF-8 are expected as lone surrogates
    (``errors="surrogateescape"``), so that the message can name the line.

    Raises:
        InputError: a row is wrong; the message holds file, line, column and value.
    """
    rows = iter(lines)
    table = _Table(name, read_header(next(rows, ""), name))
    known, width = table.known, table.width
    qty, bid_at, ask_at = table.qty, table.bid, table.ask
    before, seq = AT_NS_MIN, 0
    bid = ask = None
    for number, line in enumerate(rows, 2):
        cells = line.split(",")
        # The short way knows only what is plainly right; _row decides everything else.
        try:
            stamp, price = cells[0], cells[3]
            at_ns, ltp = int(stamp), float(price)
            instrument = known[cells[1], cells[2]]
            plain = before <= at_ns < AT_NS_MAX and "_" not in stamp and "_" not in price
            if qty:
                plain = plain and float(cells[qty]) >= 0
            if bid_at:
                bid = _side(cells[bid_at])
            if ask_at:
                ask = _side(cells[ask_at])
        except (ValueError, KeyError, IndexError):
            plain = False
        if not plain or len(cells) != width:
            if not line.strip():
                continue
            at_ns, instrument, ltp, bid, ask = _row(table, line, number, before)
        before = at_ns
        seq += 1
        yield Tick(instrument, ltp, at_ns, at_ns, bid, ask, seq)


def merged(sources: Sequence[Iterable[Tick]]) -> Iterator[Tick]:
    """Merge sorted sources by time and number the whole from 1.

    Equal times keep the order in which the sources are given, so the same files give
    the same numbers.
    """
    if len(sources) == 1:
        yield from sources[0]
        return
    in_order = heapq.merge(*sources, key=lambda tick: tick.at_ns)
    for seq, tick in enumerate(in_order, 1):
        yield Tick(tick.instrument, tick.ltp, tick.at_ns, tick.received_ns, tick.bid, tick.ask, seq)


def read_header(header: str, name: str) -> list[str]:
    """Return the names of the columns from the first line of a file.

    Raises:
        InputError: it is no header of ours; the message holds file, line and column.
    """
    text = header.removeprefix("\ufeff").strip()  # spreadsheets begin a file with a BOM
    if not text:
        raise InputError("header", f"{name}: the file is empty; its first line must be {HEADER}")
    columns = [column.strip().strip('"').lower() for column in text.split(",")]
    where = f"{name}:1"
    if columns[0].lstrip("-").isdigit():
        raise InputError("header", f"{where}: the header is missing; line 1 must be {HEADER}")
    for place, wanted in enumerate(_REQUIRED):
        found = columns[place] if place < len(columns) else ""
        if found != wanted:
            hint = f" (did you mean {wanted!r}?)" if _meant(found) == wanted else ""
            message = f"column {place + 1} is {found!r} and must be {wanted!r}{hint}"
            raise InputError(wanted, f"{where}: {message}; the header is {HEADER}")
    for column in columns[len(_REQUIRED) :]:
        if column not in _OPTIONAL:
            meant = _meant(column)
            hint = f" (did you mean {meant!r}?)" if meant in _OPTIONAL else ""
            message = f"unknown column {column!r}{hint}; after price may follow qty, bid, ask"
            raise InputError(column, f"{where}: {message}")
        if columns.count(column) > 1:
            raise InputError(column, f"{where}: column {column!r} is there twice")
    return columns


def _row(table: _Table, line: str, number: int, before: int) -> _Row:
    """Read one line with every check: the exact rule behind the short way."""
    where = f"{table.name}:{number}"
    cells = _cells(line.rstrip("\r\n"), where)
    if len(cells) < table.width:
        missing = table.columns[len(cells)]
        counts = f"{len(cells)} of {table.width} columns"
        raise InputError(missing, f"{where}: {counts}, {missing!r} is missing")
    if len(cells) > table.width:
        columns = ",".join(table.columns)
        raise InputError(
            "row", f"{where}: {len(cells)} columns, the header has {table.width}: {columns}"
        )
    at_ns = _time(cells[0], where, before)
    instrument = instrument_id(_word(cells[1], "exchange", where), _word(cells[2], "symbol", where))
    if '"' not in line:  # else the cells as the short way splits them are other ones
        table.known[cells[1], cells[2]] = instrument
    ltp = _number(cells[3], "price", where)
    if table.qty and cells[table.qty].strip():
        qty = _number(cells[table.qty], "qty", where)
        if not qty >= 0:
            _wrong(where, "qty", cells[table.qty], "is not a quantity; write a number >= 0")
    return _Row(
        at_ns,
        instrument,
        ltp,
        _exact_side(cells, table.bid, "bid", where),
        _exact_side(cells, table.ask, "ask", where),
    )


def _cells(line: str, where: str) -> list[str]:
    """Split one line at its commas; cells may be quoted."""
    if '"' not in line:
        return line.split(",")
    cells, at = [], 0
    while True:
        match = _CELL.match(line, at)
        if match is None:
            _wrong(where, "row", line[at : at + 40], "has a quote that does not end in this line")
        quoted, plain = match.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        if match.end() == len(line):
            return cells
        at = match.end() + 1


def _time(text: str, where: str, before: int) -> int:
    try:
        at_ns = int(text) if "_" not in text else None
    except ValueError:
        at_ns = None
    if at_ns is None:
        _wrong(where, "ts_ns", text, "is not a time; write whole nanoseconds UTC")
    if not AT_NS_MIN <= at_ns < AT_NS_MAX:
        _wrong(where, "ts_ns", text, "is not between 1990 and 2100; write nanoseconds UTC")
    if at_ns < before:
        _wrong(where, "ts_ns", text, f"is before {before} of the row above; times must not go back")
    return at_ns


def _word(text: str, column: str, where: str) -> str:
    word = text.strip()
    if not word:
        _wrong(where, column, text, "is empty; it must name the " + column)
    if column == "exchange" and ":" in word:
        _wrong(where, column, text, "holds a colon; it divides exchange and symbol in our ids")
    if "\0" in word:
        _wrong(where, column, text, "holds a NUL byte")
    if not word.isprintable():
        _wrong(where, column, text, "holds bytes that are not UTF-8, or control characters")
    return word


def _number(text: str, column: str, where: str) -> float:
    try:
        if "_" not in text:  # float() would read 1_000
            return float(text)
    except ValueError:
        pass
    return _wrong(where, column, text, "is not a number; write it like 812.05")


def _exact_side(cells: Sequence[str], at: int, column: str, where: str) -> float | None:
    if not at or not cells[at].strip():
        return None
    return _price_or_none(_number(cells[at], column, where))


def _side(text: str) -> float | None:
    """Read a bid or an ask; one that needs a closer look raises ``ValueError``."""
    if not text or text == "\n":
        return None
    if "_" in text:
        raise ValueError
    return _price_or_none(float(text))


def _price_or_none(side: float) -> float | None:
    # Feeds write an empty side of the depth as 0.
    return side if 0 < side < math.inf else None


def _wrong(where: str, column: str, value: str, why: str) -> NoReturn:
    raise InputError(column, f"{where}: {column} = {value!r} {why}")


def _meant(word: str) -> str | None:
    """Guess which column a header's word stands for."""
    if word in _ALSO_CALLED:
        return _ALSO_CALLED[word]
    letters_off, nearest = min(
        (_distance(word, column), column) for column in (*_REQUIRED, *_OPTIONAL)
    )
    return nearest if letters_off <= max(1, len(nearest) // 3) else None


def _distance(one: str, other: str) -> int:
    """Count the letters to insert, delete or replace (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, wanted in enumerate(other, 1):
            change = diagonal + (letter != wanted)
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, change)
    return row[-1]
