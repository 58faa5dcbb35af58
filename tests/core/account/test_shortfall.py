"""What others have left is taken from what nobody guards first, then from the newest trade."""

import pytest

from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.account.positions import Frozen
from tradebot.core.account.shortfall import shortfall
from tradebot.core.guard.trades import Side

THREE = (("T1", 5), ("T2", 3), ("T3", 2))  # in the order in which they were made


def holding(net, *, side="LONG"):
    """Return a story with three trades of ten units, where so many units are held."""
    story = Playbook(broker=False)
    enters = "BUY" if side == "LONG" else "SELL"
    if net:
        story.fill(None, str(net), side=enters, order_id="E")
    for name, units in THREE:
        story.create(a_trade(trade_id=name, side=side, quantity=str(units), stop="5pts"))
    story.book.unread.clear()
    return story


@pytest.mark.parametrize(
    ("net", "short"),
    [
        (12, {}),  # two that nobody guards
        (10, {}),
        (9, {"T3": 1}),
        (8, {"T3": 2}),
        (6, {"T3": 2, "T2": 2}),
        (1, {"T3": 2, "T2": 3, "T1": 4}),
        (0, {}),  # nothing is left: its trades are closed, and that is told
    ],
)
@pytest.mark.parametrize("side", ["LONG", "SHORT"])
def test_the_newest_trade_lacks_its_units_first(net, short, side):
    assert shortfall(holding(net, side=side).book, KEY, Side(side)) == short


def test_of_a_net_that_is_on_the_other_side_nothing_is_said():
    story = holding(0).fill(None, "3", side="SELL", order_id="H")
    assert shortfall(story.book, KEY, Side.LONG) == {}


@pytest.mark.parametrize("is_frozen", [True, False])
def test_of_a_net_that_is_not_known_nothing_is_said(is_frozen):
    book = holding(4).book
    if is_frozen:
        book.frozen[KEY] = Frozen(why="they differ", since_ns=1, say_at_ns=2)
    else:
        book.unread[KEY] = (1, 2)
    assert shortfall(book, KEY, Side.LONG) == {}


def test_a_trade_whose_entry_has_not_filled_lacks_nothing():
    story = holding(9)
    story.create(a_trade(trade_id="T4", order_id="B9", stop="5pts"))
    assert shortfall(story.book, KEY, Side.LONG) == {"T3": 1}
