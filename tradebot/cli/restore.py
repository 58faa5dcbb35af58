"""``tradebot restore``: put a backup in the database's place, while no daemon runs."""

import argparse
from pathlib import Path

from tradebot.cli.client import add_state_argument, state_dir_of
from tradebot.cli.terminal import print_json

EXIT_OK = 0
_EXPLAINED = """\
The backup is checked first, and what it replaces is renamed, never deleted. The next start
adds all that the journal has after the backup, so nothing is lost. With --alone it adds
nothing: the daemon then knows only what the backup knows, compares that with the broker,
and trades that came later are not guarded.

exit codes: 0 restored, 1 not restored, or a daemon runs, 2 usage, or no such backup
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Put a backup in the database's place, while no daemon runs."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument(
        "backup", type=Path, metavar="BACKUP", help="a file, or its name among the backups"
    )
    parser.add_argument(
        "--alone", action="store_true", help="forget all that came after it: put the journal aside"
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Restore, and say what became of the files."""
    from tradebot.app.offline import restore  # the stores take 200 ms to import
    from tradebot.app.state import StateDirectory

    state = StateDirectory(state_dir_of(args))
    done = restore(state, args.backup, alone=args.alone)
    if args.json:
        print_json(
            {
                "backup": str(done.backup),
                "open_trades": done.checked.open_trades,
                "former_database": None if done.kept is None else str(done.kept),
                "put_aside": [str(path) for path in done.put_aside],
            }
        )
        return EXIT_OK
    print(f"{state.database} is now {done.backup}: {done.checked.open_trades} open trades, checked")
    if done.kept is not None:
        print(f"the former one is kept as {done.kept}")
    for path in done.put_aside:
        print(f"put aside: {path}")
    if not args.alone:
        print("the next start adds what the journal has after it")
    return EXIT_OK
