"""From kill -9 to READY: a real daemon that guards 1,000 trades, killed again and again.

A simulated market moves their trails all the time, so that each life begins with a journal
to be replayed. READY is what a service manager is told. Told are seconds by the wall's
clock, and without what the daemon's main thread waited for a processor.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median
from typing import Any

CYCLES = 20
TRADES = 1_000
ROOT = Path(__file__).parents[1]
PATIENCE_S = 60.0
SYMBOLS = ("RELIANCE", "SBIN", "INFY", "ITC")


class Life:
    """One life of the daemon."""

    def __init__(self, state: Path) -> None:
        self.state = state
        notify, config = state.parent / "notify", state.parent / "config.toml"
        config.touch()
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(PATIENCE_S)
            manager.bind(str(notify))
            self.process = subprocess.Popen(
                [
                    *(sys.executable, str(ROOT / "daemon.py"), "-c", str(config)),
                    *("--state-dir", str(state), "--port", "0", "--log-level", "error"),
                ],
                cwd=state.parent,
                env={**os.environ, "NOTIFY_SOCKET": str(notify)},
            )
            while b"READY=1" not in manager.recv(65_536).split(b"\n"):
                pass
        self.ready_s = time.monotonic()
        schedstat = Path(f"/proc/{self.process.pid}/schedstat").read_bytes()
        self.waited_s = int(schedstat.split()[1]) / 1e9

    def call(self, path: str, body: object) -> Any:
        """Send one request and return its data."""
        address = json.loads((self.state / "daemon.json").read_text())["address"]
        key = (self.state / "admin.key").read_text().strip()
        request = urllib.request.Request(
            f"http://{address}{path}",
            data=json.dumps(body).encode(),
            headers={"X-API-Key": key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)["data"]

    def kill(self) -> float:
        """SIGKILL; return when."""
        at_s = time.monotonic()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return at_s


def main() -> None:
    """Measure and print."""
    draw = random.Random(1)
    wall: list[float] = []
    without: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder) / "state")
        try:
            for number in range(TRADES):
                life.call("/api/v1/createtrade", _trade(number))
            for _ in range(CYCLES):
                time.sleep(draw.uniform(0.2, 1.0))
                killed_s = life.kill()
                life = Life(life.state)
                wall.append(life.ready_s - killed_s)
                without.append(wall[-1] - life.waited_s)
            kept = len(life.call("/api/v1/activetrades", {"limit": TRADES})["trades"])
            assert kept == TRADES, f"{kept} trades of {TRADES}"
        finally:
            life.kill()
    print(f"kill -9 to READY, {TRADES:,} trades, {CYCLES} cycles, seconds:")
    for name, values in (("by the wall's clock", wall), ("without waiting for a CPU", without)):
        print(f"  {name:28} median {median(values):.2f}  max {max(values):.2f}")


def _trade(number: int) -> dict[str, object]:
    return {
        "exchange": "SIM",
        "symbol": SYMBOLS[number % len(SYMBOLS)],
        "product": "MIS",
        "side": "LONG",
        "quantity": 1,
        "entry_price": (2900, 812.5, 1550, 430)[number % len(SYMBOLS)],
        "stop": "40%",
        "trail": {"by": f"{30 + number % 15}%"},
    }
