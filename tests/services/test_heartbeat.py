"""The call goes out while all is well; that nobody takes it is told once."""

import asyncio

import pytest

from tests.services.fakes import Said
from tradebot.core.alerting.alerts import Over, Raised
from tradebot.errors import AlertError
from tradebot.services import heartbeat as module
from tradebot.services.heartbeat import EVERY_S, KEY, Heartbeat


class World:
    def __init__(self):
        self.said = Said()
        self.changes: list[Raised | Over] = []
        self.slept = []
        self.calls = 0
        self.does: list[object] = []
        self.is_well = True
        self.heartbeat = Heartbeat(
            self.call,
            is_well=lambda: self.is_well,
            alert=self.changes.extend,
            say=self.said,
            sleep=self.sleep,
        )

    async def call(self):
        self.calls += 1
        does = self.does.pop(0) if self.does else None
        if does == "hang":
            await asyncio.Event().wait()
        if isinstance(does, Exception):
            raise does

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def run(self, beats):
        task = asyncio.create_task(self.heartbeat.run())
        while len(self.slept) < beats:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def world():
    return World()


async def test_it_calls_every_minute(world):
    await world.run(3)
    assert world.calls == 3
    assert set(world.slept) == {EVERY_S}


async def test_while_something_is_wrong_it_is_silent(world):
    world.is_well = False
    await world.run(3)
    assert world.calls == 0


async def test_that_nobody_takes_the_call_is_told_once_and_that_somebody_does_again(
    world, monkeypatch
):
    monkeypatch.setattr(module, "CALL_S_MAX", 0.01)
    world.does = [AlertError("HTTP 500"), "hang", AlertError("x")]
    await world.run(5)
    assert world.said.events == ["heartbeat.failed", "heartbeat.back"]
    kinds = [type(change) for change in world.changes]
    assert kinds == [Raised, Raised, Raised, Over, Over]
    assert {change.key for change in world.changes} == {KEY}
    assert "no answer within 0.01 s" in world.changes[1].text
