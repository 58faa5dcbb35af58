"""Every part of a running daemon, opened in the order in which a start needs them."""

import asyncio
from collections.abc import Callable, Mapping

from tradebot.app.alerting import Alerting
from tradebot.app.announcer import announce
from tradebot.app.hours_watch import HoursWatch
from tradebot.app.last_words import last_words
from tradebot.app.policy import policy_of
from tradebot.app.recording import Recording
from tradebot.app.state import StateDirectory
from tradebot.app.world import PaperWorld, world_of
from tradebot.clock import SystemClock
from tradebot.config.settings import Settings
from tradebot.core import events as ev
from tradebot.core.market.sessions import Session
from tradebot.errors import StoreError
from tradebot.ports import Say
from tradebot.services.backups import BackupSchedule
from tradebot.services.clock_watch import ClockWatch
from tradebot.services.figures import Figures
from tradebot.services.guard import Earlier, Guard
from tradebot.stores.backups import Backup, Backups
from tradebot.stores.ballast import Ballast
from tradebot.stores.instrument_file import InstrumentFile
from tradebot.stores.journal import FileJournal
from tradebot.stores.repair import Files, open_or_repair
from tradebot.stores.sqlite import SqliteStore

LAST_BACKUP_S = 5.0  # how long the backup of a stop may take


class Parts:
    """The parts, wired. ``open`` recovers what an earlier life left; ``close`` loses nothing."""

    def __init__(
        self,
        settings: Settings,
        state: StateDirectory,
        *,
        clock: SystemClock,
        alerting: Alerting,
        journal: FileJournal,
        store: SqliteStore,
        backups: Backups,
    ) -> None:
        """Wire the parts; ``open`` is what a caller wants."""
        self.alerting = alerting
        self.say: Say = alerting.say  # what a part says, a person may be alerted of
        say = self.say
        self.clock = clock
        self.figures = Figures(clock)
        self.journal, self.store = journal, store
        self.trades_closed = 0
        self.reasons: tuple[str, ...] = ()  # why this start was none like any other
        self._started = self._stops = False
        self.on_pulse: Callable[[], None] = lambda: None
        self.world = world_of(settings, state, self.clock, say=say, is_open=self._is_open)
        self.guard = Guard(
            policy_of(settings),
            store=store,
            journal=self.figures.timed(journal),
            broker=self.world.broker,
            clock=self.clock,
            say=say,
            defaults=settings.trade_defaults,
            every_s=settings.store.sync_every_ns / 1e9,
            covered=self._covered,
            tell=self._tell,
            heard=self.figures.heard,
            pulse=self._pulse,
            catalogue=self.world.catalogue,
            described=InstrumentFile(state.instruments),
        )
        self.supervisor = self.guard.supervisor
        self.engine = self.guard.engine
        self.persister = self.guard.persister
        self.loop = self.guard.loop
        self.trades = self.guard.trades
        self.clock_watch = ClockWatch(clock, clock.follow, inbox=self.loop, say=say)
        found = backups.found()
        self.ballast = Ballast(state.ballast, say=say)
        journal.on_full = store.on_full = self.ballast.free
        self._backups, self._database = backups, state.database
        self.backups = BackupSchedule(
            self._back_up,
            every_s=settings.store.backup_every_ns / 1e9,
            newest=found[0] if found else None,
            clock=self.clock,
            say=say,
        )
        self.persister.on_back = self.backups.soon
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
        clock = SystemClock()
        alerting = Alerting(state, clock=clock, say=say)
        try:
            return await cls._open(settings, state, clock, alerting)
        except Exception as error:
            await last_words(settings, alerting, error)
            raise

    @classmethod
    async def _open(
        cls, settings: Settings, state: StateDirectory, clock: SystemClock, alerting: Alerting
    ) -> "Parts":
        """Recover, where what is alerted of is kept already."""
        say = alerting.say
        Ballast(state.ballast, say=say).start()  # a full disk is no reason not to start
        backups = Backups(state.backups, settings.store.backups_kept)
        files = Files(database=state.database, journal=state.journal, backups=backups)
        opened = await open_or_repair(files, say=say)
        store, journal, restored = opened.store, opened.journal, opened.restored
        try:
            parts = cls(
                settings,
                state,
                clock=clock,
                alerting=alerting,
                journal=journal,
                store=store,
                backups=backups,
            )
            earlier = Earlier(
                snapshot=restored.snapshot,
                behind=restored.behind,
                frame=restored.frame,
                why=restored.why,
            )
            parts.reasons = opened.reasons
            if store.unclaimed:
                parts.persister.refused(store.unclaimed)
            await parts.guard.recover(earlier, parts.world.feed)
            alerting.settle(parts.engine.book)
        except BaseException:
            await store.close()
            journal.close()
            raise
        return parts

    def start(self) -> None:
        """Start every task."""
        self.recording.start()
        self.supervisor.start("loop lag", self.figures.sample_lag())
        self.alerting.start(self.supervisor)
        self.guard.start()
        self.supervisor.attend("clock", self.clock_watch.run)
        self.supervisor.start("backups", self.backups.run())
        self.supervisor.start("ballast", self.ballast.run())
        if not isinstance(self.world, PaperWorld):
            watch = HoursWatch(
                self.world.client,
                self._sessions,
                wall_ahead_ns=lambda: self.engine.book.policy.skew_ns,
                say=self.say,
            )
            self.supervisor.attend("hours", watch.run)
        if self.reasons:
            self.backups.soon()
        self._started = True

    async def close(self) -> None:
        """Stop the services, then let go of the broker and the files."""
        try:
            await self.guard.stop()  # it ends early where another daemon has taken over
            await self._last_backup()
        finally:
            await self.world.broker.close()
            await self.store.close()
            self.journal.close()
            await self.recording.close()
            await self.alerting.close()

    async def _back_up(self) -> Backup:
        """Make a backup, where there is room for it."""
        self._backups.make_room(self._database)
        now_ns = self.clock.now_ns()
        return await self._backups.make(self.store, now_ns, hurry=self._stops)

    async def _last_backup(self) -> None:
        """Make the backup of a stop, unless nothing has changed since the last one."""
        newest = self.backups.newest
        if not self._started or (newest is not None and newest.frame == self.store.frame):
            return
        try:
            self._stops = True
            async with asyncio.timeout(LAST_BACKUP_S):
                await self.backups.make()
        except (StoreError, TimeoutError) as error:
            why = str(error) or f"not done within {LAST_BACKUP_S:g} s"
            self.say("backup.left_out", "warning", error=why)

    def _covered(self, frame: int) -> None:
        """Let the journal go of what nobody needs.

        What is acknowledged is on the disk twice: a damaged database loses nothing of it.
        """
        on_disk = self.store.frame_on_disk
        if on_disk >= frame:
            self.journal.sync()
        self.journal.covered(on_disk, self._backups.frame_held)

    def _is_open(self, instrument: str, at_ns: int) -> bool:
        """Whether an instrument trades, by the sessions that are in force now."""
        exchange = instrument.partition(":")[0]
        return self.engine.book.session(exchange).is_open(at_ns)

    def _sessions(self) -> Mapping[str, Session]:
        return self.engine.book.policy.sessions

    def _pulse(self) -> None:
        self.on_pulse()

    def _tell(self, event: ev.Event) -> None:
        if isinstance(event, ev.TradeClosed):
            self.trades_closed += 1
        announce(self.alerting.log, event)  # its line makes no alert: the event does
        self.alerting.hear(event)
