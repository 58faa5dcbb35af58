"""The command line's say in the settings: the same flags wherever settings are read."""

import argparse
from pathlib import Path


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name the file or override it."""
    parser.add_argument(
        "-c",
        "--config",
        type=path_of,
        metavar="FILE",
        help="the TOML file (environment: TRADEBOT_CONFIG; default: config.toml)",
    )
    parser.add_argument("--paper", action="store_true", help="paper, whatever the file says")
    parser.add_argument("--host", help="the address of api.listen")
    parser.add_argument("--port", help="the port of api.listen; 0: any that is free")
    parser.add_argument("--log-level", metavar="LEVEL", help="debug, info, warning or error")
    parser.add_argument("--log-format", metavar="FORMAT", help="text, json or journal")


def path_of(text: str) -> Path:
    """Read a path; one that is empty is a variable that a script never set."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; name a path, or leave the option out")
    return Path(text)


def given_flags(args: argparse.Namespace) -> dict[str, str]:
    """Return what was given, by the keys that ``load`` takes."""
    flags = {
        "mode": "paper" if args.paper else None,
        "api.host": args.host,
        "api.port": args.port,
        "log.level": args.log_level,
        "log.format": args.log_format,
    }
    return {name: value for name, value in flags.items() if value is not None}
