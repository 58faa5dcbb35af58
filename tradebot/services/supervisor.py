"""Named tasks: started here and nowhere else, watched, and stopped in order."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from tradebot.ports import Say

ANEW_S = 30.0  # between the failure of what the guard can do without, and its next beginning


class Supervisor:
    """Every task of the process by name.

    A *keeper* runs as long as the process: its end, by error or by return, ends the
    daemon, because a guard that lost a part must be started anew, not limp on. What is
    *attended* runs as long, and its failure concerns nobody else. An *errand* does one
    thing; its error is logged and concerns nobody else either.
    """

    def __init__(self, say: Say) -> None:
        """Start with no task."""
        self._say = say
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.on_failure: Callable[[str], None] = lambda _why: None  # told once a keeper has ended
        self.failure = ""  # the name and error of the keeper that ended the daemon

    def start(self, name: str, keeper: Coroutine[Any, Any, None]) -> None:
        """Start a task that the daemon cannot do without."""
        assert name not in self._keepers, f"task {name} runs already"
        task = asyncio.create_task(keeper, name=name)
        self._keepers[name] = task
        task.add_done_callback(self._keeper_ended)

    def send(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        """Start a task that does one thing and ends."""
        task = asyncio.create_task(errand, name=name)
        self._errands.add(task)
        task.add_done_callback(self._errand_ended)

    def attend(self, name: str, begin: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a task that the guard can do without: it is begun anew where it fails."""
        self.start(name, self._attended(name, begin))

    async def stop(self, name: str, *, within_s: float = 5.0) -> None:
        """Cancel one keeper and wait until it is gone."""
        task = self._keepers.pop(name, None)
        if task is not None:
            task.remove_done_callback(self._keeper_ended)
            await self._cancelled([task], within_s)

    def may_end(self, name: str) -> None:
        """Let a keeper come to its end by itself: from now on that is no failure."""
        task = self._keepers.pop(name, None)
        if task is not None:
            task.remove_done_callback(self._keeper_ended)

    async def finish_errands(self, *, within_s: float) -> None:
        """Let errands that run come to their end; cancel what does not."""
        if self._errands:
            await asyncio.wait(self._errands, timeout=within_s)
        await self._cancelled(list(self._errands), within_s)

    async def stop_all(self, *, within_s: float = 5.0) -> None:
        """Cancel errands, then keepers from the newest to the oldest."""
        self._stopping = True
        await self._cancelled(list(self._errands), within_s)
        for name in reversed(list(self._keepers)):
            await self.stop(name, within_s=within_s)

    def dump(self) -> list[str]:
        """Return one line per task: its name and where it waits."""
        lines = []
        for task in (*self._keepers.values(), *self._errands):
            frames = task.get_stack(limit=1)
            place = "done"
            if frames:
                summary = traceback.extract_stack(frames[0], limit=1)[0]
                place = f"{summary.name} line {summary.lineno}"
            lines.append(f"{task.get_name()}: {place}")
        return lines

    async def _attended(self, name: str, begin: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await begin()
            except Exception as error:
                self._say("task.failed", "error", task=name, error=_described(error))
            await asyncio.sleep(ANEW_S)

    def _keeper_ended(self, task: asyncio.Task[None]) -> None:
        if self._stopping:
            return
        error = None if task.cancelled() else task.exception()
        self.failure = f"{task.get_name()}: {_described(error)}"
        self._say("task.ended", "critical", task=task.get_name(), error=_described(error))
        self.on_failure(f"task {self.failure}")

    def _errand_ended(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._say("task.failed", "error", task=task.get_name(), error=_described(error))

    async def _cancelled(self, tasks: list[asyncio.Task[None]], within_s: float) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=within_s)
            for task in late:
                self._say("task.late", "warning", task=task.get_name(), seconds=within_s)


def _described(error: BaseException | None) -> str:
    """Return an error with the place it came from, on one line."""
    if error is None:
        return "ended without an error"
    place = ""
    if error.__traceback__ is not None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f" in {last.name} line {last.lineno}"
    return f"{type(error).__name__}: {error}{place}"
