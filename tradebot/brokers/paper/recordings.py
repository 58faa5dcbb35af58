"""Recorded ticks on disk: plain or gzip, opened so that every fault names its file."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from tradebot.core.inputs import Tick
from tradebot.core.market.instruments import Instrument, kind_of
from tradebot.core.words.tick_files import merged, read_header, read_ticks
from tradebot.errors import InputError

_GZIP = b"\x1f\x8b"


def recorded_ticks(files: Sequence[Path]) -> Iterator[Tick]:
    """Yield the ticks of ``files`` in the order of time, numbered from 1.

    Raises:
        InputError: a file cannot be read, or a row in it is wrong.
    """
    return merged([read_ticks(_lines(path), path.name) for path in files])


def recorded_instruments(files: Sequence[Path]) -> list[Instrument]:
    """Return what the files hold ticks of, in the order of first sight.

    Reads them to the end, at about four times the speed of a replay, and checks nothing
    but the header: the replay names a wrong row when it comes to it.

    Raises:
        InputError: a file cannot be read, or is no recording.
    """
    found: dict[tuple[str, str], None] = {}
    for path in files:
        lines = _lines(path)
        read_header(next(lines, ""), path.name)
        for line in lines:
            cells = line.split(",", 3)
            if len(cells) > 3:  # noqa: PLR2004 - ts_ns, exchange, symbol and the rest
                found[cells[1], cells[2]] = None
    names = dict.fromkeys((exchange.strip(' "'), symbol.strip(' "')) for exchange, symbol in found)
    return [
        Instrument(exchange=exchange, symbol=symbol, kind=kind_of(symbol))
        for exchange, symbol in names
    ]


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of one file; ``rows`` in messages count those below the header."""
    rows = -1
    try:
        with _opened(path) as file:
            for line in file:
                rows += 1
                yield line
    except EOFError as error:
        message = f"{path.name}: the gzip data is cut off after {max(rows, 0)} whole rows"
        raise InputError("file", message) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        message = f"{path.name}: the gzip data is damaged after {max(rows, 0)} rows: {error}"
        raise InputError("file", message) from error
    except OSError as error:
        raise InputError("file", f"{path.name}: {error.strerror}") from error


def _opened(path: Path) -> IO[str]:
    with path.open("rb") as probe:
        start = probe.read(len(_GZIP))
    # What is not UTF-8 comes through as lone surrogates; the reader names its line.
    if start == _GZIP:
        return gzip.open(path, "rt", encoding="utf-8", errors="surrogateescape")
    if path.suffix == ".gz" and start:
        raise InputError("file", f"{path.name} is named .gz and is not gzip data")
    return path.open(encoding="utf-8", errors="surrogateescape")
