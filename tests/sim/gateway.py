"""The broker's port over the exchange, for one life: asynchronous, and as unkind as drawn."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from tests.sim.approvals import APPROVED, TURNED_DOWN
from tests.sim.bars import Bar
from tests.sim.exchange import ExchangeOrder
from tradebot.core.inputs import (
    Acked,
    Execution,
    NetPosition,
    NoAction,
    NotSent,
    OrderReport,
    OrderState,
    Outcome,
    QueryReply,
    Queued,
    Refused,
    Unknown,
)
from tradebot.core.intents import CancelOrder, PlaceOrder
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.ports import Inbox, Quote
from tradebot.services.executor import ANSWER_S_MAX

if TYPE_CHECKING:
    from tests.sim.life import Life
    from tests.sim.world import World

TIMEOUT_S = (10.0, 15.0)  # an adapter gives up waiting for an answer
FOR_EVER_S = 1e6
BARRED_S = 0.05  # after it arrived
NEVER_ACT = {"not_sent", "refused", "barred", "no_action", "error_before", "request_lost"}


class Gateway:
    """What the adapter of a broker does, and how it can fail."""

    def __init__(self, world: "World", life: "Life") -> None:
        self._world = world
        self._life = life
        self.inbox: Inbox | None = None
        self.hangs_until_s = 0.0  # the latest time at which a call that hangs is given up
        self.asked_s = -FOR_EVER_S  # when it was last asked for what has executed
        self.vain_s = -FOR_EVER_S  # when that last failed

    async def open(self, inbox: Inbox) -> None:
        await self._trip()
        self.inbox = inbox

    async def close(self) -> None:
        self.inbox = None

    def remember(self, _executions: Sequence[Execution], /) -> None:
        """Do nothing: an execution has an id of its own here."""

    async def instruments(self) -> Sequence[Instrument]:
        await self._trip()
        return self._world.instruments

    async def place(self, order: PlaceOrder) -> Outcome:
        world = self._world
        self._life.step()
        world.promises.requests.leave(order, self._life)
        fate = world.fate_of(order)
        bar = world.bars.of(order)
        if bar is not None and bar.value and fate == "acked":
            fate = "barred"
        world.seen[f"fate: {fate}"] += 1
        world.note(f"gateway: place {order.client_order_id} {order.side} {order.quantity}: {fate}")
        self._life.may_die_at_work()
        # The bytes are on their way now: they arrive whatever becomes of the process.
        if fate in NEVER_ACT:
            world.promises.requests.cannot_act(order.client_order_id)
        elif fate in (APPROVED, TURNED_DOWN):
            world.approvals.wait(order, fate, lambda: self._placed(order))
        else:
            latest_s = world.request_life_s if fate == "late" else 0.08
            arrives_s = world.rng.uniform(latest_s / 16, latest_s)
            world.loop.in_world(arrives_s, lambda: self._placed(order))
        outcome = await self._answer(order, fate, bar)
        self._life.step()
        if isinstance(outcome, Unknown):
            world.promises.requests.ambiguous += 1
        elif isinstance(outcome, Queued):
            world.promises.requests.waits(order.client_order_id)
        else:
            world.promises.requests.heard_of(order.client_order_id)
        return outcome

    async def _answer(self, order: PlaceOrder, fate: str, bar: Bar | None) -> Outcome:
        match fate:
            case "not_sent":
                return NotSent("429 too many requests")
            case "request_lost" | "reply_lost" | "late":
                await self._pause(*TIMEOUT_S)
                return Unknown("timeout")
            case "hangs":
                self.hangs_until_s = self._world.loop.time() + ANSWER_S_MAX
                await self._pause(FOR_EVER_S, FOR_EVER_S)
        await self._pause(0.081, 0.16)
        match fate:
            case "refused":
                return Refused("margin")
            case "barred" if bar is not None:
                return Refused(bar.value)
            case "no_action":
                return NoAction("no open position found")
            case "queued" | "turned_down":
                return Queued("order queued for approval in semi-auto mode")
            case "error_before" | "error_after":
                return Unknown("502 bad gateway")
        placed = self._order_of(order.client_order_id)
        assert placed is not None, f"{order.client_order_id} has not arrived"
        return Acked(placed.order_id)

    def _order_of(self, client_order_id: str) -> ExchangeOrder | None:
        orders = self._world.exchange.orders.values()
        return next((o for o in orders if o.client_order_id == client_order_id), None)

    def _placed(self, order: PlaceOrder) -> None:
        world = self._world
        if world.tagged and self._order_of(order.client_order_id) is not None:
            return  # a broker that keeps our ids takes each once
        placed = world.exchange.accept(
            order.key,
            order.side,
            order.quantity,
            trade_id=order.trade_id,
            client_order_id=order.client_order_id,
            price=order.price,
        )
        world.promises.requests.arrived(order.client_order_id)
        if world.bars.of(order) is None:
            world.plan(placed)
        else:
            world.loop.in_world(BARRED_S, partial(world.exchange.end, placed, OrderState.REJECTED))

    async def cancel(self, order: CancelOrder) -> None:
        world = self._world
        self._life.step()
        fate = "lost" if world.resting.loses(order.order_id) else world.fate_of_cancel()
        world.seen[f"cancel: {fate}"] += 1
        if fate not in ("refused", "lost"):
            # On its way, as a request is: it arrives whatever becomes of the process.
            arrives_s = world.rng.uniform(0.005, 20.0 if fate == "late" else 0.08)
            world.loop.in_world(arrives_s, lambda: self._cancelled(order))
        if fate == "acted":
            await self._pause(0.081, 0.16)
            return
        await self._pause(0.1, TIMEOUT_S[1])
        raise ConnectionError("no answer to a cancel")

    def _cancelled(self, order: CancelOrder) -> None:
        placed = self._world.exchange.orders.get(order.order_id or "")
        assert placed is not None, "a cancel of an order that the broker has not named"
        self._world.resting.cancelled(placed)
        self._world.exchange.end(placed, OrderState.CANCELLED)

    async def query(self, client_order_id: str) -> QueryReply:
        await self._trip()
        world = self._world
        fails = not world.tagged or world.read_fails()
        report = None
        if not fails:
            order = self._order_of(client_order_id)
            report = world.exchange.report(order) if order else None
        await self._trip()
        if fails and world.rng.random() < 0.5:
            raise ConnectionError("connection reset")
        if report is not None:
            world.promises.requests.heard_of(client_order_id)
        return QueryReply(
            client_order_id=client_order_id,
            report=report,
            answered=not fails,
            at_ns=world.exchange.now_ns(),
        )

    async def report(self, order_id: str) -> OrderReport | None:
        await self._trip()
        world = self._world
        if world.read_fails():
            raise ConnectionError("connection reset")
        order = world.exchange.orders.get(order_id)
        report = world.exchange.report(order, world.lag_ns()) if order else None
        await self._trip()
        if report is None or order is None:
            return None
        world.promises.requests.heard_of(order.client_order_id)
        return world.shown(report)

    async def order_book(self) -> Sequence[OrderReport] | None:
        """Return the day's order book; None: the read failed."""
        await self._trip()
        world = self._world
        if world.read_fails():
            return None
        lag_ns = world.lag_ns()
        reports = [world.exchange.report(order, lag_ns) for order in world.exchange.orders.values()]
        if world.books_are_empty or world.happens("book_empty"):
            world.seen["an order book silently empty"] += 1
            reports = []
        await self._trip()
        there = [report for report in reports if report is not None]
        for report in there:
            world.promises.requests.heard_of(report.client_order_id)
        return [world.shown(report) for report in there]

    async def net(self, key: NetKey) -> Decimal | None:
        await self._trip()
        world = self._world
        if world.read_fails():
            world.seen["a read of the net that failed"] += 1
            return None
        net = world.exchange.net(key, world.lag_ns())
        if world.books_are_empty or world.lies_flat(key):
            world.seen["a net silently read as flat"] += 1
            net = Decimal(0)
        await self._trip()
        return net

    async def positions(self) -> Sequence[NetPosition] | None:
        """Return the account's nets; None: the read failed."""
        await self._trip()
        world = self._world
        if world.read_fails():
            world.seen["a read of all positions that failed"] += 1
            return None
        lag_ns = world.lag_ns()
        held = world.exchange.positions(lag_ns)
        if world.books_are_empty:
            held = []
        await self._trip()
        return [position for position in held if not world.lies_flat(position.key)]

    async def executions(self) -> Sequence[Execution]:
        world = self._world
        self.asked_s = world.loop.time()
        await self._trip()
        if world.read_fails():
            self.vain_s = world.loop.time()
            raise ConnectionError("connection reset")
        until_ns = world.exchange.now_ns() - world.lag_ns()
        done = [e for e in world.exchange.executions.values() if e.at_ns <= until_ns]
        done = world.annulled.less(done)
        if world.books_are_empty:
            done = []
            self.vain_s = world.loop.time()
        await self._trip()
        for execution in done:
            world.told(execution)
        return [world.shown(execution) for execution in done]

    async def quote(self, instrument: str) -> Quote | None:
        await self._trip()
        world = self._world
        if world.session_is_lost or world.happens("quote_fails"):
            return None
        return Quote(ltp=world.exchange.prices[instrument], at_ns=world.exchange.now_ns())

    async def _trip(self) -> None:
        """Let the time of one way over the network pass."""
        await self._pause(0.001, 0.08)

    async def _pause(self, least_s: float, most_s: float) -> None:
        self._life.step()
        await self._world.sleep(self._world.rng.uniform(least_s, most_s))
        self._life.step()
