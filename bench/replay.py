"""How fast a replay runs: reading, the bare engine, and both with 1,000 trades.

Told are ticks a second of each, from the least CPU time of interleaved rounds, and the
share of the whole. Without the recording of US equities it makes one of 300,000 ticks on
four instruments.
"""

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.replay_trades import TICKS, as_lines, recording, trades_for
from tradebot.brokers.paper.recordings import recorded_ticks
from tradebot.core.engine import Engine
from tradebot.core.policy import Policy
from tradebot.services.replay import Replay
from tradebot.services.replay_inputs import read_trades

ROUNDS = 3
TRADES = 1000
US_EQUITIES = TICKS / "us_equities_2013-10-10.csv.gz"


def main() -> None:
    """Measure and print."""
    if US_EQUITIES.exists():
        measure(US_EQUITIES)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(made_up(Path(folder) / "made_up.csv"))


def measure(path: Path) -> None:
    ticks = recording(path)
    names = {tick.instrument for tick in ticks}
    trades = read_trades(as_lines(trades_for(ticks, TRADES)).splitlines()).trades

    def read() -> None:
        for _ in recorded_ticks([path]):
            pass

    def engine() -> None:
        quiet = Engine(Policy())
        for name in names:
            quiet.book.line(name)
        process = quiet.process
        for tick in ticks:
            process(tick)

    def judge() -> None:
        for _ in Replay(Policy(opposite_allowed=True), (), trades).run(ticks):
            pass

    def whole() -> None:
        for _ in Replay(Policy(opposite_allowed=True), (), trades).run(recorded_ticks([path])):
            pass

    seconds = best_of({"read": read, "engine": engine, "judge": judge, "whole": whole})
    print(f"{path.name}: {len(ticks):,} ticks, {len(trades):,} trades")
    for name, took in seconds.items():
        print(f"  {name:8}{len(ticks) / took:>12,.0f} ticks/s  {took / seconds['whole']:>6.0%}")


def best_of(runs: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Return the least CPU seconds of each, the rounds interleaved."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS):
        for name, run in runs.items():
            started = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - started)
    return best


def made_up(path: Path) -> Path:
    draw = random.Random(1)
    prices = dict.fromkeys("ABCD", 100.0)
    at_ns = 1_700_000_000_000_000_000
    with path.open("w") as file:
        file.write("ts_ns,exchange,symbol,price\n")
        for _ in range(300_000):
            name = draw.choice("ABCD")
            at_ns += draw.randrange(50_000_000)
            prices[name] = round(prices[name] * (1 + draw.gauss(0, 1e-4)), 2)
            file.write(f"{at_ns},X,{name},{prices[name]}\n")
    return path
