"""NautilusTrader's order emulator, timed round by round in an environment of its own.

Run by ``bench.nautilus`` with the interpreter of that environment; knows nothing of this
project. Each line on its input names a workload and a count of ticks; the answer is the
CPU time of a tick in nanoseconds.
"""

# mypy: disable-error-code="import-not-found"
# It is installed in that other environment only.

import gc
import random
import sys
from decimal import Decimal
from time import thread_time_ns

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.emulator import OrderEmulator
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide, OrderSide, TrailingOffsetType, TriggerType
from nautilus_trader.model.identifiers import StrategyId, TradeId, TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.test_kit.providers import TestInstrumentProvider

INSTRUMENT = TestInstrumentProvider.equity("Y", "XNAS")
ENDPOINTS = ("RiskEngine.process", "RiskEngine.execute", "ExecEngine.process", "ExecEngine.execute")


class Emulator:
    """An emulator that guards longs with sell orders far below the price."""

    def __init__(self, orders: int, *, trailing: bool) -> None:
        clock, trader = TestClock(), TraderId("TESTER-001")
        self.bus = MessageBus(trader_id=trader, clock=clock)
        self.cache = Cache()
        self.cache.add_instrument(INSTRUMENT)
        for endpoint in ENDPOINTS:
            self.bus.register(endpoint, lambda _message: None)
        for endpoint in ("DataEngine.execute", "DataEngine.request"):
            self.bus.register(endpoint, lambda _message: None)
        portfolio = Portfolio(msgbus=self.bus, cache=self.cache, clock=clock)
        self.emulator = OrderEmulator(portfolio, self.bus, self.cache, clock)
        self.emulator.start()
        self.factory = OrderFactory(trader, StrategyId("S-001"), clock)
        self.high, self.draw = 1_000.0, random.Random(1)
        self.trailing = trailing
        self.submit(self.order())
        self.emulator.on_trade_tick(_tick(self.high))
        for _ in range(orders - 1):
            self.submit(self.order())
        self.orders = self.emulator.get_matching_core(INSTRUMENT.id).get_orders()
        assert len(self.orders) == orders, f"{len(self.orders)} orders are emulated"

    def order(self):
        if not self.trailing:
            return self.factory.stop_market(
                INSTRUMENT.id,
                OrderSide.SELL,
                Quantity.from_int(75),
                trigger_price=Price.from_str("500.00"),
                emulation_trigger=TriggerType.LAST_PRICE,
            )
        return self.factory.trailing_stop_market(
            INSTRUMENT.id,
            OrderSide.SELL,
            Quantity.from_int(75),
            trailing_offset=Decimal(450),
            trailing_offset_type=TrailingOffsetType.PRICE,
            activation_price=Price.from_str("900.00"),
            trigger_price=Price.from_str("500.00"),
            trigger_type=TriggerType.LAST_PRICE,
            emulation_trigger=TriggerType.LAST_PRICE,
        )

    def submit(self, order) -> None:
        self.cache.add_order(order)
        self.emulator.execute(
            SubmitOrder(
                trader_id=order.trader_id,
                strategy_id=order.strategy_id,
                order=order,
                command_id=UUID4(),
                ts_init=0,
            )
        )

    def check(self) -> None:
        """See that every trail has followed the best price: the work was done."""
        trigger = Price(self.high - 450 if self.trailing else 500, 2)
        assert all(order.trigger_price == trigger for order in self.orders), "it does not trail"

    def quiet(self, count: int) -> list[TradeTick]:
        return [_tick(990 + self.draw.randint(0, 10) / 100) for _ in range(count)]

    def rising(self, count: int) -> list[TradeTick]:
        ticks = []
        for _ in range(count):
            self.high += 0.01
            ticks.append(_tick(self.high))
        return ticks


def _tick(price: float) -> TradeTick:
    return TradeTick(
        INSTRUMENT.id,
        Price(price, 2),
        Quantity.from_int(1),
        AggressorSide.BUYER,
        TradeId("1"),
        0,
        0,
    )


def main(orders: int) -> None:
    """Answer until the input ends."""
    stops, trails = Emulator(orders, trailing=False), Emulator(orders, trailing=True)
    workloads = {
        "stop": (stops, stops.quiet),
        "trailing": (trails, trails.quiet),
        "trailing-highs": (trails, trails.rising),
    }
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        name, count = line.split()
        guard, make = workloads[name]
        ticks, take = make(int(count)), guard.emulator.on_trade_tick
        begin = thread_time_ns()
        for tick in ticks:
            take(tick)
        print((thread_time_ns() - begin) / len(ticks), flush=True)
        guard.check()


if __name__ == "__main__":
    main(int(sys.argv[1]))
