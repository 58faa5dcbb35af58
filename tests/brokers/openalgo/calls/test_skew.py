"""How far the server's clock is from ours is told; nothing is timed by it."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.brokers.openalgo.calls.skew import Offset, Skew

SECOND = 1_000_000_000
NOW = 1_795_164_344 * SECOND


def date_of(at_ns):
    return formatdate(at_ns // SECOND, usegmt=True)


@given(
    offset_ns=st.integers(-(10**12), 10**12),
    answers=st.lists(st.tuples(st.integers(0, 2**32), st.integers(0, SECOND)), min_size=1),
    share=st.floats(0, 1),
)
def test_the_true_offset_is_always_within_what_is_told(offset_ns, answers, share):
    skew = Skew()
    for later_ns, took_ns in answers:
        sent_ns = NOW + later_ns
        stamped_ns = sent_ns + int(took_ns * share)
        skew.heard(date_of(stamped_ns + offset_ns), sent_ns, took_ns)
    assert skew.offset is not None
    assert skew.offset.least_ns <= offset_ns <= skew.offset.most_ns
    assert skew.round_trip_ns == min(took for _, took in answers)


def test_many_answers_tell_more_than_one():
    skew = Skew()
    for tenth in range(10):
        sent_ns = NOW + tenth * SECOND // 10
        skew.heard(date_of(sent_ns + 3 * SECOND), sent_ns, 1_000_000)
    assert skew.offset is not None
    assert skew.offset.most_ns - skew.offset.least_ns <= SECOND // 10 + 1_000_000
    assert skew.offset.surely_ns == pytest.approx(3 * SECOND, abs=SECOND // 10 + 1_000_000)


def test_a_clock_that_was_set_meanwhile_is_believed():
    skew = Skew()
    skew.heard(date_of(NOW), NOW, 1000)
    skew.heard(date_of(NOW + 3600 * SECOND), NOW, 1000)
    assert skew.offset is not None
    assert skew.offset.surely_ns > 3598 * SECOND


@pytest.mark.parametrize("date", ["", "soon", "Fri, 99 Nov 2026 10:00:00 GMT", "\x00", "1e309"])
def test_a_date_that_is_none_says_nothing(date):
    skew = Skew()
    skew.heard(date, NOW, 5)
    assert (skew.offset, skew.round_trip_ns) == (None, 5)


@pytest.mark.parametrize(
    ("least", "most", "surely"), [(5, 9, 5), (-9, -5, -5), (-1, 1, 0), (0, 3, 0)]
)
def test_what_is_sure_is_what_all_answers_agree_on(least, most, surely):
    assert Offset(least, most).surely_ns == surely
