"""``tradebot why T17``: how a trade came to where it is, in plain sentences."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import cast

from tradebot.cli.client import (
    EXIT_NOT_RUNNING,
    AnswerError,
    Json,
    NotRunningError,
    add_state_argument,
    daemon_of,
    in_path,
)
from tradebot.cli.figures import age, decimals_of, figure, gain, local_time, quantity

EXIT_OK = 0
EXIT_FAILURE = 1
_TIME = "%Y-%m-%d %H:%M:%S.%f"
_EXPLAINED = """\
Of a trade that is over: the tick that did it and its age, the levels that were in force
and the one that won, the orders, their answers and fills, the P&L before charges. Of an
open one: what has happened, where each level stands, and what would leave it next.

exit codes: 0 done, 1 there is no such trade, 3 no daemon runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Tell a trade's story."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("trade_id", metavar="TRADE", help="its id, as watch shows it: T17")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Tell the story, and return the exit code."""
    try:
        story = daemon_of(args).ask("GET", f"/api/v1/why/{in_path(args.trade_id)}")
    except NotRunningError as error:
        print(f"tradebot: {error}", file=sys.stderr)
        return EXIT_NOT_RUNNING
    except AnswerError as error:
        unknown = error.code == "not_found"  # whatever the server makes of so odd an id
        why = f"there is no trade {args.trade_id}" if unknown else str(error)
        print(f"tradebot: {why}", file=sys.stderr)
        return EXIT_FAILURE
    if args.json:
        print(json.dumps(story, indent=2, ensure_ascii=False))
    else:
        print("\n".join(told(story)))
    return EXIT_OK


def told(story: Json) -> Iterator[str]:
    """Yield the lines of a story."""
    trade = cast("Json", story["trade"])
    yield from _heading(trade)
    yield ""
    if not story["complete"]:
        yield "The database refuses just now: what has happened cannot be told."
    for line in cast("list[Json]", story["lines"]):
        yield f"  {local_time(line['at'], _TIME)[:-3]}  {line['text']}"
    coming = cast("list[Json]", story["outlook"])
    if coming:
        yield ""
        yield "What may come next:"
        yield from (f"  - {item['text']}" for item in coming)


def _heading(trade: Json) -> Iterator[str]:
    of = f" of {trade['strategy']}" if trade["strategy"] else ""
    flags = "".join(
        f", {str(flag).replace('_', ' ')}" for flag in cast("list[str]", trade.get("flags", []))
    )
    yield (
        f"{trade['trade_id']}{of}: {trade['side']} {quantity(trade['quantity'])} "
        f"{trade['exchange']}:{trade['symbol']} {trade['product']} in {trade['account']}, "
        f"{trade['status']}{flags}"
    )
    if "exit_price" in trade:
        decimals = decimals_of(trade["exit_price"])
        yield (
            f"entry {figure(trade['entry_price'], decimals)}, "
            f"exit {figure(trade['exit_price'], decimals)}"
            f"{' by ' + str(trade['reason']) if trade['reason'] else ''}, "
            f"P&L {gain(trade['realized_pnl'])}"
        )
        return
    decimals = decimals_of(trade["ltp"])
    yield (
        f"entry {figure(trade['entry_price'], decimals)}, "
        f"LTP {figure(trade['ltp'], decimals)} ({age(trade['ltp_age_ms'])} old), "
        f"P&L {gain(trade['unrealized_pnl'])} open and {gain(trade['realized_pnl'])} taken"
    )
