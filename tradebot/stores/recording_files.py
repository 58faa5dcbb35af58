"""The files of recordings: their names, reading them wherever they end, mending, letting go.

A part is two files of one name, gzip both: ``NAME.ticks.csv.gz``, rows that a replay takes
as they are, and ``NAME.inputs.jsonl.gz``. While a part is written both end in ``.open``.
"""

import contextlib
import datetime as dt
import fcntl
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from tradebot.errors import InputError

TICKS = ".ticks.csv.gz"
INPUTS = ".inputs.jsonl.gz"
OPEN = ".open"
LEVEL = 6
GZIP = 31  # zlib's word for a gzip header and a window of 32 KiB

_NAME = re.compile(r"(\d{8}T\d{6}\.\d{6}Z-\d{4,})(\.ticks\.csv\.gz|\.inputs\.jsonl\.gz)(\.open)?")
_CHUNK = 1 << 16
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class PartFiles(NamedTuple):
    """The two files of one part; one that is missing is not there to be read."""

    name: str
    ticks: Path
    inputs: Path


def part_name(begun_ns: int, number: int) -> str:
    """Return the name of a part: ``20260102T030405.000006Z-0001``."""
    at = _EPOCH + dt.timedelta(microseconds=begun_ns // 1000)
    return f"{at:%Y%m%dT%H%M%S.%f}Z-{number:04d}"


def parts_in(directory: Path) -> list[PartFiles]:
    """Return the parts of a directory in the order of their names, which is that of time.

    Raises:
        InputError: it cannot be read.
    """
    found: dict[str, dict[str, Path]] = {}
    try:
        for path in sorted(directory.iterdir()):
            if match := _NAME.fullmatch(path.name):
                # What is whole sorts before what is open, and counts.
                found.setdefault(match[1], {}).setdefault(match[2], path)
    except OSError as error:
        raise InputError("recording", f"{directory}: {error.strerror}") from error
    return [
        PartFiles(
            name,
            paths.get(TICKS, directory / (name + TICKS)),
            paths.get(INPUTS, directory / (name + INPUTS)),
        )
        for name, paths in found.items()
    ]


def whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a gzip file up to the last one that is whole, wherever it ends.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    for portion in _whole_portions(path):
        for line in portion.split(b"\n")[:-1]:
            yield line + b"\n"


def _whole_portions(path: Path) -> Iterator[bytes]:
    """Yield the same as text of many lines."""
    rest = b""
    try:
        with path.open("rb") as file:
            for portion in _inflated(file):
                lines, end, rest = (rest + portion).rpartition(b"\n")
                if end:
                    yield lines + end
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError("file", f"{path.name}: {error.strerror}") from error
    except zlib.error as error:
        raise InputError("file", f"{path.name}: the gzip data is damaged: {error}") from error


def _inflated(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what a gzip file holds, to the byte at which it is damaged."""
    inflate = zlib.decompressobj(GZIP)
    while (chunk := file.read(_CHUNK)) and not inflate.eof:
        before = inflate.copy()
        try:
            yield inflate.decompress(chunk)
        except zlib.error:  # a power cut leaves zeros; what came before them is sound
            for place in range(len(chunk)):
                yield before.decompress(chunk[place : place + 1])


def left_open(directory: Path) -> list[Path]:
    """Return the files that were not closed; somebody may still write them.

    Raises:
        OSError: the directory cannot be read.
    """
    matches = ((path, _NAME.fullmatch(path.name)) for path in sorted(directory.iterdir()))
    return [path for path, match in matches if match and match[3]]


def mend(paths: Iterable[Path]) -> list[str]:
    """Close what a process that died left open, and return the names.

    A file that somebody still writes is locked, and left alone.

    Raises:
        OSError: the disk refuses.
    """
    mended = []
    for path in paths:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _close(path)
        mended.append(path.name.removesuffix(OPEN))
    return mended


def forget_older(directory: Path, before_ns: int) -> int:
    """Remove what was written to the last time before then; return how many files.

    Raises:
        OSError: the disk refuses.
    """
    forgotten = 0
    for path in directory.iterdir():
        with contextlib.suppress(FileNotFoundError):  # it is being mended
            if _NAME.fullmatch(path.name) and path.stat().st_mtime_ns < before_ns:
                path.unlink()
                forgotten += 1
    return forgotten


def open_new(path: Path) -> IO[bytes]:
    """Open a file that is not there for writing, locked and for its owner alone.

    Raises:
        OSError: it is there, or the disk refuses.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return os.fdopen(descriptor, "wb")


def _close(path: Path) -> None:
    """Write the whole lines of a file anew under its closed name; of none nothing is kept."""
    draft = path.with_name(path.name.removesuffix(OPEN) + ".mend")
    draft.unlink(missing_ok=True)
    written_ns = path.stat().st_mtime_ns
    deflate, is_empty = zlib.compressobj(LEVEL, wbits=GZIP), True
    try:
        with open_new(draft) as file:
            with contextlib.suppress(InputError):  # what is damaged ends where the damage is
                for portion in _whole_portions(path):
                    file.write(deflate.compress(portion))
                    is_empty = False
            file.write(deflate.flush())
        os.utime(draft, ns=(written_ns, written_ns))  # its age is that of what it holds
        if not is_empty:
            draft.replace(path.with_name(path.name.removesuffix(OPEN)))
        path.unlink()
    finally:
        draft.unlink(missing_ok=True)
