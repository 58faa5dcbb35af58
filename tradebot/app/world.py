"""The world that the settings name: a feed and a broker behind their ports."""

import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from random import SystemRandom
from typing import assert_never

from tradebot.app.secrets import read_secret
from tradebot.app.state import StateDirectory
from tradebot.brokers.openalgo.books.catalogue import Catalogue as OpenAlgoCatalogue
from tradebot.brokers.openalgo.broker import OpenAlgoBroker
from tradebot.brokers.openalgo.calls.client import READ_ROUTES, ROUTES, Client
from tradebot.brokers.openalgo.feed import OpenAlgoFeed
from tradebot.brokers.openalgo.reader import OpenAlgoReader
from tradebot.brokers.openalgo.stream.channel_proof import ChannelProof
from tradebot.brokers.openalgo.stream.watch import Patience
from tradebot.brokers.paper.broker import PaperBroker
from tradebot.brokers.paper.fate import Chances
from tradebot.brokers.paper.feed import ReplayFeed, SimulatedFeed
from tradebot.brokers.paper.market import INSTRUMENTS
from tradebot.brokers.paper.memory import Memory
from tradebot.brokers.paper.prices import LastPrices
from tradebot.brokers.paper.recordings import recorded_instruments
from tradebot.brokers.shadow.broker import ShadowBroker
from tradebot.brokers.shadow.feed import ShadowFeed
from tradebot.brokers.shadow.ledger import Ledger
from tradebot.config.settings import BrokerKind, Market, Mode, Paper, Settings
from tradebot.core.market.instruments import Instrument, Kind
from tradebot.core.secret import Secret
from tradebot.core.words.levels import Unit
from tradebot.errors import BrokerError, InputError
from tradebot.ports import Catalogue, Clock, Feed, Say
from tradebot.services.replay_inputs import read_instruments


def world_of(
    settings: Settings,
    state: StateDirectory,
    clock: Clock,
    *,
    say: Say,
    is_open: Callable[[str, int], bool],
) -> "PaperWorld | OpenAlgoWorld | ShadowWorld":
    """Return the world of these settings.

    Args:
        settings: what the operator decided.
        state: where worlds on paper remember themselves.
        clock: the time of day.
        say: the log.
        is_open: whether an instrument trades at a time.

    Raises:
        BrokerError: it cannot be used.
        ConfigError: its key is not where the settings say.
    """
    if settings.mode is Mode.SHADOW:
        return ShadowWorld(settings, state, clock, say=say, is_open=is_open)
    match settings.venue:
        case BrokerKind.PAPER:
            return PaperWorld(settings.paper, state.paper, clock)
        case BrokerKind.OPENALGO:
            return OpenAlgoWorld(settings, clock, say=say, is_open=is_open)
        case BrokerKind.BYBIT:
            raise AssertionError("settings do not pass their checks with it")
        case _:
            assert_never(settings.venue)


class OpenAlgoWorld:
    """A real account behind an OpenAlgo server."""

    def __init__(
        self, settings: Settings, clock: Clock, *, say: Say, is_open: Callable[[str, int], bool]
    ) -> None:
        """Read the key; nothing is sent yet.

        Raises:
            ConfigError: the key is not where the settings say.
        """
        self.client = _client(settings, clock, say, ROUTES)
        self._url = settings.broker.feed
        self._is_open = is_open
        self._patience = _patience(settings)
        self.broker = OpenAlgoBroker(settings.account.id, self.client)
        self.proof = self.broker.proof
        self.catalogue: Catalogue | None = OpenAlgoCatalogue(self.client)

    def reasons(self) -> Sequence[str]:
        """Say what keeps real orders from being sent."""
        return _reasons(self.client, "it would only simulate orders")

    def feed(self, resume_after: int) -> Feed:
        """Return the websocket's ticks, counted on from the one that was heard last."""
        return OpenAlgoFeed(
            self._url,
            self.client,
            is_open=self._is_open,
            news=self.broker.news,
            proof=self.proof,
            resume_after=resume_after,
            patience=self._patience,
            random=SystemRandom(),
        )


