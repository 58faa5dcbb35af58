"""Levels, marks and refusals of a trade: cases worked by hand from the text of the rules."""

from decimal import Decimal
from typing import Any

import pytest

from tests.core.written_rules import levels, story, written
from tradebot.core.guard.trade_rules import (
    Candidate,
    Leave,
    TargetLevel,
    Verdict,
    candidates,
    effective_stop,
    entry_marks,
    judge,
    next_step,
    refusal,
    steps_taken,
    trail_level,
)
from tradebot.core.guard.trades import Marks, Reason, Side

D = Decimal
NO_MARKS = Marks()


@pytest.mark.parametrize(
    ("side", "stop", "level"),
    [
        ("LONG", "2%", "98"),
        ("SHORT", "2%", "102"),
        ("LONG", "0.32%", "99.70"),  # 99.68 is off the grid of 0.05
        ("SHORT", "0.32%", "100.30"),
        ("LONG", "0.31pts", "99.70"),
        ("SHORT", "0.31pts", "100.30"),
        ("LONG", "@99.66", "99.70"),
        ("SHORT", "@100.34", "100.30"),
        ("LONG", "@99.65", "99.65"),
    ],
)
def test_a_stop_is_rounded_to_the_tighter_tick(side, stop, level):
    assert levels(side, "100", stop=stop).stop == D(level)


@pytest.mark.parametrize(
    ("side", "target", "level"),
    [
        ("LONG", "2.5%", "102.50"),  # 102.49999999999999 in floats, and so 102.45
        ("SHORT", "2.5%", "97.50"),
        ("LONG", "0.33%", "100.30"),
        ("SHORT", "0.33%", "99.70"),
        ("LONG", "0.34pts", "100.30"),
        ("SHORT", "0.34pts", "99.70"),
        ("LONG", "@100.34", "100.30"),
        ("SHORT", "@99.66", "99.70"),
    ],
)
def test_a_target_is_rounded_to_the_nearer_tick(side, target, level):
    assert levels(side, "100", target=target).targets == (TargetLevel(D(level), 0, None),)


def test_a_rule_that_is_not_set_has_no_level_rather_than_one_of_zero():
    empty = levels("LONG", "100")
    assert (empty.stop, empty.targets, empty.activation, empty.breakeven) == (None, (), None, None)
    assert effective_stop(empty, NO_MARKS) is None
    assert judge(empty, NO_MARKS, 0.05) == judge(empty, NO_MARKS, 1e9) == Verdict((), NO_MARKS)


def test_charges_of_both_legs_move_the_breakeven_stop_and_not_its_trigger():
    long = levels("LONG", "800", breakeven="5pts", lock="0.1pts", charges="0.37")
    assert [long.breakeven_at, long.breakeven] == [D(805), D("800.50")]
    short = levels("SHORT", "800", breakeven="5pts", lock="0.1pts", charges="0.37")
    assert [short.breakeven_at, short.breakeven] == [D(795), D("799.50")]


def test_an_activation_in_percent_is_of_an_option_of_0_60_too():
    option = levels("LONG", "0.60", trail="20%", activation="10%")
    assert story(option, NO_MARKS, [0.65, 0.7]) == ["no stop", "no stop", "trail 0.60"]


def test_a_trail_level_at_or_below_zero_is_in_force_and_is_never_reached():
    cheap = levels("LONG", "0.60", trail="1pts")
    assert story(cheap, NO_MARKS, [0.05, 2.0]) == ["trail -0.40", "trail -0.40", "trail 1.00"]


@pytest.mark.parametrize(
    ("side", "by", "best", "level"),
    [
        ("LONG", "5pts", 806.0, "801"),
        ("SHORT", "5pts", 794.0, "799"),
        ("LONG", "0.33%", 800.0, "797.40"),  # 797.36
        ("SHORT", "0.33%", 800.0, "802.60"),  # 802.64
        ("LONG", "0.01pts", 806.0, "805.95"),
        ("SHORT", "0.01pts", 794.03, "794.10"),  # the last tick that is a whole one away
    ],
)
def test_a_trail_is_rounded_to_the_tighter_tick_but_leaves_one_to_the_best_price(
    side, by, best, level
):
    assert trail_level(levels(side, "800", trail=by), best) == D(level)


