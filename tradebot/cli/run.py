"""``tradebot run``: the daemon, in the foreground, until it is told to stop."""

import argparse

from tradebot.app.main import add_arguments, run

__all__ = ["add_arguments", "main"]


def main(args: argparse.Namespace) -> int:
    """Run the daemon; return its exit code."""
    return run(args)
