"""Thousands of damaged files: no start goes on with less than was acknowledged and says nothing.

``python -m tests.soak corrupt [--variants 5000] [--start 0] [-j 1]``: a variant is its
number, so a run goes on with ``--start``, and a wrong one is run again alone.
"""

import argparse
import multiprocessing
import tempfile
from functools import partial
from pathlib import Path

from tests.corruption import Prepared, Variant, counted, prepared, run

BATCH = 100


def main(argv: list[str]) -> int:
    """Damage, print figures, and return 1 if a loss was silent."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak corrupt")
    parser.add_argument("--variants", type=int, default=5_000)
    parser.add_argument("--start", type=int, default=0, help="number of the first variant")
    parser.add_argument("-j", "--jobs", type=int, default=1)
    options = parser.parse_args(argv)
    numbers = range(options.start, options.start + options.variants)
    batches = [numbers[at : at + BATCH] for at in range(0, len(numbers), BATCH)]
    shared = Path("/dev/shm")
    found: list[Variant] = []
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        files = prepared(Path(folder) / "prepared")
        with multiprocessing.Pool(options.jobs) as pool:
            damage = partial(_damaged, files, Path(folder))
            for batch in pool.imap(damage, batches):
                found += batch
                for variant in batch:
                    if variant.wrong:
                        print(f"WRONG {variant.number}: {variant.what}: {variant.wrong}")
    for (what, outcome), count in sorted(counted(found).items()):
        print(f"{what:28}  {outcome:32}  {count:6,}")
    wrong = sum(bool(variant.wrong) for variant in found)
    print(f"variants {len(found):,} (next --start {numbers.stop})  wrong {wrong}")
    return 1 if wrong else 0


def _damaged(files: Prepared, folder: Path, numbers: range) -> list[Variant]:
    return [run(files, number, folder / f"damaged{numbers.start}") for number in numbers]