def test_a_trail_in_steps_is_that_of_the_last_whole_step():
    stepped = levels("LONG", "800", trail="5pts", step="2pts")
    assert trail_level(stepped, 803.95) == 797


def test_a_trail_of_more_than_all_ends_below_zero():
    assert trail_level(levels("LONG", "800", trail="150%"), 800.0) == -400


def test_a_price_that_hits_a_stop_moves_no_mark():
    # A stop ahead of the market: the same price would activate, lead and break even.
    passed = levels("LONG", "800", stop="@830", trail="5pts", activation="4pts", breakeven="5pts")
    stop = Candidate(Reason.STOP, D(830))
    left = Verdict((Leave(Reason.STOP, D(830)),), NO_MARKS, (stop,))
    assert judge(passed, NO_MARKS, 825.0) == left
    assert judge(passed, NO_MARKS, 825.0).marks is NO_MARKS


def test_a_price_that_moves_nothing_returns_the_same_marks():
    trailed = levels("LONG", "800", trail="5pts", breakeven="3pts")
    marks = judge(trailed, entry_marks(trailed, NO_MARKS), 804.0).marks
    assert marks == Marks(trail_active=True, best_price=804.0, breakeven_done=True)
    assert judge(trailed, marks, 804.0).marks is marks
    assert judge(trailed, marks, 801.0).marks is marks


PARTS: list[tuple[str, str | None]] = [("30pts", None), ("10pts", "50"), ("@820", "25")]


def test_each_target_leaves_its_part_and_the_nearest_comes_first():
    parted = levels("LONG", "800", target=PARTS)
    assert parted.targets == (
        TargetLevel(D(810), 1, D(50)),
        TargetLevel(D(820), 2, D(25)),
        TargetLevel(D(830), 0, None),
    )
    assert judge(parted, NO_MARKS, 809.95).leaves == ()
    assert judge(parted, NO_MARKS, 810.0).leaves == (Leave(Reason.TARGET, D(810), 1),)


def test_a_gap_takes_every_part_that_it_passes():
    gap = judge(levels("SHORT", "800", target=[("1%", "50"), ("2%", "25")]), NO_MARKS, 700.0)
    assert gap.leaves == (Leave(Reason.TARGET, D(792), 0), Leave(Reason.TARGET, D(784), 1))


@pytest.mark.parametrize(
    ("done", "left"), [(0b000, [1, 2, 0]), (0b010, [2, 0]), (0b011, [2]), (0b111, [])]
)
def test_a_part_that_is_decided_has_no_level_any_more(done, left):
    parted = levels("LONG", "800", target=PARTS, targets_done=done)
    assert [target.part for target in parted.targets] == left


def test_the_price_that_takes_a_part_still_moves_the_marks_that_guard_the_rest():
    parted = levels("LONG", "800", target=[("10pts", "50")], trail="5pts", breakeven="5pts")
    verdict = judge(parted, entry_marks(parted, NO_MARKS), 810.0)
    assert verdict.leaves == (Leave(Reason.TARGET, D(810), 0),)
    assert verdict.marks == Marks(trail_active=True, best_price=810.0, breakeven_done=True)
    assert effective_stop(parted, verdict.marks) == Candidate(Reason.TRAIL, D(805))


def test_every_stop_in_force_is_a_candidate_in_the_order_of_ties():
    every = levels("LONG", "800", stop="10pts", trail="5pts", breakeven="3pts")
    marks = Marks(trail_active=True, best_price=804.0, breakeven_done=True)
    assert candidates(every, marks) == (
        Candidate(Reason.STOP, D(790)),
        Candidate(Reason.BREAKEVEN, D(800)),
        Candidate(Reason.TRAIL, D(799)),
    )


