"""``tradebot check``: what is wrong in config.toml, or which settings are in force."""

import argparse
import datetime as dt
import json
import os
import sys
from pathlib import Path

import msgspec

from tradebot.config import (
    BadSettingsError,
    Loaded,
    config_path,
    load,
    toml_key,
    toml_text,
    words_of,
)
from tradebot.config.flags import add_flags, given_flags

EXIT_OK = 0
EXIT_PERMISSION = 77
EXIT_CONFIG = 78
COLUMN_MAX = 60

_EXPLAINED = """\
Everything that is wrong is told at once, as FILE:LINE: KEY = VALUE: what is allowed.

exit codes: 0 all is right, 78 something is wrong, 77 the file may not be read
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line; the flags are those of the daemon, and count as there."""
    parser.description = "Say what is wrong in config.toml, or which settings are in force."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_flags(parser)
    parser.add_argument(
        "--explain", action="store_true", help="print every setting and where it comes from"
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def main(args: argparse.Namespace) -> int:
    """Read the settings as the daemon would, and say what came of it."""
    file = config_path(args.config, os.environ)
    try:
        loaded = load(file, environ=os.environ, flags=given_flags(args))
    except BadSettingsError as error:
        if args.json:
            problems = [msgspec.structs.asdict(problem) for problem in error.problems]
            print(json.dumps({"ok": False, "file": str(file), "problems": problems}, indent=2))
        else:
            print(error, file=sys.stderr)
        return EXIT_PERMISSION if error.unreadable else EXIT_CONFIG
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if args.json:
        print(json.dumps(_json(file, loaded), indent=2, default=_plain))
    elif args.explain:
        print("\n".join(_explained(loaded)))
    else:
        print(f"{file}: all is right; mode is {loaded.settings.mode}")
    return EXIT_OK


def _explained(loaded: Loaded) -> list[str]:
    """Return a line for each setting that could stand in config.toml as it is."""
    lines = [
        (f"{toml_key(key)} = {toml_text(value)}", loaded.origins[key])
        for key, value in words_of(loaded.settings).items()
    ]
    width = max(len(text) for text, _ in lines if len(text) <= COLUMN_MAX)
    return [f"{text:<{width}}  # {origin}" for text, origin in lines]


def _json(file: Path, loaded: Loaded) -> dict[str, object]:
    settings = {
        key: {"value": value, "origin": loaded.origins[key]}
        for key, value in words_of(loaded.settings).items()
    }
    return {"ok": True, "file": str(file), "settings": settings, "warnings": loaded.warnings}


def _plain(value: object) -> str:
    assert isinstance(value, dt.date), f"{value!r} has no place in JSON"
    return value.isoformat()
