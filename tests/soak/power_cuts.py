"""Journal and database after thousands of power cuts: no promise is ever taken back.

``python -m tests.soak power_cuts [--cuts 20000] [--start 0] [-j 1]``: the calls of three
lives are recorded by strace and cut at moments drawn by the number of the cut; what the
disk may then hold is opened by the real recovery. A run goes on with ``--start``.
"""

import argparse
import multiprocessing
import tempfile
from functools import partial
from pathlib import Path

from tests.power_cuts import Call, Figures, cut_often, recorded
from tests.traced import missing

BATCH = 1_000


def main(argv: list[str]) -> int:
    """Cut, print figures, and return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak power_cuts")
    parser.add_argument("--cuts", type=int, default=20_000)
    parser.add_argument("--start", type=int, default=0, help="number of the first cut")
    parser.add_argument("-j", "--jobs", type=int, default=1)
    options = parser.parse_args(argv)
    if why := missing():
        print(f"skipped: {why}")
        return 0
    end = options.start + options.cuts
    batches = [range(n, min(end, n + BATCH)) for n in range(options.start, end, BATCH)]
    total = Figures()
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        calls = recorded(Path(folder))
        print(f"{len(calls)} calls recorded")
        with multiprocessing.Pool(options.jobs) as pool:
            run = partial(_cut, calls, Path(folder))
            for batch, figures in pool.imap(run, batches):
                total = total.plus(figures)
                print(*figures.wrong[:20], sep="\n", end="\n" if figures.wrong else "")
                print(
                    f"cuts {total.cuts:,} (next --start {batch.stop})  frames acknowledged "
                    f"{total.acknowledged:,}  survived beyond them {total.beyond:,}  "
                    f"wrong {len(total.wrong)}",
                    flush=True,
                )
    return 1 if total.wrong else 0


def _cut(calls: list[Call], folder: Path, cuts: range) -> tuple[range, Figures]:
    return cuts, cut_often(calls, cuts, folder / f"image{cuts.start}")
