"""``tradebot run``: the daemon, in the foreground, until it is told to stop."""

import argparse

from tradebot.app import main as daemon
from tradebot.app.main import run

_EXPLAINED = """\
It stays in the foreground. SIGHUP, or saving the file, loads the configuration again;
Ctrl-C or SIGTERM ends it in order, a second Ctrl-C at once.

exit codes: 0 stopped in order, 1 a part of it failed, 69 the broker refuses, 74 the disk or
the database fails, 75 the port or the state directory is taken for now, 77 a file may not be
read, 78 the configuration is wrong, or another daemon guards the state directory
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Guard every open trade, until told to stop."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    daemon.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Run the daemon; return its exit code."""
    return run(args)
