"""The daemon broken on purpose, one promise at a time.

A world that lets these pass would prove nothing.
"""

from tests.sim.mutants import (
    amounts,
    books,
    disks,
    doubts,
    refusals,
    strangers,
    untold,
    waiters,
    words,
)
from tests.sim.mutants.patch import MUTANTS

__all__ = [
    "MUTANTS",
    "amounts",
    "books",
    "disks",
    "doubts",
    "refusals",
    "strangers",
    "untold",
    "waiters",
    "words",
]
