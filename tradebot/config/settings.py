"""What the program is told: the typed, validated form of config.toml."""

import enum
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec

from tradebot.core.adoption.strategies import Strategy
from tradebot.core.alerting.alerts import Severity
from tradebot.core.guard.trades import PastStop, PriceSource
from tradebot.core.market.instruments import Kind
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Answer, ManualAdd, Persons
from tradebot.core.words.levels import Level
from tradebot.core.words.trade_requests import TradeDefaults

ROUND_THE_CLOCK = Session()


class Mode(enum.StrEnum):
    """How much of the world is real."""

    PAPER = "paper"  # simulated fills
    SHADOW = "shadow"  # everything real but the fills: nothing is sent
    LIVE = "live"


class BrokerKind(enum.StrEnum):
    """Who takes the orders."""

    PAPER = "paper"
    OPENALGO = "openalgo"
    BYBIT = "bybit"


class Market(enum.StrEnum):
    """Where the paper broker's prices come from."""

    SIMULATED = "simulated"
    REPLAY = "replay"


class LogLevel(enum.StrEnum):
    """The least severe event that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(enum.StrEnum):
    """How an event becomes a line."""

    TEXT = "text"  # under systemd as journal
    JSON = "json"
    JOURNAL = "journal"  # priorities, and no time: the journal has its own


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose trades are guarded."""

    id: str


class SecretName(NamedTuple):
    """Where a secret is kept; never the secret itself."""

    source: str  # "credential": a file of systemd's; "env": a variable of the environment
    name: str

    def __str__(self) -> str:
        """Return the text that reads back as this name."""
        return f"{self.source}:{self.name}"


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where orders go."""

    kind: BrokerKind
    rest: str  # the address of its HTTP side
    feed: str  # the address of its websocket
    key: SecretName | None


class Exits(msgspec.Struct, frozen=True, kw_only=True):
    """How exits get on with lost requests, with the broker's books and with others' orders."""

    hold_tagged_ns: int  # at a broker that keeps our own order ids
    hold_plain_ns: int  # at one that drops them
    hold_smart_ns: int  # of an order that reads the position itself
    reconcile_every_ns: int  # 0: only when something seems wrong
    persons: Persons  # what becomes of orders that a person has resting at the broker


class Adopt(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of positions at the broker that no trade guards."""

    existing: Answer  # that were there at the first start
    new: Answer
    manual_add: ManualAdd  # to a trade that was adopted
    past_stop: PastStop
    grace_ns: int  # in which a trade may be created for a new one


class ClassPrice(msgspec.Struct, frozen=True, kw_only=True):
    """How the prices of one class of instruments are judged."""

    source: PriceSource  # of trades that name none
    spike: Decimal  # percent; a larger jump is held until it is confirmed


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """How prices are judged."""

    cash: ClassPrice
    future: ClassPrice
    option: ClassPrice
    perpetual: ClassPrice
    stale_after_ns: int

    def of(self, kind: Kind) -> ClassPrice:
        """Return the settings of one class."""
        classes = {
            Kind.CASH: self.cash,
            Kind.FUTURE: self.future,
            Kind.OPTION: self.option,
            Kind.PERPETUAL: self.perpetual,
        }
        return classes[kind]


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """What a trade says where its JSON says nothing."""

    strategy: str
    product: str


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """The paper broker and its market."""

    market: Market
    seed: int
    replay_files: tuple[Path, ...]
    instruments_file: Path | None
    speed: float  # 1.0: real time; 0: as fast as possible
    latency_ns: int  # between an order and its execution
    slippage: Level  # percent or points, against us
    partial_fills: float  # share of orders that fill in parts
    rejects: float  # share of orders that are refused


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """A real account that is only read."""

    stop: Level | None  # of what would be asked about; None: it is asked, as live


class Listen(NamedTuple):
    """Where a server listens."""

    host: str
    port: int  # 0: any that is free

    def __str__(self) -> str:
        """Return the text that reads back as this address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """The HTTP server."""

    listen: Listen


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """The journal and the database."""

    sync_every_ns: int
    backup_every_ns: int
    backups_kept: int


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine takes and says, kept to be replayed."""

    on: bool
    directory: Path | None  # None: in the state directory
    rotate_ns: int
    keep_ns: int


class Spoken(enum.StrEnum):
    """What may be said to the daemon in a chat."""

    STATUS = "status"
    EXIT = "exit"
    HALT = "halt"


class Tls(enum.StrEnum):
    """How a connection to a mail server is secured."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


class Telegram(msgspec.Struct, frozen=True, kw_only=True):
    """A chat that alerts are sent to, and that may say some words."""

    token: SecretName | None  # of the bot
    chat: int  # 0: none
    min: Severity
    commands: tuple[Spoken, ...]
    server: str  # of the Bot API


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """An address that alerts are posted to."""

    url: SecretName | None
    min: Severity


class Email(msgspec.Struct, frozen=True, kw_only=True):
    """People whom alerts are mailed to."""

    server: Listen | None
    tls: Tls
    user: str
    password: SecretName | None
    sender: str
    to: tuple[str, ...]
    min: Severity


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """Where alerts are sent, beside being listed."""

    telegram: Telegram
    webhook: Webhook
    email: Email
    daily_report_minutes: int | None  # after midnight in the zone of the first session; None: none
    dead_man_url: SecretName | None


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged, and how."""

    level: LogLevel
    format: LogFormat


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One whole configuration. Replaced, never changed."""

    mode: Mode
    account: Account
    broker: Broker
    exit: Exits
    adopt: Adopt
    price: Price
    defaults: Defaults
    paper: Paper
    shadow: Shadow
    api: Api
    store: Store
    record: Recording
    alerts: Alerts
    log: Log
    sessions: Mapping[str, Session]  # by exchange; those that are missing: round the clock
    strategies: tuple[Strategy, ...] = ()  # in the order of the file

    def session(self, exchange: str) -> Session:
        """Return the session of an exchange."""
        return self.sessions.get(exchange, ROUND_THE_CLOCK)

    @property
    def venue(self) -> BrokerKind:
        """Whose prices and positions these are: on paper the paper exchange's."""
        return BrokerKind.PAPER if self.mode is Mode.PAPER else self.broker.kind

    @property
    def trade_defaults(self) -> TradeDefaults:
        """What a trade says where its JSON says nothing."""
        return TradeDefaults(
            account=self.account.id,
            strategy=self.defaults.strategy,
            product=self.defaults.product,
            price_sources={kind: self.price.of(kind).source for kind in Kind},
        )
