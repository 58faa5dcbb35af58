"""``tradebot replay``: what recorded ticks would have done to trades, exit by exit."""

import argparse
import os
import sys
from pathlib import Path

from tradebot.errors import ConfigError, InputError

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_IO = 74  # sysexits.h: EX_IOERR

_EXPLAINED = """\
Every exit is one line of JSON: trade_id, ts_ns, reason (stop, breakeven, trail, target or
time), level, trigger_price, best_price, quantity, fill_price, pnl. An exit fills at the
tick that caused it, a time exit at the last price before it; pnl is before charges.
A summary goes to stderr.

exit codes: 0 done, 2 a file is bad or trades are refused, 74 the exits cannot be written
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Run trades along recorded ticks and write their exits."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--ticks",
        action="extend",
        nargs="+",
        type=Path,
        required=True,
        metavar="FILE",
        help="ticks, gzip or plain CSV: ts_ns,exchange,symbol,price[,qty][,bid][,ask];"
        " several are merged by time",
    )
    parser.add_argument(
        "--trades",
        type=Path,
        required=True,
        metavar="FILE",
        help="trades, one JSON object a line, each with opened_at_ns and entry_price",
    )
    parser.add_argument(
        "--instruments",
        type=Path,
        metavar="FILE",
        help="JSON array of {exchange, symbol, tick_size, lot_size, multiplier};"
        " those that are missing: tick 0.01, lot 1, multiplier 1",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="take price gate and sessions from it; without, round the clock",
    )
    parser.add_argument(
        "--no-gate",
        dest="gate",
        action="store_false",
        help="judge jumps at once, instead of holding them until the next tick confirms",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the exits there, whole or not at all; default: stdout",
    )


def main(args: argparse.Namespace) -> int:
    """Replay, and return the exit code.

    Raises:
        BrokenPipeError: who reads stdout has enough.
    """
    from tradebot.app.replay import ReplayJob, replay

    job = ReplayJob(
        ticks=tuple(args.ticks),
        trades=args.trades,
        instruments=args.instruments,
        config=args.config,
        gate=args.gate,
        out=args.out,
    )
    try:
        summary = replay(job, sys.stdout)
    except (InputError, ConfigError) as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{args.out or 'stdout'}: cannot be written: {error.strerror}", file=sys.stderr)
        if args.out is None:  # what is still buffered would fail once more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_IO
    print(summary, file=sys.stderr)
    return EXIT_OK
