"""Which state directory is meant: one rule for the daemon and for the commands beside it.

It stands alone: the settings' room takes 100 ms to import, and a command needs none of it.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path


def add_state_flag(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the flag that names the directory; ``what`` says what it is for."""
    parser.add_argument(
        "--state-dir",
        type=_directory,
        metavar="DIR",
        help=f"{what} (environment: TRADEBOT_STATE_DIR; default: state)",
    )


def state_dir(given: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the state directory: flag, then environment, then systemd's, then ``state``."""
    if given is not None:
        return given
    named = environ.get("TRADEBOT_STATE_DIR") or environ.get("STATE_DIRECTORY")
    return Path(named) if named else Path("state")


def _directory(text: str) -> Path:
    """Read a path; one that is empty is a variable that a script never set."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; name a path, or leave the option out")
    return Path(text)
