"""The doors to the world, as protocols: what services need, whoever provides it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

import msgspec

from tradebot.core.alerting.alerts import Alert
from tradebot.core.inputs import (
    Execution,
    Input,
    NetPosition,
    OrderReport,
    Outcome,
    QueryReply,
    Tick,
)
from tradebot.core.intents import CancelOrder, PlaceOrder
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.records import Record, Snapshot, Told, TradeSaved


class Clock(Protocol):
    """The time of day, for durations too: the daemon's never jumps and never goes back."""

    def now_ns(self) -> int:
        """Return the time, nanoseconds UTC."""


class Say(Protocol):
    """One line of the log: a stable event name, and its fields."""

    def __call__(self, event: str, level: str = "info", /, **fields: object) -> None:
        """Write ``event`` at ``debug``, ``info``, ``warning``, ``error`` or ``critical``."""


class Inbox(Protocol):
    """The engine's queue, as adapters see it. Calls never wait."""

    def tick(self, tick: Tick) -> None:
        """Offer a tick. Above its bound the queue keeps low, high and last per instrument."""

    def put(self, item: Input) -> None:
        """Deliver anything else; never dropped, and processed before waiting ticks."""

    async def room(self) -> None:
        """Wait until a source faster than real time may go on."""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the second price source."""

    ltp: float
    at_ns: int
    bid: float | None = None
    ask: float | None = None
    prev_close: float | None = None  # of the session before, as the exchange takes it today


Level = Literal["ok", "warning", "error"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at one thing showed."""

    what: str
    level: Level
    text: str
    todo: str = ""  # what a person does about it


class Unlisted(msgspec.Struct, frozen=True):
    """There is no such instrument, as its catalogue says for sure."""

    why: str  # with what somebody most likely meant, where that can be guessed


class Catalogue(Protocol):
    """What can be traded, where it is too much to be loaded at once."""

    async def describe(self, name: str) -> Instrument | Unlisted | None:
        """Say what ``EXCHANGE:SYMBOL`` is; None: that cannot be said now."""


class InstrumentStore(Protocol):
    """What instruments were said to be, for the next life: never on the way of what guards."""

    def load(self) -> Sequence[Instrument]:
        """Return what an earlier life kept.

        Raises:
            StoreError: it cannot be read; whoever asks a catalogue hears the same, later.
        """

    async def keep(self, instruments: Sequence[Instrument]) -> None:
        """Keep these, and no others.

        Raises:
            StoreError: the disk refuses; what was kept before still is.
        """


class Feed(Protocol):
    """A source of ticks."""

    async def run(self, inbox: Inbox) -> None:
        """Deliver ticks and feed states until cancelled; a source that ends returns."""

    def subscribe(self, instrument: str) -> None:
        """Want the ticks of one instrument; a second call changes nothing."""

    def unsubscribe(self, instrument: str) -> None:
        """Want them no longer."""


class Broker(Protocol):
    """Where orders go. Replies on the order path are values, never exceptions."""

    async def open(self, inbox: Inbox) -> None:
        """Connect, and deliver executions and order reports to ``inbox`` from now on.

        Raises:
            BrokerError: it cannot be used; the daemon does not start.
        """

    async def close(self) -> None:
        """Let go of everything; pending requests end as ``Unknown``."""

    def remember(self, executions: Sequence[Execution], /) -> None:
        """Know what an earlier life was told; called once, before anything is read.

        Where the broker gives its executions no ids, each keeps the name that it was given.
        """

    async def instruments(self) -> Sequence[Instrument]:
        """Return what can be traded."""

    async def place(self, order: PlaceOrder) -> Outcome:
        """Send an order; its client order id is never used twice."""

    async def cancel(self, order: CancelOrder) -> None:
        """Ask for an order to be cancelled; what became of it, its reports and queries tell.

        Raises:
            BrokerError: the broker refuses, for whatever reason; the order may be alive.
        """

    async def query(self, client_order_id: str) -> QueryReply:
        """Ask what became of an order of ours."""

    async def report(self, order_id: str) -> OrderReport | None:
        """Ask for an order by the broker's own id; None: it has none of that name."""

    async def order_book(self) -> Sequence[OrderReport] | None:
        """Return the day's orders, anybody's; None: the read failed."""

    async def net(self, key: NetKey) -> Decimal | None:
        """Return the broker's signed net of one key; None: the read failed."""

    async def positions(self) -> Sequence[NetPosition] | None:
        """Return what the account holds, anybody's; None: the read failed.

        A key that is not there is flat as far as this reading goes, and so are all where it
        is empty: that alone proves nothing. Of deliveries, those that moved today.
        """

    async def executions(self) -> Sequence[Execution]:
        """Return the day's executions, for what a stream may have dropped.

        The same object as before says the same as before: readers that asked together share it.
        """

    async def quote(self, instrument: str) -> Quote | None:
        """Return a price from the second source; None: it has none."""


