"""Rounds in which everything that is measured takes its turn, so that noise hits all alike.

Told are medians over the rounds: CPU time of the thread that works (it stands still while
the thread waits for a processor) and ratios within the run. Only ratios can be compared
between machines, or between two runs on a busy one.
"""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import thread_time_ns
from typing import Any

SCHEDSTAT = Path("/proc/thread-self/schedstat")


class SkippedError(Exception):
    """What a benchmark needs is not there; the text says what."""


@dataclass
class Row:
    """One line of a table: what is prepared out of time, what is timed, and what it took."""

    name: str
    trades: int
    prepare: Callable[[], Sequence[Any]]
    run: Callable[[Any], object]  # takes what ``prepare`` returned
    ns: list[float] = field(default_factory=list)  # per item, one entry per round

    def round(self) -> None:
        items = self.prepare()
        begin = thread_time_ns()
        self.run(items)
        self.ns.append((thread_time_ns() - begin) / len(items))

    @property
    def median_ns(self) -> float:
        return median(self.ns)


def take_turns(rows: Sequence[Row], rounds: int) -> None:
    """Let each row have its rounds, interleaved; what was made before is no garbage."""
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for row in rows:
            row.round()
    gc.unfreeze()


def print_table(rows: Sequence[Row], unit: Row, what: str = "tick") -> None:
    """Print what each row took, and how often ``unit`` that is."""
    print(f"{'':40} {'trades':>8} {f'ns/{what}':>12} {'ratio':>10}")
    for row in rows:
        ratio = row.median_ns / unit.median_ns
        print(f"{row.name:40} {row.trades:8,} {row.median_ns:12,.0f} {ratio:10,.2f}")


def print_claim(name: str, ratio: float, limit: str) -> None:
    """Print a ratio of this run beside the one that is aimed at."""
    print(f"  {name}: {ratio:,.2f} (aim {limit})")


def waited_ns(of: Path = SCHEDSTAT) -> int:
    """Return how long this thread, or the one that ``of`` is about, waited for a processor in all.

    Taken off ``perf_counter_ns`` it makes a clock that stands still meanwhile; unlike CPU
    time that goes on while the thread waits for a disk or a socket.
    """
    return int(of.read_bytes().split()[1])


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that ``percent`` of all do not exceed."""
    ordered = sorted(values)
    place = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(place) - 1)]
