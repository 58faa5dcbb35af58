"""``python -m tests.soak NAME [ARGS...]`` runs one soak; without a name, lists them."""

import importlib
import pkgutil
import sys

from tests import soak


def main(argv: list[str]) -> int:
    """Run ``tests.soak.NAME.main(args)`` and return its exit code."""
    names = sorted(module.name for module in pkgutil.iter_modules(soak.__path__))
    names.remove("__main__")
    if not argv or argv[0] not in names:
        print("usage: python -m tests.soak NAME [ARGS...]; names:", *names, sep="\n  ")
        return 2 if argv else 0
    module = importlib.import_module(f"tests.soak.{argv[0]}")
    code = module.main(argv[1:])
    assert isinstance(code, int), f"{argv[0]} returned {code!r}, not an exit code"
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
