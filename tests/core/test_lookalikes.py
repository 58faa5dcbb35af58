"""Orders of others that look just like ours, at a broker that drops our own ids."""

from decimal import Decimal

import pytest

from tests.core.exit_stories import book_of, nameless, state_of, told
from tradebot.core.exits import State
from tradebot.core.inputs import Unknown
from tradebot.core.trades import Status


def in_doubt():
    """Return a story whose request to sell ten has left, and whose answer was lost."""
    return nameless().reply("T1-x1", Unknown("timeout"))


@pytest.mark.parametrize("nearest", ["open", "complete"])
def test_of_two_orders_the_one_that_came_first_after_the_request_is_ours(nearest):
    story = in_doubt() >> "1s"
    if nearest == "open":
        told(story, "open", quantity=Decimal(9), order_id="B7") >> "9s"  # of another size so far
        story.fill(None, "10", "780", order_id="B6")
        story >> book_of(story, "B6 complete 10", "B7 open 0")
        assert state_of(story) is State.WORKING
        assert story.book.exits["T1"][1].order_id == "B7"
    else:
        story.fill(None, "10", "790", order_id="B7") >> "9s"
        story >> book_of(story, "B6 open 0", "B7 complete 10")
        assert story.trade().status is Status.CLOSED
        assert story.trade().exit_notional == 7900


def test_what_became_of_ours_is_not_what_became_of_one_that_looks_like_it():
    story = in_doubt() >> "1s"
    told(story, "open", quantity=Decimal(9)) >> "9s"
    story.fill(None, "10", "780", order_id="B6")
    story >> book_of(story, "B6 complete 10", "B7 open 0")
    told(story, "rejected") >> "1s"
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]
