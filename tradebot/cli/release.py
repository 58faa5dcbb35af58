"""``tradebot release``: end the halt."""

import argparse

from tradebot.cli.client import add_state_argument, daemon_of
from tradebot.cli.questions import halt_in_force
from tradebot.cli.terminal import print_json

EXIT_OK = 0
_EXPLAINED = """\
What was decided while everything was halted is sent at once.

exit codes: 0 released, 1 nothing is halted, 2 usage, 3 no daemon runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "End the halt: new trades are taken again, and exits are sent."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("--why", required=True, metavar="TEXT", help="the reason, for the log")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Release, and say what was halted."""
    daemon = daemon_of(args)
    was = halt_in_force(daemon)
    halt = daemon.ask("POST", "/api/v1/release", {"why": args.why})
    if args.json:
        print_json(halt)
        return EXIT_OK
    waited = was["exits_waiting"] if was["form"] == "everything" else 0
    sent = f"; {waited} exit{'' if waited == 1 else 's'} that waited may go" if waited else ""
    print(f"released ({was['form']}): new trades are taken again{sent}")
    return EXIT_OK
