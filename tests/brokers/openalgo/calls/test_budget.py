"""Requests leave as fast as the server takes them, and no faster; exits come first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.brokers.openalgo.calls.budget import BACK_OFF_S, BACK_OFF_S_MAX, SPAN_S, Budget


def test_urgent_requests_may_use_all_of_it():
    budget = Budget(10)
    assert [budget.take(0.0, urgent=True) for _ in range(10)] == [0.0] * 10
    assert budget.take(0.5, urgent=True) == pytest.approx(SPAN_S - 0.5)
    assert budget.take(SPAN_S, urgent=True) == 0.0


def test_of_what_is_not_urgent_a_third_is_kept_free_for_exits():
    budget = Budget(10)
    taken = [budget.take(0.0, urgent=False) for _ in range(10)]
    assert taken.count(0.0) == 7
    assert [budget.take(0.0, urgent=True) for _ in range(3)] == [0.0] * 3
    assert budget.take(0.0, urgent=True) > 0.0


def test_a_budget_of_one_is_one():
    budget = Budget(1)
    assert budget.take(0.0, urgent=False) == 0.0
    assert budget.take(0.0, urgent=False) > 0.0


def test_after_a_refusal_nothing_leaves_for_as_long_as_the_server_says():
    budget = Budget(10)
    budget.refused(0.0, None)
    assert budget.take(0.25, urgent=True) == BACK_OFF_S - 0.25
    budget.refused(0.0, 30.0)
    budget.refused(0.0, None)
    assert budget.take(1.0, urgent=True) == 29.0
    budget.refused(0.0, 1e9)
    assert budget.take(0.0, urgent=True) == BACK_OFF_S_MAX
    assert budget.take(BACK_OFF_S_MAX, urgent=True) == 0.0


@given(st.lists(st.tuples(st.floats(0, 0.4), st.booleans()), max_size=80), st.integers(1, 12))
def test_no_second_ever_sees_more_than_the_server_takes(steps, most):
    budget, now, left = Budget(most), 0.0, []
    for pause, urgent in steps:
        now += pause
        if budget.take(now, urgent=urgent) == 0.0:
            left.append(now)
    for at in left:
        assert sum(at <= other < at + 1.0 for other in left) <= most


@given(st.floats(0, 100), st.booleans())
def test_who_waits_as_long_as_he_is_told_may_leave(now, urgent):
    budget = Budget(2)
    for _ in range(2):
        budget.take(now, urgent=True)
    wait = budget.take(now, urgent=urgent)
    assert wait > 0
    assert budget.take(now + wait + 1e-6, urgent=urgent) == 0.0


@given(
    st.integers(2, 12),
    st.lists(
        st.tuples(
            st.floats(0, 0.5),
            st.booleans(),
            st.one_of(st.just("taken"), st.none(), st.floats(0, 5)),
        ),
        max_size=60,
    ),
)
def test_in_a_storm_of_429_the_rate_stays_under_the_budget_and_exits_pass(most, steps):
    """37: GuntharDeNiro/BTCT 427, frostybot-js 67, HB 1291."""
    budget, now = Budget(most), 0.0
    left: list[float] = []
    until = 0.0  # what the server has last asked us to wait for
    for pause, urgent, answer in steps:
        now += pause
        if budget.take(now, urgent=urgent):
            continue
        assert now >= until, "it left before the time that Retry-After named"
        left.append(now)
        if answer != "taken":
            budget.refused(now, answer)
            until = max(until, now + max(answer or 0.0, BACK_OFF_S))
    for at in left:
        assert sum(at <= other < at + 1.0 for other in left) <= most
    # An exit that goes on asking passes as soon as the server wants to hear of anybody.
    waits = 0
    while wait := budget.take(now, urgent=True):
        now, waits = now + wait + 1e-6, waits + 1
    assert waits <= 2
