"""An event loop whose time is a number, whose order is drawn, and whose lives can end.

A handle belongs to the life in whose context it was made; 0 is the world. A life that is
over runs nothing any more, not even what stands in a ``finally``: as after kill -9.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any

LIFE: ContextVar[int] = ContextVar("LIFE", default=0)
WORLD = copy_context()


STEPS_AT_ONCE_MAX = 20_000  # a busy moment takes some hundreds


class Stalled(Exception):
    """Time stands: nothing waits for any, or somebody is busy without letting it pass."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs handles one by one; time stands while any is ready and jumps to the next timer."""

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self._rng = rng
        self._now_s = 0.0
        self._at_once = 0  # steps since time last moved
        self._over: set[int] = set()
        self._remains: list[object] = []  # of lives that ended: nothing may collect them
        self._tasks: dict[int, list[asyncio.Task[Any]]] = {}  # by life
        self._ready: deque[asyncio.Handle]
        self._scheduled: list[asyncio.TimerHandle]
        self.set_task_factory(self._made_task)  # type: ignore[arg-type] # what a loop calls
        self.steps = 0  # run by lives, not by the world
        self.stepped: Callable[[int], None] = lambda _life: None
        self.trouble: list[str] = []  # exceptions that nobody took
        self.set_exception_handler(self._note)

    def time(self) -> float:
        return self._now_s

    def run_until(self, reached: Callable[[], bool]) -> None:
        """Run until something holds. A world that has nothing to do any more is an error."""
        asyncio._set_running_loop(self)
        try:
            while not reached():
                self._run_once()
        finally:
            asyncio._set_running_loop(None)

    def pass_time(self, seconds: float) -> None:
        """Run everything that happens within a time."""
        reached: list[bool] = []
        self.in_world(seconds, lambda: reached.append(True))
        self.run_until(lambda: bool(reached))

    def start(self, life: int, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task that belongs to a life."""
        context = WORLD.copy()
        context.run(LIFE.set, life)
        return context.run(self.create_task, coro)

    def in_world(self, delay_s: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Let something happen later, whoever lives then."""
        return self.call_later(delay_s, callback, context=WORLD.copy())

    def end(self, life: int) -> None:
        """Let a life be over, now and for ever."""
        self._over.add(life)
        for queue in (self._ready, self._scheduled):
            self._remains.extend(handle for handle in queue if _life_of(handle) == life)
        for task in self._tasks.pop(life, ()):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            self._remains.append(task)
        self._ready = deque(h for h in self._ready if _life_of(h) != life)
        self._scheduled = [h for h in self._scheduled if _life_of(h) != life]
        heapq.heapify(self._scheduled)

    def _made_task(
        self, _loop: object, coro: Coroutine[Any, Any, Any], context: Context | None = None
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, context=context)
        self._tasks.setdefault(LIFE.get(), []).append(task)
        return task

    def call_soon(  # type: ignore[override] # any callback
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = super().call_soon(callback, *args, context=context)
        if _life_of(handle) in self._over:
            self._ready.remove(handle)
            self._remains.append(handle)
        return handle

    def call_at(  # type: ignore[override] # any callback
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = super().call_at(when, callback, *args, context=context)
        if _life_of(timer) in self._over:
            timer.cancel()
        return timer

    def _run_once(self) -> None:
        if not self._ready:
            self._pass_time()
            self._at_once = 0
        if not self._ready:
            return
        self._at_once += 1
        if self._at_once > STEPS_AT_ONCE_MAX:
            raise Stalled
        place = self._rng.randrange(len(self._ready)) if len(self._ready) > 1 else 0
        handle = self._ready[place]
        del self._ready[place]
        life = _life_of(handle)
        if life in self._over or handle.cancelled():
            return
        handle._run()
        if life:
            self.steps += 1
            self.stepped(life)

    def _pass_time(self) -> None:
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
        if not self._scheduled:
            raise Stalled
        self._now_s = max(self._now_s, self._scheduled[0].when())
        while self._scheduled and self._scheduled[0].when() <= self._now_s:
            timer = heapq.heappop(self._scheduled)
            if not timer.cancelled():
                self._ready.append(timer)

    def _note(self, _loop: object, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if type(error).__name__ != "Killed":
            self.trouble.append(f"{context.get('message')}: {error!r}")

    def _process_events(self, _events: object) -> None:
        return

    def _write_to_self(self) -> None:
        return


def _life_of(handle: asyncio.Handle) -> int:
    life: int = handle._context.get(LIFE, 0)  # type: ignore[attr-defined]
    return life
