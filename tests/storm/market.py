"""The market of a storm: positions that somebody opened, prices that go through their stops.

The record of the server judges: what the daemon traded, and whether it was right to.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from random import Random

import msgspec

from tests.openalgo.catalogue import Contract
from tests.openalgo.exchange import By
from tests.openalgo.server import OpenAlgoServer

START = 100.0
TICK = 0.05
BEAT_S = 0.05
MOVES_PER_S = 2.0  # of each symbol
STOPS = (0.5, 1.0)  # points from the entry; each of the two trades of a symbol has one
BEYOND = 0.2  # where the price goes on, behind a stop that it went through
BREATH = (-0.1, -0.05, 0.0, 0.05, 0.1)
HELD_SHARE = 0.2  # of the symbols: nothing reaches their stops


class Guarded(msgspec.Struct, kw_only=True, eq=False):
    """One trade, and what is to become of it."""

    name: str  # of its instrument
    side: str  # LONG or SHORT
    quantity: int
    stop: float
    trade_id: str = ""
    crossed_s: float | None = None  # the server's time at which its stop was reached

    @property
    def sign(self) -> int:
        return 1 if self.side == "LONG" else -1

    @property
    def words(self) -> dict[str, object]:
        """What createtrade is asked."""
        exchange, symbol = self.name.split(":")
        return {
            "exchange": exchange,
            "symbol": symbol,
            "product": "MIS",
            "side": self.side,
            "quantity": self.quantity,
            "entry_price": START,
            "stop": f"@{self.stop}",
        }


class StormMarket:
    """Prices that breathe, and trades that are reached one after another."""

    def __init__(self, server: OpenAlgoServer, symbols: int, rng: Random) -> None:
        self._server = server
        self._rng = rng
        self.names = [f"NSE:S{number:03}" for number in range(symbols)]
        self._anchors = dict.fromkeys(self.names, START)
        self._turn = 0
        self.trades: list[Guarded] = []
        for number, name in enumerate(self.names):
            side = "SHORT" if number % 3 == 0 else "LONG"
            sign = 1 if side == "LONG" else -1
            for rank, distance in enumerate(STOPS):
                stop = round(START - sign * distance, 2)
                quantity = 10 + number % 7 + 20 * rank
                self.trades.append(Guarded(name=name, side=side, quantity=quantity, stop=stop))
        kept = set(self.names[:: round(1 / HELD_SHARE)])
        waiting = [name for name in self.names if name not in kept for _ in STOPS]
        rng.shuffle(waiting)
        self._waiting = waiting

    def open(self) -> None:
        """Have somebody open every position."""
        for number, name in enumerate(self.names):
            self._server.account.catalogue.add(
                Contract(exchange="NSE", symbol=name[4:], token=str(number), price=START)
            )
            self._server.price(name, START)
        for trade in self.trades:
            action = "BUY" if trade.sign > 0 else "SELL"
            self._server.by_hand(trade.name, action, trade.quantity)

    async def breathe(self) -> None:
        """Move every symbol a little, for ever: each price is another than the one before."""
        share = len(self.names) * MOVES_PER_S * BEAT_S
        due = 0.0
        while True:
            await asyncio.sleep(BEAT_S)
            due += share
            while due >= 1.0:
                due -= 1.0
                self._turn = (self._turn + 1) % len(self.names)
                self._move(self.names[self._turn])

    @property
    def to_cross(self) -> int:
        """How many stops will be reached yet."""
        return len(self._waiting)

    def cross(self) -> Guarded:
        """Let the price of some symbol go through its next stop, and stay beyond."""
        name = self._waiting.pop()
        trade = next(t for t in self.trades if t.name == name and t.crossed_s is None)
        self._anchors[name] = trade.stop - trade.sign * BEYOND
        trade.crossed_s = self._server.account.time.now_s()
        self._move(name)
        return trade

    @property
    def crossed(self) -> list[Guarded]:
        return [trade for trade in self.trades if trade.crossed_s is not None]

    @property
    def watched(self) -> set[str]:
        """The symbols that still have a trade which nothing has reached."""
        return {trade.name for trade in self.trades if trade.crossed_s is None}

    def owed(self) -> dict[str, Decimal]:
        """Return the true net that every symbol is to come to."""
        nets = dict.fromkeys(self.names, Decimal(0))
        for trade in self.trades:
            if trade.crossed_s is None:
                nets[trade.name] += trade.sign * trade.quantity
        return nets

    def is_left(self) -> bool:
        """Whether the account holds what it is to hold."""
        return all(self._server.net(name) == net for name, net in self.owed().items())

    def wrong(self) -> Iterator[str]:
        """Hold what the daemon has traded against what it was to trade.

        Of each symbol no more may ever have been left than the trades that were reached by
        then, and in the end just these.
        """
        yield from self._server.record.harm()
        left: dict[str, Decimal] = defaultdict(Decimal)
        for fill in self._server.record.fills(by=By.CLIENT):
            name = fill.key.name
            left[name] += fill.quantity
            due = sum(
                t.quantity
                for t in self.trades
                if t.name == name and t.crossed_s is not None and t.crossed_s <= fill.at_s
            )
            if left[name] > due:
                yield (
                    f"{name}: {left[name]} left by order {fill.order_id} at {fill.at_s:.1f}, "
                    f"and only {due} was reached"
                )
        for name, net in self.owed().items():
            if (held := self._server.net(name)) != net:
                yield f"{name}: {held} is held at the end, and {net} is right"

    def _move(self, name: str) -> None:
        prices = self._server.account.prices
        for breath in self._rng.sample(BREATH, k=2):
            price = round(self._anchors[name] + breath, 2)
            if price != prices[name]:
                break
        self._server.price(name, price)
