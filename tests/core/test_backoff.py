"""Pauses that grow, have an end, and are not those of everybody else."""

import pytest

from tradebot.core.backoff import AWAY_S, FIRST_S, LONGEST_S, pause_s


def test_pauses_double_up_to_the_longest():
    pauses = [pause_s(attempt, 1.0) for attempt in range(10)]
    assert pauses[:4] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S]
    assert pauses[-1] == LONGEST_S
    assert pauses == sorted(pauses)


def test_after_any_number_of_failures_there_is_a_pause():
    assert pause_s(10**9, 1.0) == LONGEST_S


@pytest.mark.parametrize("attempt", [0, 3, 20])
def test_the_draw_takes_off_half_at_most(attempt):
    full = pause_s(attempt, 1.0)
    assert pause_s(attempt, 0.0) == full / 2
    assert full / 2 < pause_s(attempt, 0.5) < full


def test_a_server_that_is_not_there_is_called_every_second():
    assert pause_s(10**9, 1.0, was_reached=False) == AWAY_S
    assert pause_s(0, 1.0, was_reached=False) == FIRST_S
