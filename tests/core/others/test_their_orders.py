"""Orders of others, found by what they trade."""

import msgspec

from tests.playbook import KEY
from tradebot.core.inputs import OrderSide
from tradebot.core.others.their_orders import TheirOrders, Theirs

SELL = OrderSide.SELL


def an_order(order_id="P1", side=SELL):
    return Theirs(order_id=order_id, key=KEY, side=side, since_ns=1)


def test_they_are_found_by_position_and_side_as_they_were_first_heard_of():
    theirs = TheirOrders()
    one, other = theirs.put(an_order("P1")), theirs.put(an_order("P2"))
    buy = theirs.put(an_order("P3", OrderSide.BUY))
    assert list(theirs.on(KEY, SELL).values()) == [one, other]
    assert list(theirs.on(KEY, OrderSide.BUY).values()) == [buy]
    assert not theirs.on(KEY._replace(symbol="TCS"), SELL)
    assert (list(theirs), len(theirs), theirs.get("P2")) == ([one, other, buy], 3, other)


def test_what_was_done_about_one_replaces_what_was_known():
    theirs = TheirOrders()
    theirs.put(an_order())
    asked = theirs.put(msgspec.structs.replace(an_order(), cancels=1))
    assert list(theirs) == list(theirs.on(KEY, SELL).values()) == [asked]


def test_one_that_is_let_go_of_is_gone_everywhere():
    theirs = TheirOrders()
    one, other = theirs.put(an_order("P1")), theirs.put(an_order("P2"))
    for order in theirs:
        if order is one:
            theirs.drop(order)
    assert list(theirs.on(KEY, SELL).values()) == [other]
    theirs.drop(other)
    assert (list(theirs), bool(theirs), theirs.get("P1")) == ([], False, None)
    assert not theirs.on(KEY, SELL)
