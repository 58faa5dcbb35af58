"""The clock that times everything goes on evenly, whatever is done to the one on the wall."""

import itertools
import time

import pytest
import time_machine

from tradebot.clock import APPROACHED_NS_MAX, SystemClock, WallClock
from tradebot.ports import Clock

SECOND = 1_000_000_000
HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
STEPS = [sign * step for step in (2 * SECOND, HOUR, DAY) for sign in (1, -1)]
START = 1_760_000_000 * SECOND


class Machine:
    """Both clocks of a machine, standing until they are moved."""

    def __init__(self):
        self.elapsed_ns = 5 * SECOND
        self.wall_ns = START
        self.clock = SystemClock(elapsed_ns=lambda: self.elapsed_ns, wall_ns=lambda: self.wall_ns)

    def pass_(self, ns):
        self.elapsed_ns += ns
        self.wall_ns += ns


def test_it_begins_with_the_time_on_the_wall_and_goes_on():
    clock: Clock = SystemClock()
    first = clock.now_ns()
    assert abs(first - time.time_ns()) < HOUR
    assert clock.now_ns() >= first


def test_the_wall_shows_what_the_system_was_set_to():
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        clock: Clock = WallClock()
        assert clock.now_ns() == 1_767_225_600 * SECOND


@pytest.mark.parametrize("step_ns", STEPS)
def test_a_step_of_the_wall_moves_it_by_nothing(step_ns):
    machine = Machine()
    machine.pass_(SECOND)
    machine.wall_ns += step_ns
    assert machine.clock.now_ns() == START + SECOND
    assert machine.clock.follow() == step_ns
    assert machine.clock.now_ns() == START + SECOND


@pytest.mark.parametrize("step_ns", STEPS)
def test_it_never_goes_back_and_a_pause_stays_what_it_is(step_ns):
    machine = Machine()
    machine.wall_ns += step_ns
    times = []
    for each in range(120_000):
        if each % 1000 == 0:
            machine.clock.follow()
        machine.pass_(SECOND // 1000)
        times.append(machine.clock.now_ns())
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert abs(times[-1] - START - 120 * SECOND) <= SECOND // 8


@pytest.mark.parametrize("step_ns", [2 * SECOND, -2 * SECOND, APPROACHED_NS_MAX, 1, -1, 0])
def test_a_small_step_is_made_up_for_slowly_and_exactly(step_ns):
    machine = Machine()
    machine.wall_ns += step_ns
    aheads = []
    for _ in range(11_000):
        aheads.append(abs(machine.clock.follow()))
        machine.pass_(SECOND)
    assert aheads == sorted(aheads, reverse=True)
    assert machine.clock.follow() == 0
    assert machine.clock.now_ns() == machine.wall_ns


@pytest.mark.parametrize("step_ns", [HOUR, -HOUR, APPROACHED_NS_MAX + 1])
def test_a_large_step_is_made_up_for_never(step_ns):
    machine = Machine()
    machine.wall_ns += step_ns
    for _ in range(100):
        assert machine.clock.follow() == step_ns
        machine.pass_(SECOND)


def test_the_time_of_a_suspended_machine_counts():
    machine = Machine()
    machine.clock.follow()
    machine.pass_(8 * HOUR)  # the kernel adds it to both
    assert machine.clock.follow() == 0
    assert machine.clock.now_ns() == START + 8 * HOUR


def test_what_was_interrupted_between_two_readings_is_not_taken_for_a_step():
    waits = iter([0, 3 * SECOND, 0])

    def wall_ns():
        machine.pass_(next(waits, 0))  # the process stands still before it gets its answer
        return machine.wall_ns

    machine = Machine()
    clock = SystemClock(elapsed_ns=lambda: machine.elapsed_ns, wall_ns=wall_ns)
    assert clock.follow() == 0
    waits = iter([3 * SECOND, 0, 4 * SECOND])
    assert clock.follow() == 0
