"""A thousand trades along every recording: figures, and the plain loops beside them.

``python -m tests.soak replay_files [--trades 1000] [--seed 1] [--walks 2000]``: each file
is replayed twice and must give the same bytes; its first ticks, and small random
recordings, must give what plain loops over an independent judge give.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from tests.replay_reference import replayed
from tests.replay_trades import (
    TICKS,
    as_lines,
    fit,
    instruments_of,
    random_walk,
    recording,
    trades_for,
)
from tradebot.brokers.paper.recordings import recorded_ticks
from tradebot.core.inputs import Tick
from tradebot.core.policy import Policy
from tradebot.services.replay import Replay
from tradebot.services.replay_inputs import read_instruments, read_trades

Lines = list[dict[str, object]]


def main(argv: list[str]) -> int:
    """Print figures; return 1 if two runs or two ways differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak replay_files")
    parser.add_argument("--trades", type=int, default=1000, help="per file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--walks", type=int, default=2000, help="random recordings")
    options = parser.parse_args(argv)
    different = 0
    for path in sorted(TICKS.glob("*.csv.gz")):
        ticks = recording(path)
        trades = trades_for(ticks, options.trades, options.seed)
        made, first, seconds = run(recorded_ticks([path]), ticks, trades)
        again = run(ticks, ticks, trades)[1]
        reasons = Counter(json.loads(line)["reason"] for line in first.splitlines())
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        print(
            f"{path.name}: {made.ticks:,} ticks, {made.ticks / seconds:,.0f} a second;"
            f" {reasons.total()} exits: {told}; {made.open} open; {made.held} held,"
            f" {made.confirmed} confirmed, {made.dropped} dropped;"
            f" {'the same twice' if first == again else 'DIFFERENT'}",
            flush=True,
        )
        different += first != again
        different += is_different(ticks[:2000], trades_for(ticks[:2000], 60, options.seed))
    for seed in range(options.walks):
        walk = random_walk(seed)
        different += is_different(walk, trades_for(fit(walk), 30, seed), gate=seed % 3 > 0)
    print(f"{options.walks} random recordings; {different} differences")
    return 1 if different else 0


def is_different(ticks: Sequence[Tick], trades: Lines, *, gate: bool = True) -> bool:
    """Say whether plain loops leave otherwise; trades that are no plan are left out."""
    refused = {line for line, _ in made_of(ticks, trades, gate=gate).refusals()}
    trades = [trade for line, trade in enumerate(trades, 1) if line not in refused]
    return run(ticks, ticks, trades, gate=gate)[1] != replayed(ticks, trades, gate=gate)


def run(
    ticks: Iterable[Tick], all_ticks: Sequence[Tick], trades: Lines, *, gate: bool = True
) -> tuple[Replay, str, float]:
    """Return the replay, its lines and the seconds it took, reading included."""
    made = made_of(all_ticks, trades, gate=gate)
    started = time.perf_counter()
    lines = as_lines(exit_.words() for exit_ in made.run(ticks))
    return made, lines, time.perf_counter() - started


def made_of(ticks: Sequence[Tick], trades: Lines, *, gate: bool) -> Replay:
    """Return a replay that has not run."""
    named = read_trades(as_lines(trades).splitlines())
    assert not named.refused, named.refused[0]
    instruments = read_instruments(json.dumps(instruments_of(ticks)))
    return Replay(Policy(holds_jumps=gate, opposite_allowed=True), instruments, named.trades)
