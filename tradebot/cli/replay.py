"""``tradebot replay``: what recorded ticks would have done to trades, exit by exit."""

import argparse
import os
import sys
from pathlib import Path

from tradebot.errors import ConfigError, InputError

EXIT_OK = 0
EXIT_DIFFERENT = 1
EXIT_USAGE = 2
EXIT_IO = 74  # sysexits.h: EX_IOERR

_EXPLAINED = """\
Every exit is one line of JSON: trade_id, ts_ns, reason (stop, breakeven, trail, target or
time), level, trigger_price, best_price, quantity, fill_price, pnl. An exit fills at the
tick that caused it, a time exit at the last price before it; pnl is before charges.
A summary goes to stderr.

With --recording a session that [record] kept is played again, orders, fills and commands
included; exits are those of the session, at the prices at which they filled.

exit codes: 0 done, 1 --check found a difference, 2 a file is bad or trades are refused,
74 the exits cannot be written
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
        metavar="FILE",
        help="ticks, gzip or plain CSV: ts_ns,exchange,symbol,price[,qty][,bid][,ask];"
        " several are merged by time",
    )
    parser.add_argument(
        "--trades",
        type=Path,
        metavar="FILE",
        help="trades, one JSON object a line, each with opened_at_ns and entry_price",
    )
    parser.add_argument(
        "--recording",
        type=Path,
        metavar="DIR",
        help="instead of ticks and trades: everything that a daemon took, from its directory",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="with --recording: compare each event with the session's, and say the first"
        " difference",
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
    parser.set_defaults(usage_error=parser.error)


def main(args: argparse.Namespace) -> int:
    """Replay, and return the exit code.

    Raises:
        BrokenPipeError: who reads stdout has enough.
    """
    _check_usage(args)
    try:
        summary, code = _replayed(args)
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
    return code


def _replayed(args: argparse.Namespace) -> tuple[str, int]:
    """Return the summary and the exit code."""
    if args.recording is not None:
        from tradebot.app.recorded import RecordedJob, replay_recording

        recorded = RecordedJob(directory=args.recording, check=args.check, out=args.out)
        summary, is_same = replay_recording(recorded, sys.stdout)
        return summary, EXIT_OK if is_same else EXIT_DIFFERENT
    from tradebot.app.replay import ReplayJob, replay

    job = ReplayJob(
        ticks=tuple(args.ticks),
        trades=args.trades,
        instruments=args.instruments,
        config=args.config,
        gate=args.gate,
        out=args.out,
    )
    return replay(job, sys.stdout), EXIT_OK


def _check_usage(args: argparse.Namespace) -> None:
    """End with a usage error where the options do not make one question."""
    given = {
        "--ticks": args.ticks,
        "--trades": args.trades,
        "--instruments": args.instruments,
        "--config": args.config,
        "--no-gate": None if args.gate else True,
    }
    if args.recording is None:
        if missing := [name for name in ("--ticks", "--trades") if given[name] is None]:
            needed = ", ".join(missing)
            args.usage_error(f"the following arguments are required: {needed} (or --recording)")
        if args.check:
            args.usage_error("--check compares with a session: it needs --recording")
    elif beside := [name for name, value in given.items() if value is not None]:
        args.usage_error(f"--recording has its own: leave out {', '.join(beside)}")
