"""A process that trades at the paper broker until it is killed; see test_broker_kill.py.

Says on stdout what it was promised: a line for each order that was acknowledged.
"""

import asyncio
import os
import sys
import time
from decimal import Decimal
from pathlib import Path

from tests.brokers.paper.world import INSTRUMENTS, KeepingInbox, an_order
from tradebot.brokers.paper.broker import PaperBroker
from tradebot.brokers.paper.fate import Chances
from tradebot.brokers.paper.memory import Memory
from tradebot.brokers.paper.prices import LastPrices
from tradebot.core.inputs import OrderSide

CHANCES = Chances(latency_ns=1_000_000, partial_fills=0.5, rejects=0.1, lose_replies=0.1)


class RealClock:
    def now_ns(self):
        return time.time_ns()


async def trade(path, first):
    prices, inbox = LastPrices(), KeepingInbox()
    broker = PaperBroker(Memory(path), prices, RealClock(), INSTRUMENTS, chances=CHANCES)
    await broker.open(inbox)
    number = first
    while True:
        side = OrderSide.BUY if number % 3 else OrderSide.SELL
        quantity = str(1 + number % 9)
        outcome = await broker.place(an_order(f"T{number}-x1", quantity, side))
        os.write(
            1, f"{number} {type(outcome).__name__} {getattr(outcome, 'order_id', '-')}\n".encode()
        )
        prices.tell("SIM:SBIN", float(Decimal("812.5") + number % 7), time.time_ns())
        await asyncio.sleep(0)
        number += 1


if __name__ == "__main__":
    asyncio.run(trade(Path(sys.argv[1]), int(sys.argv[2])))
