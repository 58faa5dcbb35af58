"""``python -m tests.bad_inputs``: every bad input with our answer to it, as Markdown."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bad_inputs.requests import ROWS as REQUESTS
from tests.bad_inputs.requests import Request, reply_to
from tests.bad_inputs.rows import Command, answer_to
from tests.bad_inputs.table import TABLES
from tests.daemon_process import DaemonProcess

SHOWN_LENGTH_MAX = 300


def main() -> int:
    """Print the tables."""
    for line in _lines():
        sys.stdout.write(f"{line}\n")
    return 0


def _lines() -> Iterator[str]:
    for title, rows in TABLES.items():
        yield f"\n## {title}\n\n| given | command | exit code | answer |\n|---|---|---|---|"
        yield from map(_command_line, rows)
    yield "\n## HTTP\n\n| given | request | status | answer |\n|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.touch()
        daemon = DaemonProcess(Path(folder) / "state", config)
        daemon.start()
        try:
            yield from (_request_line(request, daemon) for request in REQUESTS)
        finally:
            daemon.stop()
    yield f"\n{sum(map(len, TABLES.values())) + len(REQUESTS)} bad inputs"


def _command_line(row: Command) -> str:
    answer = answer_to(row)
    # A usage is as long as a command has options; what is wrong stands in its last line.
    said = answer.err.strip()
    said = said.splitlines()[-1] if said.startswith("usage:") else said
    return _line(row.given, f"tradebot {row.words[0] if row.words else ''}", answer.code, said)


def _request_line(row: Request, daemon: DaemonProcess) -> str:
    reply = reply_to(row, daemon)
    return _line(row.given, f"{row.method} {row.path}", reply.status, reply.message)


def _line(given: str, how: str, code: int, said: str) -> str:
    cells = (_cell(given), f"`{how.strip()}`", str(code), _cell(said))
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    text = text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]} ..."
    text = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", "<br>")


if __name__ == "__main__":
    sys.exit(main())
