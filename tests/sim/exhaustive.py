"""``python -m tests.sim.exhaustive``: one exit, and a death at every step of it.

A trade is guarded and its stop is hit. For every fate of the request, at a broker that keeps
our order ids and at one that does not, the process dies at step k after the decision, for
every k until the trade is history on the disk: by kill -9, and by a power cut. A step is one
of a task, or a call of a port. Each point must end with exactly the trade's quantity left.

The last line is one JSON object.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from random import Random

import msgspec

from tests.sim.exchange import ExchangeOrder
from tests.sim.faults import Faults
from tests.sim.operators import Operators
from tests.sim.run import policy_of, settle, uncollected
from tests.sim.virtual_loop import Stalled
from tests.sim.world import FATES, SYMBOLS, World, key_of
from tradebot.core.events import Event, ExitDecided
from tradebot.core.inputs import Input, OrderSide, OrderState
from tradebot.core.intents import Intent, PlaceOrder

# Fates of a request, and of an order that the broker has taken.
COURSES = ("rejected", "in parts", "a part, then cancelled", "slowly", "left behind")
ALL = ("acked", *FATES, *COURSES)
BROKERS = {"tagged": True, "plain": False}
QUANTITY = Decimal(10)
STOPPED = 796.0  # below the stop, and no jump
FAR = 1_000_000  # steps that no life takes
# Shorter than in life: the seconds of a wait are steps that are all alike.
REQUEST_LIFE_S, HOLD_S = 6.0, 8.0
AFTER_S = 2.0  # after the trade is over: the database is brought to its disk
SECONDS_MAX = 400.0


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which it can go."""

    fate: str
    tagged: bool
    power_cut: bool = False
    step: int | None = None  # after the decision; None: nobody dies


class Outcome(msgspec.Struct, kw_only=True):
    """How it went."""

    point: Point
    wrong: list[str]
    steps: int  # from the decision to the end, where nobody died


class Figures(msgspec.Struct, kw_only=True):
    """The last line."""

    points: int
    fates: int
    wrong: int
    seconds: float


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim.exhaustive", description=__doc__)
    parser.add_argument("--stride", type=_count, default=1, help="of steps: every so many (1)")
    parser.add_argument("--first", type=_count, default=1, help="the first step (1)")
    parser.add_argument("--most", type=_count, default=FAR, help="the last step (all)")
    parser.add_argument("--broker", choices=BROKERS, help="only the one that keeps our ids, or not")
    parser.add_argument("--fate", choices=ALL, action="append", help="only this one")
    try:
        asked = parser.parse_args(argv)
    except SystemExit as error:
        return 2 if error.code else 0
    fates = tuple(asked.fate or ALL)
    before_s = time.process_time()
    points = wrong = 0
    brokers = (BROKERS[asked.broker],) if asked.broker else (True, False)
    steps = range(asked.first, asked.most + 1, asked.stride)
    for outcome in outcomes(steps, fates=fates, brokers=brokers):
        points += 1
        if outcome.wrong:
            wrong += 1
            _say(f"{outcome.point}: {outcome.wrong[:2]}")
    seconds = round(time.process_time() - before_s, 1)
    told = Figures(points=points, fates=len(fates), wrong=wrong, seconds=seconds)
    _say(msgspec.json.encode(told).decode())
    return 1 if wrong else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def outcomes(
    steps: Sequence[int], *, fates: Sequence[str] = ALL, brokers: Sequence[bool] = (True, False)
) -> Iterator[Outcome]:
    """Go through the points: of each case one without a death, then these steps to its end."""
    for fate in fates:
        for tagged in brokers:
            whole = live(Point(fate=fate, tagged=tagged))
            yield whole
            for step in steps:
                if step > whole.steps:
                    break
                for power_cut in (False, True):
                    yield live(Point(fate=fate, tagged=tagged, power_cut=power_cut, step=step))


def live(point: Point, timeline: list[str] | None = None) -> Outcome:
    """Let one point happen, and judge how it ended."""
    with uncollected():
        return Story(point, timeline).told()


