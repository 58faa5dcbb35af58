"""The services around one engine, wired to whatever stands behind the ports.

The daemon wires them to files and a broker, the simulated world to twins of these: what
recovers, guards and leaves is the same code in both.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from tradebot.core import intents as it
from tradebot.core.engine import Engine
from tradebot.core.events import Event
from tradebot.core.inputs import InstrumentsLoaded
from tradebot.core.market.instruments import Instrument
from tradebot.core.policy import Policy
from tradebot.core.records import Record, Snapshot
from tradebot.core.words.trade_requests import TradeDefaults
from tradebot.errors import StoreError
from tradebot.ports import Broker, Catalogue, Clock, Feed, InstrumentStore, Journal, Say, Store
from tradebot.services.comparison import Comparison
from tradebot.services.describing import Describing
from tradebot.services.execution_list import Overheard
from tradebot.services.executor import Executor
from tradebot.services.loop import EngineLoop, Outputs
from tradebot.services.market_data import MarketData
from tradebot.services.persister import Persister
from tradebot.services.schedule import Schedule
from tradebot.services.supervisor import Supervisor
from tradebot.services.trades import Trades

ERRANDS_S = 3.0  # how long orders on the wire may take to be answered at a stop
FLUSH_S = 3.0  # how long the last commit may take


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier life left."""

    snapshot: Snapshot
    behind: Sequence[Record] = ()  # in the journal, and refused by the database
    frame: int = 0  # the journal's last frame among these
    why: str | None = None  # what the database said


class Guard:
    """Engine, queue, persister, executor and the rest; ``recover`` is the only way to start."""

    def __init__(
        self,
        policy: Policy,
        *,
        store: Store,
        journal: Journal,
        broker: Broker,
        clock: Clock,
        say: Say,
        defaults: TradeDefaults,
        every_s: float,
        covered: Callable[[int], None],
        tell: Callable[[Event], None],
        heard: Callable[[Outputs], None] = lambda _outputs: None,
        pulse: Callable[[], None] = lambda: None,
        catalogue: Catalogue | None = None,
        described: InstrumentStore | None = None,
    ) -> None:
        """Wire the services; nothing runs yet.

        Args:
            every_s: the longest time that a change waits for the database, in seconds.
            covered: told the last journal frame that the database holds.
            tell: takes each event, for the log and whoever else listens.
            heard: takes a turn's outputs before they are handed out.
            pulse: called when the engine has taken a timer: it lives.
            catalogue: of instruments; None: the broker tells all of them at the start.
            described: what the catalogue said to an earlier life.
        """
        self._broker, self._clock, self._say, self._tell = broker, clock, say, tell
        self._heard, self._pulse = heard, pulse
        self._started = False
        self.supervisor = Supervisor(say)
        self.engine = Engine(policy)
        self.persister = Persister(store, every_s=every_s, say=say, covered=covered)
        self.loop = EngineLoop(
            self.engine,
            journal,
            say=say,
            deliver=self._deliver,
            keep=self.persister.keep,
            pulse=self._pulsed,
            clock=clock,
        )
        self.schedule = Schedule(self.loop, clock)
        self.comparison = Comparison(self.loop, clock=clock, say=say)
        self.executor = Executor(
            broker,
            self.comparison,
            persister=self.persister,
            supervisor=self.supervisor,
            clock=clock,
            say=say,
        )
        self._describing = Describing(self.loop, catalogue, described, say=say)
        sync, learn = self.loop.sync, self._describing.learn
        self.trades = Trades(
            self.loop, self.persister, store, sync=sync, clock=clock, defaults=defaults, learn=learn
        )
        self._market: MarketData | None = None

    async def recover(self, earlier: Earlier, feed: Callable[[int], Feed]) -> None:
        """Become what an earlier life was, and hear what the broker did meanwhile.

        Args:
            feed: makes the source of ticks, given the count of the last one heard.

        Raises:
            BrokerError: the broker cannot be used.
        """
        snapshot = earlier.snapshot
        if earlier.behind:
            self._say("store.behind", "critical", rows=len(earlier.behind), why=earlier.why)
            self.persister.keep(list(earlier.behind), earlier.frame)
        self._broker.remember(snapshot.executions)
        heard_of = Overheard(self.loop, self.executor.executions)
        await self._broker.open(heard_of)
        instruments = [*await self._broker.instruments(), *await self._described(snapshot)]
        self.engine.process(InstrumentsLoaded(tuple(instruments)))
        heard = snapshot.heard.seq if snapshot.heard else 0
        self._market = MarketData(
            feed(heard),
            self._broker,
            heard_of,
            supervisor=self.supervisor,
            clock=self._clock,
            say=self._say,
        )
        self.executor.executions.remember(snapshot.executions)
        await self.executor.hear_executions()
        outputs = self.engine.restore(snapshot, self._clock.now_ns())
        self._say(
            "state.restored",
            trades=len(snapshot.trades),
            exits=len(snapshot.exits),
            instruments=len(instruments),
            heard_seq=heard,
        )
        self._deliver(outputs, is_safe=True)

    async def _described(self, snapshot: Snapshot) -> Sequence[Instrument]:
        """Return what the instruments are on which something is held: exits rest on it."""
        of_trades = [saved.trade.instrument for saved in snapshot.trades]
        held = [one.key.instrument for one in snapshot.positions if one.quantity]
        return await self._describing.at_start([*of_trades, *held])

    def start(self) -> None:
        """Start every task: the engine last but the feed, so that nothing is missed."""
        assert self._market is not None, "a guard recovers before it starts"
        self._started = True
        self.supervisor.start("persister", self.persister.run())
        self.supervisor.start("engine", self.loop.run())
        self.supervisor.start("schedule", self.schedule.run())
        self.supervisor.start("market data", self._market.run())
        if self._describing.keeps:
            self.supervisor.attend("descriptions", self._describing.run)

    async def stop(self) -> None:
        """Stop in order: no new prices, answers of what is on the wire, then the last commit."""
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
            self._say("store.unflushed", "error", rows=self.persister.waiting, error=str(error))
        await self.supervisor.stop_all()

    def _deliver(self, outputs: Outputs, *, is_safe: bool) -> None:
        """Hand each output to the service that it concerns."""
        market = self._market
        assert market is not None, "outputs before the market data exists"
        self._heard(outputs)
        for output in outputs:
            match output:
                case it.PlaceOrder():
                    self.executor.place(output, is_safe=is_safe)
                case it.CancelOrder():
                    self.executor.cancel(output)
                case it.QueryOrder():
                    self.executor.query(output)
                case it.ReadPosition():
                    self.executor.read_position(output)
                case it.ReadOrder():
                    self.executor.read_order(output)
                case it.ReadBook():
                    self.executor.read_book()
                case it.ReadAccount():
                    self.executor.read_account()
                case it.ReadExecutions():
                    self.executor.read_executions()
                case it.Subscribe():
                    market.subscribe(output)
                case it.Unsubscribe():
                    market.unsubscribe(output)
                case it.AskQuote():
                    market.ask_quote(output)
                case _:
                    self._tell(output)

    def _pulsed(self) -> None:
        self.schedule.taken()
        self._pulse()
