"""``tradebot COMMAND``: find the command, run it, and answer with an exit code.

A command is a module beside this one with ``add_arguments(parser)`` and ``main(args)``.
It is imported when it is chosen, so ``tradebot version`` does not wait for a web server.
"""

import argparse
import difflib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from tradebot.cli.version import version_line
from tradebot.config import BadSettingsError
from tradebot.errors import ConfigError, InputError, TradebotError

COMMANDS = {
    "run": "guard every open trade, until told to stop",
    "check": "say what is wrong in config.toml, or which settings are in force",
    "replay": "run trades along recorded ticks and write their exits",
    "watch": "follow the trades of a running daemon in the terminal",
    "why": "tell a trade's story: every decision with what it was made of",
    "version": "say which version this is",
}
# sysexits.h, where it has a word for it.
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_IO = 74
EXIT_PERMISSION = 77
EXIT_CONFIG = 78
EXIT_INTERRUPTED = 130  # what a shell expects after Ctrl-C
EXIT_BROKEN_PIPE = 141  # and of a program that wrote to "| head"


class _Command(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def main(self, args: argparse.Namespace) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` names; return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may be no text at all
    try:
        code = _run(words)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except (TradebotError, OSError) as error:
        print(f"tradebot: {_said(error)}", file=sys.stderr)
        return exit_code(error)
    return code


def exit_code(error: TradebotError | OSError) -> int:
    """Return what a script is told of an error that ended a command."""
    match error:
        case BadSettingsError(unreadable=True) | PermissionError():
            return EXIT_PERMISSION
        case ConfigError():
            return EXIT_CONFIG
        case InputError():
            return EXIT_USAGE
        case OSError():
            return EXIT_IO
        case _:
            return EXIT_FAILURE


def _run(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tradebot",
        description="tradebot guards a trader's open trades tick by tick.",
        epilog="tradebot COMMAND --help tells more of each.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version_line())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    parsers = {
        name: commands.add_parser(name, help=text, allow_abbrev=False)
        for name, text in COMMANDS.items()
    }
    # No option that stands before the command takes a value, so this is the command.
    chosen = next((word for word in words if not word.startswith("-")), None)
    if chosen is None:
        parser.parse_args(words)  # ends here with --help, --version and what is no option
        parser.print_help(sys.stderr)
        return EXIT_USAGE
    if chosen not in COMMANDS:
        print(f"tradebot: no command {chosen!r}; {_guess(chosen)}", file=sys.stderr)
        return EXIT_USAGE
    command = cast("_Command", importlib.import_module(f"tradebot.cli.{chosen}"))
    command.add_arguments(parsers[chosen])
    return command.main(parser.parse_args(words))


def _said(error: TradebotError | OSError) -> str:
    """Return an error as a person says it: the file first, and no number."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _guess(word: str) -> str:
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    return f'did you mean "{near[0]}"?' if near else f"there are {', '.join(COMMANDS)}"


def _forget_output() -> None:
    """Let what is still buffered go nowhere, or the interpreter complains while it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