class ShadowWorld:
    """A real account behind an OpenAlgo server, to look at, and an exchange on paper beside it.

    Nothing here can order at the account: the client asks for what can be read and for
    nothing else, and the reader has no method that would order.
    """

    def __init__(
        self,
        settings: Settings,
        state: StateDirectory,
        clock: Clock,
        *,
        say: Say,
        is_open: Callable[[str, int], bool],
    ) -> None:
        """Read the key; nothing is sent yet.

        Raises:
            ConfigError: the key is not where the settings say.
        """
        self.client = _client(settings, clock, say, READ_ROUTES)
        self._url = settings.broker.feed
        self._is_open = is_open
        self._patience = _patience(settings)
        self._prices = LastPrices()
        self.proof = ChannelProof()  # nothing is sent: nothing has to be read before it
        self.catalogue: Catalogue | None = OpenAlgoCatalogue(self.client)
        account, paper = settings.account.id, Memory(state.paper)
        self.broker = ShadowBroker(
            account,
            OpenAlgoReader(account, self.client),
            _paper_broker(settings.paper, paper, self._prices, clock, ()),
            self._prices,
            Ledger(state.shadow),
            clock=clock,
            say=say,
        )

    def reasons(self) -> Sequence[str]:
        """Say what keeps the account from being seen."""
        return _reasons(self.client, "its positions are none of the account's")

    def feed(self, resume_after: int) -> Feed:
        """Return the websocket's ticks, counted on from the one that was heard last."""
        real = OpenAlgoFeed(
            self._url,
            self.client,
            is_open=self._is_open,
            news=self.broker.news,
            proof=self.proof,
            resume_after=resume_after,
            patience=self._patience,
            random=SystemRandom(),
        )
        feed = ShadowFeed(
            real,
            tell=self._prices.tell,
            describe=self.broker.describe,
            followed=self.broker.instruments_open,
        )
        self.broker.changed = feed.follow
        return feed


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
        self.broker = _paper_broker(paper, self._memory, self._prices, clock, self._instruments())
        self.catalogue: Catalogue | None = None  # the broker tells all that it trades

    def reasons(self) -> Sequence[str]:
        """Say nothing: this world is always there."""
        return []

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


def _patience(settings: Settings) -> Patience:
    """Return what is no jump after a silence: what the engine takes for none before it."""
    return Patience(
        doubt_ns=settings.price.stale_after_ns // 2,
        spikes={kind: float(settings.price.of(kind).spike) / 100 for kind in Kind},
    )


def _client(settings: Settings, clock: Clock, say: Say, routes: frozenset[str]) -> Client:
    name = settings.broker.key
    assert name is not None, "settings pass their checks with a key"
    key = Secret(read_secret(name, os.environ))
    return Client(settings.broker.rest, key, clock=clock, say=say, routes=routes)


def _reasons(client: Client, simulated: str) -> Sequence[str]:
    if client.lockout.is_closed:
        return [f"OpenAlgo does not take our key: {client.lockout.why}"]
    if client.is_live is False:
        return [f"OpenAlgo is in analyzer mode: {simulated}"]
    if client.is_semi_auto:
        return ["OpenAlgo is in semi-auto mode: each exit waits for approval at its Action Center"]
    return []


def _paper_broker(
    paper: Paper,
    memory: Memory,
    prices: LastPrices,
    clock: Clock,
    instruments: Sequence[Instrument],
) -> PaperBroker:
    is_percent = paper.slippage.unit is Unit.PERCENT
    return PaperBroker(
        memory,
        prices,
        clock,
        instruments,
        chances=Chances(
            seed=paper.seed,
            latency_ns=paper.latency_ns,
            partial_fills=paper.partial_fills,
            rejects=paper.rejects,
        ),
        slippage=Decimal(0) if is_percent else paper.slippage.value,
        slippage_percent=paper.slippage.value if is_percent else Decimal(0),
    )


def _described(file: Path | None) -> Sequence[Instrument]:
    if file is None:
        return ()
    try:
        return read_instruments(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BrokerError(f"{file}: {error.strerror}") from error
    except (InputError, UnicodeDecodeError) as error:
        raise BrokerError(f"{file}: {error}") from error
