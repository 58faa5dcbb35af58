"""Whatever the disks refuse meanwhile, in the end their rows are the engine's book."""

import asyncio
import random

import pytest

from tests.services.guard import SECOND_NS, TRAIL, Guard, a_tick
from tests.services.unkind_store import World, turns
from tradebot.core.inputs import Timer
from tradebot.core.records import Heard
from tradebot.errors import StoreError
from tradebot.stores.snapshot import Tables


@pytest.mark.parametrize("seed", range(12))
async def test_after_any_failures_of_the_store_its_rows_equal_the_book(seed):
    draw = random.Random(seed)
    world, guard = World(), Guard()
    guard.loop._keep = world.persister.keep
    task = world.start()
    prices = {f"T{n}": 800.0 for n in range(1, 9)}
    guard.create(*prices, rules=TRAIL)
    flushes = list[asyncio.Future[None]]()
    for seq in range(1, 400):
        name = draw.choice(list(prices))
        prices[name] = round(prices[name] * (1 + draw.uniform(-0.004, 0.005)), 2)
        guard.loop.tick(a_tick(prices[name], name, seq))
        if draw.random() < 0.1:
            guard.loop.put(Timer((3 + seq) * SECOND_NS))
        guard.loop.turn()
        world.store.refuses = draw.choice(["", "", "before", "after"])
        guard.journal.refuses = draw.choice([set(), set(), {"append"}, {"sync"}])
        if draw.random() < 0.3:
            flushes.append(asyncio.ensure_future(world.persister.flush()))
        if draw.random() < 0.05:
            task.cancel()
            await asyncio.wait([task])
            task = world.start()
        await turns(draw.randint(0, 3))
    world.store.refuses, guard.journal.refuses = "", set()
    guard.loop.finish()
    await world.persister.flush()
    await asyncio.wait(flushes)
    journaled = Tables()
    for record in guard.journal.records:
        journaled.apply(record)
    assert guard.orders, "no trade was left: nothing was shown"
    for tables in (world.store._live, journaled):
        live = {name: s for name, s in tables.trades.items() if not s.trade.status.is_over}
        book = guard.book
        assert live.keys() == book.trades.keys()
        for name, trade in book.trades.items():
            assert live[name].trade.version == trade.version
            assert live[name].trade.status == trade.status
        assert {p.key: p for p in tables.positions.values()} == book.positions
        exits = {(e.trade_id, e.number): e for own in book.exits.values() for e in own.values()}
        assert tables.exits == exits
        assert sorted(tables.told) == list(range(1, book.lines_told + 1))
        assert tables.heard == Heard(seq=book.heard_seq, at_ns=book.heard_at_ns)
    assert world.store._live.highs == journaled.highs
    assert all(error is None for f in flushes if f.done() for error in [_own_error(f)])
    task.cancel()


def _own_error(flush: "asyncio.Future[None]") -> BaseException | None:
    error = flush.exception()
    return None if isinstance(error, StoreError) else error
