"""``python -m tests.soak simulate``: very many seeds of the simulated world, chunk by chunk.

``[--seeds 10000] [--start 0] [--jobs 2] [--folder DIR]``: what is done is kept in a file of
the folder, so that a run that was ended goes on where it was. A seed that went wrong is
printed at once. The last line is one JSON object; the exit code is 1 if any seed went wrong.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.sim.swarm import SOMETIMES, results

CHUNK = 100
FILE = "simulate.jsonl"


class Chunk(msgspec.Struct, kw_only=True):
    """What some seeds in a row showed."""

    start: int
    seeds: int
    sim_s: float = 0.0
    cpu_s: float = 0.0
    kills: int = 0
    exits: int = 0
    ambiguous: int = 0
    wrong: dict[int, str] = {}
    unconverged: dict[int, str] = {}
    seen: dict[str, int] = {}


class Total(msgspec.Struct, kw_only=True):
    """The last line."""

    seeds: int
    sim_hours: float
    sim_hours_per_cpu_second: float
    kills: int
    exits: int
    ambiguous: int
    wrong: list[int]
    unconverged: list[int]
    sometimes_missing: list[str]


def main(argv: Sequence[str]) -> int:
    """Run or go on; print every seed that went wrong, then the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak simulate")
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args(argv)
    kept = None if asked.folder is None else asked.folder / FILE
    done = {} if kept is None else _kept(kept)
    chunks = []
    for start in range(asked.start, asked.start + asked.seeds, CHUNK):
        seeds = min(CHUNK, asked.start + asked.seeds - start)
        chunk = done.get((start, seeds))
        if chunk is None:
            chunk = _lived(start, seeds, asked.jobs)
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                with kept.open("ab") as file:
                    file.write(msgspec.json.encode(chunk) + b"\n")
        for seed, what in (chunk.wrong | chunk.unconverged).items():
            print(f"seed {seed}: {what}", flush=True)
        chunks.append(chunk)
    total = _total(chunks)
    print(msgspec.json.encode(total).decode())
    return 1 if total.wrong or total.unconverged else 0


def _kept(path: Path) -> dict[tuple[int, int], Chunk]:
    """Return the chunks that are done; a last line that was cut off is none."""
    done = {}
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        if line.endswith(b"\n"):
            chunk = msgspec.json.decode(line, type=Chunk)
            done[chunk.start, chunk.seeds] = chunk
    return done


def _lived(start: int, seeds: int, jobs: int) -> Chunk:
    chunk = Chunk(start=start, seeds=seeds)
    seen: Counter[str] = Counter()
    for result in results(seeds, start, jobs=jobs):
        chunk.sim_s += result.sim_s
        chunk.cpu_s += result.cpu_s
        chunk.kills += result.kills
        chunk.exits += result.exits
        chunk.ambiguous += result.ambiguous
        seen.update(result.seen)
        if result.wrong:
            chunk.wrong[result.seed] = result.wrong[0]
        elif result.unconverged:
            chunk.unconverged[result.seed] = f"not settled: {result.unconverged[0]}"
    chunk.seen = dict(seen)
    return chunk


def _total(chunks: Sequence[Chunk]) -> Total:
    seen: Counter[str] = Counter()
    for chunk in chunks:
        seen.update(chunk.seen)
    hours = sum(chunk.sim_s for chunk in chunks) / 3600
    return Total(
        seeds=sum(chunk.seeds for chunk in chunks),
        sim_hours=round(hours, 2),
        sim_hours_per_cpu_second=round(hours / max(1e-9, sum(c.cpu_s for c in chunks)), 3),
        kills=sum(chunk.kills for chunk in chunks),
        exits=sum(chunk.exits for chunk in chunks),
        ambiguous=sum(chunk.ambiguous for chunk in chunks),
        wrong=[seed for chunk in chunks for seed in chunk.wrong],
        unconverged=[seed for chunk in chunks for seed in chunk.unconverged],
        sometimes_missing=[name for name in SOMETIMES if not seen[name]],
    )
