"""Who leaves next where more wants to leave than the server takes."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from tests.brokers.openalgo.world import LIMITS, World, a_cancel, an_order
from tests.openalgo.exchange import By
from tradebot.brokers.openalgo.calls import budget
from tradebot.brokers.openalgo.calls.budget import Budget
from tradebot.brokers.openalgo.calls.turns import AT_ONCE, Turns
from tradebot.core.inputs import Acked
from tradebot.core.leaving.ranking import CHASE

HOUR_S = 3600.0


class Gate(Budget):
    """A budget that has room only when a test says so, and a sleep that lasts until then."""

    def __init__(self):
        super().__init__(1)
        self.room = 0
        self._woken = asyncio.Event()
        self.turns = Turns(self, sleep=self._sleep)
        self.left = []

    def take(self, _now_s, *, urgent):
        if not self.room or (not urgent and self.room == 1):
            return 1.0
        self.room -= 1
        return 0.0

    async def _sleep(self, _seconds):
        await self._woken.wait()

    async def opens(self, room):
        self.room = room
        woken, self._woken = self._woken, asyncio.Event()
        woken.set()
        await settled()

    async def wants(self, name, *, urgent=True, rank=AT_ONCE, within_s=HOUR_S):
        if await self.turns.take(urgent=urgent, rank=rank, within_s=within_s) is None:
            self.left.append(name)

    async def queue(self, *wishes):
        tasks = []
        for name, words in wishes:
            tasks.append(asyncio.create_task(self.wants(name, **words)))
            await settled()
        return tasks


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_there_is_room_for_leaves_at_once():
    gate = Gate()
    gate.room = 2
    await gate.wants("a quote", urgent=False)
    await gate.wants("an exit")
    assert gate.left == ["a quote", "an exit"]


async def test_urgent_requests_leave_first_then_the_lowest_rank_then_the_oldest():
    gate = Gate()
    await gate.queue(
        ("a quote", {"urgent": False}),
        ("a small long", {"rank": (1.0, -10.0)}),
        ("a large long", {"rank": (1.0, -900.0)}),
        ("a small short", {"rank": (-1.0, -10.0)}),
        ("another small long", {"rank": (1.0, -10.0)}),
        ("a cancel", {"rank": AT_ONCE}),
    )
    for room in (1, 1, 1, 1, 1, 2):
        await gate.opens(room)
    assert gate.left == [
        *("a cancel", "a small short", "a large long", "a small long", "another small long"),
        "a quote",
    ]


async def test_who_comes_while_another_waits_does_not_pass_him():
    gate = Gate()
    await gate.queue(("first", {}))
    gate.room = 1
    await gate.queue(("second", {}))
    await gate.opens(gate.room)
    assert gate.left == ["first"]


async def test_who_would_wait_for_too_long_does_not_and_the_next_one_may():
    gate = Gate()
    assert await gate.turns.take(urgent=True, rank=AT_ONCE, within_s=0.5) == 1.0
    await gate.queue(("an hour", {}))
    assert await gate.turns.take(urgent=True, rank=(1.0, 0.0), within_s=0.0) is not None
    await gate.opens(1)
    assert gate.left == ["an hour"]


@pytest.mark.parametrize("given_up", [0, 1])
async def test_one_who_gives_up_holds_nobody_back(given_up):
    gate = Gate()
    names = ["first", "second", "third"]
    tasks = await gate.queue(*((name, {}) for name in names))
    tasks[given_up].cancel()
    await settled()
    await gate.opens(2)
    await gate.opens(2)
    del names[given_up]
    assert gate.left == names


async def test_a_real_budget_is_never_overdrawn():
    slept = []

    async def pause(seconds):
        slept.append(seconds)
        await asyncio.sleep(0)

    turns = Turns(Budget(3), sleep=pause)
    found = await asyncio.gather(
        *(turns.take(urgent=True, rank=AT_ONCE, within_s=0.5) for _ in range(9))
    )
    assert found.count(None) == 3


async def test_of_exits_that_wait_the_one_that_ranks_first_is_first_at_the_server(monkeypatch):
    monkeypatch.setattr(budget, "SPAN_S", 0.1)
    async with World(msgspec.structs.replace(LIMITS, orders_per_s=1, budget_s=HOUR_S)) as world:
        await world.held(20)
        ranks = {"1": (1.0, -1.0), "2": (1.0, -10.0), "3": (1.0, -900.0), "4": (-1.0, -1.0)}
        orders = (an_order(f"T{n}-x1", quantity=n) for n in ranks)
        ranked = [msgspec.structs.replace(o, rank=ranks[str(o.quantity)]) for o in orders]
        await asyncio.gather(*(world.broker.place(order) for order in ranked))
        ours = world.server.record.orders(by=By.CLIENT)
    # The first found the budget free.
    assert [int(order.ticket.quantity) for order in ours] == [1, 4, 3, 2]


@pytest.mark.parametrize(("rank", "place"), [((), 0), (CHASE, 3)])
async def test_a_cancel_that_makes_room_is_before_the_exits_and_a_chase_behind_them(
    monkeypatch, rank, place
):
    """With 200 stops crossed at once the first ten that rested had the budget for themselves."""
    monkeypatch.setattr(budget, "SPAN_S", 0.1)
    async with World(msgspec.structs.replace(LIMITS, orders_per_s=1, budget_s=HOUR_S)) as world:
        await world.held(20)
        resting = await world.broker.place(an_order(quantity="5", price=Decimal(900)))
        assert isinstance(resting, Acked)
        orders = [an_order(f"T{n}-x1", quantity=str(n)) for n in (1, 2, 3)]
        ranked = [msgspec.structs.replace(order, rank=(1.0, -1.0)) for order in orders]
        cancel = msgspec.structs.replace(a_cancel(resting.order_id), rank=rank)
        asked = [world.broker.place(order) for order in ranked] + [world.broker.cancel(cancel)]
        await asyncio.gather(*asked)
        asked_for = [request.endpoint for request in world.server.record.requests]
    ours = [route for route in asked_for if route in ("placeorder", "cancelorder")][1:]
    assert ours.index("cancelorder") == place
