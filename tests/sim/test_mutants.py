"""A daemon that is broken on purpose is found out."""

import pytest

from tests.sim.mutants import MUTANTS
from tests.sim.run import run
from tradebot.core import exits

# Where some are found out that are not at once: ``tests.soak simulate_mutants`` tells the
# share of all seeds. A change of the world moves them, so the seeds after are tried too.
SEEDS = {
    "a_failed_read_is_flat": 23_003,
    "a_query_that_failed_means_absent": 23_012,
    "answers_before_a_change_is_durable": 23_005,
    "believes_a_net_at_once_when_it_is_not_fresh": 23_012,
    "believes_every_net": 23_012,
    "believes_reports_before_executions": 23_003,
    "believes_that_there_is_nothing_to_do": 23_020,
    "closes_while_the_entry_may_fill": 23_012,
    "decides_twice": 23_004,
    "drops_fills_of_an_order_that_is_in_doubt": 23_006,
    "forgets_the_highs": 23_005,
    "forgets_time_exits_at_a_start": 23_010,
    "forgets_what_works": 23_003,
    "forgets_which_orders_were_there": 23_010,
    "gives_up_after_two_tries": 23_008,
    "leaves_an_order_that_rests_where_it_is": 23_009,
    "loses_what_the_database_refused": 23_005,
    "never_asks_again": 23_005,
    "never_compares_with_the_broker": 23_003,
    "never_pauses_between_tries": 23_028,
    "no_price_gate": 23_002,
    "revives_no_entry": 23_021,
}
SEEDS_MAX = 80


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_a_broken_daemon_is_found_out(name):
    first = SEEDS.get(name, 23_000)
    assert any(is_found_out(name, seed) for seed in range(first, first + SEEDS_MAX))


def test_what_was_broken_is_whole_again():
    before = vars(exits).copy()
    for mutant in MUTANTS.values():
        with mutant():
            pass
    assert vars(exits) == before


def is_found_out(name, seed):
    with MUTANTS[name]():
        result = run(seed)
    return bool(result.wrong or result.unconverged)
