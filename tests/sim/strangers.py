"""People who open positions that nobody has a trade for, and what must become of these (I19).

Where they are, a third symbol is theirs: they open there, add and take away. The settings have
what is new guarded by rule, so each position has at most one trade, no larger than what was
held, and in the calm nothing there is without a guard.
"""

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from tests.sim.requests import LAG_NS_MAX
from tradebot.core.adoption.found import Stage
from tradebot.core.adoption.found_events import PositionAdopted
from tradebot.core.adoption.strategies import Match, Strategy
from tradebot.core.book import Book
from tradebot.core.guard.trades import PastStop, Rules, Trail
from tradebot.core.inputs import OrderSide
from tradebot.core.market.instruments import NetKey
from tradebot.core.policy import AdoptPolicy, Answer
from tradebot.core.words.levels import Level, Unit

if TYPE_CHECKING:
    from tests.sim.world import World

SYMBOL = "INFY"
THERE = 0.25  # of all worlds
OPENS = 0.08  # of looks
MOVES = 0.08
RULES = Rules(
    stop=Level(Unit.POINTS, Decimal(2)),
    trail=Trail(by=Level(Unit.POINTS, Decimal(1)), activation=Level(Unit.POINTS, Decimal(1))),
)
ZERO = Decimal(0)


def policy_of_strangers(account: str) -> AdoptPolicy:
    """Return the settings of a world in which what is new is guarded by rule."""
    match = Match(symbol=SYMBOL)
    return AdoptPolicy(
        account=account,
        existing=Answer.ASK,
        new=Answer.GUARD,
        past_stop=PastStop.EXIT,
        strategies=(Strategy(name="strangers", match=match, rules=RULES),),
    )


class Strangers:
    """What they do, and what is looked at."""

    def __init__(self, world: "World", rng: Random) -> None:
        self._world = world
        self._rng = rng
        self.are_there = world.policy.adopt is not None

    @property
    def key(self) -> NetKey:
        from tests.sim.world import key_of

        return key_of(SYMBOL)

    def look(self) -> None:
        """Let somebody open a position, or trade on one that is open."""
        if not self.are_there:
            return
        net = self._world.exchange.net(self.key)
        drawn = self._rng.random()
        if not net and drawn < OPENS:
            self._world.seen["a position that a person opened"] += 1
            self._trade(Decimal(self._rng.choice([-1, 1]) * self._rng.randint(1, 12)))
        elif net and drawn < MOVES:
            sign = 1 if net > 0 else -1
            if self._rng.random() < 0.5:
                self._world.seen["an addition to a position of a person"] += 1
                self._trade(Decimal(sign * self._rng.randint(1, 6)))
            else:
                self._world.seen["a reduction of a position of a person"] += 1
                self._trade(-sign * min(abs(net), Decimal(self._rng.randint(1, 6))))

    def _trade(self, signed: Decimal) -> None:
        world, side = self._world, OrderSide.BUY if signed > 0 else OrderSide.SELL
        if world.promises.requests.is_just_like_a_doubt(self.key, side, abs(signed)):
            return
        guard = world.life.guard
        ours = [] if guard is None else [t.remaining for t in guard.engine.book.trades.values()]
        # An exit leaves no more than is held: one who closes all of it may be just like it.
        ours.append(abs(world.exchange.net(self.key)))
        is_alike = guard is None or abs(signed) in ours
        if is_alike and not (world.life.is_ready and world.channel.is_relied_on):
            return
        order = world.exchange.accept(self.key, side, abs(signed))
        # One that is just like ours is told of at once: else nobody could know them apart.
        world.exchange.fill(order, abs(signed), at_once=is_alike)

    def told(self, event: PositionAdopted) -> None:
        """Look whether what is adopted was held, as far as the broker's books are fresh."""
        world = self._world
        since_ns = event.at_ns - 2 * LAG_NS_MAX
        changes = world.exchange.net_changes.get(self.key, [])
        possible = {net for at_ns, net in changes if at_ns >= since_ns}
        possible.add(world.exchange.net(self.key, world.exchange.now_ns() - since_ns))
        if event.net not in possible:
            world.promises.broken(f"I19 {event.trade_id} adopts {event.net}, which is not held")

    def look_at(self, book: Book) -> None:
        """Look whether a position has two guards."""
        here = [trade.trade_id for trade in book.trades.values() if trade.adopted]
        if len(here) > 1:
            self._world.promises.broken(f"I19 {' and '.join(here)} guard the same")

    def unsettled(self, book: Book) -> list[str]:
        """Return what is held and has no guard; what waits for a person has been said."""
        if not self.are_there:
            return []
        net, found = self._world.exchange.net(self.key), book.findings.of(self.key)
        waits = found is not None and found.stage is Stage.WAITING
        guarded = book.guarded_net(self.key)
        if waits or (net * guarded > 0 and abs(guarded) >= abs(net)) or not net:
            return []
        return [f"I19 {net} of {SYMBOL} are held, and {guarded} guarded"]
