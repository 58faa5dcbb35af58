"""An engine that guards many trades of one instrument, and the ticks that it is given."""

import random
from collections.abc import Iterator
from decimal import Decimal

from tradebot.core.engine import Engine
from tradebot.core.guard.trades import Rules, Side, TargetPart, TradeRequest, Trail
from tradebot.core.inputs import CreateTrade, Execution, InstrumentsLoaded, OrderSide, Tick
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.policy import Policy
from tradebot.core.words.levels import Level, Unit

INSTRUMENT = Instrument(exchange="X", symbol="Y", tick_size=Decimal("0.05"))
NAME = INSTRUMENT.id
PRICE = 1_000.0
SECOND_NS = 1_000_000_000
STOP = Rules(stop=Level(Unit.PRICE, Decimal(500)))


class Guard:
    """An engine, and a clock and prices of its own."""

    def __init__(self, trades: int, rules: Rules | None = None) -> None:
        """Guard longs with ``rules``; None: with stop, target and trail, of mixed distances.

        Of the mixed ones one in ten was entered above the price: groups of their own.
        """
        # Whether an opposite trade exists is looked for along all trades; not measured here.
        self.engine = Engine(Policy(opposite_allowed=True))
        self.process = self.engine.process
        self.at_ns = SECOND_NS
        self.high = PRICE
        self._quiet = random.Random(1)
        self._draw = random.Random(trades)
        self.process(InstrumentsLoaded((INSTRUMENT,)))
        self.process(self.tick(PRICE))
        for number in range(trades):
            entry = 1_000 if number % 10 < 9 else 1_300 + self._draw.randint(0, 99)
            self.process(self.creation(f"T{number}", rules or mixed_rules(self._draw), entry))
            if not number % 1_000:
                self.engine.book.drain()
        self.process(self.tick(PRICE))
        self.engine.book.drain()
        assert len(self.engine.book.trades) == trades, "a trade was refused or left"

    def tick(self, ltp: float) -> Tick:
        self.at_ns += 1_000
        return Tick(NAME, ltp, self.at_ns, self.at_ns, seq=self.at_ns)

    def quiet(self, count: int) -> list[Tick]:
        """Return ticks below the best price, which concern nobody."""
        return [self.tick(999.0 + 0.05 * self._quiet.randint(0, 10)) for _ in range(count)]

    def rising(self, count: int) -> list[Tick]:
        """Return ever higher prices, a thousandth of a tick apart to stay under the targets."""
        return list(self._rising(count))

    def judge(self, ticks: list[Tick]) -> None:
        """Take ticks that concern nobody's exit."""
        process = self.process
        for tick in ticks:
            assert not process(tick), "a tick was to change nothing"

    def creation(
        self, trade_id: str, rules: Rules, entry: float = PRICE, product: str = "MIS"
    ) -> CreateTrade:
        request = TradeRequest(
            trade_id=trade_id,
            account="A",
            exchange=INSTRUMENT.exchange,
            symbol=INSTRUMENT.symbol,
            product=product,
            side=Side.LONG,
            quantity=Decimal(75),
            entry_price=Decimal(str(entry)),
            rules=rules,
        )
        return CreateTrade(request=request, at_ns=self.at_ns)

    def fill(
        self, name: str, side: OrderSide, *, product: str, client_order_id: str | None = None
    ) -> Execution:
        return Execution(
            execution_id=name,
            order_id=name,
            client_order_id=client_order_id,
            key=NetKey("A", INSTRUMENT.exchange, INSTRUMENT.symbol, product),
            side=side,
            quantity=Decimal(75),
            price=Decimal(1_000),
            at_ns=self.at_ns,
        )

    def _rising(self, count: int) -> Iterator[Tick]:
        for _ in range(count):
            self.high += 0.00005
            yield self.tick(self.high)


def mixed_rules(draw: random.Random) -> Rules:
    """Return a stop, a target and a trail, none of which the ticks reach."""
    trails = (
        Level(Unit.PERCENT, Decimal(30)),
        Level(Unit.PERCENT, Decimal(35)),
        Level(Unit.PERCENT, Decimal("42.5")),
        Level(Unit.POINTS, Decimal(450)),
    )
    return Rules(
        stop=Level(Unit.POINTS, Decimal(500)),
        targets=(TargetPart(at=Level(Unit.PERCENT, Decimal(25))),),
        trail=Trail(by=draw.choice(trails)),
    )
