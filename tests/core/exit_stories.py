"""Stories that begin with a trade that is held, and with one that is being left."""

from tests.playbook import Playbook, a_trade
from tradebot.core.inputs import ExitTrade


def holding(quantity, *trades, **words):
    """A story without a broker, that knows a position of so many units."""
    story = Playbook(broker=False, **words)
    story.fill(None, str(abs(quantity)), side="BUY" if quantity > 0 else "SELL", order_id="E")
    for request in trades or (a_trade(stop="5pts"),):
        story.create(request)
    return story


def leaving(quantity=10, *trades):
    """The same, at the moment at which the stop of its first trade is hit."""
    return holding(quantity, *trades) >> 795


def leave(story, trade_id):
    story.process(ExitTrade(trade_id=trade_id, at_ns=story.now_ns))
    return story


def state_of(story, trade_id="T1", number=1):
    return story.book.exits[trade_id][number].state


def unheld():
    """A trade whose position our book has never seen, at its stop."""
    return Playbook(a_trade(stop="5pts"), broker=False) >> 795
