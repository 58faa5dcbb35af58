"""``python -m tests.soak openalgo_kills``: the daemon killed at system calls, at the fake server.

``[--points 200] [--start 0] [--folder DIR]``: each round dies once to three times by strace, at
calls that journal, database and sockets make on the way of an order; the server's record must
show every trade left exactly once. Rounds that are done are kept in the folder. The last line
is one JSON object; 1 if anything was wrong.
"""

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.socket_kills import Death, Kills, Round
from tests.traced import missing

FILE = "openalgo_kills.jsonl"


def main(argv: Sequence[str]) -> int:
    """Run or go on; print what was wrong, then the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak openalgo_kills")
    parser.add_argument("--points", type=int, default=200, help="deaths in all")
    parser.add_argument("--start", type=int, default=0, help="number of the first round")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args(argv)
    if why := missing():
        print(f"skipped: {why}")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        kills = Kills(folder)
        try:
            return asyncio.run(_run(kills, folder / FILE, asked.start, asked.points))
        finally:
            kills.close()


async def _run(kills: Kills, file: Path, start: int, points: int) -> int:
    done = _kept(file)
    most = await kills.counted()
    print("calls while all leave:", most, flush=True)
    died: Counter[str] = Counter()
    survived = wrong = 0
    number = start
    while died.total() < points:
        draw = Random(f"socket kills {number}")
        calls = [call for call in sorted(most) if most[call]]
        drawn = [
            (call, draw.randint(1, most[call]))
            for call in draw.choices(calls, k=draw.choice((1, 1, 2, 3)))
        ]
        found = done.get(number)
        if found is None:
            found = await kills.round(number, drawn)
            with file.open("a") as kept:
                kept.write(json.dumps([number, found]) + "\n")
        for death in found.deaths:
            died[death.call] += death.was_reached
            survived += not death.was_reached
        for what in found.wrong:
            wrong += 1
            print(f"WRONG round {number} {drawn}: {what}", flush=True)
        number += 1
    figures = {"deaths": died.total(), "rounds": number - start, "survived": survived}
    print(json.dumps({**figures, "wrong": wrong, "died_at": died}))
    return 1 if wrong else 0


def _kept(file: Path) -> dict[int, Round]:
    """Return the rounds that are done; a last line that was cut off is none."""
    done = {}
    for line in file.read_text().splitlines(keepends=True) if file.exists() else ():
        if line.endswith("\n"):
            number, (deaths, wrong) = json.loads(line)
            done[number] = Round([Death(*death) for death in deaths], wrong)
    return done
