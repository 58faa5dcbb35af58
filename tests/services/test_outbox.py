"""Letters leave one by one; a sink that fails, hangs or breaks holds up nobody else."""

import asyncio
from random import Random

import pytest

from tests.alert_store import lasting, raised
from tests.services.fakes import FakeClock, Said
from tradebot.core.alerting.alerts import Over, Raised, Severity, begun, over
from tradebot.errors import AlertError
from tradebot.ports import Letter
from tradebot.services import outbox as module
from tradebot.services.outbox import (
    BETWEEN_S,
    LETTERS_MAX,
    OF_ONE_LETTER,
    OLD_NS,
    PAUSE_S_MAX,
    TRIES_MAX,
    WAITING_MAX,
    Outbox,
    line_of,
)

INFO, WARNING, CRITICAL = Severity
START_NS = 10**18


class Sink:
    """Takes letters, or does what it is told to."""

    name = "fake"

    def __init__(self):
        self.letters = []
        self.does: list[object] = []

    async def send(self, letter):
        does = self.does.pop(0) if self.does else None
        if does == "hang":
            await asyncio.Event().wait()
        if isinstance(does, Exception):
            raise does
        if callable(does):
            does()
        self.letters.append(letter)


class World:
    """An outbox whose pauses are noted, and end when the test lets them."""

    def __init__(self, least=WARNING):
        self.sink = Sink()
        self.said = Said()
        self.clock = FakeClock(START_NS)
        self.changes: list[Raised | Over] = []
        self.slept = []
        self.outbox = Outbox(
            self.sink,
            least=least,
            whose="tradebot PAPER-1",
            alert=self.changes.extend,
            clock=self.clock,
            say=self.said,
            random=Random(1),
            sleep=self._sleep,
        )

    async def _sleep(self, seconds):
        self.slept.append(seconds)
        self.clock.ns += int(seconds * 1e9)
        await asyncio.sleep(0)

    async def run(self, until):
        """Run until something holds, or the outbox breaks."""
        task = asyncio.create_task(self.outbox.run())
        while not until() and not task.done():  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0)
        task.cancel()
        return (await asyncio.gather(task, return_exceptions=True))[0]

    async def sent(self, count=1):
        await self.run(lambda: len(self.sink.letters) >= count)
        return self.sink.letters

    @property
    def counted(self):
        return {
            figure.name.removeprefix("tradebot_alert_letters_").removesuffix("_total"): count
            for figure in self.outbox.figures()
            for count in figure.values.values()
        }


@pytest.fixture
def world():
    return World()


def an_alert(number=1, severity=WARNING, key=None, at_ns=START_NS):
    return begun(number, raised(key or f"matter {number}", severity), at_ns)


async def test_an_alert_becomes_a_letter(world):
    alert = an_alert()
    world.outbox.offer(alert)
    (letter,) = await world.sent()
    assert letter == Letter(
        subject="tradebot PAPER-1: warning: matter 1 is bad [A1]",
        text="warning: matter 1 is bad [A1]",
        alerts=(alert,),
    )


async def test_what_is_less_severe_is_not_sent(world):
    world.outbox.offer(an_alert(1, INFO))
    world.outbox.offer(an_alert(2, CRITICAL))
    (letter,) = await world.sent()
    assert letter.text == "CRITICAL: matter 2 is bad [A2]"


async def test_several_go_in_one_letter_and_the_rest_in_the_next(world):
    for number in range(1, OF_ONE_LETTER + 4):
        world.outbox.offer(an_alert(number))
    first, second = await world.sent(2)
    assert first.subject == f"tradebot PAPER-1: {OF_ONE_LETTER} alerts"
    assert first.text.splitlines()[-1] == "... and 3 more"
    assert len(second.alerts) == 3
    assert world.slept[0] == BETWEEN_S


async def test_an_alert_that_waits_is_told_as_it_is_when_it_leaves(world):
    alert = an_alert(1, CRITICAL)
    world.outbox.offer(alert)
    world.outbox.offer(over(alert, START_NS + 1))
    (letter,) = await world.sent()
    assert letter.text == "over: matter 1 is bad [A1]"


async def test_what_changes_while_it_is_sent_is_sent_again(world):
    alert = an_alert()
    world.outbox.offer(alert)
    world.sink.does = [lambda: world.outbox.offer(over(alert, START_NS))]
    letters = await world.sent(2)
    assert [letter.text[:4] for letter in letters] == ["warn", "over"]


async def test_an_alert_that_cannot_leave_is_kept_and_tried_ever_more_rarely(world):
    world.sink.does = [AlertError("HTTP 500")] * 8
    world.outbox.offer(an_alert(1, CRITICAL))
    await world.sent()
    pauses = world.slept[:8]
    assert pauses == sorted(pauses) or max(pauses) <= 60
    assert pauses[-1] > 5 * pauses[0] / 2
    assert all(pause >= BETWEEN_S for pause in pauses)
    assert world.counted == {"sent": 1, "failed": 8, "left_out": 0}


async def test_that_a_sink_fails_is_said_once_and_alerted_of_on_the_others(world):
    world.sink.does = [AlertError("HTTP 500")] * 3
    world.outbox.offer(an_alert())
    await world.sent()
    assert world.said.events == ["alerts.not_sent", "alerts.sent_again"]
    bad, good = world.changes
    assert isinstance(bad, Raised)
    assert (bad.key, bad.lasts) == ("sink:fake", True)
    assert bad.text == "alerts cannot be sent by fake: HTTP 500"
    assert good == Over(key="sink:fake")
    world.outbox.offer(begun(9, bad, START_NS))  # it is not told of itself
    assert not world.outbox._alerts


