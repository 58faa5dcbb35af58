"""Our book is compared with the broker's also when nothing seems wrong."""

import pytest

from tests.playbook import Playbook, a_trade
from tradebot.core.events import BookDiffers
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import BookReply
from tradebot.core.intents import ReadBook, ReadExecutions, ReadPosition
from tradebot.core.policy import ExitPolicy, Policy

EVERY_NS = 30_000_000_000


def compared(*, tagged: bool = True) -> Playbook:
    """Return a story that holds what its trade guards, and compares every half minute."""
    policy = Policy(exits=ExitPolicy(tagged=tagged), reconcile_every_ns=EVERY_NS)
    story = Playbook(policy=policy, broker=False).fill(None, "10", side="BUY", order_id="E1")
    return story.create(a_trade(stop="5pts"))


def test_the_net_of_an_open_trade_is_read_every_so_often():
    story = compared() >> "29s"
    assert story.wants(ReadPosition) == []
    assert len((story >> "2s").wants(ReadPosition)) == 1
    assert len((story.read("10") >> "31s").wants(ReadPosition)) == 2


def test_what_nobody_told_of_is_found():
    story = compared() >> "31s"
    story.reads("4", "4", "4")
    assert story.events(BookDiffers)[-1].broker == 4


def test_a_book_without_open_trades_is_not_compared():
    story = Playbook(policy=Policy(reconcile_every_ns=EVERY_NS), broker=False) >> "2m"
    assert story.wants(ReadPosition) == []


@pytest.mark.parametrize("tagged", [True, False])
def test_the_orders_are_read_too_because_others_may_have_some_resting(tagged):
    story = compared(tagged=tagged) >> "31s"
    assert story.wants(ReadBook) == [ReadBook("A1")]
    story.process(BookReply(orders=(), at_ns=story.now_ns))
    assert story >> "30s"
    assert len(story.wants(ReadBook)) == 2


def test_nothing_is_compared_where_the_policy_does_not_say_how_often():
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="E1")
    assert (story.create(a_trade(stop="5pts")) >> "2m").wants(ReadPosition) == []


def test_what_has_executed_is_read_where_an_entry_was_called_dead():
    story = compared().create(a_trade(order_id="E2", stop="5pts")) >> "1s"
    story >> story.report(None, "cancelled", order_id="E2")
    assert story.trade("T2").status is Status.NEVER_FILLED
    assert story.wants(ReadExecutions) == []
    assert story >> "31s"
    assert story.wants(ReadExecutions) == [ReadExecutions("A1")]
