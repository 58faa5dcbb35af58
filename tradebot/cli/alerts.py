"""``tradebot alerts``: what a person should know of, and the word that it was seen."""

import argparse
from collections.abc import Iterator
from typing import cast

from tradebot.cli.client import Daemon, Json, add_state_argument, daemon_of, in_path
from tradebot.cli.figures import local_time
from tradebot.cli.terminal import BAD, DIM, WARNING, print_json, print_lines

EXIT_OK = 0
LIMIT = 50
PAGE_MAX = 1_000  # of the daemon
SEVERITIES = ("info", "warning", "critical")
CATEGORIES = ("trade", "portfolio", "system")
_TIME = "%Y-%m-%d %H:%M:%S"
_EXPLAINED = """\
The newest come first: warnings and critical ones that nobody has acknowledged, or what --all
and --severity name. A critical one that holds is told every minute wherever alerts are sent,
until it is acknowledged or over. --ack-all acknowledges what it lists: nothing that comes
meanwhile, and nothing that the filters leave out.

exit codes: 0 done, 1 there is no such alert, or no disk took it, 2 usage, 3 no daemon runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "List what a person should know of, or say that it was seen."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument(
        "--all", action="store_true", help=f"the last {LIMIT}, acknowledged or not, of any severity"
    )
    parser.add_argument("--severity", choices=SEVERITIES, help="only from this severity up")
    parser.add_argument("--category", choices=CATEGORIES, help="only those about this")
    seen = parser.add_mutually_exclusive_group()
    seen.add_argument("--ack", metavar="ALERT", help="acknowledge this one, by its id")
    seen.add_argument("--ack-all", action="store_true", help="acknowledge all that are listed")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """List or acknowledge."""
    daemon = daemon_of(args)
    if args.ack is not None:
        alert = daemon.ask("POST", f"/api/v1/alerts/{in_path(args.ack)}/ack")
        _print(args, [alert])
        return EXIT_OK
    alerts = list(_listed(daemon, args))
    if args.ack_all:
        alerts = _acknowledged(daemon, args, alerts)
    _print(args, alerts)
    return EXIT_OK


def _listed(daemon: Daemon, args: argparse.Namespace) -> Iterator[Json]:
    """Yield the alerts that are wanted."""
    is_all = args.all and not args.ack_all
    severity = args.severity or ("info" if args.all else "warning")
    words = [f"severity={severity}", f"limit={LIMIT if is_all else PAGE_MAX}"]
    words += [] if is_all else ["acknowledged=no"]
    words += [] if args.category is None else [f"category={args.category}"]
    address = f"/api/v1/alerts?{'&'.join(words)}"
    cursor: object = None
    while True:
        answer = daemon.ask("GET", address if cursor is None else f"{address}&cursor={cursor}")
        yield from cast("list[Json]", answer["alerts"])
        cursor = answer["next"]
        if cursor is None or is_all:
            return


def _acknowledged(daemon: Daemon, args: argparse.Namespace, alerts: list[Json]) -> list[Json]:
    if not alerts or args.severity is not None or args.category is not None:
        return [daemon.ask("POST", f"/api/v1/alerts/{alert['id']}/ack") for alert in alerts]
    # What is told as information alone waits for nobody: to acknowledge it too does no harm.
    daemon.ask("POST", "/api/v1/alerts/ack", {"through": alerts[0]["id"]})
    return alerts


def _print(args: argparse.Namespace, alerts: list[Json]) -> None:
    if args.json:
        print_json({"alerts": alerts})
    elif not alerts:
        print("no alerts" if args.all else "no alerts that nobody has acknowledged")
    else:
        print_lines([(_line(alert), _style(alert)) for alert in alerts])
        if args.ack_all or args.ack is not None:
            print(f"acknowledged: {len(alerts)}")


def _line(alert: Json) -> str:
    count = f" ({alert['count']} times)" if alert["count"] != 1 else ""
    over = f"; over since {local_time(alert['over_at'], _TIME)}" if alert["over_at"] else ""
    seen = f"; seen by {alert['acknowledged_by']}" if alert["acknowledged_by"] else ""
    return (
        f"{alert['id']}  {local_time(alert['last_at'], _TIME)}  {alert['severity']} "
        f"{alert['category']}  {alert['text']}{count}{over}{seen}"
    )


def _style(alert: Json) -> str:
    if alert["acknowledged_at"]:
        return DIM
    return {"critical": BAD, "warning": WARNING}.get(str(alert["severity"]), "")
