"""Which exits leave first."""

import pytest

from tests.playbook import Playbook, a_trade
from tradebot.core.intents import PlaceOrder
from tradebot.core.leaving.ranking import rank
from tradebot.core.market.instruments import Instrument

TCS = Instrument(exchange="NSE", symbol="TCS")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (a_trade(side="SHORT", quantity="1", symbol="TCS"), a_trade(quantity="50")),
        (a_trade(quantity="20"), a_trade(quantity="1")),
        (a_trade(quantity="20", entry="900", symbol="INFY"), a_trade(quantity="20")),
    ],
)
def test_shorts_rank_before_longs_and_what_is_worth_more_before_less(first, second):
    story = Playbook(second, first, instruments=[TCS]) >> 801
    one, two = story.book.trades["T2"], story.book.trades["T1"]
    assert rank(story.book, one) < rank(story.book, two)


def test_an_order_carries_the_rank_of_its_trade():
    story = Playbook(a_trade(stop="5pts", quantity="20"), broker=False).fill(None, "20", side="BUY")
    story >> 795
    assert [order.rank for order in story.wants(PlaceOrder)] == [(1.0, -20 * 795.0)]
