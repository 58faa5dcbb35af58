"""Figures of a guard at work."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.world import LONG, START_NS, running
from tests.services.guard import RecordingJournal
from tradebot.core.inputs import OrderSide
from tradebot.core.leaving.halt import Form
from tradebot.errors import StoreError
from tradebot.metrics import Exposition
from tradebot.services import figures as module
from tradebot.services.figures import Figures

SECOND_NS = 1_000_000_000


def samples(figures, world):
    text = Exposition([figures.source(world.loop, world.persister)]).text().decode()
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
async def world():
    async with running() as made:
        yield made


async def test_a_quiet_guard_has_every_figure(world):
    told = samples(Figures(world.clock), world)
    for name in (
        *("tradebot_ticks_judged_total", "tradebot_ticks_thinned_total"),
        *("tradebot_inputs_waiting", "tradebot_store_rows_waiting", "tradebot_store_failing"),
        *("tradebot_trades PENDING", "tradebot_trades ACTIVE", "tradebot_trades TRIGGERED"),
        *("tradebot_blind_seconds_total", "tradebot_prices_dropped_total"),
        *("tradebot_prices_held_total", "tradebot_tick_to_decision_seconds_count"),
        *("tradebot_journal_append_seconds_count", "tradebot_journal_sync_seconds_count"),
        *("tradebot_loop_lag_seconds_count", "tradebot_lines_guarded", "tradebot_lines_blind"),
    ):
        assert told[name] == 0, name


async def test_what_happens_is_counted(world):
    figures = Figures(world.clock)
    deliver = world.loop._deliver

    def delivered(outputs, *, is_safe):
        figures.heard(outputs)
        deliver(outputs, is_safe=is_safe)

    world.loop._deliver = delivered
    await world.bought(20)
    await world.trades.create(LONG)
    await world.trades.create(LONG)
    await world.tick(805.0)
    await world.tick(700.0)  # a jump, held
    await world.tick(805.0)
    await world.tick(-1.0)  # dropped
    world.clock.pass_ms(10)
    await world.tick(799.0)
    await world.tick(791.9)
    await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 791)
    told = samples(figures, world)
    assert told["tradebot_exits_total stop"] == 2
    assert told["tradebot_trades_closed_total CLOSED"] == 1
    assert told["tradebot_trades TRIGGERED"] == 1
    assert told["tradebot_prices_held_total"] == 1
    assert told["tradebot_prices_dropped_total"] == 1
    assert told["tradebot_ticks_judged_total"] == 6
    assert told["tradebot_tick_to_decision_seconds_count"] == 2
    await world.trades.create(LONG)
    await world.trades.exit("T3")
    told = samples(figures, world)
    assert told["tradebot_exits_total manual"] == 1


async def test_the_halt_in_force_is_a_figure(world):
    figures = Figures(world.clock)
    assert samples(figures, world)["tradebot_halted flatten"] == 0
    await world.halts.halt(Form.FLATTEN, "fear")
    told = samples(figures, world)
    assert (told["tradebot_halted flatten"], told["tradebot_halted entries"]) == (1, 0)


async def test_unguarded_seconds_are_told_in_all_and_by_trade_and_day(world):
    figures = Figures(world.clock)
    assert samples(figures, world)["tradebot_day_unguarded_seconds"] == 0
    await world.trades.create({key: LONG[key] for key in list(LONG)[:5]})
    world.clock.pass_ms(1_500)
    told = samples(figures, world)
    assert told["tradebot_trades_unguarded"] == 1
    assert told["tradebot_day_unguarded_seconds"] == 1.5
    by_trade = {name: value for name, value in told.items() if "T1" in name}
    assert {name.split()[0]: value for name, value in by_trade.items()} == {
        "tradebot_trade_unguarded_seconds": 1.5,
        "tradebot_trade_blind_seconds": 0,
    }
    assert all("2026-01-05" in name for name in by_trade)
    assert told["tradebot_day_blind_seconds"] == 0


async def test_blind_time_counts_while_it_lasts(world):
    await world.trades.create(LONG)
    line = world.book.lines["NSE:SBIN"]
    line.blind_ns = 5 * SECOND_NS
    figures = Figures(world.clock)
    assert samples(figures, world)["tradebot_blind_seconds_total"] == 5
    line.blind_since_ns = START_NS
    world.clock.pass_ms(1_500)
    told = samples(figures, world)
    assert (told["tradebot_blind_seconds_total"], told["tradebot_lines_blind"]) == (6.5, 1)


async def test_a_journal_is_timed_whether_it_takes_or_refuses(world):
    figures, journal = Figures(world.clock), RecordingJournal()
    timed = figures.timed(journal)
    assert timed.append([]) == 1
    timed.sync()
    journal.refuses = {"append", "sync"}
    with pytest.raises(StoreError):
        timed.append([])
    with pytest.raises(StoreError):
        timed.sync()
    told = samples(figures, world)
    assert told["tradebot_journal_append_seconds_count"] == 2
    assert told["tradebot_journal_sync_seconds_count"] == 2
    assert journal.calls == ["append", "sync", "append", "sync"]


async def test_the_lag_of_the_loop_is_sampled(world, monkeypatch):
    monkeypatch.setattr(module, "LAG_EVERY_S", 0)
    figures = Figures(world.clock)
    task = asyncio.create_task(figures.sample_lag())
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    assert samples(figures, world)["tradebot_loop_lag_seconds_count"] >= 3