class Story:
    """One world with one trade."""

    def __init__(self, point: Point, timeline: list[str] | None) -> None:
        self._point = point
        faults = Faults(power_cuts=float(point.power_cut))
        policy = policy_of(tagged=point.tagged)
        exits = msgspec.structs.replace(policy.exits, hold_ns=round(HOLD_S * 1e9))
        policy = msgspec.structs.replace(policy, exits=exits)
        world = self._world = World(Random(1), faults, policy)
        world.request_life_s, world.hold_s = REQUEST_LIFE_S, HOLD_S
        world.timeline = timeline
        world.fate = self._fate
        world.course = self._course
        self._orders = 0
        self._arrived = 0
        self._decided = False
        self._acknowledged: list[str] = []

    def told(self) -> Outcome:
        """Tell it from the first process to the calm."""
        world, steps = self._world, 0
        trouble: list[str] = []
        try:
            steps = self._until_settled()
        except Stalled:
            trouble.append("the world stands still")
        except AssertionError as error:
            trouble.append(f"assertion: {error}")
        world.loop.close()
        wrong = world.promises.wrong + trouble + world.loop.trouble
        exchange = world.exchange
        if not wrong and exchange.left != exchange.entered:
            wrong.append(f"left {exchange.left} of {exchange.entered}")
        return Outcome(point=self._point, wrong=wrong, steps=steps)

    def _until_settled(self) -> int:
        world, loop = self._world, self._world.loop
        loop.in_world(0.0, world.life.begin)
        loop.in_world(0.0, self._show)
        desk = Operators(world)
        desk.are_quiet = True  # they end doubts, and leave nothing by hand: our orders are judged
        desk.begin()
        loop.run_until(lambda: world.life.is_ready)
        self._guard_a_trade()
        loop.run_until(lambda: bool(self._acknowledged))
        loop.pass_time(3.0)
        guard = world.life.guard
        assert guard is not None, "a life without a guard"
        engine, process = guard.engine, guard.engine.process

        def watched(item: Input) -> Sequence[Event | Intent]:
            out = process(item)
            if not self._decided and any(isinstance(thing, ExitDecided) for thing in out):
                self._decided = True
                world.life.dies_in = self._point.step or FAR
            return out

        engine.process = watched  # type: ignore[method-assign]
        first = world.life
        world.exchange.prices[f"NSE:{SYMBOLS[0]}"] = STOPPED
        limit_s = loop.time() + SECONDS_MAX
        while world.exchange.nets[key_of(SYMBOLS[0])] and loop.time() < limit_s:
            loop.pass_time(0.25)
        loop.pass_time(AFTER_S)
        steps = FAR - (first.dies_in or FAR) if self._point.step is None else 0
        world.life.dies_in = None
        unsettled = settle(world)
        if unsettled:
            self._world.exchange.wrong.extend(f"not settled: {what}" for what in unsettled)
        return steps

    def _show(self) -> None:
        """Let the feed tell the price, as often as in life."""
        world = self._world
        if world.life.feed is not None and not world.life.is_over:
            name = f"NSE:{SYMBOLS[0]}"
            world.life.feed.show(name, world.exchange.prices[name])
        world.loop.in_world(0.5, self._show)

    def _guard_a_trade(self) -> None:
        world, life = self._world, self._world.life
        guard = life.guard
        assert guard is not None, "a life without a guard"
        symbol = SYMBOLS[0]
        order = world.exchange.accept(key_of(symbol), OrderSide.BUY, QUANTITY, trade_id="T1")
        world.exchange.fill(order, QUANTITY)
        request = {
            "trade_id": "T1",
            "exchange": "NSE",
            "symbol": symbol,
            "side": "LONG",
            "quantity": int(QUANTITY),
            "entry_price": world.exchange.prices[f"NSE:{symbol}"],
            "stop": "2pts",
        }

        async def create() -> None:
            await guard.trades.create(request)
            self._acknowledged.append("T1")

        life.do(create())

    def _fate(self, _order: PlaceOrder) -> str:
        """Return the fate of a request: the first one's is the point's, the rest are kind."""
        self._orders += 1
        return self._point.fate if self._orders == 1 and self._point.fate in FATES else "acked"

    def _course(self, order: ExchangeOrder) -> bool:
        """Let the first order at the exchange take the point's course; False: the usual one."""
        self._arrived += 1
        course = self._point.fate
        if self._arrived > 1 or course not in COURSES:
            return False
        exchange, later = self._world.exchange, self._world.loop.in_world
        match course:
            case "rejected":
                later(0.3, partial(exchange.end, order, OrderState.REJECTED))
            case "in parts":
                for at_s, part in ((0.2, 3), (1.0, 1), (2.5, 6)):
                    later(at_s, partial(self._world.fill, order, Decimal(part)))
            case "a part, then cancelled":
                later(0.2, partial(self._world.fill, order, Decimal(4)))
                later(1.5, partial(exchange.end, order, OrderState.CANCELLED))
            case "left behind":
                later(0.2, partial(self._world.fill, order, Decimal(2)))
            case _:
                later(1.9, partial(self._world.fill, order, order.quantity))
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
