"""``python -m tests.soak openalgo_storm``: the real daemon at the fake server, in a storm.

``[--minutes 10] [--symbols 100] [--seeds 1] [--start 0] [--folder DIR]``: two trades on each
symbol, nine of ten reached by the price while every fault of the server blows, one after
another and together; feed, server and daemon die in turn. Storms that are done are kept in
the folder. The last line is one JSON object; 1 if anything went wrong.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.storm.run import Figures, Storm

FILE = "openalgo_storm.jsonl"


def main(argv: Sequence[str]) -> int:
    """Run or go on; print what went wrong, then the figures of each storm."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak openalgo_storm")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--events", nargs="*", help="only these, in this order")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args(argv)
    kept = None if asked.folder is None else asked.folder / FILE
    done = _kept(kept) if kept else {}
    is_wrong = False
    for seed in range(asked.start, asked.start + asked.seeds):
        figures = done.get((seed, asked.minutes * 60, asked.symbols))
        if figures is None:
            with tempfile.TemporaryDirectory() as temporary:
                home = Path(temporary) if kept is None else asked.folder / f"storm{seed}"
                home.mkdir(parents=True, exist_ok=True)
                storm = Storm(home, seed, asked.minutes * 60, asked.symbols)
                figures = asyncio.run(storm.run(asked.events))
            if kept is not None:
                with kept.open("ab") as file:
                    file.write(msgspec.json.encode(figures) + b"\n")
        for event in figures.events:
            print(msgspec.json.encode(event).decode())
        for what in figures.wrong:
            print(f"WRONG seed {seed}: {what}")
        is_wrong = is_wrong or bool(figures.wrong) or figures.settled_s is None
        print(msgspec.json.encode(msgspec.structs.replace(figures, events=[])).decode(), flush=True)
    return 1 if is_wrong else 0


def _kept(path: Path) -> dict[tuple[int, float, int], Figures]:
    """Return the storms that are done; a last line that was cut off is none."""
    done = {}
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        if line.endswith(b"\n"):
            figures = msgspec.json.decode(line, type=Figures)
            done[figures.seed, figures.seconds, figures.symbols] = figures
    return done
