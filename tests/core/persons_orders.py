"""Stories in which a person has orders resting at the broker."""

from decimal import Decimal

import msgspec

from tests.core.exit_stories import holding
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import Acked
from tradebot.core.intents import CancelOrder
from tradebot.core.policy import ExitPolicy, Persons, Policy


def told(story, order_id="P1", state="open", filled="0", *, quantity="10", **words):
    """Let the broker tell of an order of somebody else: a stop, unless the words say more."""
    fields = {"trigger": Decimal(790)} | words
    report = story.report(None, state, filled, order_id=order_id, **fields)
    story.process(msgspec.structs.replace(report, quantity=Decimal(quantity)))
    return story


def target(story, order_id="P1", state="open", filled="0", *, price="830", quantity="10"):
    words = {"trigger": None, "price": Decimal(price), "quantity": quantity}
    return told(story, order_id, state, filled, **words)


def policy(persons, **words):
    return Policy(exits=ExitPolicy(persons=Persons(persons)), **words)


def cancels(story):
    return [cancel.order_id for cancel in story.wants(CancelOrder)]


def guarding(persons="ask", quantity=10, *trades):
    """A story that guards ten, and knows of nobody's orders."""
    return holding(quantity, *trades, policy=policy(persons))


def left(story):
    story.reply("T1-x1", Acked("B-T1-x1")).fill("T1-x1", "10")
    assert story.trade().status is Status.CLOSED
    return story
