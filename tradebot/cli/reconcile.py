"""``tradebot reconcile``: compare our positions with the broker's now."""

import argparse
from typing import cast

from tradebot.cli.client import Json, add_state_argument, daemon_of
from tradebot.cli.figures import quantity
from tradebot.cli.terminal import print_json

EXIT_OK = 0
EXIT_FAILURE = 1
_EXPLAINED = """\
Ours is the sum of all executions that we know, guarded that of the open trades; long is
above 0, short below. What the broker says is believed once a second read agrees with the
first; until then no exit is sent on that position.

exit codes: 0 all agree, 1 one differs or is not answered, 2 usage, 3 no daemon runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Compare the positions of open trades with the broker's now."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Ask, and print one line for each position."""
    told = daemon_of(args).ask("POST", "/api/v1/reconcile")
    if args.json:
        print_json(told)
    else:
        rows = cast("list[Json]", told["positions"])
        print("\n".join(map(_line, rows)) if rows else "no positions with open trades")
    return EXIT_OK if told["agreed"] else EXIT_FAILURE


def _line(row: Json) -> str:
    mark = "  " if row["result"] == "agreed" else "! "
    return (
        f"{mark}{row['exchange']}:{row['symbol']} {row['product']}  {row['result']}: "
        f"ours {quantity(row['ours'])}, broker {quantity(row['broker'])}, "
        f"guarded {quantity(row['guarded'])}"
    )
