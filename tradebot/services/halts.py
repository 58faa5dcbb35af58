"""Halting, releasing, and what is halted: a person's word, on disk before it is answered."""

from collections.abc import Awaitable, Callable

from tradebot.core.events import HaltRefused
from tradebot.core.inputs import HaltTrading, Release
from tradebot.core.leaving.halt import Form
from tradebot.core.words.fields import Json
from tradebot.errors import RefusedError, StoreError
from tradebot.ports import Clock
from tradebot.services.loop import EngineLoop
from tradebot.services.trade_json import iso


class Halts:
    """The use cases of the halt."""

    def __init__(
        self, loop: EngineLoop, *, durable: Callable[[], Awaitable[None]], clock: Clock
    ) -> None:
        """Take the engine; ``durable`` waits until what it changed survives a power cut."""
        self._loop = loop
        self._durable = durable
        self._clock = clock

    async def halt(self, form: Form, why: str) -> Json:
        """Stop what this form stops; it is in force and on disk before this returns.

        Raises:
            RefusedError: a stronger halt is in force.
            StoreError: it is in force, but no disk took it.
        """
        await self._say(HaltTrading(form=form, why=why, at_ns=self._clock.now_ns()))
        return self.in_force()

    async def release(self, why: str) -> Json:
        """End the halt; that it is over is on disk before this returns.

        Raises:
            RefusedError: nothing is halted.
            StoreError: it is over, but no disk took it: a restart would halt again.
        """
        await self._say(Release(why=why, at_ns=self._clock.now_ns()))
        return self.in_force()

    def in_force(self) -> Json:
        """Return the halt; without one its form is null, and the rest is of the last release."""
        book = self._loop.engine.book
        halt = book.halt
        return {
            "form": None if halt.form is None else halt.form.value,
            "why": halt.why or None,
            "at": iso(halt.at_ns) if halt.version else None,
            "exits_waiting": sum(e.state.is_ready for lane in book.lanes.values() for e in lane),
        }

    async def _say(self, command: HaltTrading | Release) -> None:
        outputs = await self._loop.command(command)
        for output in outputs:
            if isinstance(output, HaltRefused):
                raise RefusedError("form", output.why)
        try:
            await self._durable()
        except StoreError as error:
            raise StoreError(f"it is in force, but only in memory: {error}") from error
