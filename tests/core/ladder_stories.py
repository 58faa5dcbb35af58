"""Stories of an exit at a broker where an order at the market may rest."""

from tests.playbook import Playbook, a_trade
from tradebot.core.inputs import Acked
from tradebot.core.intents import PlaceOrder
from tradebot.core.leaving.ladder import parse_rung
from tradebot.core.policy import ExitPolicy, Policy

LADDER = tuple(parse_rung(text, "ladder") for text in ("touch", "touch+3%", "band"))


def climbing(side="LONG", *, is_acked=True):
    """Return a story with a ladder, at the moment at which an exit at the market works."""
    policy = Policy(exits=ExitPolicy(ladder=LADDER))
    story = Playbook(policy=policy, broker=False)
    story.fill(None, "10", side="BUY" if side == "LONG" else "SELL", order_id="E1")
    story.create(a_trade(side=side, stop="5pts"))
    price = 795.0 if side == "LONG" else 805.0
    story.process(story.tick(price, bid=price - 0.5, ask=price + 0.5))
    return story.reply("T1-x1", Acked("B1")) if is_acked else story


def prices(story):
    return [None if order.price is None else str(order.price) for order in story.wants(PlaceOrder)]