def test_marks_of_rules_that_a_person_has_removed_are_no_stops():
    marks = Marks(trail_active=True, best_price=810.0, breakeven_done=True)
    assert candidates(levels("LONG", "800", stop="10pts"), marks) == (
        Candidate(Reason.STOP, D(790)),
    )


@pytest.mark.parametrize(
    ("side", "words", "before", "after"),
    [
        # A trail from entry starts at the entry.
        ("LONG", {"trail": "5pts"}, NO_MARKS, Marks(trail_active=True, best_price=800.0)),
        ("SHORT", {"trail": "5pts"}, NO_MARKS, Marks(trail_active=True, best_price=800.0)),
        # One with an activation waits for it, and a trade without a trail for nothing.
        ("LONG", {"trail": "5pts", "activation": "1%"}, NO_MARKS, NO_MARKS),
        ("LONG", {"stop": "5pts"}, NO_MARKS, NO_MARKS),
    ],
)
def test_marks_after_the_entry(side, words, before, after):
    assert entry_marks(levels(side, "800", **words), before) == after


@pytest.mark.parametrize(
    ("side", "best", "after"),
    [
        ("LONG", 795.0, 800.0),  # the further fill was dearer than the best price
        ("LONG", 805.0, 805.0),
        ("SHORT", 805.0, 800.0),
        ("SHORT", 795.0, 795.0),
    ],
)
def test_after_a_further_fill_the_best_price_is_never_worse_than_the_entry(side, best, after):
    for activation in (None, "3pts"):
        trailed = levels(side, "800", trail="5pts", activation=activation)
        before = Marks(trail_active=True, best_price=best, breakeven_done=True)
        moved = entry_marks(trailed, before)
        assert moved == Marks(trail_active=True, best_price=after, breakeven_done=True)
        assert (moved is before) == (best == after)


@pytest.mark.parametrize(
    ("side", "price", "best"), [("LONG", 797.0, 800.0), ("SHORT", 797.0, 797.0)]
)
def test_a_trail_from_entry_that_was_not_started_starts_no_worse_than_the_entry(side, price, best):
    marks = judge(levels(side, "800", trail="5pts"), NO_MARKS, price).marks
    assert marks == Marks(trail_active=True, best_price=best)


@pytest.mark.parametrize(
    ("side", "best", "taken", "following"),
    [
        ("LONG", 804.0, 0, "806"),
        ("LONG", 805.95, 0, "806"),
        ("LONG", 806.0, 1, "808"),
        ("LONG", 803.0, -1, "804"),  # after a further fill that moved the activation
        ("SHORT", 796.0, 0, "794"),
        ("SHORT", 793.0, 1, "792"),
        ("SHORT", 797.0, -1, "796"),
    ],
)
def test_a_stepped_trail_names_the_price_of_its_next_value(side, best, taken, following):
    stepped = levels(side, "800", trail="5pts", activation="4pts", step="2pts")
    assert steps_taken(stepped, D(repr(best))) == taken
    assert next_step(stepped, best) == D(following)


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (lambda of: steps_taken(of, D(800)), "steps of a trail that follows every tick"),
        (lambda of: next_step(of, 800.0), "steps of a trail that follows every tick"),
        (
            lambda of: judge(of, Marks(trail_active=True), 800.0),
            "an active trail without a best price",
        ),
        (
            lambda of: entry_marks(of, Marks(trail_active=True)),
            "an active trail without a best price",
        ),
        (lambda _: trail_level(levels("LONG", "800"), 800.0), "a trail level without a trail"),
        (lambda _: levels("LONG", "800", trail="1%", step="0%"), "a trail in steps of 0"),
    ],
)
def test_a_broken_promise_of_ours_is_an_assertion(broken, promise):
    with pytest.raises(AssertionError, match=promise):
        broken(levels("LONG", "800", trail="5pts"))


LONG, SHORT = "long trade T17", "short trade T17"
BREAKEVEN, BEYOND = "breakeven at", "must be at least one tick (0.05) beyond"


def refused(side: str, entry: str, *, charges: str = "0", **words: Any) -> str | None:
    rules = written(**words)
    planned = levels(side, entry, rules, charges=charges)
    return refusal("T17", Side(side), planned, rules, charges=D(charges))


