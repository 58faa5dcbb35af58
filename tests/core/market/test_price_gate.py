"""A price passes, waits to be confirmed, or is dropped; what is dropped changes nothing."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.inputs import Tick
from tradebot.core.market.price_gate import PRICE_MAX, Fate, Gate
from tradebot.core.market.sessions import Session

SECOND = 1_000_000_000
NINE, FIVE = 9 * 3600 * SECOND, 17 * 3600 * SECOND
DAY = 24 * 3600 * SECOND
FROM_NINE_TO_FIVE = Session(open_minutes=9 * 60, close_minutes=17 * 60)


def a_gate(session: Session | None = None, *, holds_jumps: bool = True) -> Gate:
    return Gate(session or Session(), Decimal("0.01"), holds_jumps=holds_jumps)


def a_tick(ltp: float, at_ns: int = SECOND, received_ns: int | None = None) -> Tick:
    return Tick("NSE:SBIN", ltp, at_ns, at_ns if received_ns is None else received_ns)


def fates(gate: Gate, *prices: float, at_ns: int = SECOND) -> list[tuple[Fate, tuple[float, ...]]]:
    answers: list[tuple[Fate, tuple[float, ...]]] = []
    for price in prices:
        tick = a_tick(price, at_ns)
        if gate.passes(tick):
            answers.append((Fate.ACCEPTED, (price,)))
        else:
            screened = gate.screen(tick)
            answers.append((screened.fate, screened.prices))
    return answers


def test_the_first_price_is_taken_as_it_is():
    assert fates(a_gate(), 100.0) == [(Fate.ACCEPTED, (100.0,))]


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf, -math.inf, PRICE_MAX, 1e30])
def test_an_impossible_price_is_dropped_and_never_waits(price):
    gate = a_gate()
    fates(gate, 100.0)
    assert fates(gate, price, price) == [(Fate.DROPPED, ()), (Fate.DROPPED, ())]
    assert (gate.ltp, gate.dropped) == (100.0, 2)


def test_a_price_beyond_the_circuit_band_is_dropped():
    gate = a_gate()
    gate.low, gate.high = 90.0, 110.0
    assert fates(gate, 100.0, 110.0, 89.0)[1:] == [(Fate.DROPPED, ())] * 2


def test_a_lone_spike_is_held_and_refuted_by_the_next_price():
    answers = fates(a_gate(), 169.07, 165.59, 169.06)
    assert [fate for fate, _ in answers] == [Fate.ACCEPTED, Fate.HELD, Fate.REFUTED]
    assert answers[2][1] == (169.06,)


def test_a_crash_confirms_itself_on_the_next_tick():
    assert fates(a_gate(), 100.0, 97.0, 97.0)[1:] == [
        (Fate.HELD, ()),
        (Fate.CONFIRMED, (97.0,)),
    ]


def test_a_confirmed_price_is_judged_between_two_looks_at_the_one_that_confirmed_it():
    assert fates(a_gate(), 100.0, 97.0, 97.5)[2] == (Fate.CONFIRMED, (97.5, 97.0, 97.5))


def test_a_second_jump_elsewhere_confirms_nothing_and_waits_itself():
    gate = a_gate()
    answers = fates(gate, 100.0, 97.0, 94.0, 94.1)
    assert [fate for fate, _ in answers[1:]] == [Fate.HELD, Fate.HELD, Fate.CONFIRMED]
    assert gate.ltp == 94.1


def test_a_jump_of_exactly_the_limit_is_no_jump():
    assert fates(a_gate(), 100.0, 101.0)[1][0] is Fate.ACCEPTED
    assert fates(a_gate(), 100.0, 101.01)[1][0] is Fate.HELD


def test_silence_confirms_nothing():
    gate = a_gate()
    fates(gate, 100.0, 97.0)
    assert fates(gate, 100.0, at_ns=3600 * SECOND) == [(Fate.REFUTED, (100.0,))]


def test_without_holds_a_jump_is_judged_at_once():
    assert fates(a_gate(holds_jumps=False), 100.0, 97.0)[1] == (Fate.ACCEPTED, (97.0,))


def test_the_first_price_after_a_blind_time_is_not_suspect():
    gate = a_gate()
    fates(gate, 100.0)
    gate.went_blind()
    assert fates(gate, 90.0) == [(Fate.ACCEPTED, (90.0,))]


@pytest.mark.parametrize(
    ("first", "fate", "prices"),
    [
        (97.5, Fate.CONFIRMED, (97.5, 97.0, 97.5)),
        (100.5, Fate.REFUTED, (100.5,)),
        (60.0, Fate.HELD, ()),
    ],
)
def test_a_doubt_outlives_a_blind_time(first, fate, prices):
    gate = a_gate()
    fates(gate, 100.0, 97.0)
    gate.went_blind()
    assert fates(gate, first) == [(fate, prices)]


def test_who_begins_to_guard_anew_has_no_doubt():
    gate = a_gate()
    fates(gate, 100.0, 97.0)
    gate.begin_anew()
    assert fates(gate, 60.0) == [(Fate.ACCEPTED, (60.0,))]


def test_a_strictly_older_price_is_dropped_and_an_equal_time_is_not():
    gate = a_gate()
    gate.screen(a_tick(100.0, 5 * SECOND))
    assert gate.screen(a_tick(100.1, 5 * SECOND)).fate is Fate.ACCEPTED
    dropped = gate.screen(a_tick(100.2, 4 * SECOND))
    assert (dropped.fate, dropped.why) == (Fate.DROPPED, "older than the last price")


def test_a_time_far_ahead_of_ours_is_replaced_by_the_time_of_receipt():
    gate = a_gate()
    gate.screen(a_tick(100.0, at_ns=10**15, received_ns=SECOND))
    assert gate.at_ns == SECOND
    assert gate.passes(a_tick(100.1, 2 * SECOND))


def test_a_price_outside_the_session_is_dropped():
    gate = a_gate(FROM_NINE_TO_FIVE)
    screened = gate.screen(a_tick(100.0, NINE - 1))
    assert (screened.fate, screened.why) == (Fate.DROPPED, "outside the session")
    assert gate.screen(a_tick(100.0, NINE)).fate is Fate.ACCEPTED
    assert gate.screen(a_tick(100.0, FIVE)).fate is Fate.DROPPED


def test_the_first_price_of_a_session_is_not_suspect():
    gate = a_gate(FROM_NINE_TO_FIVE)
    gate.screen(a_tick(100.0, NINE))
    assert gate.screen(a_tick(90.0, NINE + DAY)).fate is Fate.ACCEPTED


def test_a_doubt_does_not_outlive_its_session():
    gate = a_gate(FROM_NINE_TO_FIVE)
    gate.screen(a_tick(100.0, NINE))
    gate.screen(a_tick(98.2, FIVE - 1))
    opening = gate.screen(a_tick(98.9, NINE + DAY))
    assert (opening.fate, opening.prices) == (Fate.ACCEPTED, (98.9,))


def test_new_settings_let_no_jump_through():
    gate = a_gate()
    fates(gate, 100.0)
    gate.configure(Session(), Decimal("0.02"), holds_jumps=True)
    assert [fate for fate, _ in fates(gate, 97.0, 98.1)] == [Fate.HELD, Fate.CONFIRMED]


def test_new_settings_of_a_session_count_from_the_next_price():
    gate = a_gate()
    fates(gate, 100.0)
    gate.configure(FROM_NINE_TO_FIVE, Decimal("0.01"), holds_jumps=True)
    assert fates(gate, 100.0) == [(Fate.DROPPED, ())]


@given(st.lists(st.floats(50, 200).map(lambda p: round(p, 2)), min_size=1, max_size=30))
def test_the_quick_way_takes_only_what_the_slow_way_takes(prices):
    quick, slow = a_gate(), a_gate()
    for price in prices:
        tick = a_tick(price)
        expected = slow.screen(tick)
        if quick.passes(tick):
            assert expected.fate is Fate.ACCEPTED
        else:
            assert quick.screen(tick) == expected
        assert (quick.ltp, quick.held) == (slow.ltp, slow.held) or math.isnan(slow.ltp)


def test_what_comes_outside_the_session_makes_the_first_price_inside_no_jump():
    gate = a_gate(FROM_NINE_TO_FIVE)
    fates(gate, 100.0, at_ns=NINE)
    assert fates(gate, 100.0, at_ns=FIVE) == [(Fate.DROPPED, ())]
    assert fates(gate, 90.0, at_ns=NINE + DAY) == [(Fate.ACCEPTED, (90.0,))]


# A clock that was set.


@pytest.mark.parametrize("has_price", [False, True])
def test_a_session_that_is_open_goes_on_to_its_close_whatever_the_clock_is_set_to(has_price):
    gate = a_gate(FROM_NINE_TO_FIVE)
    if has_price:
        fates(gate, 100.0, at_ns=NINE)
    gate.follow(Session(open_minutes=540, close_minutes=1020, skew_ns=DAY // 2), NINE + SECOND)
    assert fates(gate, 100.0, at_ns=FIVE - SECOND) == [(Fate.ACCEPTED, (100.0,))]
    assert fates(gate, 100.0, at_ns=FIVE) == [(Fate.DROPPED, ())]
    assert fates(gate, 100.0, at_ns=NINE + DAY // 2) == [(Fate.ACCEPTED, (100.0,))]


def test_one_that_is_closed_opens_by_the_clock_that_was_set():
    gate = a_gate(FROM_NINE_TO_FIVE)
    gate.follow(Session(open_minutes=540, close_minutes=1020, skew_ns=3600 * SECOND), SECOND)
    assert fates(gate, 100.0, at_ns=NINE - 3601 * SECOND) == [(Fate.DROPPED, ())]
    assert fates(gate, 100.0, at_ns=NINE - 3600 * SECOND) == [(Fate.ACCEPTED, (100.0,))]
