"""``tradebot backup``: copy the database now, and check the copy."""

import argparse

from tradebot.cli.client import (
    Json,
    NotRunningError,
    add_state_argument,
    daemon_of,
    state_dir_of,
)
from tradebot.cli.terminal import print_json

EXIT_OK = 0
_EXPLAINED = """\
A running daemon makes it, beside its work; without one it is made here. It lies in backups
of the state directory, where the daemon keeps the newest ([store] backups_kept).

exit codes: 0 made, 1 not made, or a daemon runs that does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Copy the database now, and check the copy."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Have a backup made, and print where it is."""
    directory = state_dir_of(args) / "backups"
    try:
        made = daemon_of(args).ask("POST", "/api/v1/backup")
    except NotRunningError:
        made = _made_here(args)
    if args.json:
        print_json({**made, "file": str(directory / str(made["file"]))})
    else:
        print(f"{directory / str(made['file'])}: {made['bytes']} bytes, checked")
    return EXIT_OK


def _made_here(args: argparse.Namespace) -> Json:
    from tradebot.app.offline import back_up  # the stores take 200 ms to import
    from tradebot.app.state import StateDirectory

    made = back_up(StateDirectory(state_dir_of(args)))
    at = made.at.isoformat().replace("+00:00", "Z")
    return {"file": made.name, "at": at, "bytes": made.size, "frame": made.frame}
