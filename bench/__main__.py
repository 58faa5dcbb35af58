"""``python -m bench [NAME...]`` runs the named benchmarks, or all of them."""

import importlib
import pkgutil
import sys

import bench


def main(argv: list[str]) -> int:
    """Call ``bench.NAME.main()`` for each name."""
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__))
    names.remove("__main__")
    unknown = [name for name in argv if name not in names]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(names)}")
        return 2
    for name in argv or names:
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
