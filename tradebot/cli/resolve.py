"""``tradebot resolve``: end a doubt about an exit, after a look at the broker."""

import argparse
from typing import cast

from tradebot.cli.client import add_state_argument, daemon_of
from tradebot.cli.terminal import print_json

EXIT_OK = 0
_EXPLAINED = """\
For an exit that is IN DOUBT, waits for an approval, or is STUCK. First look into the order
book and the positions at the broker. Whoever says --resend while an order of the exit is
still alive there may sell twice; the daemon finds out by itself too, only later.

exit codes: 0 done, 1 nothing of the trade is in doubt, or the word is refused, 2 usage,
3 no daemon runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "End a doubt about a trade's exit, after a look at the broker."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument(
        "trade",
        metavar="TRADE",
        help="its id, as trades shows: T17; or one order of it, as the doubt names it: T17-x2",
    )
    verdict = parser.add_mutually_exclusive_group(required=True)
    for name, text in (
        ("done", "what the exit was to leave has left"),
        ("resend", "no order of it is alive at the broker: send the next one"),
    ):
        verdict.add_argument(
            f"--{name}", dest="verdict", action="store_const", const=name, help=text
        )
    parser.add_argument("--why", default="", metavar="TEXT", help="what you saw, for the log")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Tell the daemon, and say what follows."""
    trade_id, of_order, attempt = args.trade.rpartition("-x")
    if not (of_order and attempt.isdecimal()):
        trade_id = args.trade
    words = {"trade_id": trade_id, "verdict": args.verdict, "why": args.why}
    if trade_id != args.trade:
        words["order"] = args.trade
    told = daemon_of(args).ask("POST", "/api/v1/resolve", words)
    if args.json:
        print_json(told)
        return EXIT_OK
    exits = cast("list[int]", told["exits"])
    which = f"exit{'' if len(exits) == 1 else 's'} {', '.join(map(str, exits))}"
    if args.verdict == "resend":
        what = "the next order leaves once the broker's position has been read"
    elif told["is_open"]:
        what = "done; the trade goes on with what is left of it"
    else:
        what = "done, and the trade is over"
    print(f"{trade_id}  {which}: {what}")
    return EXIT_OK
