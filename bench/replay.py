"""How long a replay of a whole recorded day takes with one trade and with 10,000.

Rows: reading the file, the bare engine with lines and no trade, and the whole replay
(reading, judging, filling every order) with 1, 1,000 and 10,000 trades, which open and
leave all over the day. Those that stay trail too far behind to leave: what they add is
their opening, and the ticks alone. Rounds are interleaved, medians of CPU time. Without
the recording of US equities it makes one of 300,000 ticks on four instruments.
"""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.rounds import Row, print_claim, print_table, take_turns
from tests.replay_trades import TICKS, as_lines, recording, trades_for
from tradebot.app.replay import collector_off
from tradebot.brokers.paper.recordings import recorded_ticks
from tradebot.core.engine import Engine
from tradebot.core.policy import Policy
from tradebot.services.replay import Replay
from tradebot.services.replay_inputs import read_trades

ROUNDS = 3
SIZES = (1, 1_000, 10_000)
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

    def read(_ticks: object) -> None:
        for _ in recorded_ticks([path]):
            pass

    def engine(_ticks: object) -> None:
        quiet = Engine(Policy())
        for name in names:
            quiet.book.line(name)
        process = quiet.process
        for tick in ticks:
            process(tick)

    replays = {trades: whole(path, trades_for(ticks, trades)) for trades in SIZES}
    stays = whole(path, [staying(trade) for trade in trades_for(ticks, SIZES[-1])])
    rows = [
        Row("reading", 0, lambda: ticks, read),
        Row("engine without a trade", 0, lambda: ticks, engine),
        *(Row("whole replay", trades, lambda: ticks, run) for trades, run in replays.items()),
        Row("whole replay, all stay", SIZES[-1], lambda: ticks, stays),
    ]
    take_turns(rows, ROUNDS)
    print(f"{path.name}: {len(ticks):,} ticks")
    one, many, stay = rows[2], rows[-2], rows[-1]
    print_table(rows, one)
    print_claim("10,000 trades to one", many.median_ns / one.median_ns, "<= 2.5")
    print_claim("10,000 that stay to one", stay.median_ns / one.median_ns, "<= 2.5")


def whole(path: Path, drawn: list[dict[str, object]]) -> Callable[[object], None]:
    """Return a replay of a file with these trades."""
    trades = read_trades(as_lines(drawn).splitlines()).trades

    @collector_off()  # as the command does it
    def run(_ticks: object) -> None:
        for _ in Replay(Policy(opposite_allowed=True), (), trades).run(recorded_ticks([path])):
            pass

    return run


def staying(trade: dict[str, object]) -> dict[str, object]:
    """Return the trade with levels that no price of the day reaches."""
    entry = ("exchange", "symbol", "side", "quantity", "entry_price", "opened_at_ns")
    far = {"stop": "60%", "trail": {"by": "50%"}}
    return {**{name: trade[name] for name in entry}, **far}


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
