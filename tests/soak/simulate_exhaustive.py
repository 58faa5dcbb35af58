"""``python -m tests.soak simulate_exhaustive``: one exit, killed at every step of every fate.

Arguments as those of ``python -m tests.sim.exhaustive``; without any, every step counts.
"""

from collections.abc import Sequence

from tests.sim import exhaustive


def main(argv: Sequence[str]) -> int:
    """Go through all points; 1 if any of them ends wrong."""
    return exhaustive.main(argv)
