"""``tradebot version``: which version this is, and what it runs on."""

import argparse
import importlib.metadata
import platform


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Say which version this is, and what it runs on."


def main(_: argparse.Namespace) -> int:
    """Print the version."""
    print(f"{version_line()}, Python {platform.python_version()} on {platform.platform()}")
    return 0


def version_line() -> str:
    """Return name and version."""
    try:
        version = importlib.metadata.version("tradebot")
    except importlib.metadata.PackageNotFoundError:
        version = "(not installed)"  # a checkout that is run as it lies there
    return f"tradebot {version}"
