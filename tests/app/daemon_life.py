"""The real daemon as a process that tells its service manager how it is: nobody has to poll."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0  # a machine under load; nothing is measured by it
PAPER = "/api/v1/paper/orders"
HEAD = "ts_ns,exchange,symbol,price\n"


class Life:
    """One life of a daemon on a state directory and a free port; on paper unless ``real``."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        under: Sequence[str] = (),
        real: bool = False,
        **environment: str,
    ) -> None:
        self.state = folder / "state"
        address = folder / "notify"
        address.unlink(missing_ok=True)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.settimeout(PATIENCE_S)
        self.manager.bind(str(address))
        self._log = (folder / "log").open("w+")
        config = folder / "config.toml"
        if not config.exists():
            config.write_text("")
        self.process = subprocess.Popen(
            [
                *(*under, sys.executable, str(ROOT / "daemon.py"), "-c", str(config)),
                *(() if real else ("--paper",)),
                *("--state-dir", str(self.state), "--port", "0", "--log-format", "json", *flags),
            ],
            stdout=self._log,
            stderr=self._log,
            cwd=folder,
            env={**clean_environment(), "NOTIFY_SOCKET": str(address), **environment},
        )

    def told(self, word: str) -> str:
        """Wait until the service manager is told this; return the whole datagram."""
        while True:
            try:
                said = self.manager.recv(65_536).decode()
            except TimeoutError:
                raise AssertionError(f"never told {word}: {self.log()}") from None
            if word in said.splitlines():
                return said

    def ready(self) -> "Life":
        self.told("READY=1")
        return self

    def call(self, path: str, body: object = None) -> Any:
        """Send one request and return its data; POST with a body, GET without."""
        key = (self.state / "admin.key").read_text().strip()
        request = urllib.request.Request(
            f"http://{self.address()}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": key, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(error.read().decode()) from error

    def address(self) -> str:
        """Return where it listens; on a full disk its log alone says so."""
        try:
            return str(json.loads((self.state / "daemon.json").read_text())["address"])
        except FileNotFoundError:
            (api,) = (line["api"] for line in self.log() if line["event"] == "daemon.ready")
            return str(api).rpartition("/")[2]

    def log(self) -> list[dict[str, Any]]:
        """Return the log's lines so far; what is no JSON is a line with its text."""
        self._log.flush()
        text = Path(self._log.name).read_text()
        return [
            json.loads(line) if line.startswith("{") else {"event": line}
            for line in text.splitlines()
        ]

    def events(self) -> list[str]:
        return [line["event"] for line in self.log()]

    def end(self, number: signal.Signals | None = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, return the exit code."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.manager.close()
        self._log.close()


@contextmanager
def a_life(
    folder: Path,
    *flags: str,
    under: Sequence[str] = (),
    real: bool = False,
    **environment: str,
) -> Iterator[Life]:
    life = Life(folder, *flags, under=under, real=real, **environment)
    try:
        yield life
    finally:
        life.close()


def clean_environment() -> dict[str, str]:
    """Return the environment without anything that is meant for a daemon."""
    ours = ("TRADEBOT_", "NOTIFY_SOCKET", "WATCHDOG_", "STATE_DIRECTORY", "LOGS_DIRECTORY")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def until(reached: Callable[[], object]) -> None:
    """Poll until something holds; what never does ends the test."""
    last_s = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < last_s, "it did not come to that"
        time.sleep(0.02)


def replay_of(folder: Path, rows: Iterator[str], **settings: object) -> None:
    """Write a recording, and a configuration that replays it."""
    with (folder / "ticks.csv").open("w") as file:
        file.write(HEAD)
        file.writelines(rows)
    configure(folder, market="replay", replay_files=["ticks.csv"], latency="0ms", **settings)


def configure(folder: Path, **paper: object) -> None:
    lines = [f"{key} = {json.dumps(value)}" for key, value in paper.items()]
    (folder / "config.toml").write_text("\n".join(["[paper]", *lines, ""]))


def bought(life: Life, exchange: str, symbol: str, **rules: object) -> str:
    """Open a position at the paper exchange and have it guarded; return the trade's id."""
    what = {"exchange": exchange, "symbol": symbol, "quantity": 10}
    order_id = life.call(PAPER, {**what, "side": "BUY"})["order_id"]
    trade = {**what, "side": "LONG", "order_id": order_id, **rules}
    return str(life.call("/api/v1/createtrade", trade)["trade_id"])


def active(life: Life) -> dict[str, dict[str, object]]:
    trades = life.call("/api/v1/activetrades", {})["trades"]
    return {trade["trade_id"]: trade for trade in trades}


def last(life: Life, event: str) -> dict[str, object]:
    return [line for line in life.log() if line["event"] == event][-1]
