"""A tick with 1,000 trades beside the order emulator of NautilusTrader with 1,000 orders.

Both guard longs of one instrument whose stops or trails lie far below the price. The
emulator runs in a process of its own, in an environment made for it in the temporary
folder; the two processes take turns round by round on one machine, one idle while the other
is timed, and each tells the CPU time of its own thread. "index" is the comparison alone,
"process" the whole ``Engine.process``: what a tick costs a program that uses it.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from bench.guard import INSTRUMENT, PRICE, STOP, Guard
from bench.index import ticker
from bench.rounds import Row, SkippedError, print_claim, print_table, take_turns
from tradebot.core.guard.trade_rules import entry_marks, levels_of
from tradebot.core.guard.trades import Marks, Rules, Side, Trail
from tradebot.core.guard.triggers import Triggers
from tradebot.core.inputs import Tick
from tradebot.core.words.levels import Level, Unit

VERSION = "nautilus_trader==1.221.0"
TRADES = 1_000
ROUNDS = 20
TICKS = 1_000  # in one round of ours
EMULATOR_TICKS = {"stop": 40, "trailing": 4, "trailing-highs": 2}  # in one round of theirs
INSTALL_S_MAX = 300
TRAIL = Rules(trail=Trail(by=Level(Unit.POINTS, Decimal(450))))


def main() -> None:
    """Measure and print.

    Raises:
        SkippedError: the emulator cannot be had.
    """
    python = environment()
    with emulator(python) as ask:
        theirs = {name: Emulated(name, ask) for name in EMULATOR_TICKS}
        stops, trails = Guard(TRADES, STOP), Guard(TRADES, TRAIL)
        groups = {
            "stop": _rows("stop", STOP, stops, stops.quiet),
            "trailing": _rows("trailing", TRAIL, trails, trails.quiet),
            "trailing-highs": _rows("trailing, new highs", TRAIL, trails, trails.rising),
        }
        take_turns([row for name in groups for row in (*groups[name], theirs[name])], ROUNDS)
    for name, rows in groups.items():
        print_table([*rows, theirs[name]], rows[-1])
    for name, aim in (("stop", ">= 20"), ("trailing", ">= 500"), ("trailing-highs", ">= 500")):
        ratio = theirs[name].median_ns / groups[name][-1].median_ns
        print_claim(f"emulator to process, {name}", ratio, aim)


class Emulated(Row):
    """A row that the other process times."""

    def __init__(self, name: str, ask: Callable[[str], float]) -> None:
        super().__init__(f"emulator, {name}", TRADES, list, lambda _items: None)
        self._question, self._ask = f"{name} {EMULATOR_TICKS[name]}", ask

    def round(self) -> None:
        self.ns.append(self._ask(self._question))


def _rows(name: str, rules: Rules, guard: Guard, make: Callable[[int], list[Tick]]) -> list[Row]:
    index = Triggers(1)
    levels = levels_of(rules, Side.LONG, Decimal(1_000), INSTRUMENT)
    trailing = Marks(trail_active=True, best_price=PRICE) if rules.trail else Marks()
    for number in range(TRADES):
        index.add(f"T{number}", levels, entry_marks(levels, trailing))
    return [
        Row(f"index, {name}", TRADES, lambda: [tick.ltp for tick in make(TICKS)], ticker(index)),
        Row(f"process, {name}", TRADES, lambda: make(TICKS), guard.judge),
    ]


@contextmanager
def emulator(python: Path) -> Iterator[Callable[[str], float]]:
    """Start the other process; yield a function that asks it for one round."""
    child = Path(__file__).with_name("nautilus_child.py")
    with subprocess.Popen(
        [str(python), str(child), str(TRADES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None, "a child without input"
        assert stdout is not None, "a child without output"

        def ask(question: str) -> float:
            stdin.write(question + "\n")
            stdin.flush()
            return float(stdout.readline())

        if stdout.readline() != "ready\n":
            raise SkippedError(f"the emulator of {VERSION} does not start")
        yield ask
        stdin.close()


def environment() -> Path:
    """Return the interpreter of the emulator's environment, made at first need.

    Raises:
        SkippedError: there is no Python 3.11, no uv, or no package to be had.
    """
    folder = Path(tempfile.gettempdir()) / f"tradebot-bench-{VERSION.replace('==', '-')}"
    python, whole = folder / "bin" / "python", folder / "whole"
    if whole.exists():
        return python
    uv = shutil.which("uv")
    if uv is None:
        raise SkippedError(f"uv is not there to install {VERSION}")
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", "3.11", str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python), VERSION],
    ):
        try:
            subprocess.run(
                command, check=True, timeout=INSTALL_S_MAX, capture_output=True, text=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            told = getattr(error, "stderr", None) or str(error)
            raise SkippedError(f"{VERSION} cannot be installed: {told.strip()[:200]}") from error
    whole.touch()
    return python
