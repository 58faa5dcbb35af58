"""``python -m bench [NAME...]`` runs the named benchmarks, or all of them."""

import importlib
import sys

from bench.rounds import SkippedError

NAMES = (
    "index",
    "engine",
    "nautilus",
    "replay",
    "engine_loop",
    "feed",
    "openalgo_order",
    "order",
    "order_load",
    "restart",
    "api_load",
    "memory",
    "instructions",
)


def main(argv: list[str]) -> int:
    """Call ``bench.NAME.main()`` for each name; one that lacks something says what."""
    unknown = [name for name in argv if name not in NAMES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}")
        return 2
    for name in argv or NAMES:
        print(f"== {name}")
        try:
            importlib.import_module(f"bench.{name}").main()
        except SkippedError as error:
            print(f"skipped: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
