"""``python -m tests.soak simulate_mutants``: how many seeds tell a broken daemon from ours.

``[--seeds 200] [--start 0] [--jobs 2] [--mutant NAME]...``: one line for each mutant with the
share of its seeds in which it was caught. The exit code is 1 if one is caught too seldom.
"""

import argparse
from collections.abc import Sequence

from tests.sim.mutants import MUTANTS
from tests.sim.swarm import results

SHARE_MIN = 0.03


def main(argv: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak simulate_mutants")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--mutant", choices=sorted(MUTANTS), action="append")
    asked = parser.parse_args(argv)
    missed = []
    for name in asked.mutant or sorted(MUTANTS):
        caught = [
            (result.seed, (result.wrong + result.unconverged)[0])
            for result in results(asked.seeds, asked.start, jobs=asked.jobs, mutant=name)
            if result.wrong or result.unconverged
        ]
        share = len(caught) / asked.seeds
        first = f"{caught[0][0]}: {caught[0][1]}" if caught else "never"
        print(f"{share:6.1%}  {name}  ({first})", flush=True)
        if share < SHARE_MIN:
            missed.append(name)
    print(f"caught in less than {SHARE_MIN:.0%} of the seeds: {missed or 'none'}")
    return 1 if missed else 0
