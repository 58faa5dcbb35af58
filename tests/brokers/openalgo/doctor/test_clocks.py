"""A clock that is wrong is named as what it is, and not as hours that are."""

import pytest

from tradebot.brokers.openalgo.calls.skew import Offset
from tradebot.brokers.openalgo.doctor.clocks import clock_finding, clocks_of
from tradebot.core.market.sessions import Session

S = 1_000_000_000
MIN = 60 * S
OPEN_NS = 1_795_165_200 * S  # 09:00 UTC
NSE = Session(open_minutes=9 * 60, close_minutes=15 * 60)


def clocks(offset_ns, *, now_ns=OPEN_NS, wall_ahead_ns=0):
    offset = Offset(offset_ns - S // 10, offset_ns + S // 10)
    return clocks_of(offset, now_ns, wall_ahead_ns)


def found(offset_ns, sessions=(), **words):
    return clock_finding(clocks(offset_ns, **words), dict(sessions))


def test_clocks_that_agree_are_said_to_with_how_far_that_is_known():
    finding = found(S // 2)
    assert (finding.what, finding.level, finding.text) == (
        *("clock", "ok", "both clocks agree within 0.6 s"),
    )


@pytest.mark.parametrize(
    ("apart_s", "level", "distance"),
    [
        (5, "warning", "4.9 s ahead of"),
        (-5, "warning", "4.9 s behind"),
        (29, "warning", "28.9 s ahead of"),
        (31, "error", "30.9 s ahead of"),
        (-20 * 60, "error", "20.0 min behind"),
        (3 * 3600, "error", "3.0 h ahead of"),
        (-3 * 86_400, "error", "3.0 d behind"),
    ],
)
def test_a_difference_is_told_in_a_persons_units_and_with_its_direction(apart_s, level, distance):
    finding = found(apart_s * S)
    assert (finding.level, finding.text) == (
        *(level, f"the server's clock is at least {distance} ours"),
    )
    assert finding.todo.startswith("set the one that is wrong")


@pytest.mark.parametrize(
    ("now_ns", "apart_ns", "words"),
    [
        (OPEN_NS + MIN, -5 * MIN, "closed by the server's clock and open by ours"),
        (OPEN_NS - MIN, 5 * MIN, "open by the server's clock and closed by ours"),
        (OPEN_NS - 1, S, "open by the server's clock and closed by ours"),
    ],
)
def test_an_exchange_that_is_open_by_one_of_them_alone_is_the_clocks_doing(now_ns, apart_ns, words):
    finding = found(apart_ns, {"NSE": NSE, "CRYPTO": Session()}.items(), now_ns=now_ns)
    assert finding.level == "error"
    assert f"so that NSE is {words}: it is the clock, and not the hours" in finding.text
    assert "CRYPTO" not in finding.text


def test_a_difference_in_the_middle_of_a_session_tears_no_exchange():
    finding = found(20 * S, {"NSE": NSE}.items(), now_ns=OPEN_NS + 60 * MIN)
    assert (finding.level, "NSE" in finding.text) == ("warning", False)


def test_without_a_date_nothing_is_known_and_ours_counts():
    unknown = clocks_of(None, OPEN_NS, 0)
    assert unknown.servers_ns == unknown.ours_ns == OPEN_NS
    finding = clock_finding(unknown, {"NSE": NSE})
    assert (finding.level, finding.what) == ("warning", "clock")


def test_a_clock_on_the_wall_that_was_put_right_meanwhile_is_not_told_as_wrong():
    # The daemon began with a clock five minutes ahead, and somebody has set it since.
    assert found(-5 * MIN, wall_ahead_ns=-5 * MIN).level == "ok"
    assert found(0, wall_ahead_ns=-5 * MIN).text.endswith("5.0 min ahead of ours")
    assert clocks(0, wall_ahead_ns=-5 * MIN).ours_ns == OPEN_NS - 5 * MIN


@pytest.mark.parametrize(("offset_ns", "servers_ns"), [(0, OPEN_NS), (S, OPEN_NS + 9 * S // 10)])
def test_of_the_servers_clock_only_what_is_sure_counts(offset_ns, servers_ns):
    assert clocks(offset_ns).servers_ns == servers_ns
