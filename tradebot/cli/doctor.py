"""``tradebot doctor``: look at everything that the daemon rests on, and say what to do."""

import argparse
import os
from collections.abc import Mapping

from tradebot.cli.client import (
    AnswerError,
    NotRunningError,
    add_state_argument,
    daemon_of,
    state_dir_of,
)
from tradebot.cli.questions import readiness
from tradebot.cli.terminal import BAD, GOOD, WARNING, print_json, styled
from tradebot.config.flags import add_flags, given_flags

EXIT_OK = 0
EXIT_FAILURE = 1
_STYLES = {"ok": GOOD, "warning": WARNING, "error": BAD}
_EXPLAINED = """\
It changes nothing, and works whether a daemon runs or not. With --broker it also asks the
broker, through the daemon where one runs, so that both keep to one budget. Where the state
directory is a shadow's, the settings are those in it, unless others are named.

exit codes: 0 no error (there may be warnings), 1 at least one error
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line; the settings' flags count as for the daemon."""
    parser.description = "Look at everything that the daemon rests on, and say what to do."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_flags(parser)
    add_state_argument(parser)
    parser.add_argument("--broker", action="store_true", help="look at the broker too")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Look, print each finding, and return whether one was an error."""
    import msgspec

    from tradebot.app.broker_checkup import broker_findings
    from tradebot.app.doctor import findings  # the stores take 200 ms to import
    from tradebot.app.shadow_setup import config_file, environment
    from tradebot.app.state import StateDirectory
    from tradebot.config import Loaded, config_path, load

    state = StateDirectory(state_dir_of(args))
    file, environ = config_path(args.config, os.environ), dict(os.environ)
    is_named = args.config is not None or environ.get("TRADEBOT_CONFIG")
    if not is_named and (own := config_file(state)).exists():
        file, environ = own, environment(state, os.environ)

    def loaded() -> Loaded:
        return load(file, environ=environ, flags=given_flags(args))

    found = list(findings(state, loaded, lambda: _readiness(args), environ=environ))
    if args.broker:
        found += broker_findings(lambda: _asked(args), loaded, environ)
    is_well = all(finding.level != "error" for finding in found)
    if args.json:
        listed = [msgspec.structs.asdict(finding) for finding in found]
        print_json({"ok": is_well, "findings": listed})
    else:
        for finding in found:
            level = styled(f"{finding.level:<7}", _STYLES[finding.level])
            todo = f"\n         -> {finding.todo}" if finding.todo else ""
            print(f"{level}  {finding.what}: {finding.text}{todo}")
    return EXIT_OK if is_well else EXIT_FAILURE


def _readiness(args: argparse.Namespace) -> Mapping[str, object] | None:
    try:
        return readiness(daemon_of(args))
    except (NotRunningError, AnswerError):
        return None


def _asked(args: argparse.Namespace) -> object | None:
    """Return what the daemon found at its broker; None: there is no daemon."""
    try:
        return daemon_of(args).ask("GET", "/api/v1/broker")["findings"]
    except NotRunningError:
        return None
    except AnswerError as error:
        return [{"what": "broker", "level": "error", "text": f"the daemon answered: {error}"}]
