"""``tradebot trades``: the open trades, once."""

import argparse
from collections.abc import Iterator

from tradebot.cli import trade_table
from tradebot.cli.client import Json, add_state_argument, daemon_of
from tradebot.cli.questions import none_open, open_trades
from tradebot.cli.terminal import BOLD, DIM, WARNING, print_json, print_lines

EXIT_OK = 0
_EXPLAINED = """\
The columns are those of watch: percentages say how far the LTP must move to reach a
level, P&L is before charges and includes what targets have taken.

exit codes: 0 done, 1 the daemon refuses to answer, 3 no daemon runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "List the open trades, oldest first."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("--strategy", metavar="NAME", help="only the trades of this strategy")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Print the trades."""
    trades = open_trades(daemon_of(args), args.strategy)
    if args.json:
        print_json({"trades": trades})
    elif not trades:
        print(none_open(args.strategy))
    else:
        print_lines(zip(trade_table.lines(trades), _styles(trades), strict=True))
    return EXIT_OK


def _styles(trades: list[Json]) -> Iterator[str]:
    yield BOLD
    for trade in trades:
        if trade["flags"]:
            yield WARNING
        else:
            yield DIM if trade_table.is_stale(trade) else trade_table.style(trade)
