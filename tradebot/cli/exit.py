"""``tradebot exit``: leave trades now, and wait until they are left."""

import argparse
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import cast

from tradebot.cli.client import (
    AnswerError,
    Daemon,
    Json,
    NotRunningError,
    add_state_argument,
    daemon_of,
    in_path,
)
from tradebot.cli.figures import age, decimals_of, figure, gain, quantity
from tradebot.cli.questions import halt_in_force, none_open, open_trades
from tradebot.cli.terminal import can_ask, confirmed, print_json

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
POLL_S = 0.2
TIMEOUT_S = 30.0
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0}
_DONE = {"left", "over", "sent"}
_EXPLAINED = """\
An exit goes to the market at once. On a terminal it asks first; a script says --yes.
Asking again for a trade that is being left, or is over, does no harm.

exit codes: 0 every trade is left (with --no-wait: on its way), 1 at least one is not, or
the answer was no, 2 usage, or nobody is there to confirm, 3 no daemon runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Leave trades now, and wait until they are left."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("trades", nargs="*", metavar="TRADE", help="ids, as trades shows: T17")
    parser.add_argument("--all", action="store_true", help="every open trade")
    parser.add_argument("--strategy", metavar="NAME", help="with --all: only of this strategy")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--no-wait", dest="wait", action="store_false", help="send, and do not wait"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=TIMEOUT_S,
        metavar="TIME",
        help=f"how long to wait: 30s, 2m (default {TIMEOUT_S:g}s)",
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Leave the trades, and return the exit code."""
    if (wrong := _wrong_usage(args)) is not None:
        print(f"tradebot: {wrong}", file=sys.stderr)
        return EXIT_USAGE
    daemon = daemon_of(args)
    known = {str(trade["trade_id"]): trade for trade in open_trades(daemon, args.strategy)}
    wanted = list(known) if args.all else list(dict.fromkeys(args.trades))
    found = [known[name] for name in wanted if name in known]
    if found and not (args.yes or _is_wished(found, word="exit" if args.all else None)):
        print("nothing was sent", file=sys.stderr)
        return EXIT_FAILURE
    if halt_in_force(daemon)["form"] == "everything":
        print("! everything is halted: no exit is sent before the release", file=sys.stderr)
    leaving = Leaving(daemon, wanted, tell=(lambda _: None) if args.json else _tell)
    try:
        leaving.send()
        if args.wait:
            leaving.wait(args.timeout)
    except KeyboardInterrupt:
        if leaving.waiting:
            names = ", ".join(leaving.waiting)
            print(f"\nno longer waiting; what was sent goes on: {names}", file=sys.stderr)
        raise
    leaving.give_up()
    if args.json:
        print_json({"ok": leaving.is_done, "trades": list(leaving.results.values())})
    elif not wanted:
        print(none_open(args.strategy))
    return EXIT_OK if leaving.is_done else EXIT_FAILURE


