"""A recording from files to lines: the wiring behind ``tradebot replay --recording``."""

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from tradebot.app.whole_file import whole_file
from tradebot.core.guard.trades import Reason
from tradebot.core.inputs import Tick
from tradebot.core.recording import Step, steps
from tradebot.core.words.tick_files import read_ticks
from tradebot.errors import InputError
from tradebot.services.recorded import Recorded
from tradebot.stores.recording_files import PartFiles, parts_in, whole_lines


class RecordedJob(msgspec.Struct, frozen=True, kw_only=True):
    """What to replay, and where the exits go."""

    directory: Path
    check: bool = False
    out: Path | None = None  # None: the stream that ``replay_recording`` is given


class Answer(NamedTuple):
    """What is to be said at the end."""

    summary: str
    is_same: bool  # as far as it was checked


def replay_recording(job: RecordedJob, stdout: IO[str]) -> Answer:
    """Write an exit a line, and return the summary.

    Raises:
        InputError: the directory holds no recording, or a damaged one.
        OSError: the exits cannot be written.
    """
    parts = parts_in(job.directory)
    if not parts:
        raise InputError("recording", f"{job.directory}: there is no recording in it")
    made = Recorded(check=job.check)
    started = time.perf_counter()
    if job.out is None:
        for line in _lines(made, parts):
            stdout.write(line)
        stdout.flush()
    else:
        with whole_file(job.out) as file:
            for line in _lines(made, parts):
                file.write(line)
    summary = _summary(made, time.perf_counter() - started, check=job.check)
    return Answer(summary, made.difference is None)


def _lines(made: Recorded, parts: list[PartFiles]) -> Iterator[str]:
    for exit_ in made.run((part.name, _steps(part)) for part in parts):
        yield json.dumps(exit_.words()) + "\n"


def _steps(part: PartFiles) -> Iterator[Step]:
    rows = whole_lines(part.ticks)
    header = next(rows, None)
    ticks: Iterator[Tick] = iter(())
    if header is not None:
        texts = (row.decode(errors="surrogateescape") for row in itertools.chain([header], rows))
        ticks = read_ticks(texts, part.ticks.name)
    return steps(whole_lines(part.inputs), ticks, part.inputs.name)


def _summary(made: Recorded, seconds: float, *, check: bool) -> str:
    exits = ", ".join(
        f"{made.exits[reason]} {reason.value}" for reason in Reason if made.exits[reason]
    )
    speed = f"{seconds:.2f} s, {made.inputs / seconds:,.0f} a second"
    lines = [
        f"inputs       {made.inputs:,}, of which {made.ticks:,} ticks, in {speed}",
        f"parts        {made.parts:,}",
        f"exits        {made.exits.total():,}" + (f": {exits}" if exits else ""),
        *(f"cut off      {cut}" for cut in made.cut),
    ]
    if made.difference is not None:
        where, live, ours = made.difference
        lines += [
            f"DIFFERENT    {where}",
            f"  live said  {live or 'nothing'}",
            f"  this says  {ours or 'nothing'}",
        ]
    elif check:
        lines.append(f"the same     all {made.answers:,} events and intents of the live session")
    return "\n".join(lines)
