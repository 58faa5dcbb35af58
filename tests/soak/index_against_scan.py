"""The trigger index against the plain scan, on random paths.

``python -m tests.soak index_against_scan --paths 20000 [--start S] [-j 2]``: a search goes
on where it stopped, and a mismatch of path n is repeated by ``--start n --paths 1``.
"""

import argparse
import multiprocessing
from collections.abc import Iterable

from tests.index_paths import Figures, walk


def main(argv: list[str]) -> int:
    """Walk the paths, print figures, and return 1 if there was a mismatch."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak index_against_scan")
    parser.add_argument("--paths", type=int, default=20_000)
    parser.add_argument("--start", type=int, default=0, help="number of the first path")
    parser.add_argument("-j", "--jobs", type=int, default=1)
    options = parser.parse_args(argv)
    seeds = range(options.start, options.start + options.paths)
    if options.jobs == 1:
        return _report(map(walk, seeds), options.start, options.paths)
    with multiprocessing.Pool(options.jobs) as pool:
        return _report(pool.imap(walk, seeds, chunksize=25), options.start, options.paths)


def _report(walked: Iterable[Figures], start: int, paths: int) -> int:
    total = Figures()
    for figures in walked:
        total = total.plus(figures)
        for line in figures.mismatches:
            print(line)
        if total.paths % 1_000 == 0 or total.paths == paths:
            print(_line(total, start), flush=True)
    return 1 if total.mismatches else 0


def _line(total: Figures, start: int) -> str:
    return (
        f"paths {total.paths:,} (next --start {start + total.paths})  ticks {total.ticks:,}  "
        f"woken {total.woken:,}  proposed {total.proposed:,}  exits {total.exits:,}  "
        f"mismatches {len(total.mismatches)}"
    )
