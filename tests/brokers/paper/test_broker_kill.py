"""kill -9 in the middle of placing: nothing acknowledged is lost, nothing is doubled."""

import random
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

from tests.brokers.paper.placing_child import CHANCES
from tests.brokers.paper.world import SBIN, World, an_order
from tradebot.core.inputs import Acked, OrderSide, OrderState

ROOT = Path(__file__).parents[3]
KILLS = 6


def one_life(path, first, seconds):
    """Let a process trade, kill it outright, and return what it had been promised."""
    command = [sys.executable, "-m", "tests.brokers.paper.placing_child", str(path), str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        said = [child.stdout.readline()]
        time.sleep(seconds)  # a moment that the child knows nothing of
        child.kill()
        said += child.stdout.readlines()
    return [line.decode().split() for line in said if line.endswith(b"\n")]


async def test_kill_9_loses_no_acknowledged_order_and_doubles_none(tmp_path):
    path, drawn = tmp_path / "paper.db", random.Random(4)
    promised: list[list[str]] = []
    for _ in range(KILLS):
        first = int(promised[-1][0]) + 1 if promised else 1
        promised += one_life(path, first, drawn.uniform(0.02, 0.2))
    assert len(promised) > 10 * KILLS
    world = World(tmp_path, chances=CHANCES)
    world.time.ns = time.time_ns()
    await world.open()
    orders = {order.client_order_id: order for order in world.memory.orders(10**9)}
    acked = {f"T{number}-x1": order_id for number, kind, order_id in promised if kind == "Acked"}
    assert len(acked) > 5 * KILLS
    for name, order_id in acked.items():
        assert orders[name].order_id == order_id
    # Every request is repeated, the one in flight at each kill too: nothing trades again.
    before = world.memory.orders(10**9)
    for number, *_ in promised:
        side = OrderSide.BUY if int(number) % 3 else OrderSide.SELL
        again = await world.broker.place(an_order(f"T{number}-x1", str(1 + int(number) % 9), side))
        if isinstance(again, Acked):
            assert orders[f"T{number}-x1"].order_id == again.order_id
    assert world.memory.orders(10**9) == before
    # What was pending at the kills fills now, and the books agree to the last unit.
    world.price(812.5)
    for _ in range(100):
        world.time.advance(1)
    check_the_books(world)


def check_the_books(world):
    orders = {order.order_id: order for order in world.memory.orders(10**9)}
    executions = world.memory.executions_since(0)
    assert len({execution.execution_id for execution in executions}) == len(executions)
    filled: Counter[str] = Counter()
    net = Decimal(0)
    for execution in executions:
        filled[execution.order_id] += int(execution.quantity)
        net += execution.side.sign * execution.quantity
    for order in orders.values():
        assert order.state.is_final
        assert filled[order.order_id] == order.filled
        if order.state is OrderState.COMPLETE:
            assert order.filled == order.quantity
    assert world.broker.nets().get(SBIN, Decimal(0)) == net
