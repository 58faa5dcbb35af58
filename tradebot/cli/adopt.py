"""``tradebot adopt``: positions at the broker that no trade guards, and what becomes of them."""

import argparse
import sys
from collections.abc import Iterator
from typing import cast

from tradebot.cli.client import Json, add_state_argument, daemon_of, in_path
from tradebot.cli.figures import decimals_of, figure, quantity
from tradebot.cli.rule_changes import RULES, ChangeError, add_rule_arguments, change_of, words
from tradebot.cli.terminal import print_json
from tradebot.cli.trade_table import columns

EXIT_OK = 0
EXIT_USAGE = 2
PAST_STOP = ("ask", "exit", "from_here")
_EXPLAINED = """\
Without a position it lists those that wait, and those that are ignored. A position is named as
it is listed: NSE:SBIN:MIS. Without any rule it is guarded by those of the strategy that --strategy
names, or else of the one that it fits; where the price is beyond its stop already, [adopt]
past_stop or --past-stop says what becomes of it. One that is ignored may still be adopted.

exit codes: 0 done, 1 no such position waits, or it cannot be guarded like that, 2 a level is
wrong, 3 no daemon runs
"""
_HEADS = ("POSITION", "SIDE", "QUANTITY", "AVERAGE", "STATE", "STRATEGY", "WHY")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "List positions that no trade guards; guard one, or leave it alone."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("position", nargs="?", metavar="POSITION", help="as listed: NSE:SBIN:MIS")
    add_rule_arguments(parser, is_new=True)
    parser.add_argument(
        "--entry-price", metavar="PRICE", help="where the broker says no average, or a wrong one"
    )
    parser.add_argument("--strategy", metavar="NAME", help="that it belongs to")
    parser.add_argument(
        "--past-stop", choices=PAST_STOP, help="where the price is beyond its stop already"
    )
    parser.add_argument("--ignore", action="store_true", help="leave it alone until it is flat")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """List, adopt or ignore."""
    try:
        asked = _asked(args)
    except ChangeError as error:
        print(f"tradebot: {error}", file=sys.stderr)
        return EXIT_USAGE
    daemon = daemon_of(args)
    if args.position is None:
        answer = daemon.ask("GET", "/api/v1/found")
        lines = list(_table(cast("list[Json]", answer["found"])))
    else:
        what = "ignore" if args.ignore else "adopt"
        answer = daemon.ask("POST", f"/api/v1/found/{in_path(args.position)}/{what}", asked)
        lines = [f"{args.position} is left alone until it is flat"] if args.ignore else told(answer)
    if args.json:
        print_json(answer)
    else:
        print("\n".join(lines))
    return EXIT_OK


def told(trade: Json) -> list[str]:
    """Return what guards a position from now on, or what it waits for."""
    name = f"{trade['trade_id']}  {trade['side']} {quantity(trade['quantity'])}"
    rules = [f"{rule.replace('_exit', '')} {words(trade[rule])}" for rule in RULES if rule in trade]
    return [
        f"{name} {trade['exchange']}:{trade['symbol']} from {_price(trade['entry_price'])}",
        _guarded(trade, "; ".join(rules)),
    ]


def _guarded(trade: Json, rules: str) -> str:
    flags = cast("list[str]", trade["flags"])
    if "unguarded" not in flags:
        return f"guarded by {rules}"
    if trade["ltp"] is None and "frozen" not in flags:
        return f"guarded by {rules}, from the first price that comes"
    ltp = _price(trade["ltp"])
    return f"! NOT guarded by {rules} at LTP {ltp}: tradebot why {trade['trade_id']}"


def _asked(args: argparse.Namespace) -> Json:
    """Return the body of the request.

    Raises:
        ChangeError: the words contradict each other.
    """
    asked = change_of(args, {}) if _has_rules(args) else {}
    named = {
        "entry_price": args.entry_price,
        "strategy": args.strategy,
        "past_stop": args.past_stop,
    }
    asked |= {key: value for key, value in named.items() if value is not None}
    if asked and args.position is None:
        raise ChangeError("say which position: tradebot adopt NSE:SBIN:MIS ...")
    if args.ignore and (asked or args.position is None):
        raise ChangeError("--ignore takes a position, and nothing else")
    return asked


def _has_rules(args: argparse.Namespace) -> bool:
    given = vars(args)
    names = ("stop", "target", "trail", "breakeven", "time")
    return any(given[key] for key in given if key.partition("_")[0] in names)


def _table(found: list[Json]) -> Iterator[str]:
    if not found:
        yield "every position that was seen at the broker has a trade"
        return
    rows = [
        (
            str(row["found_id"]),
            str(row["side"]),
            quantity(row["quantity"]),
            _price(row["average_price"]),
            str(row["state"]),
            str(row["strategy"] or "–"),
            str(row["why"]),
        )
        for row in found
    ]
    yield from columns(_HEADS, rows, ("POSITION", "SIDE", "STATE", "STRATEGY", "WHY"))


def _price(price: object) -> str:
    return "–" if price is None else figure(price, decimals_of(price))
