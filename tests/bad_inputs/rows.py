"""A row of the table of bad inputs, and how a command of ours is given one."""

import contextlib
import io
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tradebot.cli.main import main

MISSING = None
NOBODY = 65534
TAKEN = "TAKEN"  # a port at which somebody listens

File = str | bytes | Callable[[Path], None]


class Command(NamedTuple):
    """A command that must be refused: what is given, and what must come of it."""

    given: str
    words: tuple[str, ...]
    code: int
    says: Sequence[str]
    environ: Mapping[str, str] = {}
    files: Mapping[str, File] = {}
    writes: tuple[str, ...] = ()  # what may be there afterwards besides the files given


class Answer(NamedTuple):
    """What came of it."""

    code: int
    out: str
    err: str
    written: tuple[str, ...]  # files that are new or changed


def answer_to(row: Command) -> Answer:
    """Run a command in a fresh folder, in this process."""
    with tempfile.TemporaryDirectory(prefix="tradebot-") as name:
        path = Path(name)
        path.chmod(0o777)  # also for somebody without rights
        for file, content in row.files.items():
            _put(path / file, content)
        before = _seen(path)
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(path),
            _environment(row.environ),
            _own_logging(),
            socket.create_server(("127.0.0.1", 0)) as listener,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            _as_nobody(not {hidden, locked}.isdisjoint(row.files.values())),
        ):
            taken = str(listener.getsockname()[1])
            code = _code([taken if word is TAKEN else word for word in row.words])
        after = _seen(path)
    written = sorted(
        file
        for file in before.keys() | after.keys()
        if before.get(file) != after.get(file) and not file.startswith(row.writes or ("\0",))
    )
    return Answer(code, out.getvalue(), err.getvalue(), tuple(written))


def folder(path: Path) -> None:
    """Be a folder where a file should be."""
    path.mkdir()


def pipe(path: Path) -> None:
    """Be a pipe where a file should be: to open it would wait for ever."""
    os.mkfifo(path)


def hidden(path: Path) -> None:
    """Be a file that may not be read."""
    path.touch(mode=0)


def no_key(path: Path) -> None:
    """Be a key file as it should be, but for the key."""
    path.touch(mode=0o600)


def locked(path: Path) -> None:
    """Be a folder that may not be written to."""
    path.mkdir(mode=0o555)


def _code(words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as end:  # argparse
        return int(end.code or 0)


def _put(path: Path, content: File) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match content:
        case str():
            path.write_text(content)
        case bytes():
            path.write_bytes(content)
        case _:
            content(path)


def _seen(path: Path) -> dict[str, tuple[int, int]]:
    """Return every file's size and time."""
    found = {}
    for file in sorted(path.rglob("*")):
        status = file.lstat()
        size = 0 if file.is_dir() else status.st_size
        found[str(file.relative_to(path))] = (size, 0 if file.is_dir() else status.st_mtime_ns)
    return found


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in before:
        if name.startswith("TRADEBOT_") or name.endswith("_DIRECTORY"):
            del os.environ[name]
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _own_logging() -> Iterator[None]:
    """Give the handlers back that the daemon's log takes away."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)


@contextlib.contextmanager
def _as_nobody(wanted: bool) -> Iterator[None]:
    """Be somebody without rights; root may read and write whatever the modes say."""
    if not wanted or os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
