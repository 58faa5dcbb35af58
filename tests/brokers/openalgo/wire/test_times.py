"""Times in the spellings of many brokers."""

import datetime as dt

import pytest

from tradebot.brokers.openalgo.wire.times import epoch_ns, stated_ns

INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))
TEN = dt.datetime(2026, 11, 20, 10, 1, 40, tzinfo=INDIA)
TEN_NS = int(TEN.timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-20 10:01:40", "20-Nov-2026 10:01:40", "20-11-2026 10:01:40"),
        *("20/11/2026 10:01:40", "10:01:40 20-11-2026", "2026-11-20T10:01:40", "10:01:40"),
        *("2026-11-20T10:01:40+05:30", "2026-11-20T04:31:40Z", " 2026-11-20 10:01:40 "),
        *("1795149100", "1795149100000", "1795149100000000", "1795149100000000000"),
    ],
)
def test_a_time_is_understood_in_each_usual_spelling(text):
    assert stated_ns(text, TEN_NS + 3_600_000_000_000) == TEN_NS


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00:00", "2026-13-01 00:00:00", "12", "-5", "9" * 30]
)
def test_what_is_no_time_is_none(text):
    assert stated_ns(text, TEN_NS) is None


@pytest.mark.parametrize("value", [None, "", "x", 0, 5, -1, float("inf"), float("nan"), 10**21])
def test_what_counts_nothing_is_no_time(value):
    assert epoch_ns(value) is None


def test_the_size_of_a_count_is_its_unit():
    assert epoch_ns(1795149100.5) == TEN_NS
    assert epoch_ns(1795164344258) == 1795164344258000000
