"""When the daemon's inputs are recorded, and where to: the recorder behind its settings."""

import asyncio
import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

from tradebot.config.settings import Recording as RecordSettings
from tradebot.core.checkpoint import checkpoint
from tradebot.core.inputs import Input
from tradebot.ports import Clock, Say
from tradebot.services.loop import EngineLoop, Outputs
from tradebot.stores.recorder import Recorder

try:
    PROGRAM = importlib.metadata.version("tradebot")
except importlib.metadata.PackageNotFoundError:  # a checkout that is run as it lies there
    PROGRAM = "not installed"
JOIN_S = 3.0  # how long the last rows may take


class Recording:
    """Records the engine's loop while the settings say so.

    A recording begins at any turn, with the engine as it is. One that failed is over until
    the settings are switched, or change otherwise.
    """

    def __init__(
        self, settings: RecordSettings, default: Path, loop: EngineLoop, *, clock: Clock, say: Say
    ) -> None:
        """Take the settings; ``default`` is where to record if they do not say it."""
        self._settings = settings
        self._default = default
        self._loop = loop
        self._clock = clock
        self._say = say
        self._recorder: Recorder | None = None

    def start(self) -> None:
        """Record from now on, if the settings say so."""
        settings = self._settings
        if not settings.on:
            return
        directory = settings.directory or self._default
        now_ns = self._clock.now_ns()
        self._recorder = Recorder(
            directory,
            rotate_ns=settings.rotate_ns,
            keep_ns=settings.keep_ns,
            program=PROGRAM,
            begun_ns=now_ns,
        )
        self._recorder.begin(checkpoint(self._loop.engine), now_ns)
        self._loop.record = self._take
        self._say("recording.started", directory=str(directory))

    def change(self, settings: RecordSettings) -> None:
        """Take new settings: what differs begins a new recording, or ends the present one."""
        if settings == self._settings:
            return
        self._settings = settings
        self._end("the settings changed")
        self.start()

    async def close(self) -> None:
        """End with all that was taken on the disk, unless that takes too long."""
        recorder = self._end("the daemon stopped")
        if recorder is None:
            return
        if not await asyncio.to_thread(recorder.join, JOIN_S):
            self._say("recording.unwritten", "error", inputs=recorder.waiting)
        elif recorder.failure:
            self._say_failed(recorder)

    def _end(self, why: str) -> Recorder | None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            self._loop.record = None
            recorder.close(why)
            self._say("recording.ended", why=why)
        return recorder

    def _take(self, inputs: Sequence[Input], outputs: Outputs) -> None:
        recorder = self._recorder
        assert recorder is not None, "a turn was recorded by nobody"
        recorder.take(inputs, outputs)
        if recorder.failure:
            self._loop.record = self._recorder = None
            self._say_failed(recorder)
        elif recorder.is_full:
            recorder.begin(checkpoint(self._loop.engine), self._clock.now_ns())

    def _say_failed(self, recorder: Recorder) -> None:
        """Say once that nothing is recorded any more; the guard goes on."""
        self._say("recording.failed", "critical", error=recorder.failure)
