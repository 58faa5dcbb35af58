"""A lane counts as it goes what may be on the wire, and what may still fill."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.core.leaving.test_exits import an_exit
from tradebot.core.inputs import Acked, Unknown
from tradebot.core.leaving import exits
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.leaving.lane import Lane

some_exits = st.builds(
    lambda state, number, filled: an_exit(state, number=number, order_filled=Decimal(filled)),
    st.sampled_from(State),
    st.integers(1, 4),
    st.integers(0, 9),
)


@given(st.lists(some_exits, max_size=12))
def test_a_lane_counts_what_it_holds_and_keeps_the_order_of_the_decisions(put):
    lane = Lane()
    expected: dict[int, Exit] = {}
    for exit_ in put:
        lane.put(exit_)
        if exit_.is_over:
            expected.pop(exit_.number, None)
        else:
            expected[exit_.number] = exit_
    assert list(lane) == list(expected.values())
    assert len(lane) == len(expected)
    assert lane.doubts == sum(exit_.state.is_in_doubt for exit_ in lane)
    assert lane.orders == sum(exit_.is_alive for exit_ in lane)
    assert lane.alive == sum(exit_.alive for exit_ in lane)


def test_a_lane_that_is_walked_may_change():
    lane = Lane()
    for number in (1, 2):
        lane.put(an_exit(number=number))
    for exit_ in lane:
        lane.put(exits.ended(exit_))
    assert len(lane) == 0


def counts(lane):
    return len(lane), lane.orders, lane.doubts, lane.alive


def test_a_lane_counts_what_its_exits_have_under_way():
    lane, leaving = Lane(), an_exit()
    lane.put(leaving)
    assert counts(lane) == (1, 0, 0, 0)
    sent = exits.sent(leaving, "T1-x1", Decimal(10))
    lane.put(sent)
    assert counts(lane) == (1, 1, 1, 10)
    lane.put(exits.answered(sent, Unknown("timeout"), 5))
    assert counts(lane) == (1, 1, 1, 10)
    working = exits.answered(sent, Acked("B1"), 5)
    lane.put(working)
    assert counts(lane) == (1, 1, 0, 10)
    working = exits.filled_by(working, "T1-x1", "B1", Decimal(4), 6)
    lane.put(working)
    assert counts(lane) == (1, 1, 0, 6)
    lane.put(exits.filled_by(working, "T1-x1", "B1", Decimal(6), 7))
    assert counts(lane) == (0, 0, 0, 0)
