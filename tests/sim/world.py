"""One seed: an exchange, its people, disks and processes, from chaos to calm."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from random import Random
from typing import TypeVar

import msgspec

from tests.sim.annulled import Annulled
from tests.sim.approvals import Approvals
from tests.sim.bars import Bars
from tests.sim.channel import Channel
from tests.sim.exchange import Exchange, ExchangeOrder
from tests.sim.faults import Faults
from tests.sim.life import ACCOUNT, Life
from tests.sim.promises import Promises
from tests.sim.resting import none
from tests.sim.strangers import SYMBOL as STRANGERS
from tests.sim.strangers import Strangers
from tests.sim.virtual_loop import VirtualLoop
from tradebot.core.inputs import Execution, OrderReport, OrderState
from tradebot.core.intents import PlaceOrder
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.policy import Policy
from tradebot.stores.memory import MemoryJournal, MemoryStore

SECOND_NS = 1_000_000_000
SYMBOLS = ("SBIN", "TCS")  # longs on the first, shorts on the second
FREEZE = {"TCS": Decimal(7)}
NEAR = 0.02  # an order so close to the last price may rest
START_PRICE = 800.0
TICK = Decimal("0.05")
FATES = (
    *("refused", "not_sent", "no_action", "request_lost", "reply_lost"),
    *("late", "error_before", "error_after", "hangs", "queued", "turned_down"),
)
REQUEST_LIFE_S = {True: 9.0, False: 100.0}  # how long a request may live, by ``tagged``

SLOW_S_MAX = 40.0
LONG_OUTAGES = 0.4
OUTAGE_S = (5.0, 30.0)
LONG_OUTAGE_S = (95.0, 125.0)
HOLD_S = {True: 10.0, False: 120.0}

_Shown = TypeVar("_Shown", bound=Execution | OrderReport)


class World:
    """All that is not the process, and the process's lives one after the other."""

    def __init__(self, rng: Random, faults: Faults, policy: Policy) -> None:
        self.rng = rng
        self.faults = faults
        self.policy = policy
        self.tagged = tagged = policy.exits.tagged  # the broker keeps our own order ids
        self.request_life_s = REQUEST_LIFE_S[tagged]
        self.hold_s = HOLD_S[tagged]
        self.loop = VirtualLoop(rng)
        self.loop.stepped = self._stepped
        self.seen: Counter[str] = Counter()
        self.timeline: list[str] | None = None
        self.exchange = Exchange(self.loop, self.note)
        self.exchange.on_fill = self._stream_execution
        self.exchange.on_change = self._stream_report
        self.promises = Promises(self)
        self.resting = none(self)
        self.strangers = Strangers(self, Random(0))
        symbols = (*SYMBOLS, STRANGERS) if self.strangers.are_there else SYMBOLS
        self.approvals = Approvals(self)
        self.instruments = tuple(
            Instrument(
                exchange="NSE", symbol=symbol, tick_size=TICK, freeze_quantity=FREEZE.get(symbol)
            )
            for symbol in symbols
        )
        self.bars = Bars(self, Random(0))
        self.annulled = Annulled(self, Random(0))
        for symbol in symbols:
            self.exchange.prices[f"NSE:{symbol}"] = START_PRICE
        self.bad_prices: set[float] = set()
        self.journal_refuses = False
        self.journal_is_behind = False  # it has refused, and nothing was written since
        self.store_refuses = False
        self.feed_is_silent = False
        self.session_is_lost = False
        self.lost_session_says = "not_sent"  # or "error_before"
        self.busy_until_s = 0.0  # the broker's servers do not answer to requests until then
        self._stream_is_dead = False
        self.channel = Channel(self, Random(0))
        self.books_stand_since_ns: int | None = None
        self.books_are_empty = False
        self.fate: Callable[[PlaceOrder], str] | None = None  # instead of drawing one
        self.course: Callable[[ExchangeOrder], bool] | None = None  # instead of planning one
        self.kills = 0
        self._lied: set[NetKey] = set()
        self._kept = MemoryStore(), MemoryJournal()
        self.life = Life(self, 1, *self._kept)

    @property
    def kept_store(self) -> MemoryStore:
        """What is in the database."""
        return self._kept[0]

    @property
    def stream_is_dead(self) -> bool:
        """Whether nothing that is pushed arrives."""
        return self._stream_is_dead

    @stream_is_dead.setter
    def stream_is_dead(self, is_dead: bool) -> None:
        self._stream_is_dead = is_dead
        if is_dead:
            self.channel.has_ended()

    # Chance.

    def happens(self, name: str) -> bool:
        rate: float = getattr(self.faults, name)
        return rate > 0 and self.rng.random() < rate

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def read_fails(self) -> bool:
        """Say whether a question stays without an answer."""
        return self.session_is_lost or self.happens("query_fails")

    def lag_ns(self) -> int:
        """Return how old the broker's books are at this look."""
        if self.books_stand_since_ns is not None:
            return self.exchange.now_ns() - self.books_stand_since_ns
        if not self.happens("book_lags"):
            return 0
        self.seen["a book that lagged"] += 1
        return int(self.rng.uniform(0.5, 8.0) * SECOND_NS)

    def lies_flat(self, key: NetKey) -> bool:
        """Say whether a read of a net silently comes as flat; never twice in a row."""
        if key in self._lied:
            self._lied.discard(key)
            return False
        if not self.happens("reads_flat"):
            return False
        self._lied.add(key)
        return True

    def fate_of(self, order: PlaceOrder) -> str:
        if self.fate is not None:
            return self.fate(order)
        if self.session_is_lost:
            return self.lost_session_says
        if self.loop.time() < self.busy_until_s:
            return self.rng.choice(["request_lost", "reply_lost", "late", "error_before"])
        if self.happens("outages"):
            self._lose_the_line()
            return "reply_lost"
        return next((name for name in FATES if self.happens(name)), "acked")

    def _lose_the_line(self) -> None:
        """Let what took an answer take the line too: questions and the stream.

        Now and then for as long as a request may live at a broker that keeps no ids of ours.
        A line that is back may read empty books at first.
        """
        self.seen["an outage"] += 1
        self.note("trouble: the line is down")
        self.session_is_lost = self.stream_is_dead = True
        is_long = not self.tagged and self.rng.random() < LONG_OUTAGES
        lasts_s = self.rng.uniform(*(LONG_OUTAGE_S if is_long else OUTAGE_S))
        self.loop.in_world(lasts_s, self._line_is_back)

    def _line_is_back(self) -> None:
        self.session_is_lost = self.stream_is_dead = False
        if self.rng.random() < self.faults.books_empty:
            self.empty_the_books(self.rng.uniform(5.0, 25.0))

    def empty_the_books(self, lasts_s: float) -> None:
        """Let the broker's books have nothing in them, where the process knows that it is not so.

        Of a book that was empty from the first look on nobody can know.
        """
        guard = self.life.guard
        if self.books_are_empty or guard is None or not self.life.is_ready:
            return
        if all(order.quantity is None for order in guard.engine.book.orders):
            return
        self.note("trouble: the broker's books are empty")
        self.seen["books that were empty for a while"] += 1
        self.books_are_empty = True
        self.loop.in_world(lasts_s, self._books_are_full)

    def _books_are_full(self) -> None:
        self.books_are_empty = False

    def fate_of_cancel(self) -> str:
        drawn = (n for n in ("refused", "lost", "late") if self.happens(f"cancel_{n}"))
        return next(drawn, "acted")

    def bad_price(self, instrument: str) -> float:
        """Return what no exchange has traded: nothing, less than that, or far off."""
        price = self.exchange.prices[instrument]
        far = round(price * self.rng.choice([0.6, 0.75, 1.3, 1.5]), 2)
        bad = self.rng.choice([0.0, -price, math.nan, far, far, far])
        self.bad_prices.add(bad)
        self.seen["a bad print"] += 1
        return bad

    # The exchange's side of an order.

    def plan(self, order: ExchangeOrder) -> None:
        """Decide what becomes of an accepted order; it may happen before its reply is heard."""
        if self.course is not None and self.course(order):
            return
        at_s = self.rng.uniform(0.005, 0.8)
        if order.client_order_id is None and self.happens("called_dead"):
            self.seen["an entry called dead that filled"] += 1
            self.loop.in_world(at_s, partial(self.exchange.end, order, OrderState.CANCELLED))
            at_s += self.rng.uniform(0.005, 20.0)
            self.loop.in_world(at_s, partial(self._fill_dead, order))
            return
        is_slow = self.happens("slow") or (order.client_order_id is None and self.happens("slow"))
        if is_slow:
            self.seen["an order that filled slowly"] += 1
            at_s = self.rng.choice([at_s, self.rng.uniform(2.0, SLOW_S_MAX)])
        if self.happens("rejected"):
            self.seen["an order rejected after acceptance"] += 1
            self.loop.in_world(at_s, partial(self.exchange.end, order, OrderState.REJECTED))
            return
        # The further through the market it asks, the less it is left behind.
        if order.client_order_id and self._is_near(order) and self.happens("rests"):
            self.seen["an order that the market left behind"] += 1
            return
        left = order.quantity
        while left > 0:
            part = left
            is_slow_entry = is_slow and order.client_order_id is None
            if left > 1 and (is_slow_entry or self.happens("parts")):
                part = Decimal(self.rng.randint(1, int(left)))
                self.seen["an order that filled in parts"] += part < left
            if part < order.quantity and self.happens("cancelled"):
                self.seen["a rest that was cancelled"] += 1
                self.loop.in_world(at_s, partial(self.exchange.end, order, OrderState.CANCELLED))
                return
            self.loop.in_world(at_s, partial(self.fill, order, part))
            pause_s = self.rng.uniform(0.005, SLOW_S_MAX / 2 if is_slow else 3.0)
            at_s = min(at_s + pause_s, max(at_s, SLOW_S_MAX))
            left -= part

    def _is_near(self, order: ExchangeOrder) -> bool:
        """Whether an order asks for so little beyond the last price that it may be left behind."""
        last = self.exchange.prices[order.key.instrument]
        return order.price is None or abs(float(order.price) - last) < NEAR * last

    def fill(self, order: ExchangeOrder, quantity: Decimal) -> None:
        """Execute a part of an order that is still open, and tell of it."""
        if order.state is OrderState.OPEN:
            self.resting.about_to_fill(order, quantity)
            self.exchange.fill(order, quantity)
            if order.filled == order.quantity:
                self._stream_report(order)

    def _fill_dead(self, order: ExchangeOrder) -> None:
        self.exchange.fill(order, order.quantity)
        self._stream_report(order)

    # What is told.

    def shown(self, item: _Shown) -> _Shown:
        """Return what the broker tells: without our own id where it does not keep it."""
        return item if self.tagged else msgspec.structs.replace(item, client_order_id=None)

    def told(self, execution: Execution) -> None:
        """Note that the living process has been told of an execution."""
        self.exchange.untold.pop(execution.execution_id, None)
        self.annulled.told(execution)
        self.promises.requests.heard_of(execution.client_order_id)

    def _stream_execution(self, execution: Execution, at_once: bool) -> None:
        if execution.client_order_id is None:  # what was read before counts no more
            self.promises.stirred_at_s = self.loop.time()
        if at_once:
            self._arrive(self.life, execution, partial(self.told, execution))
            return
        self._stream(execution, partial(self.told, execution))

    def _stream_report(self, order: ExchangeOrder) -> None:
        report = self.exchange.report(order)
        assert report is not None, "an order without a first change"
        self._stream(report, lambda: self.promises.requests.heard_of(order.client_order_id))

    def _stream(self, item: Execution | OrderReport, heard: Callable[[], None]) -> None:
        """Push something to the process that lives now: once, twice or never."""
        if not self.channel.is_there:
            return
        if self.stream_is_dead or self.happens("dropped"):
            self.seen["a message that was dropped"] += 1
            return
        for _ in range(2 if self.happens("doubled") else 1):
            delay_s = self.rng.uniform(0.001, 0.08)
            if self.happens("delayed"):
                self.seen["a message that came late"] += 1
                delay_s = self.rng.uniform(0.5, 10.0)
            self.loop.in_world(delay_s, partial(self._arrive, self.life, item, heard))

    def _arrive(self, life: Life, item: Execution | OrderReport, heard: Callable[[], None]) -> None:
        inbox = life.gateway.inbox
        if not life.is_over and inbox is not None:
            heard()
            self.channel.has_told(life)
            inbox.put(self.shown(item))

    # Lives.

    def kill(self, life: Life) -> None:
        """End a process here and now; what its disks keep goes to the next."""
        if life.is_over:
            return
        life.is_over = True
        self.kills += 1
        self.loop.end(life.number)
        store, journal = self._kept
        power_cut = self.happens("power_cuts")
        kept = self.rng.randint(0, 3)
        self._kept = (
            (store.power_cut(kept), journal.power_cut(kept))
            if power_cut
            else (store.killed(), journal.killed())
        )
        self.seen["a power cut" if power_cut else "a kill"] += 1
        if self.faults.session_fails and not self.session_is_lost and self.rng.random() < 0.3:
            # What took the process took the line to the broker too.
            self.session_is_lost = True
            self.loop.in_world(self.rng.uniform(5.0, 25.0), self._session_is_back)
        self.books_are_empty = False  # a new life logs in anew
        self.note(f"life {life.number} dies" + (" of a power cut" if power_cut else ""))
        self.promises.stops.life_ended(power_cut=power_cut)
        self.life = Life(self, life.number + 1, *self._kept)
        self.loop.in_world(self.rng.uniform(0.1, 15.0), self.life.begin)

    def _session_is_back(self) -> None:
        self.session_is_lost = False

    def failed(self, life: Life, why: str) -> None:
        """Let a process end that ended itself; whoever runs it starts it anew."""
        self.seen[f"ended itself: {why.partition(':')[0]}"] += 1
        self.loop.in_world(0.0, partial(self.kill, life))

    def _stepped(self, _number: int) -> None:
        self.life.stepped()

    # What is kept for those who wonder.

    def note(self, what: str) -> None:
        if self.timeline is not None:
            self.timeline.append(f"{self.loop.time():10.3f}  {what}")

    def said(self, event: str, level: str, fields: dict[str, object]) -> None:
        self.seen[event] += 1
        self.note(f"log: {level} {event} {fields}")
        if event == "exit.unsaved":
            self.promises.requests.unsaved.add(str(fields["order_id"]))


def key_of(symbol: str) -> NetKey:
    return NetKey(ACCOUNT, "NSE", symbol, "MIS")
