"""Those around the process: strategies, traders at a terminal, and trouble itself."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from tests.sim.races import Races
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import OrderSide
from tradebot.core.market.instruments import NetKey
from tradebot.errors import InputError, NotFoundError, RefusedError, StoreError

if TYPE_CHECKING:
    from tests.sim.world import World

LOOK_EVERY_S = 1.0
TRADES_MAX = 8  # open at once
LEAVES = 0.5  # of looks, at most
TROUBLE = {
    "journal_refuses": "a journal that refuses for a while",
    "store_refuses": "a database that refuses for a while",
    "feed_is_silent": "a silence",
    "session_is_lost": "a session that was lost",
    "stream_is_dead": "a stream that was dead",
}
Json = dict[str, object]


class People:
    """What happens around the process while there is chaos."""

    def __init__(self, world: "World", seed: int) -> None:
        self._world = world
        self._rng = world.rng
        self._trades = 0
        # Where the broker does not tell of it, somebody leaves whole positions by hand.
        self._unheard = Random(f"unheard {seed}")
        self._leaves = 0.0 if world.policy.exits.pushes else self._unheard.random() * LEAVES
        self._races = Races(world, Random(f"races {seed}"))
        self._odd = 0
        self.are_quiet = False

    def begin(self) -> None:
        for instrument in self._world.exchange.prices:
            self._move(instrument)
        self._look()

    # Prices.

    def _move(self, instrument: str) -> None:
        world, rng = self._world, self._rng
        if not self.are_quiet:
            prices = world.exchange.prices
            ticks = rng.choice([-12, -4, -2, -1, 1, 2, 4, 12])
            if rng.random() < 0.01:
                ticks = rng.choice([-400, 400])
                world.seen["a gap"] += 1
            price = Decimal(repr(prices[instrument])) + ticks * Decimal("0.05")
            if Decimal(500) < price < Decimal(1200):
                prices[instrument] = float(price)
        world.resting.priced(instrument)
        late_s = 0.0 if self.are_quiet else self._races.run(instrument)
        if late_s:
            world.loop.in_world(late_s, partial(self._show, instrument))
        else:
            self._show(instrument)
        world.loop.in_world(rng.uniform(0.2, 1.5), lambda: self._move(instrument))

    def _show(self, instrument: str) -> None:
        world = self._world
        if world.life.feed is not None and not world.life.is_over:
            world.life.feed.show(instrument, world.exchange.prices[instrument])

    # Deeds.

    def _look(self) -> None:
        if self.are_quiet:
            return
        world, rng = self._world, self._rng
        self._make_trouble()
        drawn = rng.random()
        if drawn < 0.25:
            self._enter()
        elif drawn < 0.33:
            self._command()
        if world.happens("by_hand"):
            self._trade_by_hand()
        if self._unheard.random() < self._leaves:
            self._leave_by_hand()
        world.resting.look()
        world.strangers.look()
        world.loop.in_world(LOOK_EVERY_S * rng.uniform(0.5, 1.5), self._look)

    def _enter(self) -> None:
        """Let a strategy enter at the exchange, and hand the trade over."""
        world, rng = self._world, self._rng
        life = world.life
        if life.is_over or not life.is_ready or life.guard is None:
            return
        if len(life.guard.engine.book.trades) >= TRADES_MAX:
            return
        self._trades += 1
        trade_id = f"T{self._trades}"
        from tests.sim.world import SYMBOLS, key_of

        symbol = rng.choice(SYMBOLS)
        is_long = symbol == SYMBOLS[0]
        side = OrderSide.BUY if is_long else OrderSide.SELL
        quantity = Decimal(rng.randint(1, 12))
        order = world.exchange.accept(key_of(symbol), side, quantity, trade_id=trade_id)
        request: Json = {
            "trade_id": trade_id,
            "exchange": "NSE",
            "symbol": symbol,
            "side": "LONG" if is_long else "SHORT",
            "past_stop": rng.choice(["exit", "exit", "from_here"]),
            "price_source": rng.choice(["last", "last", "exit_side"]),
            **self._rules(),
        }
        if rng.random() < 0.5:
            world.plan(order)
            request["order_id"] = order.order_id
        else:
            world.exchange.fill(order, quantity)
            request["entry_price"] = world.exchange.prices[f"NSE:{symbol}"]
            request["quantity"] = int(quantity)
        life.do(self._guarded(trade_id, request))

    async def _guarded(self, trade_id: str, request: Json) -> None:
        guard = self._world.life.guard
        assert guard is not None, "a process without a guard was asked"

        async def create() -> None:
            await guard.trades.create(request)
            self._world.promises.kept.acknowledged(trade_id)
            self._world.seen["a trade acknowledged"] += 1
            self._world.life.may_die_at_work()

        await self._try(create)

    def _command(self) -> None:
        """Let somebody edit a trade, or leave it."""
        world, rng = self._world, self._rng
        guard = world.life.guard
        if world.life.is_over or not world.life.is_ready or guard is None:
            return
        # Seldom one of which nothing has filled yet, or that is being left already.
        is_any = rng.random() < 0.2
        trades = guard.engine.book.trades.values()
        asked = [trade for trade in trades if is_any or trade.status is Status.ACTIVE]
        if not asked:
            return
        trade_id = rng.choice(asked).trade_id
        if rng.random() < 0.5:
            for _ in range(rng.choice([1, 1, 1, 2])):
                world.life.do(self._try(lambda: guard.trades.exit(trade_id)))
            return
        edit = {"trade_id": trade_id, **self._rules()}
        world.promises.kept.rules_changed(trade_id)

        async def update() -> None:
            await guard.trades.update(edit)
            world.promises.kept.rules_are_durable(trade_id, guard.engine.book)
            world.life.may_die_at_work()

        world.life.do(self._try(update))

    async def _try(self, deed: Callable[[], Awaitable[object]]) -> None:
        try:
            await deed()
        except (InputError, NotFoundError, RefusedError, StoreError) as error:
            self._world.seen[f"told {type(error).__name__}"] += 1
            self._world.note(f"somebody was told: {error}")

    def _rules(self) -> Json:
        """Draw rules that prices here reach within a minute or so."""
        rng = self._rng
        words: Json = {}
        if rng.random() < 0.8:
            words["stop"] = rng.choice(["1pts", "2pts", "0.5%"])
        words["target"] = rng.choice(
            [None, "2pts", [{"at": "1pts", "quantity": "3"}, {"at": "3pts"}]]
        )
        if rng.random() < 0.5:
            trail = {"by": rng.choice(["1pts", "0.3%"])}
            if rng.random() < 0.4:
                trail["activation"] = rng.choice(["0.5pts", "1pts"])
            words["trail"] = trail
        if rng.random() < 0.3:
            words["breakeven"] = {"at": "1pts"}
        if rng.random() < 0.3:
            words["time_exit"] = {"after": "30s"}
        return {name: value for name, value in words.items() if value is not None}

    def trade_unseen(self) -> None:
        """Let somebody trade once more at the end, where people do, and no stream tell of it."""
        world = self._world
        if world.faults.by_hand and self._rng.random() < 0.5:
            world.stream_is_dead = True
            self._trade_by_hand()
            world.stream_is_dead = False

    def _trade_by_hand(self) -> None:
        """Let somebody add to a position of ours, or take from it, at the exchange."""
        world, rng = self._world, self._rng
        held = [(key, net) for key, net in world.exchange.nets.items() if net]
        if not held:
            return
        key, net = rng.choice(held)
        sign = rng.choice([1, -1, -1]) if net > 0 else rng.choice([-1, 1, 1])
        most = int(abs(net)) if sign * net < 0 else 6
        # Seldom a number of ours: nobody can tell such an order from a request in doubt.
        quantity = Decimal(rng.randint(1, max(1, most) * 100)) / 100
        side = OrderSide.BUY if sign > 0 else OrderSide.SELL
        guard = world.life.guard
        ours = [] if guard is None else [t.remaining for t in guard.engine.book.trades.values()]
        is_alike = bool(ours) and world.life.is_ready and rng.random() < 0.4
        is_alike = is_alike and world.channel.is_relied_on
        if is_alike:
            quantity = rng.choice(ours)
        requests = world.promises.requests
        if not 0 < quantity <= most or requests.is_just_like_a_doubt(key, side, quantity):
            return
        world.seen["a trade by hand"] += 1
        world.seen["a trade by hand that nobody tells of"] += not world.channel.is_relied_on
        order = world.exchange.accept(key, side, quantity)
        # One that is just like ours is told of at once: else nobody could know them apart.
        world.exchange.fill(order, quantity, at_once=is_alike)

    def _leave_by_hand(self) -> None:
        """Let somebody leave all of a position, or nearly all, where no stream tells of it."""
        world = self._world
        held = [(key, net) for key, net in world.exchange.nets.items() if net]
        if not held:
            return
        key, net = self._unheard.choice(held)
        side = OrderSide.SELL if net > 0 else OrderSide.BUY
        quantity = abs(net)
        if self._unheard.random() < 0.5 or self._is_like_ours(key, side, quantity):
            self._odd += 1  # hardly an order of ours is of such a size, or will be
            quantity -= Decimal(self._odd) / 1000
        if quantity <= 0 or world.promises.requests.is_just_like_a_doubt(key, side, quantity):
            return
        world.seen["a trade by hand that nobody tells of"] += not world.channel.is_relied_on
        world.exchange.fill(world.exchange.accept(key, side, quantity), quantity)

    def _is_like_ours(self, key: NetKey, side: OrderSide, quantity: Decimal) -> bool:
        """Whether an order could be taken for one of ours, now or soon."""
        guard = self._world.life.guard
        if guard is None or not self._world.life.is_ready or quantity % 1:
            return True
        ours = [trade.remaining for trade in guard.engine.book.trades.values()]
        return quantity in ours or self._world.promises.requests.was_sent(key, side, quantity)

    # Trouble.

    def _make_trouble(self) -> None:
        world, rng = self._world, self._rng
        for fault, flag in (
            ("journal_fails", "journal_refuses"),
            ("store_fails", "store_refuses"),
            ("silence", "feed_is_silent"),
            ("session_fails", "session_is_lost"),
            ("stream_dies", "stream_is_dead"),
        ):
            if not getattr(world, flag) and world.happens(fault):
                setattr(world, flag, True)
                world.lost_session_says = rng.choice(["not_sent", "error_before"])
                world.note(f"trouble: {flag}")
                world.seen[TROUBLE[flag]] += 1
                world.loop.in_world(rng.uniform(0.5, 12.0), partial(self._end, flag))
        if world.books_stand_since_ns is None and world.happens("books_stand"):
            world.note("trouble: the broker's books stand still")
            world.seen["books that stood still"] += 1
            world.books_stand_since_ns = world.exchange.now_ns()
            world.loop.in_world(rng.uniform(2.0, 8.0), self._books_go_on)
        if rng.random() < world.faults.books_empty / 10:
            world.empty_the_books(rng.uniform(5.0, 40.0))
        if world.happens("deaths") and not world.promises.requests.nobody_remembers:
            world.life.dies_in = rng.randint(1, 60)

    def _books_go_on(self) -> None:
        self._world.books_stand_since_ns = None

    def _end(self, flag: str) -> None:
        setattr(self._world, flag, False)
        self._world.note(f"trouble ends: {flag}")