async def test_a_server_that_wants_to_be_left_alone_is(world):
    world.sink.does = [AlertError("HTTP 429", 120.0), AlertError("HTTP 429", 1e9)]
    world.outbox.offer(an_alert(1, CRITICAL, at_ns=START_NS))
    await world.sent()
    assert world.slept[:2] == [120.0, PAUSE_S_MAX]


async def test_a_sink_that_hangs_is_given_up(world, monkeypatch):
    monkeypatch.setattr(module, "SEND_S_MAX", 0.01)
    world.sink.does = ["hang"]
    world.outbox.offer(an_alert())
    await world.sent()
    assert world.said.lines[0][2]["error"] == "no answer within 0.01 s"


async def test_a_letter_that_meets_a_bug_of_ours_is_left_out_and_the_next_one_goes(world):
    world.outbox.offer(an_alert(1))
    world.sink.does = [ValueError("a bug")]
    assert isinstance(await world.run(lambda: False), ValueError)
    world.outbox.offer(an_alert(2))
    (letter,) = await world.sent()
    assert letter.text.splitlines() == [
        "warning: matter 2 is bad [A2]",
        "1 others were left out: see tradebot alerts",
    ]
    world.outbox.post(Letter(subject="report", text="x"))
    world.sink.does = [ValueError("a bug")]
    assert isinstance(await world.run(lambda: False), ValueError)
    assert not world.outbox._letters


async def test_the_queue_is_bounded_and_the_least_severe_are_left_out_first(world):
    world.outbox.offer(an_alert(1, CRITICAL))
    for number in range(2, WAITING_MAX + 50):
        world.outbox.offer(an_alert(number))
    assert len(world.outbox._alerts) == WAITING_MAX
    (letter, *_) = await world.sent()
    assert letter.text.startswith("CRITICAL: matter 1 is bad")
    assert "49 others were left out" in letter.text


async def test_what_is_old_is_no_news_unless_it_insists(world):
    insists = begun(2, lasting("stuck"), START_NS)
    world.outbox.offer(an_alert(1))
    world.outbox.offer(insists)
    world.clock.ns += OLD_NS + 1
    (letter,) = await world.sent()
    assert [alert.id for alert in letter.alerts] == ["A2"]


async def test_the_worst_of_many_alerts_leaves_first(world):
    for number in range(1, 3 * OF_ONE_LETTER):
        world.outbox.offer(an_alert(number))
    world.outbox.offer(an_alert(99, CRITICAL))
    (letter, *_) = await world.sent()
    assert [alert.id for alert in letter.alerts][:3] == ["A99", "A1", "A2"]


async def test_other_letters_wait_for_alerts_and_the_oldest_of_too_many_is_left_out(world):
    for number in range(LETTERS_MAX + 1):
        world.outbox.post(Letter(subject=f"report {number}", text="x"))
    world.outbox.offer(an_alert())
    letters = await world.sent(LETTERS_MAX + 1)
    subjects = [f"report {number}" for number in range(1, LETTERS_MAX + 1)]
    assert [letter.subject for letter in letters][1:] == subjects
    assert letters[0].alerts


async def test_a_letter_that_nobody_takes_is_given_up(world):
    world.outbox.post(Letter(subject="poison", text="x"))
    world.outbox.post(Letter(subject="report", text="x"))
    world.sink.does = [AlertError("HTTP 400")] * TRIES_MAX
    (letter,) = await world.sent()
    assert letter.subject == "report"


async def test_a_letter_that_gave_way_while_it_was_sent_takes_no_other_with_it(world):
    letters = [Letter(subject=f"report {number}", text="x") for number in range(LETTERS_MAX + 1)]
    world.outbox.post(letters[0])
    world.sink.does = [lambda: [world.outbox.post(letter) for letter in letters[1:]]]
    assert await world.sent(LETTERS_MAX + 1) == letters


def test_a_line_says_how_bad_how_often_and_by_which_name():
    alert = an_alert(7, CRITICAL)
    from tradebot.core.alerting.alerts import again

    worse = again(alert, raised("matter 7", CRITICAL), START_NS)
    assert line_of(worse) == "CRITICAL: matter 7 is bad (2 times) [A7]"


# Before the end.


async def test_the_last_alerts_leave_without_a_pause(world):
    for number in range(1, OF_ONE_LETTER + 2):
        world.outbox.offer(an_alert(number))
    assert await world.outbox.send_last(1.0)
    assert [len(letter.alerts) for letter in world.sink.letters] == [OF_ONE_LETTER, 1]
    assert world.slept == []


async def test_a_sink_that_fails_is_not_tried_again_before_the_end(world):
    world.sink.does = [AlertError("no")]
    world.outbox.offer(an_alert())
    assert not await world.outbox.send_last(1.0)
    assert world.sink.letters == []


async def test_a_sink_that_hangs_is_not_waited_for_before_the_end(world):
    world.sink.does = ["hang"]
    world.outbox.offer(an_alert())
    assert not await world.outbox.send_last(0.01)


async def test_where_nothing_waits_all_has_left(world):
    assert await world.outbox.send_last(0.01)
