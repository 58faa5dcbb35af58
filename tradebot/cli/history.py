"""``tradebot history``: the trades that are over."""

import argparse
import datetime as dt
import math
import re
from collections.abc import Mapping

from tradebot.cli.client import Daemon, Json, add_state_argument, daemon_of
from tradebot.cli.figures import decimals_of, figure, gain, local_time, quantity
from tradebot.cli.questions import PAGE_MAX, closed_trades
from tradebot.cli.terminal import BOLD, print_json, print_lines
from tradebot.cli.trade_table import columns, style

EXIT_OK = 0
LIMIT = 50
HEADS = ("CLOSED", "TRADE", "STRATEGY", "SYMBOL", "SIDE", "QTY", "ENTRY", "EXIT", "WHY", "P&L")
_LEFT = {"CLOSED", "TRADE", "STRATEGY", "SYMBOL", "SIDE", "WHY"}
_DAY = re.compile(r"\d{4}-?\d\d-?\d\d", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)
_DIGITS_MAX = 9
_TIME = "%Y-%m-%d %H:%M:%S"
_EXPLAINED = """\
The trade that was created last comes first. Times are those of this machine: 2026-01-05,
2026-01-05T09:15, 09:15 (of today), today or yesterday. --to is not included, but a day is
to its end. P&L is before charges.

exit codes: 0 done, 1 the daemon refuses to answer, 2 a filter is wrong, 3 no daemon runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "List the trades that are over."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument(
        "--from", dest="start", type=start_of, metavar="TIME", help="closed then or later"
    )
    parser.add_argument("--to", dest="end", type=end_of, metavar="TIME", help="closed before")
    parser.add_argument("--strategy", metavar="NAME", help="only the trades of this strategy")
    parser.add_argument("--reason", metavar="WHY", help="only those left by it: stop, trail ...")
    parser.add_argument(
        "--limit",
        type=_count,
        default=LIMIT,
        metavar="N",
        help=f"at most so many (default {LIMIT})",
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Print the trades."""
    filters = {"from": args.start, "to": args.end, "strategy": args.strategy, "reason": args.reason}
    wanted = {key: value for key, value in filters.items() if value is not None}
    trades, more = newest(daemon_of(args), wanted, args.limit)
    if args.json:
        print_json({"trades": trades, "more": more})
        return EXIT_OK
    if not trades:
        print("no trades")
        return EXIT_OK
    rows = columns(HEADS, [cells(trade) for trade in trades], _LEFT)
    print_lines(zip(rows, [BOLD, *map(style, trades)], strict=True))
    print(f"\n{_summary(trades)}{'; there are more, see --limit' if more else ''}")
    return EXIT_OK


def newest(daemon: Daemon, filters: Mapping[str, object], limit: int) -> tuple[list[Json], bool]:
    """Return at most ``limit`` trades, and whether there are more."""
    found: list[Json] = []
    for page in closed_trades(daemon, filters, page=min(limit + 1, PAGE_MAX)):
        found += page
        if len(found) > limit:
            return found[:limit], True
    return found, False


def cells(trade: Json) -> tuple[str, ...]:
    """Return a trade as the texts of its columns."""
    decimals = decimals_of(trade["entry_price"], trade["exit_price"])
    return (
        local_time(trade["closed_at"], _TIME),
        str(trade["trade_id"]),
        str(trade["strategy"]),
        f"{trade['exchange']}:{trade['symbol']}",
        str(trade["side"]),
        quantity(trade["quantity"]),
        figure(trade["entry_price"], decimals),
        figure(trade["exit_price"], decimals),
        str(trade["reason"] or trade["status"]),
        gain(trade["realized_pnl"]),
    )


def start_of(text: str) -> str:
    """Read a time of this machine as ISO 8601; a day is its first moment."""
    return _moment(text, days=0)


def end_of(text: str) -> str:
    """Read a time of this machine as ISO 8601; a day is the first moment after it."""
    return _moment(text, days=1)


def _moment(text: str, *, days: int) -> str:
    """Return the moment that is meant; a day as a whole is moved by ``days``."""
    today = dt.datetime.combine(dt.datetime.now().astimezone(), dt.time())
    named = {"today": today, "yesterday": today - dt.timedelta(days=1)}
    try:
        if _CLOCK.fullmatch(text):
            at = dt.datetime.combine(today, dt.time.fromisoformat(text))
        else:
            at = named.get(text) or dt.datetime.fromisoformat(text)
        if text in named or _DAY.fullmatch(text):
            # By the calendar, without a zone: a day on which clocks change has no 24 hours.
            at += dt.timedelta(days=days)
        return (at if at.tzinfo else at.astimezone()).isoformat()
    except (ValueError, OverflowError):
        message = f"{text!r} is no time; write 2026-01-05, 2026-01-05T09:15, 09:15 or today"
        raise argparse.ArgumentTypeError(message) from None


def _count(text: str) -> int:
    if text.isascii() and text.isdecimal() and 0 < len(text) <= _DIGITS_MAX and int(text):
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of trades; write 1 or more")


def _summary(trades: list[Json]) -> str:
    gains = [value for t in trades if isinstance(value := t["realized_pnl"], int | float)]
    counted = f"{len(trades)} trade{'' if len(trades) == 1 else 's'}"
    return f"{counted}, P&L {gain(round(math.fsum(gains), 8))}"
