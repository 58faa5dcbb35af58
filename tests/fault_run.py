"""One seeded life of the real engine in an unkind world, with every promise checked.

Prices wander, trades come and go, others trade on our keys, and the daemon dies between
any two steps: before what it decided was durable, or after that and before it was sent.
Then the faults stop, and everything must end.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random

import msgspec

from tests.fakes import RecordStore
from tests.playbook import SBIN, START_NS, a_trade, rules
from tests.unkind_world import SECOND_NS, Rates, World
from tradebot.core.book import Book
from tradebot.core.engine import Engine
from tradebot.core.events import Event
from tradebot.core.guard.trade_rules import effective_stop
from tradebot.core.guard.trades import PastStop, Rules, Status, Trade
from tradebot.core.inputs import (
    CreateTrade,
    ExitTrade,
    HaltTrading,
    Input,
    InstrumentsLoaded,
    OrderSide,
    Release,
    Tick,
    Timer,
    UpdateTrade,
)
from tradebot.core.intents import Intent, PlaceOrder
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.leaving.halt import Form
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.policy import Policy

SYMBOLS = ("SBIN", "TCS")  # longs on the first, shorts on the second
STEPS = 120
QUIET_SECONDS = 200  # the longest pauses of a retry and of a late message, and their like again

Start = Callable[[Policy], Engine]


class Run:
    """A life; ``wrong`` is empty when every promise was kept."""

    def __init__(self, seed: int, start: Start = Engine) -> None:
        self.rng = Random(seed)
        worst = self.rng.choice([0.0, 0.1, 0.3, 0.5])
        rates = {name: self.rng.random() * worst for name in Rates.__struct_fields__}
        self.world = World(self.rng, Rates(**rates))
        self.world.now_ns = START_NS
        self.deaths = self.rng.choice([0.0, 0.02, 0.1])
        self.hands = self.rng.choice([0.0, 0.0, 0.02])  # how often others trade on our keys
        self.fears = Random(-seed)  # of the person who halts and releases
        self.halts = self.fears.choice([0.0, 0.0, 0.05])
        # After a death a quote may be news to the engine which its twin knows already: another
        # price is then their last one. So whoever dies is not asked to look for silence.
        stale_after_ns = None if self.deaths else self.fears.choice([None, 2 * SECOND_NS])
        self.policy = Policy(stale_after_ns=stale_after_ns)
        self.start = start
        self.store = RecordStore()
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter()
        self._stops: dict[str, tuple[tuple[Rules, Decimal], Decimal]] = {}
        self._serial = itertools.count(1)
        self.engine = self._started()
        self.twin = self._started()  # never dies, and hears what the engine made durable

    @property
    def now_ns(self) -> int:
        return self.world.now_ns

    def live(self) -> "Run":
        """Live through all steps, then through kind times until everything has ended."""
        for _ in range(STEPS):
            self._step()
            if self.wrong or self.world.wrong:
                return self
        self.world.rates = Rates()
        self.deaths = self.hands = self.halts = 0.0
        if self.engine.book.halt.form is not None:
            self.take(Release(why="it is over", at_ns=self.now_ns))
        for _ in range(QUIET_SECONDS):
            self._pass(SECOND_NS)
            if all(t.status is not Status.TRIGGERED for t in self.engine.book.trades.values()):
                break
        self._check_ends()
        return self

    def _step(self) -> None:
        self._pass(self.rng.randint(0, 1000) * SECOND_NS // 1000)
        what = self.rng.random()
        if what < 0.7:
            self._tick()
        elif what < 0.8:
            self._create()
        elif what < 0.88:
            self._command()
        if self.rng.random() < self.hands:
            key = _key(self.rng.choice(SYMBOLS))
            net = self.world.nets.get(key, Decimal(0))
            if net:
                self.seen["by hand"] += 1
                share = min(abs(net), Decimal(self.rng.randint(1, 10)))
                self.world.trade_by_hand(key, share if net < 0 else -share)
        if self.fears.random() < self.halts:
            self._halt_or_release()
        if self.rng.random() < self.deaths:
            self._die()

    def _pass(self, time_ns: int) -> None:
        for item in self.world.due(self.now_ns + time_ns):
            self.take(item)
        self.take(Timer(self.now_ns))

    def _tick(self) -> None:
        symbol = self.rng.choice(SYMBOLS)
        name = f"NSE:{symbol}"
        ticks = round(self.world.price_of(name) / 0.05) + self.rng.randint(-40, 40)
        price = self.world.prices[name] = float(Decimal(ticks) * Decimal("0.05"))
        seq = next(self._serial)
        self.take(Tick(name, price, self.now_ns, self.now_ns, price - 0.5, price + 0.5, seq))

    def _create(self) -> None:
        trade_id = f"T{next(self._serial)}"
        symbol = self.rng.choice(SYMBOLS)
        key, long = _key(symbol), symbol == SYMBOLS[0]
        quantity = self.rng.randint(1, 12)
        request = a_trade(
            trade_id=trade_id,
            side="LONG" if long else "SHORT",
            entry=str(self.world.price_of(f"NSE:{symbol}")),
            quantity=str(quantity),
            symbol=symbol,
            price_source=self.rng.choice(["last", "last", "exit_side", "mid"]),
            past_stop=self.fears.choice(["exit", "exit", "ask", "from_here"]),
        )
        if self.rng.random() < 0.5:
            side = OrderSide.BUY if long else OrderSide.SELL
            order = self.world.enter(trade_id, key, side, Decimal(quantity))
            request = msgspec.structs.replace(
                request, order_id=order.order_id, quantity=None, entry_price=None
            )
        else:
            self.world.adopt(trade_id, key, Decimal(quantity if long else -quantity))
        request = msgspec.structs.replace(request, rules=self._rules())
        self.take(CreateTrade(request=request, at_ns=self.now_ns))

    def _command(self) -> None:
        trades = self.engine.book.trades
        if not trades:
            return
        trade_id = self.rng.choice(list(trades))
        if self.rng.random() < 0.5:
            self.take(ExitTrade(trade_id=trade_id, at_ns=self.now_ns))
        else:
            self._stops.pop(trade_id, None)
            self.take(UpdateTrade(trade_id=trade_id, rules=self._rules(), at_ns=self.now_ns))

    def _halt_or_release(self) -> None:
        if self.engine.book.halt.form is not None and self.fears.random() < 0.7:
            self.take(Release(why="it is over", at_ns=self.now_ns))
        else:
            form = self.fears.choice(list(Form))
            self.take(HaltTrading(form=form, why="fear", at_ns=self.now_ns))

    def _rules(self) -> Rules:
        draw = self.rng.choice
        part = str(self.rng.randint(1, 6))
        trail = draw([None, "2pts", "0.5%"])
        return rules(
            stop=draw([None, "3pts", "0.5%"]),
            target=draw([None, "4pts", [("2pts", part), ("6pts", None)], [("2pts", part)]]),
            trail=trail,
            activation=draw([None, "1pts"]) if trail else None,
            step=draw([None, None, "0.7pts"]) if trail else None,
            breakeven=draw([None, "2pts"]),
            after=draw([None, None, "45s"]),
        )

    # One input, with a death around it.

    def take(self, item: Input) -> None:
        """Let the engine take an input; now and then it dies before that is durable."""
        out = self.engine.process(item)
        if self.rng.random() < self.deaths / 50:
            self.seen["died before it was durable"] += 1
            self._restart()
            out = self.engine.process(item)
        records = self.engine.book.drain()
        self.store.apply(records)
        self.store.apply(records)
        self.twin.process(item)
        if self.rng.random() < self.deaths / 50:
            self.seen["died before it was sent"] += 1
            self._restart()
        else:
            self._act(out)
        self._check()

    def _act(self, out: Sequence[Event | Intent]) -> None:
        for thing in out:
            if isinstance(thing, Intent):
                self.world.act(thing)
                if isinstance(thing, PlaceOrder):
                    self.seen["orders"] += 1
            else:
                self.seen[type(thing).__name__] += 1

    def _die(self) -> None:
        self.seen["died"] += 1
        self._restart()

    def _restart(self) -> None:
        self.world.daemon_died()
        self.engine = self._started()
        snapshot = self.store.snapshot()
        self._act(self.engine.restore(snapshot, self.now_ns))
        self.store.apply(self.engine.book.drain())
        for item in self.world.news():
            out = self.engine.process(item)
            self.store.apply(self.engine.book.drain())
            self.twin.process(item)
            self._act(out)

    def _started(self) -> Engine:
        engine = self.start(self.policy)
        instruments = tuple(
            Instrument(exchange="NSE", symbol=symbol, tick_size=SBIN.tick_size)
            for symbol in SYMBOLS
        )
        engine.process(InstrumentsLoaded(instruments))
        return engine

    # Promises.

    def _check(self) -> None:
        book = self.engine.book
        for trade in book.trades.values():
            claimed = sum(exit_.remaining for exit_ in book.open_exits(trade.trade_id))
            if claimed > trade.remaining:
                self.wrong.append(f"{trade.trade_id} leaves {claimed} of {trade.remaining}")
            row = book.coverage.trades.get(trade.trade_id)
            unguarded = row.quantity if row else Decimal(0)
            if guarded_quantity(book, trade) + unguarded != trade.remaining:
                wrong = f"{trade.trade_id}: {unguarded} of {trade.remaining} are unguarded"
                self.wrong.append(f"{wrong}, and {guarded_quantity(book, trade)} are guarded")
            self.seen["unguarded"] += bool(unguarded)
            if trade.status is not Status.ACTIVE:
                continue
            live = book.live(trade)
            self._check_stop(live)
            other = self.twin.book.trades.get(trade.trade_id)
            # What waits for a first price is armed by another one after a death.
            if trade.past_stop is not PastStop.EXIT:
                continue
            if other is not None and other.status is Status.ACTIVE:
                twin_marks = self.twin.book.live(other).marks
                if twin_marks != live.marks:
                    self.wrong.append(f"{trade.trade_id}: {live.marks}, its twin {twin_marks}")
        for key, lane in book.lanes.items():
            doubts = [e.client_order_id for e in lane if e.state.is_in_doubt]
            if len(doubts) > 1:
                self.wrong.append(f"{key} has {doubts} in doubt")
        if self.rng.random() < 0.02:
            self.seen["compared"] += 1
            self.wrong += differences(self.engine, self.store, self._started(), self.now_ns)

    def _check_ends(self) -> None:
        for saved in self.store.trades.values():
            trade, entered = saved.trade, self.world.entered.get(saved.trade.trade_id)
            left = self.world.left.get(trade.trade_id)
            if trade.status is Status.TRIGGERED:
                open_exits = self.engine.book.open_exits(trade.trade_id)
                states = [(exit_.number, exit_.state.value) for exit_ in open_exits]
                self.wrong.append(f"{trade.trade_id} did not end: {states}")
            elif trade.status is Status.CLOSED and left != entered:
                self.wrong.append(f"{trade.trade_id} is closed, having left {left} of {entered}")
            elif trade.status is Status.CLOSED_EXTERNAL and not self.seen["by hand"]:
                self.wrong.append(f"{trade.trade_id} was left by nobody")

    def _check_stop(self, trade: Trade) -> None:
        if trade.past_stop is PastStop.FROM_HERE and not trade.armed:
            return  # its stop is set at the first price
        stop = effective_stop(self.engine.book.levels[trade.trade_id], trade.marks)
        about = (trade.rules, trade.filled)
        was = self._stops.get(trade.trade_id)
        if (
            was is not None
            and was[0] == about
            and (stop is None or trade.side.sign * (stop.level - was[1]) < 0)
        ):
            self.wrong.append(f"{trade.trade_id}: stop {was[1]} loosened to {stop}")
        if stop is not None:
            self._stops[trade.trade_id] = (about, stop.level)


def guarded_quantity(book: Book, trade: Trade) -> Decimal:
    """Return the open units that leave, or that a rule would leave, found by looking at all."""
    if book.halt.form is Form.EVERYTHING:
        return Decimal(0)
    leaving = sum((e.remaining for e in book.open_exits(trade.trade_id)), Decimal(0))
    line = book.lines[trade.instrument]
    is_armed = any(trade.trade_id in dict(triggers) for triggers in line.sides.values())
    rules, levels = trade.rules, book.levels.get(trade.trade_id)
    # A price that nobody will ever pay is no rule.
    prices = [] if levels is None else [levels.stop, *(target.price for target in levels.targets)]
    is_reachable = any(price is not None and price > 0 for price in prices)
    has_rule = any((is_reachable, rules.trail, rules.breakeven, rules.time_exit))
    return trade.remaining if is_armed and has_rule else leaving


def differences(engine: Engine, store: RecordStore, fresh: Engine, at_ns: int) -> list[str]:
    """Say in what an engine differs from one that is restored from its records."""
    fresh.restore(store.snapshot(), at_ns)
    one, other = _state(engine), _state(fresh)
    wrong = []
    for name, held in one.items():
        restored = other[name]
        if isinstance(held, dict) and isinstance(restored, dict):
            wrong += [
                f"restored {name} {key}: {restored.get(key)}, not {held.get(key)}"
                for key in held.keys() | restored.keys()
                if held.get(key) != restored.get(key)
            ]
        elif held != restored:
            wrong.append(f"restored {name}: {restored}, not {held}")
    return wrong


def _state(engine: Engine) -> dict[str, object]:
    book = engine.book
    return {
        "trades": {name: book.live(trade) for name, trade in book.trades.items()},
        "levels": {
            name: levels
            for name, levels in book.levels.items()
            if book.trades[name].status is Status.ACTIVE
        },
        "armed": {
            (name, side): dict(triggers)
            for name, line in book.lines.items()
            for side, triggers in line.sides.items()
            if len(triggers)
        },
        "guarded": {name: line.guarded for name, line in book.lines.items() if line.guarded},
        "exits": {
            (e.trade_id, e.number): _as_restored(e) for lane in book.lanes.values() for e in lane
        },
        "nets": dict(book.positions),
        "halt": book.halt,
        "unguarded": {
            name: (row.quantity, row.unguarded_ns, row.unguarded_since_ns)
            for name, row in book.coverage.trades.items()
        },
        "numbers": (book.trades_made, book.lines_told, book.heard_seq, book.heard_at_ns),
    }


def _as_restored(exit_: Exit) -> Exit:
    """Return an exit as a restart sees it: what was being sent is in doubt, to be asked now."""
    state = State.UNKNOWN if exit_.state.is_in_doubt else exit_.state
    return msgspec.structs.replace(exit_, state=state, version=0, asks=0, flat_reads=0, due_at_ns=0)


def _key(symbol: str) -> NetKey:
    return NetKey("A1", "NSE", symbol, "MIS")
