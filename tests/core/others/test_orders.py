"""The life of an order that others placed: may it still bring something?"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.playbook import KEY, Playbook
from tradebot.core.inputs import OrderState
from tradebot.core.others.orders import Order, executed, reported

SAYS = Playbook(broker=False)


def after(*said):
    """Return an order after words like "open", "cancelled 4" and "+4"."""
    order = Order(order_id="E1")
    for words in said:
        if words.startswith("+"):
            order = executed(order, SAYS.execution(None, words[1:], side="BUY", order_id="E1"))
        else:
            state, _, filled = words.partition(" ")
            order = reported(order, SAYS.report(None, state, filled or "0", order_id="E1"))
    return order


@pytest.mark.parametrize(
    ("said", "state", "settled", "dead"),
    [
        ([], "open", False, False),
        (["open"], "open", False, False),
        (["+4"], "open", False, False),
        (["complete 4"], "complete", False, False),
        (["complete 4", "+4"], "complete", True, False),
        (["+4", "complete 4"], "complete", True, False),
        (["+4", "complete 4", "open"], "complete", True, False),
        (["cancelled"], "cancelled", True, True),
        (["cancelled 4"], "cancelled", False, False),
        (["cancelled 4", "+4"], "cancelled", True, False),
        (["cancelled", "+4"], "cancelled", True, False),
        (["cancelled", "open", "rejected"], "cancelled", True, True),
        (["rejected"], "rejected", True, True),
        (["rejected", "open", "cancelled"], "rejected", True, True),
        # A fill proves an order complete, whatever was said of it before.
        (["rejected", "complete 4"], "complete", False, False),
        (["cancelled", "complete 4", "+4"], "complete", True, False),
        (["complete 4", "cancelled", "rejected", "+4"], "complete", True, False),
    ],
)
def test_an_order_is_what_was_said_of_it(said, state, settled, dead):
    order = after(*said)
    assert (order.state, order.is_settled, order.died_unfilled) == (state, settled, dead)


def test_executions_add_up_and_reports_only_rise():
    order = after("+4", "open 9", "open 4", "+5")
    assert (order.executed, order.notional, order.reported) == (9, 7200, 9)


def test_the_last_message_and_time_are_kept():
    first = SAYS.report(None, "rejected", order_id="E1", message="margin")
    order = reported(after("open"), first)
    order = reported(order, SAYS.report(None, "rejected", order_id="E1"))
    assert (order.message, order.at_ns) == ("margin", SAYS.now_ns)


words = st.one_of(
    st.sampled_from([f"{state.value} {filled}" for state in OrderState for filled in (0, 4, 9)]),
    st.sampled_from(["+4", "+5"]),
)


@given(st.lists(words, max_size=8), words)
def test_an_order_that_has_ended_never_opens_again(said, more):
    before, later = after(*said), after(*said, more)
    assert not (before.state.is_final and not later.state.is_final)
    assert later.executed >= before.executed
    assert later.reported >= before.reported
    assert later.executed == sum(Decimal(word[1:]) for word in [*said, more] if word[0] == "+")


@pytest.mark.parametrize(
    ("said", "units"),
    [
        ([], 0),
        (["open"], 10),
        (["open", "+4"], 6),
        (["open 4"], 10),
        (["cancelled 4"], 4),
        (["cancelled 4", "+4"], 0),
        (["cancelled", "+4"], 0),
        (["complete 10"], 10),
    ],
)
def test_what_an_order_may_still_move_is_what_no_execution_has_told_of(said, units):
    assert after(*said).untraded == units


def test_an_order_waits_for_the_prices_that_the_newest_report_tells():
    first = SAYS.report(None, "open", order_id="E1", price=Decimal(790), trigger=Decimal(795))
    order = reported(Order(order_id="E1"), first)
    assert (order.price, order.trigger) == (790, 795)
    filled = executed(order, SAYS.execution(None, "4", side="BUY", order_id="E1"))
    assert (filled.price, filled.trigger) == (790, 795)
    assert reported(filled, SAYS.report(None, "open", order_id="E1")).price is None


def test_an_order_is_where_its_first_word_says_and_before_that_anywhere():
    elsewhere = KEY._replace(symbol="TCS")
    assert Order(order_id="7").may_be_on(elsewhere)
    assert Order(order_id="7", key=KEY).may_be_on(KEY._replace(product="NRML"))
    assert not Order(order_id="7", key=KEY).may_be_on(elsewhere)
