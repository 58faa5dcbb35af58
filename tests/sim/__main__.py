"""``python -m tests.sim``: many seeds, one mutant, or the timeline of one seed.

The last line of a run is one JSON object; the exit code is 0 whatever the figures say,
and 2 for a wrong call.
"""

import argparse
import sys
from collections.abc import Sequence

import msgspec

from tests.sim.mutants import MUTANTS
from tests.sim.run import run
from tests.sim.swarm import figures, results

SHOWN = 20  # seeds that went wrong, told one by one


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=_count, default=200, help="how many (default 200)")
    parser.add_argument("--start", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--jobs", type=_count, default=1, help="processes (default 1)")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="break the daemon on purpose")
    parser.add_argument("--mutants", action="store_true", help="print the names of the mutants")
    parser.add_argument("--timeline", type=int, metavar="SEED", help="tell one seed, line by line")
    try:
        asked = parser.parse_args(argv)
    except SystemExit as error:
        return 2 if error.code else 0
    if asked.mutants:
        print(*sorted(MUTANTS), sep="\n")
        return 0
    if asked.timeline is not None:
        return _tell(asked.timeline)
    shown = 0
    found = []
    for result in results(asked.seeds, asked.start, jobs=asked.jobs, mutant=asked.mutant):
        found.append(result)
        for what in (*result.wrong[:2], *(f"not settled: {u}" for u in result.unconverged[:2])):
            if shown < SHOWN:
                print(f"seed {result.seed}: {what}")
                shown += 1
    print(msgspec.json.encode(figures(found)).decode())
    return 0


def _tell(seed: int) -> int:
    timeline: list[str] = []
    result = run(seed, timeline)
    print(*timeline, sep="\n")
    print(f"wrong: {result.wrong or 'nothing'}; not settled: {result.unconverged or 'nothing'}")
    return 0


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
