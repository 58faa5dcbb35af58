"""The configured hours are held against the server's, and neither is put in place of the other."""

import datetime as dt

import pytest

from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.doctor.clocks import clocks_of
from tradebot.brokers.openalgo.doctor.hours import DAYS, INDIA, compared
from tradebot.core.market.sessions import Session

NSE = Session(
    zone="Asia/Kolkata", open_minutes=555, close_minutes=930, weekdays=frozenset(range(5))
)


async def said(world, sessions):
    client = world.client
    await client.check()
    clocks = clocks_of(client.skew.offset, client.clock.now_ns(), 0)
    return {one.what: one async for one in compared(client, sessions, clocks)}


async def wrong(world, sessions):
    found = await said(world, sessions)
    return {what: (one.level, one.text) for what, one in found.items() if one.level != "ok"}


def today(world):
    return dt.datetime.fromtimestamp(world.clock.now_ns() // 10**9, INDIA).date()


async def test_hours_that_agree_are_said_to(world):
    assert (await said(world, {"NSE": NSE}))["hours"].level == "ok"


async def test_without_sessions_every_night_would_look_like_silence(world):
    assert (await wrong(world, {}))["hours"][1] == "every exchange is round the clock here"


async def test_a_session_that_is_round_the_clock_is_compared_with_nothing(world):
    assert (await said(world, {"CRYPTO": Session()}))["hours"].level == "ok"


async def test_a_special_session_that_is_missing_here_is_told(world):
    day = today(world) + dt.timedelta(days=1)
    world.server.holidays[day] = {"NSE": ("18:00", "19:00")}
    level, text = (await wrong(world, {"NSE": NSE}))["hours NSE"]
    ours = "closed" if day.weekday() > 4 else "09:15-15:30"
    assert (level, text) == (
        "warning",
        f"on {day} {ours} by sessions, 18:00-19:00 by OpenAlgo",
    )


async def test_a_holiday_that_only_the_server_knows_is_told(world):
    days = (today(world) + dt.timedelta(days=n) for n in range(DAYS))
    day = next(day for day in days if day.weekday() < 5)
    world.server.holidays[day] = {}
    text = (await wrong(world, {"NSE": NSE}))["hours NSE"][1]
    assert text == f"on {day} 09:15-15:30 by sessions, closed by OpenAlgo"


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.ERROR])
async def test_hours_that_are_not_told_are_a_warning(world, fault):
    world.server.faults.turn_on(fault, endpoint="market/timings")
    assert "does not tell the hours" in (await wrong(world, {"NSE": NSE}))["hours"][1]


@pytest.mark.parametrize("days", [1, -1])
async def test_todays_hours_are_those_of_the_servers_day_whatever_our_clock_shows(world, days):
    before = today(world)
    world.clock.advance(days * 86_400)
    await said(world, {"NSE": NSE})
    first = world.server.record.asked("market/timings")[0].body["date"]
    assert first in {str(before), str(today(world) - dt.timedelta(days=days))}  # or a midnight
