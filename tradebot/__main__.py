"""``python -m tradebot``: the command line, where its script is not on the path."""

import sys

from tradebot.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
