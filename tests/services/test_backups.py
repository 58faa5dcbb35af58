"""Backups come in time, one at a time, and a failure is said once and remembered."""

import asyncio
from typing import NamedTuple

import pytest

from tests.services.fakes import FakeClock, Said
from tradebot.errors import StoreError
from tradebot.services.backups import BackupSchedule

HOUR_NS = 3_600_000_000_000


class Copy(NamedTuple):
    name: str
    frame: int
    size: int
    at_ns: int


class World:
    """A schedule, and what makes its backups."""

    def __init__(self, *, every_s=3_600.0, newest=None) -> None:
        self.said = Said()
        self.clock = FakeClock(10 * HOUR_NS)
        self.refuses = ""
        self.made: list[Copy] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.schedule = BackupSchedule(
            self.make, every_s=every_s, newest=newest, clock=self.clock, say=self.said
        )

    async def make(self):
        await self.gate.wait()
        if self.refuses:
            raise StoreError(self.refuses)
        number = len(self.made) + 1
        self.made.append(Copy(f"b{number}", number, 4096, self.clock.ns))
        return self.made[-1]

    def figure(self, name):
        return next(f.values[()] for f in self.schedule.figures() if f.name == f"tradebot_{name}")


async def turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
async def started():
    tasks = []

    async def start(world):
        tasks.append(asyncio.create_task(world.schedule.run()))
        await asyncio.sleep(0.001)
        await turns()
        return world

    yield start
    for task in tasks:
        task.cancel()


async def test_without_any_the_first_is_made_at_once(started):
    world = await started(World())
    assert [copy.name for copy in world.made] == ["b1"]
    assert world.said.lines == [
        ("backup.made", "info", {"file": "b1", "frame": 1, "bytes": 4096}),
    ]


@pytest.mark.parametrize(("age_h", "made"), [(0.5, 0), (1.5, 1), (-1, 1)])
async def test_the_first_of_a_life_comes_when_the_newest_is_old_or_from_the_future(
    started, age_h, made
):
    newest = Copy("old", 5, 4096, int((10 - age_h) * HOUR_NS))
    world = await started(World(newest=newest))
    assert len(world.made) == made


async def test_one_can_be_asked_for_and_those_asked_together_come_one_by_one(started):
    newest = Copy("old", 5, 4096, 10 * HOUR_NS)
    world = await started(World(newest=newest))
    world.schedule.soon()
    await turns()
    assert len(world.made) == 1
    world.gate.clear()
    both = [asyncio.ensure_future(world.schedule.make()) for _ in range(2)]
    await turns()
    world.gate.set()
    assert [(await made).name for made in both] == ["b2", "b3"]


async def test_a_failure_is_critical_once_and_a_reason_until_one_succeeds():
    world = World()
    world.refuses = "the disk is full"
    for _ in range(2):
        with pytest.raises(StoreError, match="the disk is full"):
            await world.schedule.make()
    assert world.said.lines == [("backup.failed", "critical", {"error": "the disk is full"})]
    assert list(world.schedule.reasons()) == ["backups fail, there is none: the disk is full"]
    assert (world.figure("backup_failing"), world.figure("backup_failures_total")) == (1, 2)
    world.refuses = ""
    await world.schedule.make()
    assert world.said.lines[-1][:2] == ("backup.made", "warning")
    assert list(world.schedule.reasons()) == []
    world.clock.ns += HOUR_NS
    world.refuses = "no more"
    with pytest.raises(StoreError):
        await world.schedule.make()
    assert list(world.schedule.reasons()) == ["backups fail, the newest is b1: no more"]
    assert (world.figure("backup_failing"), world.figure("backup_age_seconds")) == (1, 3_600)


async def test_after_a_failure_it_is_tried_again(started):
    world = World(every_s=0.001)
    world.refuses = "no"
    await started(world)
    world.refuses = ""
    async with asyncio.timeout(30):
        while not world.made:  # noqa: ASYNC110 - the real time of a retry
            await asyncio.sleep(0.001)
    assert world.schedule.failing == ""
