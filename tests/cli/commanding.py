"""A command line that runs in a test beside the daemon's loop, and a person who types."""

import asyncio
import json
import sys

from tradebot.cli.main import main


class Typed:
    """A terminal's input: lines that a person types, then Ctrl-D."""

    def __init__(self, *lines, terminal=True):
        self.lines = [f"{line}\n" for line in lines]
        self.terminal = terminal

    def isatty(self):
        return self.terminal

    def readline(self):
        return self.lines.pop(0) if self.lines else ""


def types(monkeypatch, *lines):
    """Have a person sit at the terminal and type."""
    typed = Typed(*lines)
    monkeypatch.setattr(sys, "stdin", typed)
    return typed


def nobody(monkeypatch):
    """Have a script run the command."""
    monkeypatch.setattr(sys, "stdin", Typed(terminal=False))


def seen(monkeypatch):
    """Have a person look at the output."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


class Shell:
    """Runs commands on the daemon of one state directory."""

    def __init__(self, state, capsys):
        self.state = state
        self._capsys = capsys

    async def run(self, *words):
        """Return exit code, output and errors of a command."""
        name, *rest = words
        line = [name, "--state-dir", str(self.state), *rest]
        code = await asyncio.to_thread(self._main, line)
        out, err = self._capsys.readouterr()
        return code, out, err

    async def json(self, *words):
        """Return exit code and answer of a command that is asked for JSON."""
        code, out, _ = await self.run(*words, "--json")
        return code, json.loads(out)

    @staticmethod
    def _main(line):
        try:
            return main(line)
        except SystemExit as end:
            return end.code
