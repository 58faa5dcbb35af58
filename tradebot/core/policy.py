"""What the operator decided about prices and sessions, as the engine needs it."""

import enum
from decimal import Decimal

import msgspec

from tradebot.core.adoption.strategies import OnCorporateAction, Strategy, strategy_named
from tradebot.core.guard.trades import PastStop
from tradebot.core.leaving.ladder import Rung
from tradebot.core.market.instruments import Kind
from tradebot.core.market.sessions import Session


class Persons(enum.StrEnum):
    """What becomes of a person's orders that wait at the broker where an exit of ours leaves."""

    ASK = "ask"  # told of when they are seen, and cancelled before the exit
    CANCEL_FIRST = "cancel_first"  # cancelled before the exit
    LEAVE = "leave"  # they are the guard: the exit takes what they do not


class ExitPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How orders become known again at this broker when an answer is lost."""

    tagged: bool = True  # it keeps our own order ids, and answers for each
    hold_ns: int = 0  # the longest time that a request can be under way there
    # Where it drops our ids, an order is told from an older one by when it came:
    stamps_ns: int = 1_000_000_000  # its times are cut to so much, most to whole seconds
    clocks_apart_ns: int = 5_000_000_000  # and its clock may be so far behind ours
    # It tells by itself what anybody executes; False: only while its word for it is good.
    pushes: bool = True
    ladder: tuple[Rung, ...] = ()  # after the market order; empty: nothing rests there
    persons: Persons = Persons.ASK


class Answer(enum.StrEnum):
    """What becomes of a position at the broker that no trade guards."""

    ASK = "ask"  # it waits for a person
    GUARD = "guard"  # by the rules of the first strategy that it fits
    IGNORE = "ignore"


class ManualAdd(enum.StrEnum):
    """What becomes of units that a person adds to an adopted trade."""

    GUARD = "guard"  # the trade grows by them
    IGNORE = "ignore"


class AdoptPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of positions that other hands have opened."""

    account: str
    existing: Answer = Answer.ASK  # those that were there at the first look
    new: Answer = Answer.ASK
    unseen: Answer = Answer.ASK  # those that were opened while nobody told us
    manual_add: ManualAdd = ManualAdd.GUARD
    past_stop: PastStop = PastStop.ASK
    grace_ns: int = 5_000_000_000  # in which a trade may be created for it
    strategies: tuple[Strategy, ...] = ()


ALWAYS_OPEN = Session()


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the engine; a change arrives as an input like everything else."""

    # A jump of more than this fraction from the last accepted price is suspect.
    spikes: dict[Kind, Decimal] = msgspec.field(
        default_factory=lambda: {
            Kind.CASH: Decimal("0.01"),
            Kind.FUTURE: Decimal("0.01"),
            Kind.OPTION: Decimal("0.25"),
            Kind.PERPETUAL: Decimal("0.01"),
        }
    )
    holds_jumps: bool = True  # False: suspect prices are judged at once
    stale_after_ns: int | None = None  # None: silence is not judged (a recording's is no fault)
    sessions: dict[str, Session] = msgspec.field(default_factory=dict)  # by exchange
    skew_ns: int = 0  # the machine's clock less the time of the inputs; no setting: see ClockSet
    exits: ExitPolicy = ExitPolicy()
    reconcile_every_ns: int | None = None  # None: only when something seems wrong
    opposite_allowed: bool = False  # trades of both sides on one net position
    adopt: AdoptPolicy | None = None  # None: nobody looks for positions without a trade

    def session(self, exchange: str) -> Session:
        """Return an exchange's session in the time of inputs; round the clock if none is set."""
        session = self.sessions.get(exchange, ALWAYS_OPEN)
        return msgspec.structs.replace(session, skew_ns=self.skew_ns) if self.skew_ns else session

    def on_corporate_action(self, strategy: str) -> OnCorporateAction:
        """Return what a strategy's trades do; those of none that is laid down are paused."""
        found = None if self.adopt is None else strategy_named(strategy, self.adopt.strategies)
        return OnCorporateAction.PAUSE if found is None else found.on_corporate_action
