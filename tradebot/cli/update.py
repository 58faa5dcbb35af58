"""``tradebot update``: change the stop and the other rules of an open trade."""

import argparse
import sys
from collections.abc import Iterator, Mapping

from tradebot.cli.client import AnswerError, Daemon, Json, add_state_argument, daemon_of
from tradebot.cli.figures import decimals_of, figure, local_time, quantity, way
from tradebot.cli.questions import open_trades
from tradebot.cli.rule_changes import (
    RULES,
    ChangeError,
    add_rule_arguments,
    change_of,
    loosened,
    reached,
    words,
)
from tradebot.cli.terminal import can_ask, confirmed, print_json
from tradebot.cli.trade_table import columns

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
_EXPLAINED = """\
What is not named stays as it is. A change that loosens the stop, the trail or the
breakeven, or that the LTP has reached already, is confirmed first; a script says --yes.

exit codes: 0 done, 1 there is no such open trade, it changed meanwhile, or the answer was
no, 2 a level is wrong, or nobody is there to confirm, 3 no daemon runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Change the rules of an open trade."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("trade_id", metavar="TRADE", help="its id, as trades shows it: T17")
    add_rule_arguments(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask, whatever loosens")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Change the rules, and show the levels before and after."""
    daemon = daemon_of(args)
    before = next((t for t in open_trades(daemon) if t["trade_id"] == args.trade_id), None)
    if before is None:
        print(f"tradebot: there is no open trade {args.trade_id}", file=sys.stderr)
        return EXIT_FAILURE
    try:
        change = change_of(args, before)
    except ChangeError as error:
        print(f"tradebot: {error}", file=sys.stderr)
        return EXIT_USAGE
    warnings = [*loosened(before, change), *reached(before, change)]
    if warnings and not args.yes:
        for warning in warnings:
            print(f"! {warning}", file=sys.stderr)
        if not can_ask():
            print("tradebot: nobody is here to confirm; say --yes", file=sys.stderr)
            return EXIT_USAGE
        if not confirmed(f"Change {_named(before)} all the same?"):
            print("nothing was changed", file=sys.stderr)
            return EXIT_FAILURE
    after = _changed(daemon, before, change)
    if args.json:
        print_json({"before": before, "after": after, "warnings": warnings})
    else:
        print("\n".join(told(before, after)))
    return EXIT_OK


def told(before: Json, after: Json) -> Iterator[str]:
    """Yield the rules and their levels before and after."""
    yield _named(after)
    rows = [_row(rule, before, after) for rule in RULES]
    yield from columns(
        ("", "BEFORE", "AFTER"), [row for row in rows if row], ("", "BEFORE", "AFTER")
    )


def _changed(daemon: Daemon, before: Json, change: Mapping[str, object]) -> Json:
    """Send the change of the trade that was seen, and return the trade as it is after it."""
    body = {"trade_id": before["trade_id"], **change}
    try:
        return daemon.ask(
            "POST", "/api/v1/updatetrade", body, {"If-Match": f'"{before["version"]}"'}
        )
    except AnswerError as error:
        if error.code != "version_changed":
            raise
        message = f"{before['trade_id']} was changed meanwhile; look at it and say it again"
        raise AnswerError(error.code, message, error.details) from None


def _row(rule: str, before: Json, after: Json) -> tuple[str, str, str] | None:
    """Return a rule as cells; None: it was not there and is not."""
    if before.get(rule) is None and after.get(rule) is None:
        return None
    return rule.replace("_exit", ""), _cell(rule, before), _cell(rule, after)


def _cell(rule: str, trade: Json) -> str:
    text = words(trade.get(rule))
    if rule == "time_exit":
        at = trade.get("time_exit_at")
        return f"{text} ({local_time(at, '%Y-%m-%d %H:%M:%S')})" if at else text
    level = trade.get(f"{rule}_level")
    if rule in ("stop", "breakeven"):  # the API tells the nearest of all stops, and whose it is
        level, nearest = trade.get("stop_level"), trade.get("stop_reason")
        if level is not None and nearest != rule and trade.get(rule) is not None:
            return f"{text} (the {nearest} is nearer)" if rule == "stop" else text
    if level is None:
        return text
    far = way(trade.get("ltp"), level)
    return f"{text} = {figure(level, decimals_of(level))}{f' ({far})' if far else ''}"


def _named(trade: Json) -> str:
    return (
        f"{trade['trade_id']}  {trade['side']} {quantity(trade['quantity'])} "
        f"{trade['exchange']}:{trade['symbol']}"
    )
