"""The world that the settings name: a feed and a broker behind their ports."""

from collections.abc import Sequence
from pathlib import Path

from tradebot.brokers.paper.broker import PaperBroker
from tradebot.brokers.paper.fate import Chances
from tradebot.brokers.paper.feed import ReplayFeed, SimulatedFeed
from tradebot.brokers.paper.market import INSTRUMENTS
from tradebot.brokers.paper.memory import Memory
from tradebot.brokers.paper.prices import LastPrices
from tradebot.brokers.paper.recordings import recorded_instruments
from tradebot.config.settings import Market, Paper
from tradebot.core.instruments import Instrument
from tradebot.ports import Clock, Feed
from tradebot.services.replay_inputs import read_instruments


class PaperWorld:
    """The paper broker and its market, with a memory of their own."""

    def __init__(self, paper: Paper, file: Path, clock: Clock) -> None:
        """Build the broker; the feed comes when it is known where to go on."""
        self._paper = paper
        self._clock = clock
        self._memory = Memory(file)
        self._prices = LastPrices()
        self.broker = PaperBroker(
            self._memory,
            self._prices,
            clock,
            self._instruments(),
            chances=Chances(
                seed=paper.seed,
                latency_ns=paper.latency_ns,
                partial_fills=paper.partial_fills,
                rejects=paper.rejects,
            ),
            slippage=paper.slippage.value,
        )

    def feed(self, resume_after: int) -> Feed:
        """Return the market's feed, from after the tick that the daemon heard last."""
        if self._paper.market is Market.REPLAY:
            return ReplayFeed(
                self._paper.replay_files,
                self._prices,
                self._clock,
                speed=self._paper.speed,
                resume_after=resume_after,
            )
        return SimulatedFeed(
            self._paper.seed,
            self._prices,
            self._clock,
            memory=self._memory,
            resume_after=resume_after,
        )

    def _instruments(self) -> Sequence[Instrument]:
        if self._paper.market is not Market.REPLAY:
            return INSTRUMENTS
        file = self._paper.instruments_file
        described = read_instruments(file.read_text()) if file else []
        known = {instrument.id: instrument for instrument in described}
        recorded = recorded_instruments(self._paper.replay_files)
        return [known.get(instrument.id, instrument) for instrument in recorded]
