"""The daemon killed at one system call after another, by strace; every exit is made once.

``python -m tests.soak kill_points [--points 500] [--start 0] [--folder F]``: each round
dies once to three times (the second time while it recovers from the first), then a life
without strace must become ready, and the paper world's own record must show every trade
left exactly once, none lost, and the rest still guarded. A run goes on with ``--start``;
what went wrong stays in the folder.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from tests.kill_points import QUICK, SLOW, Death, Prepared, drawn, told
from tests.traced import missing

FILES = ("frames", "tradebot.db-wal", "tradebot.db", "paper.db-wal", "paper.db", "daemon.log")


def main(argv: list[str]) -> int:
    """Run the rounds and print figures; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak kill_points")
    parser.add_argument("--points", type=int, default=500, help="deaths in all")
    parser.add_argument("--start", type=int, default=0, help="number of the first round")
    parser.add_argument("--folder", type=Path, help="keep everything here, to look at it")
    options = parser.parse_args(argv)
    if why := missing():
        print(f"skipped: {why}")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        prepared = Prepared(folder)
        try:
            return _run(prepared, options.start, options.points)
        finally:
            prepared.close()


def _run(prepared: Prepared, start: int, points: int) -> int:
    most = prepared.calls()
    print("calls of a whole life:", {f"{c} {f or '*'}": n for (c, f), n in most.items()})
    died: Counter[tuple[str, str]] = Counter()
    stages: Counter[str] = Counter()
    ready_s: list[float] = []
    survived = wrong = 0
    number = start
    while died.total() < points:
        prepared.rounds = number
        draw = Random(f"kill points {number}")
        found = prepared.round(drawn(most, draw), draw.choice((QUICK, QUICK, SLOW)))
        number += 1
        ready_s.append(found.ready_s)
        for death in found.deaths:
            if death.file is None:
                survived += 1
            else:
                died[death.point.syscall, _kind(death)] += 1
                stages[death.stage or "before the first line"] += 1
        if found.wrong:
            wrong += 1
            print(f"WRONG round {number - 1}", *map(told, found.deaths), sep="\n  ")
            print(*found.wrong, sep="\n    ", flush=True)
        if number % 20 == 0 or died.total() >= points:
            print(
                f"{died.total()} deaths in {number - start} rounds (next --start {number}), "
                f"{survived} lives came to their end, {wrong} wrong, READY at most "
                f"{max(ready_s):.2f} s",
                flush=True,
            )
    for title, counts in (("died at", died), ("last logged", stages)):
        print(f"{title}:")
        for name, count in counts.most_common():
            print(f"  {count:5} {name if isinstance(name, str) else ' on '.join(name)}")
    return 1 if wrong else 0


def _kind(death: Death) -> str:
    """Return the kind of file that a life died on."""
    known = (kind for kind in FILES if (death.file or "").startswith(kind))
    return next(known, "something else")
