"""A daemon that is broken on purpose is found out."""

import pytest

from tests.sim.mutants import MUTANTS
from tests.sim.run import run
from tradebot.core.leaving import exits

# Where some are found out that are not at once: ``tests.soak simulate_mutants`` tells the
# share of all seeds. A change of the world moves them, so the seeds after are tried too.
SEEDS = {
    "a_cancel_is_believed": 23_005,
    "a_failed_read_is_flat": 23_003,
    "a_query_that_failed_means_absent": 508_003,
    "adopts_what_has_a_trade": 23_017,
    "answers_a_halt_before_it_is_durable": 23_006,
    "answers_before_a_change_is_durable": 23_004,
    "asks_once_to_cancel_what_rests": 71_000_013,
    "believes_a_net_at_once_when_it_is_not_fresh": 23_009,
    "closes_while_the_entry_may_fill": 71_000_181,
    "compares_with_itself": 23_014,
    "drops_fills_of_an_order_that_is_in_doubt": 23_002,
    "forgets_a_halt_at_a_start": 23_005,
    "forgets_time_exits_at_a_start": 23_003,
    "forgets_what_a_cancelled_order_had_filled": 23_033,
    "forgets_what_was_left_at_a_start": 72_000_868,
    "gives_up_after_two_tries": 23_006,
    "hears_done_as_send_again": 508_003,
    "hears_of_nothing_that_is_left_behind": 86_000_915,
    "hears_send_again_as_done": 23_005,
    "holds_a_third_as_long": 23_017,
    "keeps_what_is_to_be_left": 23_006,
    "leaves_an_order_that_rests_where_it_is": 23_005,
    "leaves_what_people_add_without_a_guard": 71_000_398,
    "loses_what_the_database_refused": 23_002,
    "never_asks_again": 23_002,
    "never_pauses_between_tries": 23_005,
    "no_price_gate": 23_005,
    "reads_no_order_book_at_a_start": 23_012,
    "sends_under_a_halt": 23_005,
    "starts_as_if_nothing_was_sent": 23_003,
    "takes_a_persons_stop_for_its_own": 70_000_010,
    "takes_a_queued_request_for_a_refused_one": 23_007,
    "takes_trades_under_a_halt": 23_003,
    "trusts_empty_books": 507_002,
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
