"""Machine instructions of one tick, counted by valgrind: the same on every run, busy or not.

A process judges a number of ticks, another one 2,000 more; the difference of their counts,
by 2,000, is one tick: loop, engine and all. Making the ticks is the same in both. Takes
minutes, as each instruction is interpreted.
"""

import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.guard import Guard
from bench.rounds import SkippedError

SIZES = (1, 100, 10_000)  # 100,000 take some ten minutes to be added, one instruction at a time
KINDS = ("quiet", "rising")
TICKS = 2_000
SECONDS_MAX = 900
_COUNT = re.compile(r"Collected : (\d+)")


def main() -> None:
    """Measure and print.

    Raises:
        SkippedError: there is no valgrind.
    """
    if shutil.which("valgrind") is None:
        raise SkippedError("valgrind is not installed")
    cases = [(trades, kind) for kind in KINDS for trades in SIZES]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda case: _per_tick(*case), cases)
        print(f"{'':20} {'trades':>8} {'instructions/tick':>18}")
        for (trades, kind), count in zip(cases, counts, strict=True):
            print(f"{kind:20} {trades:8,} {count:18,.0f}")


def _per_tick(trades: int, kind: str) -> float:
    return (_counted(trades, kind, 2 * TICKS) - _counted(trades, kind, TICKS)) / TICKS


def _counted(trades: int, kind: str, ticks: int) -> int:
    """Return the instructions of a process that judges so many ticks."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *("valgrind", "--tool=callgrind", f"--callgrind-out-file={Path(folder) / 'out'}"),
                *(sys.executable, "-m", "bench.instructions", str(trades), kind, str(ticks)),
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            env={**os.environ, "PYTHONHASHSEED": "1"},
        )
    found = _COUNT.search(done.stderr)
    assert found is not None, done.stderr
    return int(found[1])


def _judge(trades: int, kind: str, ticks: int) -> None:
    """Judge ``ticks`` of the same number of ticks made, whatever it is."""
    guard = Guard(trades)
    make = guard.quiet if kind == "quiet" else guard.rising
    made = make(2 * TICKS)
    gc.disable()
    guard.judge(made[:ticks])
    gc.enable()
    # Without the cleaning up at the end, which is not the tick's.
    os._exit(0)


if __name__ == "__main__":
    _judge(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
