"""The engine knows what time it is when it hears what a broker has stamped."""

import pytest

from tests.services.guard import SECOND_NS, Guard, a_creation, a_fill
from tradebot.core.inputs import Timer


class Watch:
    def __init__(self, at_ns):
        self.at_ns = at_ns

    def now_ns(self):
        return self.at_ns


@pytest.mark.parametrize(("late_ns", "told_ns"), [(9_999_999, 0), (90_000_000, 90_000_000)])
def test_what_a_broker_stamped_is_heard_of_now(late_ns, told_ns):
    watch = Watch(SECOND_NS)
    guard = Guard(clock=watch)
    guard.loop.put(Timer(watch.at_ns))
    guard.loop.turn()
    watch.at_ns += late_ns
    guard.loop.put(a_fill(a_creation("T1")))
    guard.loop.turn()
    assert guard.book.now_ns == SECOND_NS + told_ns
    assert guard.pulses == 1
