"""``python -m tests.soak wire_fuzz``: very many spoiled frames and bodies through the readers.

``[--count 10000000] [--start 0] [--live 200000] [--folder DIR]``: half of them frames, half
bodies, in chunks that are kept in the folder. ``--live`` more go as frames over a real
websocket into the real reader task, before an engine that guards a trade. The last line is
one JSON object; 1 if anything was read that is not written there, or a reader died.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec

from tests.wire_fuzz import BODIES, FRAMES, STATUSES, Spoiler, wrong_with_body, wrong_with_frame
from tests.wire_fuzz_live import Live

CHUNK = 100_000
FILE = "wire_fuzz.jsonl"


class Chunk(msgspec.Struct, kw_only=True):
    """What some spoiled messages in a row showed."""

    start: int
    count: int
    cpu_s: float
    wrong: list[str] = []


def main(argv: Sequence[str]) -> int:
    """Run or go on; print what was wrong, then the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak wire_fuzz")
    parser.add_argument("--count", type=int, default=10_000_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--live", type=int, default=200_000)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args(argv)
    kept = None if asked.folder is None else asked.folder / FILE
    done = _kept(kept) if kept else {}
    chunks = []
    for start in range(asked.start, asked.start + asked.count, CHUNK):
        count = min(CHUNK, asked.start + asked.count - start)
        chunk = done.get((start, count))
        if chunk is None:
            chunk = fuzzed(start, count)
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                with kept.open("ab") as file:
                    file.write(msgspec.json.encode(chunk) + b"\n")
        for what in chunk.wrong:
            print(f"WRONG in the chunk of {chunk.start}: {what}", flush=True)
        chunks.append(chunk)
    live = asyncio.run(Live(Random(asked.start)).run(asked.live)) if asked.live else {}
    total, cpu_s = sum(c.count for c in chunks), sum(c.cpu_s for c in chunks)
    wrong = sum(len(chunk.wrong) for chunk in chunks)
    figures = {
        "messages": total,
        "per_cpu_second": round(total / max(cpu_s, 1e-9)),
        "wrong": wrong,
        "live": live,
    }
    print(msgspec.json.encode(figures).decode())
    return 1 if wrong or live.get("wrong") else 0


def fuzzed(start: int, count: int) -> Chunk:
    """Spoil and read so many; a reader that raises is as wrong as one that makes things up."""
    rng = Random(start)
    frames, bodies = Spoiler(FRAMES, rng), Spoiler(BODIES, rng)
    chunk = Chunk(start=start, count=count, cpu_s=0.0)
    began_s = time.process_time()
    for _ in range(count // 2):
        raw = frames()
        if what := wrong_with_frame(raw):
            chunk.wrong.append(what)
        raw = bodies()
        if what := wrong_with_body(rng.choice(STATUSES), raw):
            chunk.wrong.append(what)
    chunk.cpu_s = time.process_time() - began_s
    return chunk


def _kept(path: Path) -> dict[tuple[int, int], Chunk]:
    """Return the chunks that are done; a last line that was cut off is none."""
    done = {}
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        if line.endswith(b"\n"):
            chunk = msgspec.json.decode(line, type=Chunk)
            done[chunk.start, chunk.count] = chunk
    return done
