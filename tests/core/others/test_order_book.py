"""Orders are found by the broker's ids, and by the position and side that they trade."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.playbook import KEY, Playbook
from tradebot.core.inputs import OrderSide, OrderState
from tradebot.core.others.order_book import OrderBook
from tradebot.core.others.orders import Order

SAYS = Playbook(broker=False)
OTHER = KEY._replace(symbol="TCS")


def names(orders):
    return [order.order_id for order in orders]


def test_an_order_is_known_from_the_first_word_on_it():
    book = OrderBook()
    assert book.get("E1") is None
    assert "E1" not in book
    book.execute(SAYS.execution(None, "4", side="BUY", order_id="E1"))
    book.report(SAYS.report(None, "cancelled", "4", order_id="E1"))
    order = book.get("E1")
    assert order is not None
    assert "E1" in book
    assert (order.executed, order.reported, order.is_settled) == (4, 4, True)


def test_an_order_of_which_only_the_id_is_known_is_on_no_position_yet():
    book = OrderBook()
    book.put(Order(order_id="E1"))
    assert names(book.on(KEY, OrderSide.BUY)) == []
    book.execute(SAYS.execution(None, "4", side="BUY", order_id="E1"))
    assert names(book.on(KEY, OrderSide.BUY)) == ["E1"]


orders = st.lists(
    st.builds(
        Order,
        order_id=st.sampled_from(["E1", "E2", "E3"]),
        key=st.sampled_from([None, KEY, OTHER]),
        side=st.sampled_from([None, *OrderSide]),
    ),
    max_size=8,
)


@given(orders, st.sets(st.sampled_from(["E1", "E2", "E3"])))
def test_every_order_is_where_its_last_word_puts_it(words, kept):
    book, newest = OrderBook(), {}
    for order in words:
        newest[order.order_id] = book.put(order)
    book.keep(lambda order: order.order_id in kept)
    left = [order for name, order in newest.items() if name in kept]
    assert list(book) == left
    for key in (KEY, OTHER):
        for side in OrderSide:
            here = {order.order_id for order in left if (order.key, order.side) == (key, side)}
            assert set(names(book.on(key, side))) == here


def test_a_word_on_one_order_leaves_the_others_alone():
    book = OrderBook()
    first = book.put(Order(order_id="E1", key=KEY, side=OrderSide.BUY))
    book.put(msgspec.structs.replace(first, order_id="E2"))
    book.put(msgspec.structs.replace(first, side=OrderSide.SELL))
    assert names(book.on(KEY, OrderSide.BUY)) == ["E2"]
    assert names(book.on(KEY, OrderSide.SELL)) == ["E1"]


def test_an_id_that_names_an_order_elsewhere_names_a_new_one():
    """Some brokers count their ids anew each day."""
    book = OrderBook()
    book.execute(SAYS.execution(None, "4", order_id="7"))
    book.report(SAYS.report(None, "complete", "10", order_id="7"))
    elsewhere = msgspec.structs.replace(SAYS.report(None, "open", order_id="7"), key=OTHER)
    assert (book.report(elsewhere).state, book.report(elsewhere).executed) == (OrderState.OPEN, 0)
    assert names(book.on(KEY, OrderSide.SELL)) == []
    again = book.execute(SAYS.execution(None, "3", order_id="7"))
    assert (again.executed, again.key) == (3, KEY)


def test_an_order_that_is_told_of_with_another_product_is_the_same():
    book = OrderBook()
    book.execute(SAYS.execution(None, "4", order_id="7"))
    intraday = SAYS.report(None, "open", order_id="7")
    intraday = msgspec.structs.replace(intraday, key=KEY._replace(product="INTRADAY"))
    assert book.report(intraday).executed == 4
