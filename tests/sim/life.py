"""One life of the process: it recovers, guards, and ends at any step without a farewell."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from tests.sim.disk import SimulatedJournal, SimulatedStore
from tests.sim.gateway import Gateway
from tests.sim.ticks import SimulatedFeed
from tradebot.core.words.trade_requests import TradeDefaults
from tradebot.services.guard import Earlier, Guard
from tradebot.stores.memory import MemoryJournal, MemoryStore
from tradebot.stores.restore import restore

if TYPE_CHECKING:
    from tests.sim.world import World

ACCOUNT = "A1"
DEFAULTS = TradeDefaults(account=ACCOUNT, strategy="sim", product="MIS")


class Killed(BaseException):
    """The process is gone: whoever calls a port of it gets no answer any more."""


class Life:
    """A process, from its start to its death."""

    def __init__(
        self, world: "World", number: int, store: MemoryStore, journal: MemoryJournal
    ) -> None:
        self._world = world
        self.number = number
        self.is_over = False
        self.dies_in: int | None = None  # steps from now
        self.failed = ""  # why it ended itself
        self._kept = store, journal
        self.gateway = Gateway(world, self)
        self.feed: SimulatedFeed | None = None
        self.guard: Guard | None = None
        self.is_ready = False
        self.ready_at_s = 0.0

    def begin(self) -> None:
        """Start the process."""
        self.do(self._live())

    def do(self, coro: Coroutine[Any, Any, Any]) -> None:
        """Let something happen inside the process; it dies with it."""
        self._world.loop.start(self.number, coro)

    def step(self) -> None:
        """Do one more thing, if there is still a process to do it."""
        if self.is_over:
            raise Killed
        if self._is_due():
            self._world.kill(self)
            raise Killed

    def stepped(self) -> None:
        """Count a step of a task, after it."""
        if not self.is_over and self._is_due():
            self._world.kill(self)

    def may_die_at_work(self) -> None:
        """Let it die within a few steps of something that it must not forget, if so drawn."""
        world = self._world
        if world.happens("dies_at_work") and not world.promises.requests.nobody_remembers:
            self.dies_in = world.rng.randint(1, 12)

    def _is_due(self) -> bool:
        """Count a step towards death; it waits while no disk knows of an order that left.

        Both disks refuse then, and a person has been told: nothing could remember it.
        """
        if self.dies_in is None:
            return False
        self.dies_in -= 1
        return self.dies_in <= 0 and not self._world.promises.requests.nobody_remembers

    async def _live(self) -> None:
        world = self._world
        kept_store, kept_journal = self._kept
        store = SimulatedStore(world, self, kept_store)
        journal = SimulatedJournal(world, self, kept_journal)
        await world.sleep(world.rng.uniform(0.01, 0.1))
        recovered = kept_journal.recover(epoch=kept_store.epoch, after=kept_store.frame)
        restored = await restore(store, recovered)
        self.step()
        await world.promises.life_began(restored.snapshot, restored.behind, kept_store)
        guard = Guard(
            world.policy,
            store=store,
            journal=journal,
            broker=self.gateway,
            clock=world.exchange,
            say=self._say,
            defaults=DEFAULTS,
            every_s=1.0,
            covered=lambda _frame: journal.covered(kept_store.frame_on_disk),
            tell=world.promises.told,
        )
        self.guard = guard
        world.promises.watch(guard.engine)
        guard.supervisor.on_failure = self._fail
        earlier = Earlier(
            snapshot=restored.snapshot,
            behind=restored.behind,
            frame=restored.frame,
            why=restored.why,
        )
        try:
            await guard.recover(earlier, self._feed)
        except Exception as error:  # noqa: BLE001 - as the process would, it ends and begins anew
            self._fail(f"{type(error).__name__}: {error}")
            return
        guard.start()
        self.is_ready = True
        self.ready_at_s = world.loop.time()

    def _feed(self, heard: int) -> SimulatedFeed:
        self.feed = SimulatedFeed(self._world, self, heard)
        return self.feed

    def _say(self, event: str, level: str = "info", /, **fields: object) -> None:
        self._world.said(event, level, fields)

    def _fail(self, why: str) -> None:
        self._world.note(f"life {self.number} ended itself: {why}")
        self._world.failed(self, why)
