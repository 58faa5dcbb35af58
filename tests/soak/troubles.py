"""A daemon in one trouble after another; every stop that is crossed in one is made once.

``python -m tests.soak troubles [--rounds 40] [--start 0]``: a round crosses some stops while
the disk is full, syncs fail, the database hangs, somebody holds the exchange's file, or
signals storm; or the daemon is killed or stopped right after. Once it has drained, the
exchange's own record must show each of them sold once, and nothing else sold. It needs
root for the small disk. A run goes on with ``--start``.
"""

import argparse
import contextlib
import signal
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.app.daemon_life import Life, a_life, active, configure, until
from tests.disk_trouble import (
    NotAllowedError,
    Trouble,
    cross,
    exchange_elsewhere,
    guarded,
    left,
    small_disk,
    sold,
    storm,
)
from tests.traced import missing

TROUBLES = ("full", "full", "syncs fail", "database hangs", "exchange held", "storm", "none")
ENDS = ("goes on", "goes on", "goes on", "killed", "stopped")
TRADES = 3  # of each round; two of them are crossed


def main(argv: list[str]) -> int:
    """Run the rounds and print figures; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak troubles")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--start", type=int, default=0, help="number of the first round")
    options = parser.parse_args(argv)
    if why := missing():
        print(f"skipped: {why}")
        return 0
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as stack:
        folder = Path(temporary)
        configure(folder, latency="0ms")
        try:
            stack.enter_context(small_disk(folder / "state"))
        except NotAllowedError as error:
            print(f"skipped: {error}")
            return 0
        exchange_elsewhere(folder)
        return _run(folder, range(options.start, options.start + options.rounds))


def _run(folder: Path, rounds: range) -> int:
    crossed: list[str] = []
    kept: set[str] = set()
    seen: Counter[str] = Counter()
    with contextlib.ExitStack() as lives:
        life = lives.enter_context(a_life(folder)).ready()
        for number in rounds:
            draw = Random(f"trouble {number}")
            what, end = draw.choice(TROUBLES), draw.choice(ENDS)
            *leaving, staying = guarded(life, TRADES)
            with _trouble(folder, life, what):
                for name in leaving:
                    cross(life, name)
                if end == "killed":
                    life.end(signal.SIGKILL)
                elif what != "exchange held":
                    until(lambda: sold(folder).keys() >= set(leaving))  # noqa: B023 - asked at once
            if end == "stopped":
                code = life.end()
                assert code == 0, f"round {number}: it ended with {code}"
            if end != "goes on":
                life = lives.enter_context(a_life(folder)).ready()
            crossed += leaving
            kept.add(staying)
            until(lambda: active(life).keys() == kept)  # noqa: B023 - asked at once
            seen[f"{what}, {end}"] += 1
            if sold(folder) != left(*crossed):
                print(f"WRONG round {number} ({what}, {end}): {sold(folder)}")
                return 1
            print(f"round {number} ({what}, {end}) is right", flush=True)
    print(f"{len(crossed)} stops crossed, each left once; {len(kept)} trades are guarded yet")
    for name, count in sorted(seen.items()):
        print(f"  {count:4} {name}")
    return 0


@contextmanager
def _trouble(folder: Path, life: Life, what: str) -> Iterator[None]:
    trouble = Trouble(life)
    with contextlib.ExitStack() as stack:
        stack.callback(trouble.end)
        match what:
            case "full":
                trouble.fill()
            case "syncs fail":
                trouble.let("fdatasync,fsync", "error=EIO")
            case "database hangs":
                trouble.let("pwrite64,fdatasync", "delay_enter=30s", "tradebot.db*")
            case "exchange held":
                file = folder / "exchange" / "paper.db"
                somebody = stack.enter_context(contextlib.closing(sqlite3.connect(file)))
                somebody.execute("BEGIN IMMEDIATE")
            case "storm":
                stack.enter_context(storm(life.process.pid, signal.SIGHUP, signal.SIGUSR2))
        yield
