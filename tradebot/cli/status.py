"""``tradebot status``: whether the daemon runs, and how it is."""

import argparse
import datetime as dt
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import cast

from tradebot.cli import shadow_lines
from tradebot.cli.client import (
    EXIT_NOT_RUNNING,
    AnswerError,
    Daemon,
    Json,
    NotRunningError,
    add_state_argument,
    daemon_of,
)
from tradebot.cli.figures import duration, gain, local_time
from tradebot.cli.questions import (
    closed_trades,
    coverage_today,
    halt_in_force,
    open_trades,
    readiness,
    unseen_alerts,
)
from tradebot.cli.terminal import BAD, GOOD, WARNING, print_json, styled
from tradebot.cli.trade_table import exit_line

EXIT_OK = 0
EXIT_DEGRADED = 1
PAGE = 200
_TIME = "%Y-%m-%d %H:%M:%S"
_EXPLAINED = """\
P&L is before charges; today began at midnight on this machine. What targets have taken
of trades that are still open counts as realised. Unguarded is time with units that no
rule guards, blind time without a price, both inside the exchange's trading day.

exit codes: 0 ready, 1 degraded, starting or stopping, 3 not running
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Say whether the daemon runs, and how it is."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Print how the daemon is."""
    try:
        found = look(daemon_of(args), dt.datetime.now().astimezone())
    except NotRunningError as error:
        found = {"running": False, "state": "not running", "reasons": [str(error)]}
    if args.json:
        print_json(found)
    else:
        print("\n".join(told(found) if found["running"] else _told_of_none(found)))
    codes = {"ready": EXIT_OK, "not running": EXIT_NOT_RUNNING}
    return codes.get(str(found["state"]), EXIT_DEGRADED)


def look(daemon: Daemon, now: dt.datetime) -> Json:
    """Return how the daemon is, as ``--json`` prints it.

    Raises:
        NotRunningError: there is none.
        AnswerError: it refuses.
    """
    ready = readiness(daemon)
    trades = open_trades(daemon)
    halt, coverage = halt_in_force(daemon), coverage_today(daemon)
    reasons = list(cast("list[str]", ready.get("reasons", [])))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    last: Json | None = None
    closed: list[Json] | None = None
    try:
        last, closed = _past(daemon, midnight)
    except AnswerError as error:  # a database that is away hides no open trade
        reasons.append(f"the last exits cannot be read: {error}")
    found = shadow_lines.outcomes(daemon, ready.get("mode"))
    state = str(ready.get("state", ""))
    flagged = _flagged(trades)
    return {
        "running": True,
        "state": "degraded" if state == "ready" and reasons else state,
        "reasons": reasons,
        "mode": ready.get("mode"),
        "version": ready.get("version"),
        "accounts": sorted({str(trade["account"]) for trade in [*trades, *(closed or [])]}),
        **_announced(daemon),
        "halt": halt,
        "open_trades": len(trades),
        "open_trades_by_status": Counter(str(trade["status"]) for trade in trades),
        "exits_in_doubt": flagged("in_doubt", "trade_id"),
        "stuck": flagged("stuck", "trade_id"),
        "frozen": flagged("frozen", "trade_id"),
        "unguarded": flagged("unguarded", "trade_id"),
        "blind_instruments": flagged("blind", "instrument"),
        "alerts_unacknowledged": unseen_alerts(daemon),
        "unguarded_s_today": coverage["unguarded_s"],
        "blind_s_today": coverage["blind_s"],
        "closed_today": None if closed is None else len(closed),
        "realized_pnl_today": None if closed is None else _sum([*closed, *trades], "realized_pnl"),
        "unrealized_pnl": _sum(trades, "unrealized_pnl"),
        "last_exit": None if last is None else shadow_lines.with_outcomes([last], found)[0],
        "shadow": found,
    }


