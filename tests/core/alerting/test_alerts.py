"""An alert grows while it is the same matter, ends when that is over, and is seen once."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.alerting.alerts import (
    QUIET_NS,
    SAME_NS,
    TEXT_LENGTH_MAX,
    Category,
    Raised,
    Severity,
    acked,
    again,
    begun,
    number_of,
    over,
    tidy,
)

INFO, WARNING, CRITICAL = Severity


def raised(severity=WARNING, **fields):
    return Raised(
        key="feed",
        category=Category.SYSTEM,
        severity=severity,
        text="the feed is down",
        **fields,
    )


LASTS = raised(CRITICAL, lasts=True)
REPEATED = raised(CRITICAL, lasts=True, is_repeated=True)


@pytest.mark.parametrize(
    ("severity", "least", "reaches"),
    [
        (INFO, INFO, True),
        (INFO, WARNING, False),
        (WARNING, INFO, True),
        (CRITICAL, CRITICAL, True),
        (WARNING, CRITICAL, False),
    ],
)
def test_severities_have_an_order(severity, least, reaches):
    assert severity.reaches(least) is reaches


def test_a_new_alert_is_what_was_raised():
    alert = begun(17, raised(trade_id="T3"), 5)
    assert (alert.id, alert.count, alert.first_ns, alert.last_ns) == ("A17", 1, 5, 5)
    assert (alert.key, alert.category, alert.severity) == ("feed", Category.SYSTEM, WARNING)
    assert (alert.text, alert.trade_id) == ("the feed is down", "T3")
    assert not any([alert.is_acked, alert.holds, alert.insists, alert.is_settled])


def test_what_comes_again_counts_and_is_as_severe_as_it_ever_was():
    alert = again(begun(1, raised(CRITICAL), 5), raised(INFO), 9)
    assert (alert.count, alert.first_ns, alert.last_ns) == (2, 5, 9)
    assert alert.severity is CRITICAL
    assert again(alert, raised(), 7).last_ns == 9  # a clock that was put back
    assert again(begun(1, raised(INFO), 5), raised(CRITICAL), 9).severity is CRITICAL


@pytest.mark.parametrize(
    ("first", "happened", "then", "after_ns", "same"),
    [
        (raised(), "", raised(), SAME_NS - 1, True),
        (raised(), "", raised(), SAME_NS, False),
        (raised(), "seen", raised(), 1, False),  # it was seen, and has come again
        (LASTS, "", LASTS, 10 * SAME_NS, True),
        (LASTS, "seen", LASTS, 10 * SAME_NS, True),  # it was seen, and holds still
        (LASTS, "seen over", LASTS, 1, False),
        (LASTS, "over", LASTS, SAME_NS - 1, True),
        (LASTS, "over", LASTS, SAME_NS, False),
        (raised(lasts=True), "seen", LASTS, 1, False),  # the lesser evil was seen
        (raised(lasts=True), "", LASTS, 1, True),
    ],
)
def test_the_same_matter_is_one_alert(first, happened, then, after_ns, same):
    alert = begun(1, first, 100)
    alert = acked(alert, "lead", 100) if "seen" in happened else alert
    alert = over(alert, 100) if "over" in happened else alert
    assert alert.is_same(then, 100 + after_ns) is same


def test_another_matter_is_a_broken_promise():
    with pytest.raises(AssertionError):
        begun(1, raised(), 1).is_same(msgspec.structs.replace(raised(), key="disk"), 2)


@pytest.mark.parametrize(
    ("what", "seen", "ended", "insists", "settled"),
    [
        (LASTS, False, False, True, False),
        (LASTS, True, False, False, False),
        (LASTS, False, True, False, False),
        (LASTS, True, True, False, True),
        (raised(CRITICAL), False, False, False, False),
        (raised(CRITICAL), True, False, False, True),
        (raised(lasts=True), False, False, False, False),
        (raised(INFO), False, False, False, True),
        (raised(INFO, lasts=True), False, False, False, False),
    ],
)
def test_what_is_bad_and_holds_insists_until_it_is_seen(what, seen, ended, insists, settled):
    alert = begun(1, what, 1)
    alert = acked(alert, "lead", 2) if seen else alert
    alert = over(alert, 3) if ended else alert
    assert (alert.insists, alert.is_settled) == (insists, settled)


def test_what_is_over_and_comes_again_holds_again():
    alert = again(over(begun(1, LASTS, 1), 2), LASTS, 3)
    assert (alert.holds, alert.over_ns) == (True, None)


@pytest.mark.parametrize(
    ("what", "after_ns", "quiet"),
    [
        (REPEATED, QUIET_NS, False),
        (REPEATED, QUIET_NS + 1, True),
        (LASTS, QUIET_NS + 1, False),
        (raised(), QUIET_NS + 1, False),
    ],
)
def test_what_is_said_every_minute_is_over_when_it_is_said_no_more(what, after_ns, quiet):
    assert begun(1, what, 5).is_quiet(5 + after_ns) is quiet


def test_the_first_who_has_seen_it_counts():
    alert = acked(acked(begun(1, raised(), 1), "lead", 2), "trader", 3)
    assert (alert.acked_ns, alert.acked_by) == (2, "lead")
    assert len(acked(begun(1, raised(), 1), "x" * 1000, 2).acked_by) == 64


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("as it is", "as it is"),
        ("two\nlines\t\x1b[31m", "two lines [31m"),
        ("x" * 5000, "x" * (TEXT_LENGTH_MAX - 1) + "…"),
        ("x" * TEXT_LENGTH_MAX, "x" * TEXT_LENGTH_MAX),
        ("", ""),
    ],
)
def test_a_text_is_one_line_of_bounded_length(text, said):
    assert tidy(text) == said


@given(st.text())
def test_any_text_is_tidied(text):
    said = tidy(text)
    assert len(said) <= TEXT_LENGTH_MAX
    assert said.isprintable()


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *(("A17", 17), ("a17", 17), ("A0", 0)),
        *((name, None) for name in ("", "A", "17", "T17", "A-1", "A1.5", "A\u0661", f"A{10**18}")),
    ],
)
def test_an_id_is_a_letter_and_a_number(name, number):
    assert number_of(name) == number
