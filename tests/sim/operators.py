"""Those who run the daemon: they halt and release it, end its doubts, and ask what it knows."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from tradebot.core.book import Book
from tradebot.core.guard.trades import Trade
from tradebot.core.inputs import OrderSide, Verdict
from tradebot.core.leaving.halt import Form
from tradebot.core.leaving.verdicts import is_in_question
from tradebot.errors import NotFoundError, RefusedError, StoreError
from tradebot.services.guard import Guard
from tradebot.services.halts import Halts
from tradebot.services.verdicts import Verdicts

if TYPE_CHECKING:
    from tests.sim.world import World

LOOK_EVERY_S = 1.0
SEES_A_DOUBT = 0.2  # of looks
BY_HAND = 0.3  # of what can only be sent again
NAMES_ONE = 0.3  # of several exits that one word could be about
HALT_S_MAX = 20.0
WHY = "the person at the desk said so"


class Operators:
    """What people at the desk do. In the calm they release, and end what waits for them."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._rng = world.rng
        self._release_at_s = 0.0
        self._speaks: int | None = None  # the life that is being spoken to
        self.are_quiet = False

    def begin(self) -> None:
        self._look()

    def _look(self) -> None:
        world = self._world
        life, guard = world.life, world.life.guard
        if guard is not None and life.is_ready and not life.is_over:
            if self._speaks != life.number:
                self._say(guard)
            if world.happens("compares"):
                life.do(self._compare(guard))
        world.loop.in_world(LOOK_EVERY_S * self._rng.uniform(0.5, 1.5), self._look)

    def _say(self, guard: Guard) -> None:
        """Say one word at most, and wait until it is answered."""
        world, book = self._world, guard.engine.book
        if book.halt.form is not None and (
            self.are_quiet or world.loop.time() >= self._release_at_s
        ):
            self._speak(self._release(guard))
        elif world.happens("halts"):
            form = self._rng.choice(list(Form))
            self._release_at_s = world.loop.time() + self._rng.uniform(1.0, HALT_S_MAX)
            self._speak(self._halt(guard, form))
        else:
            self._end_a_doubt(guard, book)

    def _speak(self, word: Callable[[], Awaitable[None]]) -> None:
        life = self._world.life
        self._speaks = life.number

        async def spoken() -> None:
            try:
                await word()
            except (NotFoundError, RefusedError, StoreError) as error:
                self._world.seen[f"told {type(error).__name__} at the desk"] += 1
                self._world.note(f"somebody at the desk was told: {error}")
            self._speaks = None
            life.may_die_at_work()

        life.do(spoken())

    # Halts.

    def _halt(self, guard: Guard, form: Form) -> Callable[[], Awaitable[None]]:
        async def halt() -> None:
            words = self._world.promises.words
            self._world.note(f"at the desk: halt {form}")
            words.are_unsure()
            await self._halts(guard).halt(form, WHY)
            words.are_in_force(form)
            self._world.seen[f"a halt: {form}"] += 1

        return halt

    def _release(self, guard: Guard) -> Callable[[], Awaitable[None]]:
        async def release() -> None:
            words = self._world.promises.words
            self._world.note("at the desk: release")
            words.are_unsure()
            await self._halts(guard).release(WHY)
            words.are_in_force(None)
            self._world.seen["a release"] += 1

        return release

    def _halts(self, guard: Guard) -> Halts:
        return Halts(guard.loop, durable=guard.trades.durable, clock=self._world.exchange)

    # Doubts.

    def _end_a_doubt(self, guard: Guard, book: Book) -> None:
        """Let somebody who has looked at the broker say what became of a trade's requests."""
        for trade in book.trades.values():
            found = [e for e in book.open_exits(trade.trade_id) if is_in_question(e)]
            names = [str(exit_.client_order_id) for exit_ in found]
            named = [e.client_order_id for e in found if e.client_order_id is not None]
            if not names or not self._looks_at(names):
                continue
            requests, order = self._world.promises.requests, None
            verdict = requests.verdict_on(names)
            if verdict is not Verdict.DONE and not self.are_quiet and self._rng.random() < BY_HAND:
                verdict = self._leave_by_hand(trade, names) or verdict
            elif len(names) > 1 and (verdict is None or self._rng.random() < NAMES_ONE):
                order = next((name for name in named if requests.verdict_on([name])), None)
                verdict = None if order is None else requests.verdict_on([order])
            if verdict is not None:
                for name in names if order is None else [order]:
                    requests.heard_of(name)
                self._speak(self._resolve(guard, trade.trade_id, verdict, order))
                return

    def _looks_at(self, names: list[str]) -> bool:
        """Say whether somebody looks at the broker now: what came to nothing there needs it."""
        if any(map(self._world.promises.requests.waits_for_nothing, names)):
            return self._rng.random() < SEES_A_DOUBT
        return self._world.happens("verdicts")

    def _leave_by_hand(self, trade: Trade, names: list[str]) -> Verdict | None:
        """Let somebody leave at a terminal what the daemon cannot, and tell it so."""
        world = self._world
        requests, net = world.promises.requests, world.exchange.net(trade.key)
        is_held = trade.side.sign * net >= trade.remaining > 0
        side = OrderSide.SELL if trade.side.sign > 0 else OrderSide.BUY
        if (
            not is_held
            or not all(map(requests.is_over, names))
            or requests.is_just_like_a_doubt(trade.key, side, trade.remaining)
        ):
            return None
        world.seen["a trade that somebody left by hand"] += 1
        order = world.exchange.accept(trade.key, side, trade.remaining)
        world.exchange.fill(order, Decimal(trade.remaining))
        return Verdict.DONE

    def _resolve(
        self, guard: Guard, trade_id: str, verdict: Verdict, order: str | None
    ) -> Callable[[], Awaitable[None]]:
        async def resolve() -> None:
            world, book = self._world, guard.engine.book
            world.note(f"at the desk: resolve {order or trade_id} {verdict}")
            world.promises.stirred_at_s = world.loop.time()  # what was read before counts no more
            if verdict is Verdict.DONE:
                world.promises.words.is_done(trade_id)
            before = book.trades[trade_id].exited
            verdicts = Verdicts(guard.loop, guard.trades, clock=world.exchange)
            await verdicts.resolve(trade_id, verdict, WHY, order)
            if verdict is Verdict.DONE and trade_id in book.trades:
                world.promises.words.was_done(trade_id, book.trades[trade_id].exited - before)
            world.seen[f"a verdict: {verdict}"] += 1
            if order is not None:
                world.seen["a verdict on one exit of several"] += 1

        return resolve

    # Questions.

    async def _compare(self, guard: Guard) -> None:
        """Ask on demand whether our positions are the broker's."""
        world = self._world
        asked_ns = world.exchange.now_ns()
        told = await guard.comparison.compare()
        world.seen["a comparison on demand"] += 1
        world.promises.words.compared(told, asked_ns)
