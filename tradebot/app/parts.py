"""Every part of a running daemon, opened in the order in which a start needs them."""

import asyncio
from collections.abc import Callable

from tradebot.app.announcer import announce
from tradebot.app.policy import policy_of
from tradebot.app.recording import Recording
from tradebot.app.state import StateDirectory
from tradebot.app.world import PaperWorld
from tradebot.clock import SystemClock
from tradebot.config.settings import Settings
from tradebot.core import events as ev
from tradebot.core import intents as it
from tradebot.core.engine import Engine
from tradebot.core.inputs import InstrumentsLoaded
from tradebot.errors import StoreError
from tradebot.ports import Clock, Say
from tradebot.services.executor import Executor
from tradebot.services.figures import Figures
from tradebot.services.loop import EngineLoop, Outputs
from tradebot.services.market_data import MarketData
from tradebot.services.persister import Persister
from tradebot.services.schedule import Schedule
from tradebot.services.supervisor import Supervisor
from tradebot.services.trades import Trades
from tradebot.stores.journal import FileJournal
from tradebot.stores.restore import Restored, restore
from tradebot.stores.sqlite import SqliteStore

ERRANDS_S = 3.0  # how long orders on the wire may take to be answered at a stop
FLUSH_S = 3.0  # how long the last commit may take


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
        self._started = False
        self.on_pulse: Callable[[], None] = lambda: None
        self.supervisor = Supervisor(say)
        self.engine = Engine(policy_of(settings))
        self.persister = Persister(
            store,
            every_s=settings.store.sync_every_ns / 1e9,
            say=say,
            covered=lambda _frame: journal.covered(store.frame_on_disk),
        )
        self.loop = EngineLoop(
            self.engine,
            self.figures.timed(journal),
            say=say,
            deliver=self._deliver,
            keep=self.persister.keep,
            pulse=self._pulse,
        )
        self.recording = Recording(
            settings.record, state.recordings, self.loop, clock=self.clock, say=say
        )
        self.schedule = Schedule(self.loop, self.clock)
        self.world = PaperWorld(settings.paper, state.paper, self.clock)
        self.executor = Executor(
            self.world.broker,
            self.loop,
            persister=self.persister,
            supervisor=self.supervisor,
            clock=self.clock,
            say=say,
        )
        self.trades = Trades(
            self.loop,
            self.persister,
            store,
            sync=self.loop.sync,
            clock=self.clock,
            defaults=settings.trade_defaults,
        )
        self.market: MarketData | None = None

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
            await parts._recover(restored)
        except BaseException:
            await store.close()
            journal.close()
            raise
        return parts

    def start(self) -> None:
        """Start every task: the engine last but the feed, so that nothing is missed."""
        assert self.market is not None, "parts are opened before they are started"
        self._started = True
        self.recording.start()
        self.supervisor.start("loop lag", self.figures.sample_lag())
        self.supervisor.start("persister", self.persister.run())
        self.supervisor.start("engine", self.loop.run())
        self.supervisor.start("schedule", self.schedule.run())
        self.supervisor.start("market data", self.market.run())

    async def close(self) -> None:
        """Stop in order: no new prices, answers of what is on the wire, then the files."""
        for name in ("market data", "schedule"):
            await self.supervisor.stop(name)
        await self.supervisor.finish_errands(within_s=ERRANDS_S)
        await self.supervisor.stop("engine")
        self.loop.finish()
        try:
            async with asyncio.timeout(FLUSH_S):
                # Nobody answers a flush where the persister was never started.
                await (self.persister.flush() if self._started else self.persister.commit())
        except (TimeoutError, StoreError) as error:
            self.say("store.unflushed", "error", rows=self.persister.waiting, error=str(error))
        await self.supervisor.stop_all()
        await self.world.broker.close()
        await self.store.close()
        self.journal.close()
        await self.recording.close()

    async def _recover(self, restored: Restored) -> None:
        """Become what the earlier life was, and hear what the broker did meanwhile."""
        snapshot = restored.snapshot
        if restored.behind:
            self.say("store.behind", "critical", rows=len(restored.behind), why=restored.why)
            self.persister.keep(list(restored.behind), restored.frame)
        broker = self.world.broker
        await broker.open(self.loop)
        instruments = tuple(await broker.instruments())
        self.engine.process(InstrumentsLoaded(instruments))
        heard = snapshot.heard.seq if snapshot.heard else 0
        self.market = MarketData(
            self.world.feed(heard),
            broker,
            self.loop,
            supervisor=self.supervisor,
            clock=self.clock,
            say=self.say,
        )
        for execution in await broker.executions():
            self.loop.put(execution)
        outputs = self.engine.restore(snapshot, self.clock.now_ns())
        self.say(
            "state.restored",
            trades=len(snapshot.trades),
            exits=len(snapshot.exits),
            instruments=len(instruments),
            heard_seq=heard,
        )
        self._deliver(outputs, is_safe=True)

    def _deliver(self, outputs: Outputs, *, is_safe: bool) -> None:
        """Hand each output to the part that it concerns."""
        assert self.market is not None, "outputs before the market data exists"
        self.figures.heard(outputs)
        for output in outputs:
            match output:
                case it.PlaceOrder():
                    self.executor.place(output, is_safe=is_safe)
                case it.QueryOrder():
                    self.executor.query(output)
                case it.ReadPosition():
                    self.executor.read_position(output)
                case it.ReadOrder():
                    self.executor.read_order(output)
                case it.Subscribe():
                    self.market.subscribe(output)
                case it.Unsubscribe():
                    self.market.unsubscribe(output)
                case it.AskQuote():
                    self.market.ask_quote(output)
                case _:
                    if isinstance(output, ev.TradeClosed):
                        self.trades_closed += 1
                    announce(self.say, output)

    def _pulse(self) -> None:
        """Hear that the engine has taken a timer: it lives."""
        self.schedule.taken()
        self.on_pulse()
