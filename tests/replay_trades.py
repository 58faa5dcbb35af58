"""Trades for replays of real recordings, drawn from the recording itself by a seed."""

import json
import math
import os
import random
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path

from tradebot.brokers.paper.recordings import recorded_ticks
from tradebot.core.inputs import Tick

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("TRADEBOT_DATA", ROOT.parent / "shared" / "data"))
TICKS = DATA / "ticks"

TICK_SIZES = {
    **dict.fromkeys(("FXCM:EURUSD", "FXCM:NZDUSD"), "0.00001"),
    **dict.fromkeys(("BINANCE_SPOT:BTCUSDT", "BINANCE_USDM:BTCUSDT"), "0.1"),
    "BINANCE_COINM:BTCUSD_PERP": "0.1",
    "NSE_INDEX:NIFTY": "0.05",
}
EXCHANGE_TICK_SIZES = {"COMEX": "0.1"}
DISTANCES_BP = (1, 2, 3, 5, 8, 13, 20, 40, 80, 150, 300)  # of the price: 0.01 % to 3 %


@cache
def recording(path: Path) -> tuple[Tick, ...]:
    """Return a file's ticks; they are read once."""
    return tuple(recorded_ticks([path]))


def instruments_of(ticks: Iterable[Tick]) -> list[dict[str, object]]:
    """Return the instruments of a recording, as ``--instruments`` reads them."""
    names = dict.fromkeys(tick.instrument for tick in ticks)
    return [
        {"exchange": exchange, "symbol": symbol, "tick_size": tick_size_of(f"{exchange}:{symbol}")}
        for exchange, symbol in (name.split(":") for name in names)
    ]


def tick_size_of(instrument: str) -> str:
    default = EXCHANGE_TICK_SIZES.get(instrument.partition(":")[0], "0.01")
    return TICK_SIZES.get(instrument, default)


def trades_for(ticks: Sequence[Tick], count: int, seed: int = 1) -> list[dict[str, object]]:
    """Draw trades of every form, opened at random ticks near the price of the moment."""
    return [_Draw(random.Random(f"{seed} {number}"), ticks).trade() for number in range(count)]


def random_walk(seed: int, ticks_max: int = 150) -> list[Tick]:
    """Draw a small recording with jumps, equal times and prices that are none."""
    draw = random.Random(seed)
    at_ns = 1_700_000_000_000_000_000
    prices = {"X:A": draw.choice((50.0, 812.5, 1.2)), "X:B": 100.0}
    ticks = []
    for seq in range(1, draw.choice((5, 20, ticks_max)) + 1):
        name = draw.choice(("X:A", "X:A", "X:B"))
        at_ns += draw.choice((0, 0, 1, 1000, 10**9, 60 * 10**9))
        roll, price = draw.random(), prices[name]
        if roll < 0.02:
            price = draw.choice((0.0, -1.0, math.nan, math.inf))
        elif roll < 0.07:
            jump = draw.choice((1, 1.01, 1.1, 3, 20)) * draw.choice((1, -1))
            price = round(price * (1 + jump / 100), draw.choice((2, 4)))
            if draw.random() < 0.6:
                prices[name] = price
        else:
            move = draw.choice((0, 1, 1, 5, 20, 60)) * draw.choice((1, -1))
            price = prices[name] = max(0.5, round(price * (1 + move / 10_000), 2))
        ticks.append(Tick(name, price, at_ns, at_ns, None, None, seq))
    return ticks


def fit(ticks: Iterable[Tick]) -> list[Tick]:
    """Return the ticks at whose price a trade can enter."""
    return [tick for tick in ticks if math.isfinite(tick.ltp) and tick.ltp > 0]


def as_lines(items: Iterable[object]) -> str:
    return "".join(f"{json.dumps(item)}\n" for item in items)


class _Draw:
    def __init__(self, draw: random.Random, ticks: Sequence[Tick]) -> None:
        self.draw = draw
        # Half of them early, so that they meet many ticks.
        place = draw.randrange(len(ticks) // draw.choice((1, 10)) or 1)
        self.opened = ticks[place]
        self.tick = Decimal(tick_size_of(self.opened.instrument))
        self.price = Decimal(repr(self.opened.ltp))
        self.sign = draw.choice((1, -1))
        self.entry = self.on_grid(self.price) if draw.random() < 0.8 else self.price

    def trade(self) -> dict[str, object]:
        draw = self.draw
        exchange, symbol = self.opened.instrument.split(":")
        quantity = draw.choice((1, 4, 75, 1000))
        trade: dict[str, object] = {
            "exchange": exchange,
            "symbol": symbol,
            "side": "LONG" if self.sign > 0 else "SHORT",
            "quantity": str(quantity),
            "entry_price": format(self.entry, "f"),
            "opened_at_ns": self.opened.at_ns + draw.choice((0, 0, 1, -1)),
        }
        if draw.random() < 0.6:
            trade["stop"] = self.price_level(-self.sign)
        if draw.random() < 0.5:
            trade["target"] = self.target(quantity)
        if draw.random() < 0.5:
            trade["trail"] = self.trail()
        if draw.random() < 0.3:
            at = self.distance_bp(bp_min=5)
            lock = draw.choice((Decimal(0), at / 4))
            trade["breakeven"] = {"at": self.written(at), "lock": self.written(lock)}
        if draw.random() < 0.2:
            after = {"after": draw.choice(("250ms", "5s", "10m", "2h"))}
            trade["time_exit"] = draw.choice((after, {"at": f"{draw.randrange(24):02}:30"}))
        return trade

    def target(self, quantity: int) -> object:
        if quantity == 1 or self.draw.random() < 0.5:
            return self.price_level(self.sign)
        parts = [quantity // 4, quantity // 2][: self.draw.choice((1, 2))]
        last = self.draw.choice(([], [{"at": self.price_level(self.sign)}]))
        return [{"at": self.price_level(self.sign), "quantity": str(q)} for q in parts] + last

    def trail(self) -> dict[str, str]:
        trail = {"by": self.written(self.distance_bp())}
        if self.draw.random() < 0.5:
            trail["activation"] = self.written(self.distance_bp())
        if self.draw.random() < 0.5:
            trail["step"] = self.written(self.distance_bp())
        return trail

    def price_level(self, sign: int) -> str:
        distance = self.distance_bp()
        if self.draw.random() < 0.3:
            price = self.on_grid(self.entry * (1 + sign * distance / 10_000)) + sign * self.tick
            return f"@{format(price, 'f')}"
        return self.written(distance)

    def distance_bp(self, bp_min: int = 0) -> Decimal:
        """Draw a distance in hundredths of a percent, of two ticks at least."""
        least = 2 * self.tick / self.entry * 10_000
        return max(Decimal(self.draw.choice(DISTANCES_BP)), least.quantize(Decimal(1)) + bp_min + 1)

    def written(self, distance_bp: Decimal) -> str:
        if self.draw.random() < 0.5:
            return f"{format(distance_bp / 100, 'f')}%"
        points = (self.entry * distance_bp / 10_000).quantize(Decimal("0.0000001"))
        return f"{format(points, 'f')}pts"

    def on_grid(self, price: Decimal) -> Decimal:
        return (price / self.tick).quantize(Decimal(1), ROUND_HALF_EVEN) * self.tick
