"""The process: arguments in, exit code out. Everything else is in ``tradebot.app``."""

import argparse
import sys

from tradebot.app.main import add_arguments, run


def main() -> int:
    """Run the daemon."""
    parser = argparse.ArgumentParser(prog="daemon.py", description="Guard every open trade.")
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
