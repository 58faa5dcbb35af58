"""A subscription that brings nothing is made again on its own, and ever more rarely."""

from itertools import pairwise, product

import pytest

from tests.brokers.openalgo.stream.test_watch import NOTHING, S, quoted, ticked, watching
from tradebot.brokers.openalgo.stream.connection import Pace


@pytest.fixture
def watch():
    return watching()


def test_one_that_moves_without_ticks_while_others_tick_is_subscribed_again_alone(watch):
    ticked(watch, "NSE:SBIN", 812.5, S)
    quoted(watch, "NSE:SBIN", 812.6, 4 * S)
    quoted(watch, "NSE:SBIN", 812.7, 6 * S)
    ticked(watch, "NSE:INFY", 1500.0, 7 * S)
    assert watch.judge(7 * S) == NOTHING
    assert watch.due(7 * S) == ["NSE:SBIN"]
    assert watch.due(7 * S) == []


def test_one_that_stays_deaf_is_asked_for_again_however_its_quotes_move(watch):
    ticked(watch, "NSE:SBIN", 812.5, 0)
    times, now, price = [], 0, 812.5
    while now < 4000 * S:
        now += 5 * S // 4
        price += 0.05
        ticked(watch, "NSE:INFY", 1500.0 + price, now)
        quoted(watch, "NSE:SBIN", price, now)
        assert watch.judge(now) == NOTHING
        if names := watch.due(now):
            times.append(now / S)
            watch.wished(names, now)
            watch.taken("NSE:SBIN")
    assert times[:4] == [2.5, 5.0, 7.5, 10.0]
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert all(pause <= 4 + now / 8 for pause, now in zip(pauses, times, strict=False))
    assert len(times) < 60
    assert 300 <= max(pauses) <= 304


def test_what_is_refused_waits_for_an_eighth_of_the_time_of_its_refusals(watch):
    watch.refused("NSE:NOBODY", 0)
    watch.refused("NSE:SBIN", 0)
    now, times = 0, []
    while now < 4000 * S:
        now += S
        if watch.due(now):
            times.append(now // S)
            watch.refused("NSE:SBIN", now)
    assert times[:16] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 17, 20, 23, 26]
    assert len(times) < 60
    assert times[-1] - times[-2] == 300
    ticked(watch, "NSE:SBIN", 812.5, now)
    assert watch.due(now + 1000 * S) == []
    watch.refused("NSE:SBIN", now)
    assert watch.due(now + S) == ["NSE:SBIN"]


def test_what_nobody_has_answered_for_is_asked_for_again_and_what_was_taken_is_not(watch):
    watch.wished(["NSE:SBIN", "NSE:INFY", "NSE:NOBODY"], 0)
    watch.taken("NSE:INFY")
    watch.taken("NSE:NOBODY")
    assert watch.due(5 * S - 1) == []
    assert watch.due(5 * S) == ["NSE:SBIN"]
    watch.wished(["NSE:SBIN"], 5 * S)
    assert watch.due(10 * S) == ["NSE:SBIN"]
    watch.wished(["NSE:SBIN"], 10 * S)
    assert watch.due(20 * S - 1) == []
    assert watch.due(20 * S) == ["NSE:SBIN"]
    watch.wished(["NSE:SBIN"], 20 * S)
    ticked(watch, "NSE:SBIN", 812.5, 21 * S)  # is answer enough
    assert watch.due(1000 * S) == []


def test_one_that_was_quiet_for_long_is_asked_for_again_as_soon_as_it_turns_out_to_be_deaf(watch):
    ticked(watch, "NSE:SBIN", 812.5, 0)
    watch.wished(["NSE:SBIN"], S)
    watch.taken("NSE:SBIN")
    for second in range(2, 3600):
        ticked(watch, "NSE:INFY", 1500.0 + second, second * S)
        quoted(watch, "NSE:SBIN", 812.5, second * S)
    quoted(watch, "NSE:SBIN", 812.6, 3600 * S)
    watch.judge(3600 * S)
    assert watch.due(3600 * S) == ["NSE:SBIN"]


def test_one_that_was_asked_for_twice_before_an_answer_came_stays_in_trouble(watch):
    ticked(watch, "NSE:INFY", 1500.0, 2 * S)
    watch.wished(["NSE:SBIN"], S)
    watch.wished(watch.due(6 * S), 6 * S)
    watch.taken("NSE:SBIN")
    ticked(watch, "NSE:INFY", 1500.0, 9 * S)
    watch.judge(9 * S)
    assert watch.due(10 * S - 1) == []
    assert watch.due(10 * S) == ["NSE:SBIN"]