def told(found: Json) -> Iterator[str]:
    """Yield the lines for a person."""
    state = str(found["state"])
    shown = styled(state, GOOD if state == "ready" else WARNING)
    mode, accounts = str(found["mode"]).upper(), cast("list[str]", found["accounts"])
    halt = cast("Json", found["halt"])["form"]
    if halt is not None:
        shown += f", {styled(f'HALTED ({halt})', BAD)}"
    yield f"tradebot {found['version']} is {shown}, {mode}{' ' if accounts else ''}" + ", ".join(
        accounts
    )
    yield f"running since  {local_time(found['since'], _TIME)}, pid {found['pid']}"
    yield f"listening at   {found['address']}"
    yield from (f"! {reason}" for reason in cast("list[str]", found["reasons"]))
    by_status = cast("dict[str, int]", found["open_trades_by_status"])
    counted = ", ".join(f"{count} {status}" for status, count in sorted(by_status.items()))
    yield f"open trades    {found['open_trades']}{': ' + counted if counted else ''}"
    for key, title in (
        ("exits_in_doubt", "in doubt"),
        ("stuck", "stuck"),
        ("frozen", "frozen"),
        ("unguarded", "unguarded"),
        ("blind_instruments", "blind"),
    ):
        if names := cast("list[str]", found[key]):
            yield f"{title:<13}  {', '.join(names)}"
    alerts = cast("dict[str, int]", found["alerts_unacknowledged"])
    if counts := [f"{count} {severity}" for severity, count in alerts.items() if count]:
        line = f"alerts         {', '.join(counts)}: tradebot alerts"
        yield styled(line, BAD if alerts["critical"] else WARNING)
    unguarded_s, blind_s = found["unguarded_s_today"], found["blind_s_today"]
    if unguarded_s or blind_s:
        told_of = f"{duration(unguarded_s)} unguarded, {duration(blind_s)} blind"
        yield f"not watched    {told_of} today, over all trades"
    yield (
        f"P&L            {gain(found['unrealized_pnl'])} open, "
        f"{gain(found['realized_pnl_today'])} realised today"
    )
    if (shadow := cast("Json | None", found["shadow"])) is not None:
        yield f"shadow         {shadow_lines.summary(shadow)}; nothing is sent"
    last = cast("Json | None", found["last_exit"])
    yield f"last exit      {'none' if last is None else _last(last)}"


def _told_of_none(found: Json) -> Iterator[str]:
    (why,) = cast("list[str]", found["reasons"])
    yield f"tradebot is not running: {why}"


def _past(daemon: Daemon, midnight: dt.datetime) -> tuple[Json | None, list[Json]]:
    """Return the last exit, and the trades that were closed since midnight.

    Trades come by their creation, and one of long ago may have been closed today: behind a
    page without any exit of today nothing is looked for.
    """
    last: Json | None = None
    today: list[Json] = []
    for page in closed_trades(daemon, page=PAGE):
        left = [trade for trade in page if trade["closed_at"] is not None]
        last = max([*left, *([last] if last else [])], key=_closed_at, default=None)
        fresh = [trade for trade in left if _closed_at(trade) >= midnight]
        today += fresh
        if not fresh:
            break
    return last, today


def _closed_at(trade: Json) -> dt.datetime:
    return dt.datetime.fromisoformat(str(trade["closed_at"]))


def _announced(daemon: Daemon) -> Json:
    """Return since when the daemon listens, where, and its pid."""
    try:
        words = json.loads(daemon.announcement.read_bytes())
        address, pid = words.get("address"), words.get("pid")
        seconds = daemon.announcement.stat().st_mtime
    except (OSError, ValueError, AttributeError):  # it has just ended; what it answered stands
        return {"since": None, "address": None, "pid": None}
    since = dt.datetime.fromtimestamp(int(seconds), dt.UTC).isoformat().replace("+00:00", "Z")
    return {"since": since, "address": address, "pid": pid}


def _flagged(trades: list[Json]) -> Callable[[str, str], list[str]]:
    """Return a function that lists whom a flag is beside, each once."""

    def names(flag: str, key: str) -> list[str]:
        marked = (trade for trade in trades if flag in cast("list[str]", trade["flags"]))
        found = (
            f"{trade['exchange']}:{trade['symbol']}" if key == "instrument" else str(trade[key])
            for trade in marked
        )
        return list(dict.fromkeys(found))

    return names


def _sum(trades: list[Json], key: str) -> float:
    # The daemon's figures are exact; eight decimals are what their sum in floats still is.
    return round(math.fsum(v for t in trades if isinstance(v := t[key], int | float)), 8)


def _last(trade: Json) -> str:
    day = local_time(trade["closed_at"], "%Y-%m-%d")
    return f"{day} {exit_line(trade)}"
