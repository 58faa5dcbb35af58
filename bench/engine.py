"""What the whole engine takes: a tick with 1 to 100,000 trades, an exit, an add, an edit.

A tick is ``Engine.process`` and all in it: the price gate, the last price, the index. An
exit is the tick that reaches one trade's stop, to the intent to place the order; each trade
is a net position of its own, so that none waits for another's answer. Read the ratios: a
tick costs the same however many trades wait, and so do the commands.
"""

from collections.abc import Callable
from decimal import Decimal

from bench.guard import PRICE, STOP, Guard
from bench.rounds import Row, print_claim, print_table, take_turns
from tradebot.core.guard.trades import Rules
from tradebot.core.inputs import Acked, Input, OrderSide, PlaceReply, Tick, UpdateTrade
from tradebot.core.intents import PlaceOrder
from tradebot.core.words.levels import Level, Unit

SIZES = (1, 100, 10_000, 100_000)
ROUNDS = 20
TICKS = 5_000  # in one round of one row
CHANGES = 50  # adds, edits and exits in one round


def main() -> None:
    """Measure and print."""
    guards = {trades: Guard(trades) for trades in SIZES}
    quiet = [Row("quiet tick", n, ticks(g.quiet), g.judge) for n, g in guards.items()]
    highs = [Row("new high each tick", n, ticks(g.rising), g.judge) for n, g in guards.items()]
    changes = [row for trades, guard in guards.items() for row in Changes(guard).rows(trades)]
    changes.sort(key=lambda row: row.name)
    rows = [*quiet, *highs, *changes]
    take_turns(rows, ROUNDS)
    print_table(rows, quiet[0])
    print_claim("quiet, 100,000 trades to one", quiet[-1].median_ns / quiet[0].median_ns, "<= 1.1")
    print_claim("highs, 100,000 trades to one", highs[-1].median_ns / highs[0].median_ns, "<= 1.5")


def ticks(make: Callable[[int], list[Tick]]) -> Callable[[], list[Tick]]:
    return lambda: make(TICKS)


class Changes:
    """Trades that come, are edited and leave beside those that stay."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.count = 0
        self.outputs: list[object] = []

    def rows(self, trades: int) -> list[Row]:
        """Return the rows, whose rounds must be taken in this order."""
        return [
            Row("add", trades, self.creations, self.take),
            Row("edit", trades, self.edits, self.take),
            Row("exit", trades, self.falling, self.take),
        ]

    def take(self, items: list[Input]) -> None:
        process, outputs = self.guard.process, self.outputs
        for item in items:
            outputs.extend(process(item))

    def creations(self) -> list[Input]:
        self.settle()
        self.names = [f"C{self.count + number}" for number in range(CHANGES)]
        self.count += CHANGES
        for name in self.names:
            self.guard.process(self.guard.fill(f"{name} in", OrderSide.BUY, product=name))
        self.guard.engine.book.drain()
        return [self.guard.creation(name, STOP, product=name) for name in self.names]

    def edits(self) -> list[Input]:
        at_ns = self.guard.at_ns
        return [
            UpdateTrade(trade_id=name, rules=_leaving_at(_stop(number)), at_ns=at_ns)
            for number, name in enumerate(self.names)
        ]

    def falling(self) -> list[Input]:
        self.outputs.clear()
        return [self.guard.tick(float(_stop(number))) for number in range(CHANGES)]

    def settle(self) -> None:
        """Let the broker answer: every order is filled, and the trades are over."""
        guard = self.guard
        orders = [output for output in self.outputs if isinstance(output, PlaceOrder)]
        assert len(orders) == (CHANGES if self.count else 0), f"{len(orders)} orders"
        for order in orders:
            name = order.client_order_id
            guard.process(
                PlaceReply(client_order_id=name, outcome=Acked(order_id=name), at_ns=guard.at_ns)
            )
            guard.process(
                guard.fill(name, OrderSide.SELL, product=order.key.product, client_order_id=name)
            )
        self.outputs.clear()
        guard.process(guard.tick(PRICE))
        guard.engine.book.drain()


def _stop(number: int) -> Decimal:
    """Return the stop that the falling price meets as the ``number``-th."""
    return Decimal(str(PRICE)) - Decimal("0.05") * (number + 1)


def _leaving_at(stop: Decimal) -> Rules:
    return Rules(stop=Level(Unit.PRICE, stop))
