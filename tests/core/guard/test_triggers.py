"""The trigger index wakes for what the exact rule would do, and for nothing else."""

from decimal import Decimal
from math import inf, nextafter

import pytest

from tradebot.core.guard import trade_rules, trail_groups
from tradebot.core.guard.trade_rules import Levels, judge, levels_of, steps_taken
from tradebot.core.guard.trades import Breakeven, Marks, Rules, Side, TargetPart, Trail
from tradebot.core.guard.triggers import Triggers
from tradebot.core.market.instruments import Instrument
from tradebot.core.money import exact
from tradebot.core.words.levels import parse_level

WAITING = Marks()


def trailing_from(best_price: float) -> Marks:
    return Marks(trail_active=True, best_price=best_price)


def levels(
    *,
    side: Side = Side.LONG,
    entry: str = "100",
    stop: str | None = None,
    targets: tuple[str, ...] = (),
    trail: str | None = None,
    activation: str | None = None,
    step: str | None = None,
    breakeven: str | None = None,
    tick_size: str = "0.05",
) -> Levels:
    def level(text):
        return None if text is None else parse_level(text, "test")

    rules = Rules(
        stop=level(stop),
        targets=tuple(TargetPart(at=level(text), quantity=Decimal(1)) for text in targets),
        trail=Trail(by=level(trail), activation=level(activation), step=level(step))
        if trail
        else None,
        breakeven=Breakeven(at=level(breakeven), lock=level("0pts")) if breakeven else None,
    )
    instrument = Instrument(exchange="X", symbol="Y", tick_size=Decimal(tick_size))
    return levels_of(rules, side, Decimal(entry), instrument)


def tick(index: Triggers, sign: int, price: float) -> str | list[str]:
    """Say what a price does: "quiet", "rise", or whom it reaches."""
    x = sign * price
    if index.floor < x < index.ceiling:
        return "quiet"
    if index.rise(x):
        return "rise"
    return sorted(trade_id for trade_id, _ in index.reached(x))


def test_an_empty_index_is_quiet_at_every_price():
    index = Triggers(1)
    assert (index.floor, index.ceiling, len(index), list(index)) == (-inf, inf, 0, [])
    assert not index.rise(100.0)
    assert index.reached(100.0) == []


@pytest.mark.parametrize(
    ("rules", "marks", "quiet", "reached"),
    [
        ({"stop": "1pts"}, WAITING, 99.05, 99.0),
        ({"targets": ("2pts", "1pts")}, WAITING, 100.95, 101.0),
        ({"trail": "1pts", "activation": "3pts"}, WAITING, 102.95, 103.0),
        ({"trail": "1pts", "activation": "0.01pts"}, WAITING, 100.0, 100.05),
        ({"trail": "1pts"}, trailing_from(100.0), 99.05, 99.0),
        ({"trail": "1%"}, trailing_from(100.0), 99.05, 99.0),
        ({"trail": "1pts", "step": "0.5pts"}, trailing_from(100.0), 99.05, 99.0),
        ({"trail": "1pts", "step": "0.5pts"}, trailing_from(100.6), 99.55, 99.5),
        ({"trail": "1pts", "step": "0.5pts"}, trailing_from(100.6), 100.6, 101.0),
        ({"breakeven": "1pts"}, WAITING, 100.95, 101.0),
        ({"breakeven": "1pts"}, Marks(breakeven_done=True), 100.05, 100.0),
        ({"breakeven": "1pts", "stop": "@100.2"}, Marks(breakeven_done=True), 100.25, 100.2),
    ],
)
@pytest.mark.parametrize("side", Side)
def test_a_trade_is_reached_at_its_nearest_level_and_not_a_tick_before(
    rules, marks, quiet, reached, side
):
    def price(of_a_long):  # the mirror image about the entry, for a short
        return float(100 + side.sign * (Decimal(repr(of_a_long)) - 100))

    if rules.get("stop") == "@100.2" and side is Side.SHORT:
        rules = rules | {"stop": "@99.8"}
    if marks.best_price is not None:
        marks = trailing_from(price(marks.best_price))
    index = Triggers(side.sign)
    index.add("T1", levels(side=side, **rules), marks)
    assert tick(index, side.sign, price(quiet)) in ("quiet", [])
    assert tick(index, side.sign, price(reached)) == ["T1"]
    assert "T1" not in index