class Journal(Protocol):
    """The append-only file that is written before anything leaves."""

    def append(self, records: Sequence[Record]) -> int:
        """Write one frame, without waiting for the disk; return its number.

        After kill -9 it is there whole; after a power cut whole or not at all.

        Raises:
            StoreError: it could not be written.
        """

    def sync(self) -> None:
        """Bring all that was appended to the disk.

        Raises:
            StoreError: the disk refused.
            LockHeldError: another process has taken over; nothing of ours may leave.
        """


class TradeKey(NamedTuple):
    """Which trade, and as of which change: under equal keys a trade that is over is the same."""

    number: int
    trade_id: str
    version: int


class Store(Protocol):
    """The database: one writer, whole transactions."""

    async def load(self) -> Snapshot:
        """Return what a start needs."""

    async def commit(self, records: Sequence[Record], frame: int, *, full_sync: bool) -> None:
        """Apply records in one transaction; ``frame`` is the last journal frame they cover.

        Raises:
            StoreError: nothing was applied, or it is not known; applying again is safe.
        """

    async def history(
        self, *, limit: int, before: int | None = None, strategy: str | None = None
    ) -> Sequence[TradeSaved]:
        """Return trades that are over, newest first, from below trade number ``before``."""

    async def history_keys(
        self, *, limit: int, before: int | None = None, strategy: str | None = None
    ) -> Sequence[TradeKey]:
        """Return the keys of those trades, for a tenth of the work."""

    async def trade(self, trade_id: str) -> TradeSaved | None:
        """Return one trade, whether over or not."""

    async def story(self, trade_id: str) -> Sequence[Told]:
        """Return a trade's story, oldest line first."""

    async def close(self) -> None:
        """Write what waits and close the file."""


class AlertStore(Protocol):
    """Where alerts are kept; never on the way of anything that guards."""

    @property
    def is_full(self) -> bool:
        """Whether it is time to begin anew."""

    async def keep(self, changed: Sequence[Alert], *, sync: bool) -> None:
        """Write down what has changed; ``sync``: so that it survives a power cut.

        Raises:
            StoreError: the disk refuses; writing the same again does no harm.
        """

    async def begin_anew(self, alerts: Sequence[Alert]) -> None:
        """Keep only these where they are looked for; what was kept before is moved out.

        Raises:
            StoreError: the disk refuses; everything is as it was.
        """


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent to a person."""

    subject: str  # one line
    text: str
    alerts: tuple[Alert, ...] = ()  # that it tells of

    @property
    def whole(self) -> str:
        """Subject and text, for where there are no subjects; what is in both is said once."""
        if not self.text or self.subject.endswith(self.text):
            return self.subject
        return f"{self.subject}\n{self.text}"


class Chat(Protocol):
    """The one chat that may say something to the daemon."""

    @property
    def name(self) -> str:
        """Who is named where something was done by its word."""

    async def heard(self) -> Sequence[str]:
        """Wait a while for messages of this chat, and return their texts, each once.

        Raises:
            AlertError: nobody can be asked; nothing secret is in the message.
        """

    async def reply(self, text: str) -> None:
        """Answer.

        Raises:
            AlertError: it did not get there, or nobody knows.
        """


class AlertSink(Protocol):
    """A way out of the house for letters."""

    @property
    def name(self) -> str:
        """One word for it."""

    async def send(self, letter: Letter) -> None:
        """Send a letter; a caller may give up waiting at any time.

        Raises:
            AlertError: it did not get there, or nobody knows; nothing secret is in the message.
        """
