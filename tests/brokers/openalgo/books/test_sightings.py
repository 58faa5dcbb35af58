"""A row's time is believed where it can be checked, and else is that of its first sight."""

import pytest

from tradebot.brokers.openalgo.books.sightings import KEPT_NS, LAG_NS_MAX, Sightings

S = 1_000_000_000
T = 1_000_000 * S


@pytest.fixture
def read_before():
    sightings = Sightings()
    sightings.was_read(T)
    return sightings


def test_of_the_first_reading_nothing_stated_is_believed():
    assert Sightings().at_ns("a", T - 5 * S, T) == T


@pytest.mark.parametrize("stated", [T - LAG_NS_MAX, T, T + 5 * S, T + 30 * S])
def test_a_time_between_two_readings_is_believed(read_before, stated):
    assert read_before.at_ns("a", stated, T + 30 * S) == stated


@pytest.mark.parametrize("stated", [None, 0, T - LAG_NS_MAX - 1, T + 30 * S + 1, T - 19_800 * S])
def test_any_other_time_is_that_of_the_first_sight(read_before, stated):
    assert read_before.at_ns("a", stated, T + 30 * S) == T + 30 * S


def test_a_time_that_was_given_stays(read_before):
    assert read_before.at_ns("a", None, T + S) == T + S
    read_before.was_read(T + 2 * S)
    assert read_before.at_ns("a", T + 3 * S, T + 4 * S) == T + S


def test_what_is_older_than_any_book_is_forgotten(read_before):
    read_before.at_ns("a", None, T)
    read_before.at_ns("b", None, T + KEPT_NS)
    read_before.was_read(T + KEPT_NS + 1)
    late = T + KEPT_NS + 5 * S
    assert (read_before.at_ns("a", None, late), read_before.at_ns("b", None, late)) == (
        late,
        T + KEPT_NS,
    )
