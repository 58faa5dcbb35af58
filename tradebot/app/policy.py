"""The engine's policy, as the operator's settings say it."""

from decimal import Decimal

from msgspec.structs import replace

from tradebot.config.settings import BrokerKind, Mode, Settings
from tradebot.core.adoption.strategies import Match, Strategy
from tradebot.core.guard.trades import PastStop, Rules
from tradebot.core.leaving.ladder import Rung
from tradebot.core.market.instruments import Kind
from tradebot.core.policy import AdoptPolicy, Answer, ExitPolicy, Policy

_LADDER = (Rung(Decimal(0)), Rung(Decimal(3)), Rung(None))  # touch, 3 % through it, the band


def policy_of(settings: Settings) -> Policy:
    """Return what the engine needs of the settings."""
    return Policy(
        spikes={kind: settings.price.of(kind).spike / 100 for kind in Kind},
        stale_after_ns=settings.price.stale_after_ns,
        sessions=dict(settings.sessions),
        exits=_exits_of(settings),
        reconcile_every_ns=settings.exit.reconcile_every_ns or None,
        adopt=_adopt_of(settings),
    )


def _adopt_of(settings: Settings) -> AdoptPolicy:
    """Return what becomes of positions without a trade, in a shadow too: it shows the live one.

    What would be asked of a person, ``shadow.stop`` answers: nothing is sent, so nothing is
    at risk. Beyond its stop already, a position has it from the last price on: that it would
    have been left before is no answer to what the guard does.
    """
    stop, adopt = settings.shadow.stop, settings.adopt
    told = AdoptPolicy(
        account=settings.account.id,
        existing=adopt.existing,
        new=adopt.new,
        manual_add=adopt.manual_add,
        past_stop=adopt.past_stop,
        grace_ns=adopt.grace_ns,
        strategies=settings.strategies,
    )
    if settings.mode is not Mode.SHADOW or stop is None:
        return told
    any_other = Strategy(name="shadow", match=Match(), rules=Rules(stop=stop))
    return replace(
        told,
        existing=_unasked(told.existing),
        new=_unasked(told.new),
        unseen=_unasked(told.unseen),
        past_stop=PastStop.FROM_HERE if told.past_stop is PastStop.ASK else told.past_stop,
        strategies=(*told.strategies, any_other),
    )


def _unasked(answer: Answer) -> Answer:
    return Answer.GUARD if answer is Answer.ASK else answer


def _exits_of(settings: Settings) -> ExitPolicy:
    persons = settings.exit.persons
    if settings.mode is Mode.SHADOW:
        return ExitPolicy(persons=persons)  # it fills on paper, as below
    match settings.venue:
        case BrokerKind.PAPER:
            return ExitPolicy(persons=persons)  # it answers at once for each of our ids
        case BrokerKind.BYBIT:
            return ExitPolicy(tagged=True, hold_ns=settings.exit.hold_tagged_ns, persons=persons)
        case BrokerKind.OPENALGO:
            # Its placeorder takes no id of ours: an order is known by the answer alone. What is
            # sent to the market is made a limit order by the brokers behind it, and may rest.
            return ExitPolicy(
                tagged=False,
                pushes=False,  # half of the brokers behind it tell nothing by themselves
                hold_ns=settings.exit.hold_plain_ns,
                ladder=_LADDER,
                persons=persons,
            )