@pytest.mark.parametrize(
    ("side", "entry", "words", "message"),
    [
        ("LONG", "780", {"stop": "@790"}, "stop 790 is above entry 780 for long trade T17"),
        ("SHORT", "780", {"stop": "@770"}, "stop 770 is below entry 780 for short trade T17"),
        ("LONG", "780", {"target": "@770"}, "target 770 is below entry 780 for long trade T17"),
        ("SHORT", "780", {"target": "@790"}, "target 790 is above entry 780 for short trade T17"),
        *(
            (side, "780", words, f"{told} is less than one tick (0.05) from entry 780 for {name}")
            for side, name in (("LONG", "long trade T17"), ("SHORT", "short trade T17"))
            for words, told in (
                ({"stop": "0.04pts"}, "stop 780"),
                ({"stop": "0%"}, "stop 780"),
                ({"target": "@780"}, "target 780"),
                ({"target": "0.006%"}, "target 780"),
            )
        ),
        # Rounding would put the stop above an entry that is off the grid, and the target below.
        *(
            (
                "LONG",
                "100.02",
                words,
                f"{told} is less than one tick (0.05) from entry 100.02 for long trade T17",
            )
            for words, told in (
                ({"stop": "0.01pts"}, "stop 100.05"),
                ({"target": "0.02pts"}, "target 100"),
                ({"stop": "0.03pts"}, "stop 100"),
            )
        ),
        ("LONG", "780", {"stop": "100%"}, "stop 0 is not above zero for long trade T17"),
        ("LONG", "780", {"stop": "800pts"}, "stop -20 is not above zero for long trade T17"),
        ("LONG", "780", {"stop": "@0"}, "stop 0 is not above zero for long trade T17"),
        ("SHORT", "780", {"stop": "@0"}, "stop 0 is below entry 780 for short trade T17"),
        ("SHORT", "780", {"target": "100%"}, "target 0 is not above zero for short trade T17"),
        ("SHORT", "780", {"target": "120%"}, "target -156 is not above zero for short trade T17"),
        ("LONG", "780", {"target": "@0"}, "target 0 is not above zero for long trade T17"),
        (
            *("LONG", "780", {"breakeven": "5pts", "lock": "4.96pts"}),
            f"{BREAKEVEN} 5pts {BEYOND} its lock 4.96pts for {LONG}",
        ),
        (
            *("SHORT", "780", {"breakeven": "1%", "lock": "7.7pts", "charges": "0.06"}),
            f"{BREAKEVEN} 1% {BEYOND} its lock 7.7pts and charges of 0.06 a unit for {SHORT}",
        ),
    ],
)
def test_no_entry_is_sent_for_levels_that_are_no_plan(side, entry, words, message):
    assert refused(side, entry, **words) == message


@pytest.mark.parametrize(
    ("side", "words"),
    [
        *((side, {}) for side in Side),
        *((side, {"stop": "0.05pts", "target": "0.05pts"}) for side in Side),
        *((side, {"stop": "99.9%" if side is Side.LONG else "150%"}) for side in Side),
        *((side, {"target": "99.99%"}) for side in Side),
        *((side, {"breakeven": "5pts", "lock": "4.95pts"}) for side in Side),
        *((side, {"breakeven": "5pts", "lock": "4pts", "charges": "0.95"}) for side in Side),
        *((side, {"trail": "1000pts"}) for side in Side),  # it cannot be reached yet
        *((side, {"trail": "0.01pts", "activation": "0pts", "step": "0.01pts"}) for side in Side),
    ],
)
def test_levels_a_tick_or_more_from_the_entry_are_a_plan(side, words):
    assert refused(side, "780", **words) is None


def test_the_refusal_names_the_first_wrong_target_of_many():
    rules = written(target=[("@790", "5"), ("@779", "5"), ("@770", "5")])
    assert refusal("T17", Side.LONG, levels("LONG", "780", rules), rules) == (
        "target 770 is below entry 780 for long trade T17"
    )
