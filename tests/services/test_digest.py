"""How things stand, in few lines, of however many trades."""

import datetime as dt
import itertools

import pytest

from tests.alert_store import raised
from tests.api.world import LONG, START_NS, running
from tradebot.core.alerting.alerts import Severity
from tradebot.core.inputs import OrderSide
from tradebot.core.leaving.halt import Form
from tradebot.errors import StoreError
from tradebot.services.digest import DAY_NS, TRADES_TOLD_MAX, Digest, next_ns


@pytest.fixture
async def world():
    async with running() as made:
        yield made


def digest(world, reasons=()):
    return Digest(world.trades, world.alerts, reasons=lambda: reasons)


async def left(world, number, price):
    await world.bought()
    await world.trades.create(LONG)
    await world.tick(805.0)
    await world.trades.exit(f"T{number}")
    await world.fill(f"B{number}", f"T{number}-x1", OrderSide.SELL, 10, price)


async def test_a_quiet_guard_is_told_in_three_lines(world):
    assert digest(world).status().splitlines() == [
        "all is well",
        "open trades: 0",
        "alerts that nobody has acknowledged: 0",
    ]


async def test_trades_doubts_and_alerts_are_told(world):
    await world.bought()
    await world.trades.create(LONG)
    await world.tick(805.0)
    await world.halts.halt(Form.ENTRIES, "news")
    world.alerts.take([raised("a"), raised("b", Severity.INFO)])
    assert digest(world, ["the disk is full"]).status().splitlines() == [
        "degraded: the disk is full",
        "degraded: halted (entries): news",
        "open trades: 1",
        "T1 LONG 10 NSE:SBIN, LTP 805, stop 792, P&L 50",
        "alerts that nobody has acknowledged: 1",
    ]


async def test_of_very_many_only_some_are_told(world):
    for _ in range(TRADES_TOLD_MAX + 1):
        await world.bought()
        await world.trades.create(LONG)
    lines = digest(world, ["x"] * 9).status().splitlines()
    assert lines[5] == "... and 4 more reasons"
    assert lines[6] == f"open trades: {TRADES_TOLD_MAX} and more"
    assert len(lines) == 8 + TRADES_TOLD_MAX
    assert "LTP unknown" in lines[7]


async def test_the_day_is_told_with_gains_and_losses(world):
    await left(world, 1, 790)
    world.clock.pass_ms(DAY_NS // 1_000_000 + 1)
    for number, price in ((2, 810), (3, 795), (4, 800)):
        await left(world, number, price)
    letter = await digest(world).report("tradebot main", world.clock.now_ns())
    assert letter.subject == "tradebot main: the daily report"
    assert letter.text.splitlines()[0] == (
        "closed in the last 24 hours: 3, 1 with a gain, 1 with a loss, P&L +50 before charges"
    )
    assert letter.text.splitlines()[1] == "all is well"


async def test_a_day_without_trades_and_one_that_lost(world):
    report = digest(world)
    first = await report.report("x", START_NS)
    assert first.text.startswith("closed in the last 24 hours: no trade\n")
    await left(world, 1, 790)
    letter = await report.report("x", START_NS)
    assert "1, 0 with a gain, 1 with a loss, P&L -100 before" in letter.text


async def test_more_than_a_page_is_counted_and_very_many_say_so(world, monkeypatch):
    from tradebot.services import digest as module

    monkeypatch.setattr(module, "PAGE", 2)
    for number in range(1, 6):
        await left(world, number, 810)
    assert ": 5, 5 with a gain" in (await digest(world).report("x", START_NS)).text
    monkeypatch.setattr(module, "PAGES_MAX", 2)
    assert ": 4 and more, 4 with a gain" in (await digest(world).report("x", START_NS)).text


async def test_a_database_that_refuses_is_said(world, monkeypatch):
    async def refuse(**_):
        raise StoreError("the disk is gone")

    monkeypatch.setattr(world.trades, "history", refuse)
    text = (await digest(world).report("x", START_NS)).text
    assert text.startswith("closed in the last 24 hours: the database does not say it: the disk")


def ns(text):
    return int(dt.datetime.fromisoformat(text).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("now", "zone", "due"),
    [
        ("2026-01-05T03:34:59+00:00", "Asia/Kolkata", "2026-01-05T09:05:00+05:30"),
        ("2026-01-05T03:35:00+00:00", "Asia/Kolkata", "2026-01-06T09:05:00+05:30"),
        ("2026-01-05T23:00:00+00:00", "UTC", "2026-01-06T09:05:00+00:00"),
        ("2026-03-28T12:00:00+01:00", "Europe/Berlin", "2026-03-29T09:05:00+02:00"),
    ],
)
def test_the_clock_on_the_wall_shows_it_once_a_day(now, zone, due):
    assert next_ns(ns(now), 9 * 60 + 5, zone) == ns(due)


def test_on_a_day_on_which_clocks_jump_over_it_it_is_once_all_the_same():
    at, due = ns("2026-03-29T00:00:00+01:00"), []
    for _ in range(3):
        at = next_ns(at, 2 * 60 + 30, "Europe/Berlin")
        due.append(at)
    hours = [(b - a) // 3_600_000_000_000 for a, b in itertools.pairwise(due)]
    assert hours in ([23, 24], [24, 24])
