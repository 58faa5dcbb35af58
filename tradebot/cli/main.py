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
from collections.abc import Mapping, Sequence
from typing import NoReturn, Protocol, cast

from tradebot.cli.client import EXIT_NOT_RUNNING, AnswerError, NotRunningError
from tradebot.cli.parsing import Parser
from tradebot.errors import ConfigError, InputError, TradebotError

COMMANDS = {
    "run": "guard every open trade, until told to stop",
    "shadow": "look at a real account and fill exits on paper: nothing is sent",
    "check": "say what is wrong in config.toml, or which settings are in force",
    "status": "say whether the daemon runs, and how it is",
    "watch": "follow the trades of a running daemon in the terminal",
    "trades": "list the open trades",
    "history": "list the trades that are over",
    "why": "tell a trade's story: every decision with what it was made of",
    "exit": "leave trades now, and wait until they are left",
    "update": "change the stop and the other rules of an open trade",
    "adopt": "list positions that no trade guards; guard one, or leave it alone",
    "alerts": "list what a person should know of, or say that it was seen",
    "halt": "stop new trades, leave everything, or send nothing at all",
    "release": "end the halt",
    "resolve": "end a doubt about an exit, after a look at the broker",
    "reconcile": "compare our positions with the broker's now",
    "replay": "run trades along recorded ticks and write their exits",
    "completion": "print a script that completes commands in bash, zsh or fish",
    "backup": "copy the database now, and check the copy",
    "restore": "put a backup in the database's place, while no daemon runs",
    "doctor": "look at everything that the daemon rests on, and say what to do",
    "keys": "make, list and revoke the keys of the API",
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
        case NotRunningError():
            return EXIT_NOT_RUNNING
        case AnswerError(code="bad_request"):
            return EXIT_USAGE
        # A BadSettingsError may say so; to name it would import all of the settings.
        case ConfigError() if getattr(error, "unreadable", False):
            return EXIT_PERMISSION
        case PermissionError():
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
    parser, parsers = parsers_of(COMMANDS)
    # No option that stands before the command takes a value, so this is the command.
    chosen = next((word for word in words if not word.startswith("-")), None)
    if chosen is None:
        _, unknown = parser.parse_known_args(words)  # --help and --version end here
        if unknown:
            parser.unknown(unknown)
        parser.print_help(sys.stderr)
        return EXIT_USAGE
    if chosen not in COMMANDS:
        print(f"tradebot: no command {chosen!r}; {_guess(chosen)}", file=sys.stderr)
        return EXIT_USAGE
    command = cast("_Command", importlib.import_module(f"tradebot.cli.{chosen}"))
    command.add_arguments(parsers[chosen])
    args, unknown = parser.parse_known_args(words)
    if unknown:
        parsers[chosen].unknown(unknown)
    return command.main(args)


def parsers_of(commands: Mapping[str, str]) -> tuple[Parser, dict[str, Parser]]:
    """Return the parser of the command line, and that of each command, still without arguments."""
    parser = Parser(
        prog="tradebot",
        description="tradebot guards a trader's open trades tick by tick.",
        epilog="tradebot COMMAND --help tells more of each.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "-V", "--version", action=_Version, nargs=0, help="say which version this is"
    )
    chosen = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    return parser, {
        name: chosen.add_parser(name, help=text, allow_abbrev=False)
        for name, text in commands.items()
    }


class _Version(argparse.Action):
    """Prints the version, which takes 40 ms to find out."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from tradebot.cli.version import version_line

        print(version_line())
        parser.exit()


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
