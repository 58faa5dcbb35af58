"""Hours that differ from the broker's are told while there is time to look them up."""

import datetime as dt

import pytest

from tests.brokers.openalgo.world import World
from tradebot.app.hours_watch import EVERY_S, HoursWatch
from tradebot.brokers.openalgo.doctor.hours import INDIA
from tradebot.core.market.sessions import Session

NSE = Session(
    zone="Asia/Kolkata", open_minutes=555, close_minutes=930, weekdays=frozenset(range(5))
)


@pytest.fixture
async def world():
    async with World() as opened:
        yield opened


class EnoughError(Exception):
    """The end of a test."""


def watch(world, sessions=lambda: {"NSE": NSE}, wall_ahead_ns=0, **words):
    return HoursWatch(
        world.client, sessions, wall_ahead_ns=lambda: wall_ahead_ns, say=world.said, **words
    )


def differing(world):
    return [fields for event, _, fields in world.said.lines if event == "sessions.differ"]


async def test_hours_that_agree_are_not_worth_a_word(world):
    await watch(world).look()
    assert differing(world) == []


async def test_each_day_that_differs_is_told_with_what_to_do(world):
    today = dt.datetime.fromtimestamp(world.clock.now_ns() // 10**9, INDIA).date()
    day = today + dt.timedelta(days=2)
    world.server.holidays[day] = {"NSE": ("18:00", "19:00")}
    await watch(world).look()
    (told,) = differing(world)
    assert told["what"] == "hours NSE"
    assert f"on {day}" in str(told["why"])
    assert "18:00-19:00 by OpenAlgo" in str(told["why"])
    assert "[sessions.NSE]" in str(told["todo"])


async def test_it_looks_again_with_the_sessions_of_then(world):
    slept = []
    sessions = [{"NSE": NSE}, {}]

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) > 1:
            raise EnoughError

    made = watch(world, lambda: sessions[len(slept)], sleep=sleep)
    with pytest.raises(EnoughError):
        await made.run()
    assert slept == [EVERY_S, EVERY_S]
    assert [told["why"] for told in differing(world)] == ["every exchange is round the clock here"]


def clocks(world):
    return [fields for event, _, fields in world.said.lines if event == "clock.differs"]


async def test_a_clock_that_is_minutes_off_is_told_and_its_hours_are_not(world):
    world.clock.advance(20 * 60)
    world.client.skew.offset = None
    await watch(world).look()
    (told,) = clocks(world)
    assert "the server's clock is at least 20.0 min behind ours" in str(told["why"])
    assert "timedatectl" in str(told["todo"])
    assert differing(world) == []


async def test_a_clock_that_was_set_right_since_the_start_is_not_worth_a_word(world):
    world.clock.advance(20 * 60)
    await watch(world, wall_ahead_ns=-20 * 60 * 10**9).look()
    assert clocks(world) == []