def test_a_trade_without_rules_is_never_reached():
    index = Triggers(1)
    index.add("T1", levels(), WAITING)
    assert (index.floor, index.ceiling, len(index)) == (-inf, inf, 1)


def test_the_marks_of_a_reached_trade_are_those_from_before_the_price():
    index = Triggers(1)
    index.add("rises", levels(trail="5pts", targets=("3pts",)), trailing_from(100.0))
    index.add("stays", levels(trail="5pts"), trailing_from(100.0))
    assert index.rise(102.0)
    assert index.reached(103.0) == [("rises", trailing_from(102.0))]
    assert dict(index) == {"stays": trailing_from(103.0)}


def test_marks_that_did_not_move_are_the_same_object():
    index, marks = Triggers(-1), trailing_from(100.0)
    index.add("T1", levels(side=Side.SHORT, trail="1pts"), marks)
    assert dict(index)["T1"] is marks


def test_a_passed_level_fires_on_the_next_price_whatever_it_is():
    index = Triggers(1)
    index.add("T1", levels(stop="@101"), WAITING)
    assert tick(index, 1, 100.5) == ["T1"]


def test_a_trail_that_waits_for_a_price_is_switched_on_by_the_next():
    index = Triggers(1)
    index.add("T1", levels(trail="1pts"), WAITING)
    assert tick(index, 1, 97.0) == ["T1"]


def test_a_trade_above_its_stop_is_judged_with_its_stop_before_a_new_high():
    index = Triggers(1)
    index.add("T1", levels(trail="1pts", stop="@103"), trailing_from(100.0))
    assert not index.rise(102.0)
    assert index.reached(102.0) == [("T1", trailing_from(100.0))]


def test_a_new_high_of_the_top_group_is_quiet_once_it_is_taken():
    index = Triggers(1)
    index.add("T1", levels(trail="1pts"), trailing_from(100.0))
    assert tick(index, 1, 100.0) == "quiet"
    assert tick(index, 1, 101.0) == "rise"
    assert tick(index, 1, 101.0) == "quiet"
    assert index.ceiling == nextafter(101.0, inf)
    assert index.best_price("T1") == 101.0
    assert tick(index, 1, 100.0) == ["T1"]


def test_a_new_high_that_reaches_the_next_group_joins_it():
    index = Triggers(1)
    index.add("high", levels(trail="5pts"), trailing_from(103.0))
    index.add("low", levels(trail="1pts"), trailing_from(100.0))
    assert tick(index, 1, 102.0) == "rise"
    assert tick(index, 1, 103.0) == []
    assert tick(index, 1, 104.0) == "rise"
    assert dict(index) == {"high": trailing_from(104.0), "low": trailing_from(104.0)}


def test_a_price_in_the_rounding_of_a_trail_wakes_once_and_judges_nobody(monkeypatch):
    computed = []

    def counted(*args):
        computed.append(args)
        return judged(*args)

    judged = trade_rules.trail_level
    monkeypatch.setattr(trail_groups, "trail_level", counted)
    index = Triggers(1)
    for number in range(1000):
        index.add(f"T{number}", levels(trail="1.02pts"), trailing_from(100.0))
    assert [tick(index, 1, 99.02) for _ in range(3)] == [[], "quiet", "quiet"]
    assert len(computed) == 1
    assert len(tick(index, 1, 99.0)) == 1000
    assert len(computed) == 2


def test_arming_again_replaces_rules_and_best_price():
    index = Triggers(1)
    index.add("T1", levels(stop="1pts", trail="1pts"), trailing_from(100.0))
    index.add("T1", levels(stop="5pts"), WAITING)
    assert (len(index), index.floor, index.best_price("T1")) == (1, 95.0, None)


def test_a_dropped_trade_is_not_reached():
    index = Triggers(1)
    index.add("T1", levels(stop="1pts", targets=("1pts",)), WAITING)
    index.add("T2", levels(stop="2pts", targets=("2pts",)), WAITING)
    index.drop("T1")
    index.drop("T1")
    assert (index.floor, index.ceiling, len(index)) == (98.0, 102.0, 1)
    index.drop("T2")
    index.add("T3", levels(trail="1pts"), trailing_from(100.0))
    index.drop("T3")
    assert (index.floor, index.ceiling) == (-inf, inf)


