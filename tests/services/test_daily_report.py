"""The report leaves once a day, at its minute, by every way."""

import asyncio

from tests.services.fakes import FakeClock
from tradebot.ports import Letter
from tradebot.services.daily_report import LOOK_S, DailyReport

DAY_NS = 86_400_000_000_000
MIDNIGHT_NS = 20_458 * DAY_NS  # UTC


class Digest:
    """Writes letters that tell when."""

    async def report(self, whose, now_ns):
        return Letter(subject=whose, text=str((now_ns - MIDNIGHT_NS) // 60_000_000_000))


async def reports(count, *, jump_ns=0, wall_ahead_ns=0):
    clock, wall = FakeClock(MIDNIGHT_NS), FakeClock(MIDNIGHT_NS + wall_ahead_ns)
    first: list[Letter] = []
    second: list[Letter] = []
    slept: list[float] = []

    async def sleep(seconds):
        slept.append(seconds)
        clock.ns += int(seconds * 1e9)
        wall.ns += int(seconds * 1e9) + jump_ns
        await asyncio.sleep(0)

    report = DailyReport(
        Digest(),  # type: ignore[arg-type] # only this of it is asked
        [first.append, second.append],
        whose="tradebot PAPER-1",
        minutes=545,
        zone="UTC",
        clock=clock,
        wall=wall,
        sleep=sleep,
    )
    task = asyncio.create_task(report.run())
    while len(second) < count:  # noqa: ASYNC110 - a list has no event
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert first == second
    assert max(slept) <= LOOK_S
    return [letter.text for letter in first]


async def test_it_leaves_every_day_at_its_minute():
    assert await reports(3) == ["545", str(545 + 1440), str(545 + 2880)]


async def test_a_clock_that_is_put_forward_is_noticed():
    (first,) = await reports(1, jump_ns=3_600_000_000_000)
    assert int(first) <= 545 // 60


async def test_it_leaves_by_the_wall_and_tells_of_what_the_daemon_has_timed():
    assert await reports(2, wall_ahead_ns=3_600_000_000_000) == ["485", str(485 + 1440)]
