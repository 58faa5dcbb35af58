"""The process: arguments in, exit code out. Everything else is in ``tradebot.app``."""

import argparse
import gc
import sys

gc.disable()  # until the daemon is ready: imports are most of a start, and none of it is garbage

from tradebot.app.main import add_arguments, run  # noqa: E402 - the line above is for this one


def main() -> int:
    """Run the daemon."""
    parser = argparse.ArgumentParser(prog="daemon.py", description="Guard every open trade.")
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
