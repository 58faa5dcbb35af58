"""A step of the machine's clock is told, and changes nothing but what goes by a time of day."""

import itertools

import pytest

from tests.core.exit_stories import holding, state_of
from tests.services.fakes import ListInbox, Said
from tests.test_clock import STEPS, Machine
from tradebot.clock import APPROACHED_NS_MAX
from tradebot.core.inputs import ClockSet, Timer, Unknown
from tradebot.core.intents import ReadPosition
from tradebot.core.leaving.exit import State
from tradebot.core.policy import ExitPolicy, Policy
from tradebot.services.clock_watch import EVERY_S, MADE_UP_NS_MAX, ClockWatch

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


class EnoughError(Exception):
    """The end of a test."""


class Watched(Machine):
    """A machine with the daemon's clock, and what is told of it."""

    def __init__(self, **words):
        super().__init__()
        self.inbox, self.said = ListInbox(), Said()
        clock = self.clock
        self.watch = ClockWatch(clock, clock.follow, inbox=self.inbox, say=self.said, **words)

    @property
    def told(self):
        return [
            round(item.skew_ns / SECOND) for item in self.inbox.items if isinstance(item, ClockSet)
        ]

    def go(self, seconds, step_ns=0):
        self.wall_ns += step_ns
        for _ in range(seconds):
            self.watch.look()
            self.pass_(SECOND)


def test_clocks_that_agree_are_not_worth_a_word():
    machine = Watched()
    machine.go(100)
    machine.go(100, step_ns=SECOND)
    assert (machine.told, machine.said.lines, list(machine.watch.reasons())) == ([], [], [])


@pytest.mark.parametrize(
    ("step_ns", "where"), [(HOUR, "3600.0 s ahead of"), (-24 * HOUR, "86400.0 s behind")]
)
def test_a_large_step_is_told_once_and_until_the_clock_is_back(step_ns, where):
    machine = Watched()
    machine.go(100, step_ns)
    assert machine.told == [step_ns // SECOND]
    at_ns = machine.clock.now_ns() - 100 * SECOND
    assert machine.inbox.items == [ClockSet(skew_ns=step_ns, at_ns=at_ns)]
    ((event, level, fields),) = machine.said.lines
    assert (event, level, fields["where"]) == ("clock.set", "critical", where)
    assert "timedatectl" in str(fields["todo"])
    assert list(machine.watch.reasons()) == [
        f"the machine's clock was set, and is {where} the daemon's time"
    ]
    machine.go(10, -step_ns)
    assert machine.told[1:] == [0]
    assert machine.said.events == ["clock.set", "clock.agrees"]
    assert list(machine.watch.reasons()) == []


def test_a_further_step_is_told_too():
    machine = Watched()
    machine.go(3, HOUR)
    machine.go(3, HOUR)
    assert machine.told == [3600, 7200]
    assert machine.said.events == ["clock.set"] * 2


def test_small_steps_that_add_up_are_told():
    machine = Watched()
    for _ in range(3):
        machine.go(1, SECOND * 9 // 10)
    assert machine.told == [2]
    assert machine.said.events == ["clock.corrected"]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_small_step_is_a_warning_that_ends_by_itself(sign):
    machine = Watched()
    machine.go(3, sign * 4 * SECOND)
    assert [(event, level) for event, level, _ in machine.said.lines] == [
        ("clock.corrected", "warning")
    ]
    machine.go(4000)
    assert machine.said.events == ["clock.corrected", "clock.agrees"]
    assert machine.told[0] == sign * 4
    assert machine.told[-1] == 0
    assert len(machine.told) <= 5


def test_what_ends_by_itself_is_what_the_clock_makes_up_for():
    assert MADE_UP_NS_MAX == APPROACHED_NS_MAX


async def test_it_looks_every_second():
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) > 2:
            raise EnoughError
        machine.wall_ns += HOUR

    machine = Watched(sleep=sleep)
    with pytest.raises(EnoughError):
        await machine.watch.run()
    assert slept == [EVERY_S] * 3
    assert machine.told == [3600, 7200]


# Through the engine: what a person would see of a step, and what must not be seen of it.


def live(story, seconds, step_ns=0, after=3):
    """Let an engine go by a machine's clock, set the other one, and yield each second."""
    machine = Watched()
    offset_ns = story.now_ns - machine.clock.now_ns()
    for second in range(seconds):
        if second == after:
            machine.wall_ns += step_ns
        machine.go(1)
        story.now_ns = machine.clock.now_ns() + offset_ns
        for item in machine.inbox.items:
            assert isinstance(item, ClockSet)
            story.process(ClockSet(skew_ns=item.skew_ns, at_ns=story.now_ns))
        machine.inbox.items.clear()
        story.process(Timer(story.now_ns))
        yield second


def seconds_in_doubt(step_ns):
    """How long a request without an answer is held before it is sent again."""
    policy = Policy(exits=ExitPolicy(hold_ns=60 * SECOND))
    story = (holding(10, policy=policy) >> 795).reply("T1-x1", Unknown("timeout"))
    for second in live(story, 200, step_ns):
        story.process(story.query_reply("T1-x1"))  # the broker has never seen it
        if state_of(story) is not State.UNKNOWN:
            return second
    return None


@pytest.mark.parametrize("step_ns", STEPS)
def test_a_hold_is_as_long_as_ever(step_ns):
    plain = seconds_in_doubt(0)
    assert plain is not None
    assert abs(seconds_in_doubt(step_ns) - plain) <= 1


def looks(step_ns):
    """At which seconds the net of an open trade is compared with the broker's."""
    story = holding(10, policy=Policy(reconcile_every_ns=30 * SECOND))
    found: list[int] = []
    for second in live(story, 300, step_ns):
        if len(story.wants(ReadPosition)) > len(found):
            found.append(second)
            story.process(story.net("10"))
    return found


@pytest.mark.parametrize("step_ns", [0, *STEPS])
def test_it_goes_on_comparing(step_ns):
    found = looks(step_ns)
    assert found[0] <= 31
    assert {after - before for before, after in itertools.pairwise(found)} <= {30, 31}
    assert found[-1] >= 300 - 31
