"""What the state of an exit means, and what it leaves to be done."""

from decimal import Decimal

import pytest

from tests.core.leaving.test_exits import an_exit
from tradebot.core.leaving.exit import State


@pytest.mark.parametrize(
    ("state", "is_in_doubt", "is_alive", "is_ready", "is_over"),
    [
        (State.DECIDED, False, False, True, False),
        (State.SENDING, True, True, False, False),
        (State.UNKNOWN, True, True, False, False),
        (State.WORKING, False, True, False, False),
        (State.RETRY_WAIT, False, False, True, False),
        (State.CHECKING, False, False, False, False),
        (State.DONE, False, False, False, True),
    ],
)
def test_a_state_says_whether_an_order_may_fill_and_whether_one_may_be_sent(
    state, is_in_doubt, is_alive, is_ready, is_over
):
    said = (state.is_in_doubt, state.is_alive, state.is_ready, state.is_over)
    assert said == (is_in_doubt, is_alive, is_ready, is_over)
    assert (an_exit(state).is_alive, an_exit(state).is_over) == (is_alive, is_over)


def test_what_is_left_is_what_was_decided_less_what_has_filled():
    assert an_exit(quantity=10, filled=Decimal(4)).remaining == 6


@pytest.mark.parametrize(
    ("state", "final", "alive"),
    [
        (State.WORKING, None, 7),  # it may go on
        (State.WORKING, Decimal(5), 2),  # over at the broker: two executions are to come
        (State.UNKNOWN, None, 7),  # whether it is there nobody knows: it counts
        (State.RETRY_WAIT, None, 0),
        (State.DONE, None, 0),
    ],
)
def test_an_order_counts_as_far_as_it_may_still_fill(state, final, alive):
    words = {"order_quantity": Decimal(10), "order_filled": Decimal(3), "order_final": final}
    assert an_exit(state, **words).alive == alive