def test_an_error_that_names_no_request_is_of_those_that_were_not_answered(watch):
    watch.wished(["NSE:SBIN", "NSE:INFY"], 0)
    watch.taken("NSE:INFY")
    watch.failed(S)
    assert watch.due(2 * S - 1) == []
    assert watch.due(2 * S) == ["NSE:SBIN"]
    watch.failed(2 * S)
    assert watch.due(1000 * S) == []


def test_an_answer_that_nobody_waits_for_changes_nothing(watch):
    watch.refused("NSE:SBIN", 0)
    watch.taken("NSE:SBIN")
    assert watch.due(S) == ["NSE:SBIN"]


def test_what_is_subscribed_with_all_others_is_not_subscribed_alone(watch):
    watch.refused("NSE:SBIN", 0)
    watch.subscribed(S)
    assert watch.due(1000 * S) == []


def test_what_is_let_in_anew_is_soon_asked_for_again_however_long_it_was_refused(watch):
    watch.refused("NSE:SBIN", 0)
    watch.refused("NSE:SBIN", 800 * S)
    assert watch.due(899 * S) == []
    watch.subscribed(900 * S)
    watch.refused("NSE:SBIN", 900 * S)
    assert watch.due(901 * S) == ["NSE:SBIN"]


# Subscriptions that have brought nothing yet, while others do.


@pytest.fixture
def unproven(watch):
    """Return what watches SBIN, which ticked before it was subscribed at 10 s and not since."""
    ticked(watch, "NSE:SBIN", 812.5, 9 * S)
    watch.wished(["NSE:SBIN"], 10 * S)
    watch.taken("NSE:SBIN")
    ticked(watch, "NSE:INFY", 1500.0, 11 * S)
    return watch


def test_one_quote_that_moves_shows_that_a_new_subscription_is_deaf(unproven):
    quoted(unproven, "NSE:SBIN", 812.6, 11 * S)
    ticked(unproven, "NSE:INFY", 1500.0, 11 * S + 1)
    assert unproven.judge(12 * S) == NOTHING
    assert unproven.due(13 * S) == ["NSE:SBIN"]