class Leaving:
    """Some trades on their way out. ``results`` has what came of each, by its id."""

    def __init__(
        self,
        daemon: Daemon,
        names: list[str],
        *,
        tell: Callable[[Json], None],
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the ids; ``tell`` is called with each result as it comes."""
        self.results: dict[str, Json] = {}
        self.waiting: dict[str, Json] = {}  # what was sent for each
        self._daemon = daemon
        self._names = names
        self._tell = tell
        self._sleep = sleep
        self._now = now

    @property
    def is_done(self) -> bool:
        """Whether each trade came to the end that was wished for."""
        return all(result["result"] in _DONE for result in self.results.values())

    def send(self) -> None:
        """Ask for every exit; one that fails keeps none of the others back."""
        for name in self._names:
            # One key a trade: should the answer be lost, the second request is the first.
            key = {"Idempotency-Key": f"exit-{uuid.uuid4()}"}
            try:
                self.waiting[name] = self._ask(name, key)
            except NotRunningError as error:
                self._end(name, "failed", f"{error}; whether it was sent is not known")
            except AnswerError as error:
                over = error.code == "refused" and self._over(name)
                if over:
                    self._end(name, "over", _left(over, "is over already"), over)
                else:
                    self._end(name, "refused", str(error))

    def wait(self, timeout_s: float) -> None:
        """Wait until they are left, also while the daemon restarts."""
        until = self._now() + timeout_s
        while self.waiting:
            still = self._open()
            for name in [name for name in self.waiting if still is not None and name not in still]:
                trade = self._over(name)
                text = "left" if trade is None else _left(trade, "left")
                self._end(name, "left", text, trade)
            if not self.waiting:
                return
            if self._now() >= until:
                for name in list(self.waiting):
                    trade = None if still is None else still[name]
                    self._end(name, "open", _still_open(trade, timeout_s), trade)
                return
            self._sleep(POLL_S)

    def give_up(self) -> None:
        """Say of those that nobody waited for what was sent."""
        for name, sent in list(self.waiting.items()):
            orders = ", ".join(map(str, cast("list[object]", sent["orders"])))
            nothing = "decided; this request sent no order"  # one is alive, or may not leave yet
            self._end(name, "sent", f"exit sent: order {orders}" if orders else f"exit {nothing}")

    def _ask(self, name: str, key: dict[str, str]) -> Json:
        body = {"trade_id": name}
        try:
            return self._daemon.ask("POST", "/api/v1/exittrade", body, key)
        except NotRunningError:
            self._sleep(POLL_S)
            return self._daemon.ask("POST", "/api/v1/exittrade", body, key)

    def _open(self) -> dict[str, Json] | None:
        """Return the open trades by id; None: the daemon does not say just now."""
        try:
            return {str(trade["trade_id"]): trade for trade in open_trades(self._daemon)}
        except (NotRunningError, AnswerError):
            return None

    def _over(self, name: str) -> Json | None:
        """Return a trade that is over; None: it is not, or cannot be read."""
        try:
            story = self._daemon.ask("GET", f"/api/v1/why/{in_path(name)}")
        except (NotRunningError, AnswerError):
            return None
        trade = cast("Json", story["trade"])
        return trade if "exit_price" in trade else None

    def _end(self, name: str, result: str, text: str, trade: Json | None = None) -> None:
        self.waiting.pop(name, None)
        self.results[name] = {
            "trade_id": name,
            "result": result,
            "message": text,
            "trade": trade,
        }
        self._tell(self.results[name])


def described(trade: Json) -> str:
    """Return what will be left, and for about how much."""
    decimals = decimals_of(trade["ltp"])
    about = trade["unrealized_pnl"]
    known = isinstance(about, int | float)
    price = f"{figure(trade['ltp'], decimals)} ({age(trade['ltp_age_ms'])} old)"
    return (
        f"{trade['trade_id']}  {trade['side']} {quantity(trade['quantity'])} "
        f"{trade['exchange']}:{trade['symbol']} at market, "
        + (f"LTP {price}, P&L about {gain(about)}" if known else "P&L unknown: it has no price")
        + ("; it is being left already" if trade["status"] == "TRIGGERED" else "")
    )


def _wrong_usage(args: argparse.Namespace) -> str | None:
    if args.all and args.trades:
        return "name trades, or say --all: not both"
    if not (args.all or args.trades):
        return "name the trades to leave, as T17, or say --all"
    if args.strategy is not None and not args.all:
        return "--strategy goes with --all"
    if not (args.yes or can_ask()):
        return "nobody is here to confirm; say --yes"
    return None


def _is_wished(trades: list[Json], word: str | None) -> bool:
    for trade in trades:
        print(described(trade), file=sys.stderr)
    total = [value for t in trades if isinstance(value := t["unrealized_pnl"], int | float)]
    several = f"these {len(trades)} trades" if len(trades) > 1 else "this trade"
    sum_ = f", P&L about {gain(round(sum(total), 8))}" if len(trades) > 1 else ""
    return confirmed(f"Leave {several} now{sum_}?", word)


def _tell(result: Json) -> None:
    print(f"{result['trade_id']}  {result['message']}", flush=True)


def _left(trade: Json, how: str) -> str:
    """Return how a trade ended."""
    if trade["exit_price"] is None:
        return f"{how}: {trade['status']}"
    decimals = decimals_of(trade["entry_price"], trade["exit_price"])
    return (
        f"{how}: {trade['side']} {quantity(trade['quantity'])} "
        f"{trade['exchange']}:{trade['symbol']} "
        f"{figure(trade['entry_price'], decimals)} -> {figure(trade['exit_price'], decimals)} "
        f"by {trade['reason'] or trade['status']}, P&L {gain(trade['realized_pnl'])}"
    )


def _still_open(trade: Json | None, timeout_s: float) -> str:
    if trade is None:
        return f"may still be open: the daemon did not say within {timeout_s:g} s"
    return "still open after " + ", ".join(_state(trade, timeout_s))


def _state(trade: Json, timeout_s: float) -> Iterator[str]:
    yield f"{timeout_s:g} s: {quantity(trade['quantity'])} to go"
    yield str(trade["status"])
    yield from (str(flag).replace("_", " ") for flag in cast("list[str]", trade["flags"]))


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 30s or 2m")
    return float(match[1]) * _SECONDS[match[2]]