def test_a_trade_that_two_levels_reach_is_returned_once():
    index = Triggers(1)
    index.add("T1", levels(stop="@105", targets=("@103",), trail="1pts"), trailing_from(106.0))
    assert index.reached(104.0) == [("T1", trailing_from(106.0))]


def test_a_trade_that_left_is_not_found_between_those_that_stay():
    index = Triggers(1)
    for number in range(1, 4):
        index.add(f"T{number}", levels(stop=f"{number}pts", targets=(f"{number}pts",)), WAITING)
    index.drop("T2")
    assert tick(index, 1, 97.0) == ["T1", "T3"]


def test_the_best_price_of_a_trade_that_is_not_armed_is_an_error():
    with pytest.raises(KeyError):
        Triggers(1).best_price("T1")


def test_highs_of_a_short_are_its_lowest_prices():
    index = Triggers(-1, highs_count=4)
    index.add("T1", levels(side=Side.SHORT, trail="1pts"), trailing_from(100.0))
    assert not index.moved
    assert index.rise(-99.5)
    assert index.rise(-99.0)
    assert (index.moved, index.highs_count) == (True, 4)
    assert (index.drain_highs(), index.moved, index.highs_count) == ([99.0], False, 5)


def test_compaction_forgets_the_entries_of_trades_that_left():
    index = Triggers(1)
    wide = levels(stop="9pts", targets=("9pts",), trail="8pts")
    for number in range(500):
        index.add(f"T{number}", wide, trailing_from(100.0))
    index.add("near", levels(stop="1pts", targets=("1pts",), trail="1pts"), trailing_from(100.0))
    for number in range(490):
        index.drop(f"T{number}")
    heaps = [index.compact() for _ in range(4)]
    assert heaps == [True, True, True, False]
    assert len(index._stops) == len(index._ups) == len(index) == 11
    assert (tick(index, 1, 99.1), tick(index, 1, 99.0)) == ("quiet", ["near"])
    assert len(tick(index, 1, 91.0)) == 10


def test_a_level_that_no_float_can_hold_is_not_slept_through():
    index = Triggers(1)
    rules = levels(targets=("@99.999999999999999",), tick_size="0.000000000000001")
    index.add("T1", rules, WAITING)
    assert not judge(rules, WAITING, nextafter(100.0, 0)).leaves
    assert tick(index, 1, nextafter(100.0, 0)) == "quiet"
    assert judge(rules, WAITING, 100.0).leaves
    assert tick(index, 1, 100.0) == ["T1"]


def test_a_price_a_hair_below_a_step_counts_as_the_step():
    index, stepped = Triggers(1), levels(trail="1pts", step="0.5pts")
    index.add("T1", stepped, trailing_from(299.6))
    assert tick(index, 1, 299.9) == "rise"
    price = nextafter(300.0, 0)
    assert steps_taken(stepped, exact(price)) == 400
    assert tick(index, 1, price) == ["T1"]


# Trades that entered at this average and at the float nearest to it have one best price,
# but at this distance the level of one lies a tick above the other's.
AVERAGE = "100.0333333333333333333333333"
A_HAIR_FROM_A_TICK = "0.133333333333333pts"


def test_an_average_entry_is_not_taken_for_the_float_that_a_neighbour_entered_at():
    index, best = Triggers(1), float(AVERAGE)
    index.add("float", levels(entry=repr(best), trail=A_HAIR_FROM_A_TICK), trailing_from(best))
    index.add("average", levels(entry=AVERAGE, trail=A_HAIR_FROM_A_TICK), trailing_from(best))
    assert tick(index, 1, 100.0) == "quiet"
    assert tick(index, 1, 99.95) == ["average"]
    assert tick(index, 1, 99.90) == ["float"]


def test_an_average_entry_is_ordinary_once_there_is_a_new_high():
    index, best = Triggers(1), float(AVERAGE)
    index.add("T1", levels(entry=AVERAGE, trail="1pts"), trailing_from(best))
    assert index.floor == 99.05
    assert index.reached(100.05) == [("T1", trailing_from(best))]
    index.add("T1", levels(entry=AVERAGE, trail="1pts"), trailing_from(100.05))
    assert index.rise(100.10)


def test_a_best_price_that_reaches_an_average_entry_is_told():
    index = Triggers(1)
    index.add("T1", levels(entry=AVERAGE, trail="1pts"), trailing_from(100.0))
    assert tick(index, 1, 100.02) == "rise"
    assert tick(index, 1, float(AVERAGE)) == ["T1"]
