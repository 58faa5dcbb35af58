"""The daemon that ``bench.api_load`` asks, with a probe on its loop; run as a process.

The probe is a chain of timers, 1 ms apart: what one is late by is what anything else on
the loop has waited for. Its clock stands still while the thread waits for a processor. At
SIGUSR1 what was gathered since the last one is written to a file, as JSON.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from time import perf_counter_ns

import uvloop

from bench.rounds import waited_ns
from tradebot import log
from tradebot.app.app import App
from tradebot.app.state import StateDirectory
from tradebot.config import load

EVERY_S = 0.001


class Probe:
    """How late a timer is, in milliseconds, again and again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._lags: list[float] = []
        self._arm()
        self._loop.add_signal_handler(signal.SIGUSR1, self._write)

    def _arm(self) -> None:
        self._armed_ns = perf_counter_ns() - waited_ns()
        self._timer = self._loop.call_later(EVERY_S, self._due)

    def _due(self) -> None:
        late_ns = perf_counter_ns() - waited_ns() - self._armed_ns
        self._lags.append(late_ns / 1e6 - EVERY_S * 1e3)
        self._arm()

    def _write(self) -> None:
        self._timer.cancel()
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(self._lags))
        draft.replace(self._file)
        self._lags.clear()
        self._arm()


def main(argv: list[str]) -> int:
    """Be a daemon on paper until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("state", type=Path)
    parser.add_argument("lags", type=Path)
    arguments = parser.parse_args(argv)
    flags = {"mode": "paper", "api.port": "0", "log.level": "error"}
    settings = load(None, environ={}, flags=flags).settings
    state = StateDirectory(arguments.state)
    log.configure(
        level=settings.log.level.value, form=settings.log.format.value, directory=state.logs
    )

    async def run() -> int:
        Probe(arguments.lags)
        return await App(settings, state, say=log.say, file=None, load=lambda: settings).run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