def test_a_quote_that_moves_before_there_was_time_to_tick_shows_nothing(unproven):
    quoted(unproven, "NSE:SBIN", 812.6, 11 * S - 1)
    assert unproven.judge(12 * S + S // 2 - 1) == NOTHING
    assert unproven.due(13 * S) == []
    # Of itself. Where no further quote comes it is no better than one without any.
    unproven.judge(12 * S + S // 2)
    assert unproven.due(13 * S) == ["NSE:SBIN"]


def test_a_new_subscription_that_no_quote_calls_quiet_is_made_again(unproven):
    unproven.judge(12 * S + S // 2 - 1)
    assert unproven.due(13 * S) == []
    unproven.judge(12 * S + S // 2)
    assert unproven.due(13 * S) == ["NSE:SBIN"]


def test_a_new_subscription_that_is_quiet_by_its_quotes_is_left_alone(unproven):
    for second in range(11, 60):
        quoted(unproven, "NSE:SBIN", 812.5, second * S)
        ticked(unproven, "NSE:INFY", 1500.0 + second, second * S)
        assert unproven.judge(second * S) == NOTHING
        assert unproven.due(second * S) == []


def test_one_that_has_moved_without_a_tick_is_not_quiet_because_two_quotes_are_alike(unproven):
    quoted(unproven, "NSE:SBIN", 812.6, 11 * S)
    unproven.judge(12 * S)
    unproven.wished(unproven.due(13 * S), 13 * S)
    unproven.taken("NSE:SBIN")
    ticked(unproven, "NSE:INFY", 1500.0, 14 * S)
    quoted(unproven, "NSE:SBIN", 812.6, 15 * S)
    unproven.judge(15 * S + S // 2)
    assert unproven.due(17 * S) == ["NSE:SBIN"]


def test_a_subscription_that_has_ticked_once_is_only_quiet(unproven):
    ticked(unproven, "NSE:SBIN", 812.6, 12 * S)
    unproven.judge(16 * S)
    assert unproven.due(16 * S) == []
    quoted(unproven, "NSE:SBIN", 812.7, 16 * S)  # one tick may be lost
    unproven.judge(17 * S)
    assert unproven.due(17 * S) == []


def test_what_is_closed_or_brings_nothing_of_anything_is_not_asked_for_again(watch):
    watch.want("MCX:GOLD", 0)
    watch.wished(["MCX:GOLD", "NSE:SBIN"], S)
    watch.taken("MCX:GOLD")
    watch.taken("NSE:SBIN")
    watch.judge(10 * S)
    assert watch.due(14 * S) == []
    ticked(watch, "NSE:INFY", 1500.0, 14 * S)
    watch.judge(14 * S)
    assert watch.due(16 * S) == ["NSE:SBIN"]


def test_a_quote_that_fails_when_there_was_time_to_tick_shows_that_it_is_deaf(unproven):
    unproven.missed(["NSE:SBIN"], 11 * S - 1)
    unproven.missed(["NSE:SBIN", "NSE:NOBODY"], 10 * S)  # it hung for longer
    unproven.judge(11 * S)
    assert unproven.due(11 * S) == []
    unproven.missed(["NSE:SBIN"], 11 * S)
    unproven.missed(["NSE:SBIN"], 10 * S)
    unproven.judge(11 * S)
    assert unproven.due(11 * S) == ["NSE:SBIN"]


def test_quotes_that_fail_say_nothing_of_one_that_a_later_quote_calls_quiet(unproven):
    unproven.missed(["NSE:SBIN"], 11 * S)
    quoted(unproven, "NSE:SBIN", 812.5, 12 * S)
    unproven.judge(12 * S)
    assert unproven.due(14 * S) == []


def test_quotes_that_fail_say_nothing_of_what_is_closed_or_ticks(unproven):
    unproven.want("MCX:GOLD", 0)
    unproven.wished(["MCX:GOLD"], 9 * S)
    unproven.taken("MCX:GOLD")
    ticked(unproven, "NSE:SBIN", 812.6, 11 * S)
    unproven.missed(["NSE:SBIN", "MCX:GOLD"], 12 * S)
    unproven.judge(12 * S)
    assert unproven.due(14 * S) == []


# From the look of the feed, that of the quotes and the answers on, as they come in a session.

STEP = S // 20
LOOK = int(Pace().look_s * S)


class Session:
    """SBIN, subscribed and never heard of since; INFY ticks; and quotes, all at one price."""

    def __init__(self, *, phase_ns, answer_ns):
        """Look for silence so long after the feed has looked; an answer takes so long."""
        self.watch = watching()
        self.now_ns = 10 * S
        self.fails = self.is_mute = False
        self.subscribed_ns = []
        self._phase_ns, self._answer_ns = phase_ns, answer_ns
        self._asked = []
        ticked(self.watch, "NSE:SBIN", 812.5, 9 * S)
        self._subscribe(["NSE:SBIN"])

    def run(self, for_ns):
        until_ns = self.now_ns + for_ns
        while self.now_ns < until_ns:
            self.now_ns += STEP
            if not self.is_mute:
                ticked(self.watch, "NSE:INFY", 1500.0 + self.now_ns / S / 100, self.now_ns)
            self._answer()
            if self.now_ns % LOOK == self._phase_ns:
                names = self.watch.to_poll(self.now_ns)
                self.watch.asked(names, self.now_ns)
                self._asked.append((self.now_ns, "NSE:SBIN" in names))
            if self.now_ns % LOOK == 0:
                if names := self.watch.due(self.now_ns):
                    self._subscribe(names)
                assert self.watch.judge(self.now_ns) == NOTHING

    def _answer(self):
        while self._asked and self._asked[0][0] + self._answer_ns <= self.now_ns:
            asked_ns, is_of_it = self._asked.pop(0)
            if is_of_it and self.fails:
                self.watch.missed(["NSE:SBIN"], asked_ns)
            elif is_of_it:
                self.watch.quoted("NSE:SBIN", 812.5, asked_ns)

    def _subscribe(self, names):
        assert names == ["NSE:SBIN"]
        self.subscribed_ns.append(self.now_ns)
        self.watch.wished(names, self.now_ns)
        self.watch.taken("NSE:SBIN")


@pytest.mark.parametrize("phase_ns", range(0, LOOK, STEP))
def test_after_a_mute_one_that_is_deaf_is_asked_for_again_within_two_seconds(phase_ns):
    for before, mute in product(range(10), range(25, 50)):
        session = Session(phase_ns=phase_ns, answer_ns=STEP)
        session.run(before * STEP)
        session.is_mute = True
        session.run(mute * STEP)
        session.is_mute, session.fails = False, True  # nothing but a tick says that it is well
        ended_ns = session.now_ns
        assert len(session.subscribed_ns) == 1
        session.run(2 * S + STEP)
        assert len(session.subscribed_ns) == 2, (before, mute)
        assert session.subscribed_ns[1] > ended_ns


@pytest.mark.parametrize("phase_ns", range(0, LOOK, STEP))
def test_one_that_is_only_quiet_is_left_alone_though_its_quotes_take_800_ms(phase_ns):
    session = Session(phase_ns=phase_ns, answer_ns=4 * S // 5)
    session.run(120 * S)
    assert len(session.subscribed_ns) == 1
