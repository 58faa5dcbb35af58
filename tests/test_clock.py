"""The system's clock tells the system's time."""

import time

import time_machine

from tradebot.clock import SystemClock
from tradebot.ports import Clock


def test_it_tells_the_system_time():
    clock: Clock = SystemClock()
    assert time.time_ns() <= clock.now_ns() <= time.time_ns()


def test_it_follows_when_the_system_time_is_set():
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        assert SystemClock().now_ns() == 1_767_225_600 * 10**9
