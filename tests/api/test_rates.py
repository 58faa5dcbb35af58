"""An allowance is never exceeded, and nobody waits longer than needed."""

from hypothesis import given
from hypothesis import strategies as st

from tradebot.api.rates import MINUTE_NS, Rates


class Clock:
    def __init__(self):
        self.at_ns = 1_000

    def __call__(self):
        return self.at_ns


def rates(kept_max=100):
    clock = Clock()
    return Rates(clock, kept_max=kept_max), clock


def test_a_whole_minutes_allowance_may_be_used_at_once():
    counted, _ = rates()
    assert [counted.wait_ns("a", 3) for _ in range(4)] == [0, 0, 0, MINUTE_NS // 3]


def test_then_one_becomes_free_after_the_other():
    counted, clock = rates()
    for _ in range(3):
        counted.wait_ns("a", 3)
    clock.at_ns += MINUTE_NS // 3 - 1
    assert counted.wait_ns("a", 3) == 1
    clock.at_ns += 1
    assert counted.wait_ns("a", 3) == 0
    assert counted.wait_ns("a", 3) == MINUTE_NS // 3


def test_to_be_refused_costs_nothing():
    counted, clock = rates()
    for _ in range(50):
        counted.wait_ns("a", 2)
    clock.at_ns += MINUTE_NS // 2
    assert counted.wait_ns("a", 2) == 0


def test_each_has_an_allowance_of_their_own():
    counted, _ = rates()
    assert [counted.wait_ns(who, 1) for who in "aabb"] == [0, MINUTE_NS, 0, MINUTE_NS]


def test_who_has_not_asked_for_longest_is_forgotten_first():
    counted, _ = rates(kept_max=2)
    for who in "abac":  # b is the one that goes
        counted.wait_ns(who, 1)
    assert len(counted._paid_until) == 2
    assert counted.wait_ns("a", 1) > 0
    assert counted.wait_ns("b", 1) == 0


@given(
    per_minute=st.integers(1, 50),
    pauses=st.lists(
        st.integers(0, 3 * MINUTE_NS) | st.integers(0, MINUTE_NS // 40), min_size=1, max_size=200
    ),
)
def test_no_minute_sees_more_than_the_allowance_twice(per_minute, pauses):
    counted, clock = rates()
    taken = []
    for pause in pauses:
        clock.at_ns += pause
        wait = counted.wait_ns("a", per_minute)
        if not wait:
            taken.append(clock.at_ns)
            continue
        assert 0 < wait <= MINUTE_NS
        later = Rates(clock, kept_max=1)
        later._paid_until = dict(counted._paid_until)
        clock.at_ns += wait  # whoever waits as long as told is let in
        assert later.wait_ns("a", per_minute) == 0
        clock.at_ns -= wait
    for first in taken:
        assert sum(first <= at < first + MINUTE_NS for at in taken) <= 2 * per_minute


@given(per_minute=st.integers(1, 2_000), quiet=st.integers(MINUTE_NS, 10 * MINUTE_NS))
def test_a_quiet_minute_gives_the_whole_allowance_back(per_minute, quiet):
    counted, clock = rates()
    for _ in range(2):
        clock.at_ns += quiet + per_minute  # each request's share is rounded up
        assert not any(counted.wait_ns("a", per_minute) for _ in range(per_minute))
        assert counted.wait_ns("a", per_minute) > 0


@given(per_minute=st.integers(1, 300), minutes=st.integers(1, 4))
def test_at_its_pace_nobody_is_ever_refused(per_minute, minutes):
    counted, clock = rates()
    for _ in range(per_minute * minutes):
        assert counted.wait_ns("a", per_minute) == 0
        clock.at_ns += -(-MINUTE_NS // per_minute)
