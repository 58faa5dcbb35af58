"""A replay from files to lines: the wiring behind ``tradebot replay``."""

import contextlib
import gc
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from tradebot.app.policy import policy_of
from tradebot.app.whole_file import whole_file
from tradebot.brokers.paper.recordings import recorded_ticks
from tradebot.config.load import load
from tradebot.core.guard.trades import Reason
from tradebot.core.inputs import Tick
from tradebot.core.market.instruments import Instrument
from tradebot.core.policy import Policy
from tradebot.core.words.trade_requests import TradeDefaults
from tradebot.errors import InputError
from tradebot.services.replay import Replay
from tradebot.services.replay_inputs import DEFAULTS, read_instruments, read_trades


class ReplayJob(msgspec.Struct, frozen=True, kw_only=True):
    """What to replay, and where the exits go."""

    ticks: tuple[Path, ...]
    trades: Path
    instruments: Path | None = None  # None: tick 0.01, lot 1, multiplier 1 for all
    config: Path | None = None  # None: round the clock, the gate at its defaults
    gate: bool = True  # False: suspect prices are judged at once
    out: Path | None = None  # None: the stream that ``replay`` is given


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector from walking ten thousand trades again and again.

    A replay makes no cycles worth the walk, which was a sixth of its time, and it ends.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@collector_off()
def replay(job: ReplayJob, stdout: IO[str]) -> str:
    """Write an exit a line, and return the summary.

    Nothing is written before all trades and the first tick are known to be good; a file
    is there when the last tick was judged, and not before.

    Raises:
        InputError: a file is bad, or trades are refused: a line for each of them.
        ConfigError: the configuration is bad.
        OSError: the exits cannot be written.
    """
    made = _made(job)
    ticks = recorded_ticks(job.ticks)
    started = time.perf_counter()
    if job.out is None:
        for line in _lines(made, ticks):
            stdout.write(line)
        stdout.flush()
    else:
        _refuse_overwriting(job, job.out)
        with whole_file(job.out) as file:
            for line in _lines(made, ticks):
                file.write(line)
    return _summary(made, time.perf_counter() - started)


def _made(job: ReplayJob) -> Replay:
    """Read everything but the ticks, and refuse what is no plan."""
    policy, defaults = _policy_and_defaults(job)
    instruments: list[Instrument] = []
    if job.instruments is not None:
        content = "".join(_file_lines(job.instruments)).removeprefix("\ufeff")
        try:
            instruments = read_instruments(content)
        except InputError as error:
            raise InputError(error.field, f"{job.instruments}: {error}") from error
    named = read_trades(_file_lines(job.trades), defaults=defaults)
    made = Replay(policy, instruments, named.trades)
    if refused := sorted((*named.refused, *made.refusals())):
        places = (f"{job.trades}:{line}: {why}" for line, why in refused)
        raise InputError("trades", "\n".join(places))
    if not named.trades:
        message = f"{job.trades}: there is no trade in it; write one JSON object a line"
        raise InputError("trades", message)
    return made


def _policy_and_defaults(job: ReplayJob) -> tuple[Policy, TradeDefaults]:
    """Return what the configuration says of prices and sessions.

    A recording's silence is no fault, its trades do not net, and its fills are all there are.
    The environment does not count: a replay says the same on every machine.
    """
    policy, defaults = Policy(), DEFAULTS
    if job.config is not None:
        settings = load(job.config).settings
        policy = policy_of(settings)
        sources = settings.trade_defaults.price_sources
        defaults = msgspec.structs.replace(DEFAULTS, price_sources=sources)
    policy = msgspec.structs.replace(
        policy,
        holds_jumps=job.gate,
        stale_after_ns=None,
        reconcile_every_ns=None,
        exits=msgspec.structs.replace(policy.exits, pushes=True),
        opposite_allowed=True,
        adopt=None,
    )
    return policy, defaults


def _file_lines(path: Path) -> Iterator[str]:
    try:
        # What is not UTF-8 comes through as lone surrogates; the reader names its line.
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            yield from file
    except OSError as error:
        raise InputError("file", f"{path}: {error.strerror}") from error


def _lines(made: Replay, ticks: Iterator[Tick]) -> Iterator[str]:
    for exit_ in made.run(ticks):
        yield json.dumps(exit_.words()) + "\n"


def _refuse_overwriting(job: ReplayJob, out: Path) -> None:
    """Keep the exits from replacing what they were made from."""
    inputs = (*job.ticks, job.trades, job.instruments, job.config)
    for path in inputs:
        if path is not None and out.exists() and path.exists() and out.samefile(path):
            raise InputError("out", f"--out {out} would replace {path}, which is read")


def _summary(made: Replay, seconds: float) -> str:
    exits = ", ".join(
        f"{made.exits[reason]} {reason.value}" for reason in Reason if made.exits[reason]
    )
    speed = f"{seconds:.2f} s, {made.ticks / seconds:,.0f} a second"
    lines = [
        f"ticks        {made.ticks:,} of {len(made.instruments):,} instruments in {speed}",
        f"exits        {made.exits.total():,}" + (f": {exits}" if exits else ""),
        f"still open   {made.open:,}",
        f"prices held  {made.held:,}: {made.confirmed:,} confirmed, {made.refuted:,} not",
        f"dropped      {made.dropped:,}",
    ]
    if made.without_ticks:
        lines.append(f"no tick of   {', '.join(made.without_ticks)}")
    return "\n".join(lines)
