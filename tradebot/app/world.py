"""The world that the settings name: a feed and a broker behind their ports."""

from collections.abc import Sequence
from decimal import Decimal
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
from tradebot.core.levels import Unit
from tradebot.errors import BrokerError, InputError
from tradebot.ports import Clock, Feed
from tradebot.services.replay_inputs import read_instruments


class PaperWorld:
    """The paper broker and its market, with a memory of their own."""

    def __init__(self, paper: Paper, file: Path, clock: Clock) -> None:
        """Build the broker; the feed comes when it is known where to go on.

        Raises:
            BrokerError: a recording or the file that describes its instruments is bad.
        """
        self._paper = paper
        self._clock = clock
        self._memory = Memory(file)
        self._prices = LastPrices()
        is_percent = paper.slippage.unit is Unit.PERCENT
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
            slippage=Decimal(0) if is_percent else paper.slippage.value,
            slippage_percent=paper.slippage.value if is_percent else Decimal(0),
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
        described = _described(self._paper.instruments_file)
        known = {instrument.id: instrument for instrument in described}
        try:
            recorded = recorded_instruments(self._paper.replay_files)
        except InputError as error:
            raise BrokerError(str(error)) from error
        return [known.get(instrument.id, instrument) for instrument in recorded]


def _described(file: Path | None) -> Sequence[Instrument]:
    if file is None:
        return ()
    try:
        return read_instruments(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BrokerError(f"{file}: {error.strerror}") from error
    except (InputError, UnicodeDecodeError) as error:
        raise BrokerError(f"{file}: {error}") from error
