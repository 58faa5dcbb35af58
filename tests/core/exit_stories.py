"""Stories that begin with a trade that is held, and with one that is being left."""

import msgspec

from tests.playbook import Playbook, a_trade
from tradebot.core.inputs import BookReply, ExitTrade, OrderSide
from tradebot.core.policy import ExitPolicy, Policy

PLAIN = Policy(exits=ExitPolicy(tagged=False, hold_ns=60_000_000_000))


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


def nameless(*trades, quantity="20"):
    """Return a story at such a broker, at the moment at which a stop at 795 is hit."""
    story = Playbook(policy=PLAIN, broker=False).fill(None, quantity, side="BUY", order_id="E1")
    for trade in trades or (a_trade(stop="5pts"),):
        story.create(trade)
    return story >> 795


def told(story, state, filled="0", order_id="B7", **words):
    """Let a stream tell of an order to sell ten, or what the words say instead."""
    report = story.report(None, state, filled=filled, order_id=order_id)
    return story >> msgspec.structs.replace(report, **words)


def book_of(story, *rows, ago="0s"):
    """Answer a read of the order book: ``"B7 open 3"`` is an order to sell ten."""
    reports = []
    for row in rows:
        order_id, state, filled = row.split()
        side = OrderSide.BUY if order_id.startswith("E") else OrderSide.SELL
        reports.append(story.report(None, state, filled=filled, order_id=order_id, side=side))
    return BookReply(orders=tuple(reports), at_ns=story.now_ns)
