"""``tradebot halt``: stop new trades, leave everything, or send nothing at all."""

import argparse
import sys

from tradebot.cli.client import Json, add_state_argument, daemon_of
from tradebot.cli.exit import described
from tradebot.cli.questions import open_trades
from tradebot.cli.terminal import can_ask, confirmed, print_json

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
_EXPLAINED = """\
A halt holds across restarts until tradebot release. To leave every trade, or to send
nothing, takes the word typed on a terminal; a script says --yes. With --everything no stop
leaves either: what is decided meanwhile is kept, and sent after the release.

exit codes: 0 in force, 1 a stronger halt is, or the answer was no, 2 usage, or nobody is
there to confirm, 3 no daemon runs
"""
_SAYS = {
    "entries": "new trades are refused, exits go on",
    "flatten": "every trade is being left, new ones are refused",
    "everything": "nothing is sent, exits included",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Stop it, until somebody releases it with a reason."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    form = parser.add_mutually_exclusive_group(required=True)
    for name, text in (
        ("entries", "take no new trades; exits go on"),
        ("flatten", "leave every trade now, and take no new ones"),
        ("everything", "send nothing at all, exits included"),
    ):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=text)
    parser.add_argument("--why", required=True, metavar="TEXT", help="the reason, for the log")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Halt, and say what is in force."""
    asks = args.form != "entries" and not args.yes
    if asks and not can_ask():
        print("tradebot: nobody is here to confirm; say --yes", file=sys.stderr)
        return EXIT_USAGE
    daemon = daemon_of(args)
    if asks and not _is_wished(args.form, open_trades(daemon)):
        print("nothing was halted", file=sys.stderr)
        return EXIT_FAILURE
    halt = daemon.ask("POST", "/api/v1/halt", {"form": args.form, "why": args.why})
    if args.json:
        print_json(halt)
    else:
        print(f"halted ({halt['form']}): {_SAYS[str(halt['form'])]}")
    return EXIT_OK


def _is_wished(form: str, trades: list[Json]) -> bool:
    for trade in trades:
        print(described(trade) if form == "flatten" else _guarded(trade), file=sys.stderr)
    count = "1 trade" if len(trades) == 1 else f"{len(trades)} trades"
    question = {
        "flatten": f"Leave {count} now, and take no new ones?",
        "everything": f"Send nothing, so that no stop of {count} leaves?",
    }
    return confirmed(question[form], form)


def _guarded(trade: Json) -> str:
    return f"{trade['trade_id']}  {trade['side']} {trade['exchange']}:{trade['symbol']} stays open"
