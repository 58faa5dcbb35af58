"""Every part of a running daemon, opened in the order in which a start needs them."""

from collections.abc import Callable

from tradebot.app.announcer import announce
from tradebot.app.policy import policy_of
from tradebot.app.recording import Recording
from tradebot.app.state import StateDirectory
from tradebot.app.world import PaperWorld
from tradebot.clock import SystemClock
from tradebot.config.settings import Settings
from tradebot.core import events as ev
from tradebot.ports import Clock, Say
from tradebot.services.figures import Figures
from tradebot.services.guard import Earlier, Guard
from tradebot.stores.journal import FileJournal
from tradebot.stores.restore import restore
from tradebot.stores.sqlite import SqliteStore


class Parts:
    """The parts, wired. ``open`` recovers what an earlier life left; ``close`` loses nothing."""

    def __init__(
        self,
        settings: Settings,
        state: StateDirectory,
        *,
        say: Say,
        journal: FileJournal,
        store: SqliteStore,
    ) -> None:
        """Wire the parts; ``open`` is what a caller wants."""
        self.say = say
        self.clock: Clock = SystemClock()
        self.figures = Figures(self.clock)
        self.journal = journal
        self.store = store
        self.trades_closed = 0
        self.on_pulse: Callable[[], None] = lambda: None
        self.world = PaperWorld(settings.paper, state.paper, self.clock)
        self.guard = Guard(
            policy_of(settings),
            store=store,
            journal=self.figures.timed(journal),
            broker=self.world.broker,
            clock=self.clock,
            say=say,
            defaults=settings.trade_defaults,
            every_s=settings.store.sync_every_ns / 1e9,
            covered=lambda _frame: journal.covered(store.frame_on_disk),
            tell=self._tell,
            heard=self.figures.heard,
            pulse=self._pulse,
        )
        self.supervisor = self.guard.supervisor
        self.engine = self.guard.engine
        self.persister = self.guard.persister
        self.loop = self.guard.loop
        self.trades = self.guard.trades
        self.recording = Recording(
            settings.record, state.recordings, self.loop, clock=self.clock, say=say
        )

    @classmethod
    async def open(cls, settings: Settings, state: StateDirectory, *, say: Say) -> "Parts":
        """Recover, and connect to the broker. Nothing runs yet.

        Raises:
            StoreError: journal or database cannot be used.
            BrokerError: the broker cannot be used.
        """
        journal = FileJournal.open(state.journal)
        store = await SqliteStore.open(state.database, epoch_above=journal.epoch_seen)
        try:
            recovered = journal.recover(epoch=store.epoch, after=store.frame)
            for damage in recovered.damage:
                say("journal.damaged", "critical", what=damage)
            restored = await restore(store, recovered)
            parts = cls(settings, state, say=say, journal=journal, store=store)
            earlier = Earlier(
                snapshot=restored.snapshot,
                behind=restored.behind,
                frame=restored.frame,
                why=restored.why,
            )
            await parts.guard.recover(earlier, parts.world.feed)
        except BaseException:
            await store.close()
            journal.close()
            raise
        return parts

    def start(self) -> None:
        """Start every task."""
        self.recording.start()
        self.supervisor.start("loop lag", self.figures.sample_lag())
        self.guard.start()

    async def close(self) -> None:
        """Stop the services, then let go of the broker and the files."""
        try:
            await self.guard.stop()  # it ends early where another daemon has taken over
        finally:
            await self.world.broker.close()
            await self.store.close()
            self.journal.close()
            await self.recording.close()

    def _pulse(self) -> None:
        self.on_pulse()

    def _tell(self, event: ev.Event) -> None:
        if isinstance(event, ev.TradeClosed):
            self.trades_closed += 1
        announce(self.say, event)
