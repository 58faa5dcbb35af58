"""The hours of a day, as the server tells them: all of them, or it says nothing."""

import pytest
from hypothesis import given

from tests.brokers.openalgo.wire.samples import said, spoiled, success
from tradebot.brokers.openalgo.wire.answers import answer_of
from tradebot.brokers.openalgo.wire.hours import hours_of

MIDNIGHT_MS = 1_795_113_000_000  # 2026-11-20 00:00 of India
MIDNIGHT = MIDNIGHT_MS * 1_000_000
HOUR_MS = 3_600_000
NSE = {
    "exchange": "NSE",
    "start_time": MIDNIGHT_MS + 9 * HOUR_MS,
    "end_time": MIDNIGHT_MS + 15 * HOUR_MS,
}


def test_each_exchange_has_its_hours_and_one_that_is_closed_is_missing():
    hours = hours_of(success([NSE]), MIDNIGHT)
    assert hours == {"NSE": (MIDNIGHT + 9 * HOUR_MS * 10**6, MIDNIGHT + 15 * HOUR_MS * 10**6)}
    assert hours_of(success([]), MIDNIGHT) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"start_time": None},
        {"start_time": "09:15"},
        {"start_time": 0},
        {"start_time": -1},
        {"start_time": 1e309},
        {"start_time": MIDNIGHT_MS - 1},
        {"start_time": MIDNIGHT_MS + 24 * HOUR_MS},
        {"start_time": MIDNIGHT_MS // 1000},  # seconds
        {"end_time": MIDNIGHT_MS + 9 * HOUR_MS},
        {"end_time": MIDNIGHT_MS + 8 * HOUR_MS},
        {"end_time": MIDNIGHT_MS + 99 * HOUR_MS},
        {"end_time": True},
        {"exchange": ""},
        {"exchange": None},
    ],
)
def test_a_row_that_is_none_of_the_day_makes_all_of_it_unsaid(change):
    assert hours_of(success([NSE, {**NSE, **change}]), MIDNIGHT) is None


def test_what_is_no_list_is_unsaid():
    assert hours_of(success(5), MIDNIGHT) is None
    assert hours_of(said(500, {"status": "error"}), MIDNIGHT) is None


@given(spoiled({"status": "success", "data": [NSE]}))
def test_no_answer_makes_the_reader_raise_or_opens_before_it_closes(raw):
    hours = hours_of(answer_of(200, raw), MIDNIGHT)
    assert all(opens < closes for opens, closes in (hours or {}).values())
