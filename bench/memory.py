"""What one guarded trade takes of memory, with 10,000 and with 100,000 of them.

Each size is loaded in a process of its own. "resident" is what the process grew by while
the trades came, per trade; "traced" is what tracemalloc counts of it, in another process.
The difference is the allocator's. Nothing of a trade waits for the journal any more.
"""

import gc
import subprocess
import sys
import tracemalloc
from pathlib import Path

from bench.guard import Guard

SIZES = (10_000, 100_000)


def main() -> None:
    """Measure and print."""
    print(f"{'bytes per trade':20} {'trades':>8} {'resident':>10} {'traced':>10}")
    for trades in SIZES:
        resident, traced = _child(trades, "resident"), _child(trades, "traced")
        print(f"{'':20} {trades:8,} {resident / trades:10,.0f} {traced / trades:10,.0f}")


def _child(trades: int, kind: str) -> int:
    """Return the bytes that a process of its own took for the trades."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory", str(trades), kind],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


def _taken(trades: int, kind: str) -> int:
    Guard(100)  # whatever is made once is there
    gc.collect()
    if kind == "traced":
        tracemalloc.start()
    before = _resident()
    guard = Guard(trades)
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] if kind == "traced" else _resident() - before
    assert len(guard.engine.book.trades) == trades, "a trade is missing"
    return taken


def _resident() -> int:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(_taken(int(sys.argv[1]), sys.argv[2]))
