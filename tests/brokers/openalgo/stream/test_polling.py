"""What falls silent is asked for in time, whatever became of the questions before."""

import asyncio
from contextlib import asynccontextmanager

import msgspec

from tests.brokers.openalgo.feeding import POLLS, WAIT_S
from tests.brokers.openalgo.world import NAME, World
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.calls.budget import BACK_OFF_S, SPAN_S, Budget
from tradebot.brokers.openalgo.calls.client import READS_AT_ONCE, Limits
from tradebot.brokers.openalgo.stream.connection import Pace
from tradebot.brokers.openalgo.stream.polling import AT_ONCE, NAMES_MAX, Polling
from tradebot.brokers.openalgo.stream.watch import Patience, Watch

ROUND_TRIP_S = 0.3
ONCE = msgspec.structs.replace(POLLS, poll_ns=10**18)  # long ago for what was never asked for
# Not one request gives up within a test; what it waits for has to come of another one.
HANGING = Limits(read_s=10 * WAIT_S, orders_per_s=1000, reads_per_s=1000)


@asynccontextmanager
async def polling(world, names, patience=POLLS):
    """Yield the prices that quotes bring while nothing ever ticks, and what is silent yet."""
    watch, told = Watch(patience, lambda *_: True), {}
    for name in names:
        watch.want(name, 0)
    polls = Polling(
        world.client,
        watch,
        lambda name, quote, _now_ns: told.update({name: quote.ltp}),
        look_s=0.005,
        quote_s=10 * WAIT_S,
    )
    task = asyncio.ensure_future(polls.run())
    yield told, lambda: watch.to_poll(world.clock.now_ns())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def asked(world):
    return [
        [f"{row['exchange']}:{row['symbol']}" for row in request.body["symbols"]]
        for request in world.server.record.asked("multiquotes")
    ]


def test_what_is_lost_is_asked_for_within_three_seconds():
    found_s = Patience().poll_ns / 1e9 + Pace().look_s
    assert found_s + max(SPAN_S, BACK_OFF_S) + ROUND_TRIP_S <= 3.0


def test_quotes_of_350_instruments_leave_within_the_span_however_full_it_was():
    budget = Budget(Limits().reads_per_s)
    while budget.take(0.0, urgent=False) == 0.0:
        pass
    waits = [budget.take(SPAN_S, urgent=False) for _ in range(350 // NAMES_MAX)]
    assert set(waits) == {0.0}


async def test_questions_that_hang_keep_no_other_one_waiting():
    async with World(HANGING) as world:
        world.server.faults.turn_on(Fault.HANGS, endpoint="multiquotes", times=AT_ONCE - 1)
        async with polling(world, [NAME]) as (told, _):
            await world.server.until(lambda: told)
        assert told == {NAME: world.server.account.prices[NAME]}
        assert len(asked(world)) >= AT_ONCE


async def test_a_book_is_read_while_every_quote_hangs():
    async with World(HANGING) as world:
        world.server.faults.turn_on(Fault.HANGS, endpoint="multiquotes")
        async with polling(world, [NAME]):
            await world.server.until(lambda: len(asked(world)) == AT_ONCE)
            async with asyncio.timeout(WAIT_S):
                assert await world.broker.positions() == []
    assert AT_ONCE < READS_AT_ONCE


async def test_what_is_silent_together_is_asked_for_together_and_once():
    names = [f"NSE:S{number:03}" for number in range(2 * NAMES_MAX + 1)]
    async with World() as world, polling(world, names, ONCE) as (_, silent):
        await world.server.until(lambda: len(asked(world)) >= 3)
        assert silent() == []
    assert sorted(map(len, asked(world))) == [1, NAMES_MAX, NAMES_MAX]
    assert sorted(name for group in asked(world) for name in group) == names
