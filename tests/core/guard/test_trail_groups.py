"""Trades that share a best price move together, and their highs are told exactly."""

import itertools
from decimal import Decimal
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.guard import trail_groups
from tradebot.core.guard.trade_rules import Levels, trail_level
from tradebot.core.guard.trades import Marks
from tradebot.core.guard.trail_groups import Armed, TrailGroups, compact_heap
from tradebot.core.words.levels import parse_level


class Side:
    """Trail groups with the names of their trades."""

    def __init__(self, sign: int = 1) -> None:
        self.groups = TrailGroups(sign)
        self.sign = sign
        self.armed: dict[str, Armed] = {}
        self._serials = itertools.count()

    def join(
        self,
        name: str,
        best: float,
        by: str = "1pts",
        *,
        follows: bool = True,
        tick: str = "0.05",
    ) -> None:
        levels = Levels(
            sign=self.sign,
            tick_size=Decimal(tick),
            entry=Decimal(100),
            entry_mark=100.0,
            trail_by=parse_level(by, "test"),
        )
        armed = self.armed[name] = Armed(name, levels, Marks(), next(self._serials))
        self.groups.join(armed, best, follows=follows)

    def leave(self, *names: str) -> None:
        for name in names:
            self.armed[name].alive = False
            self.groups.leave(self.armed[name])

    def reached(self, x: float) -> list[str]:
        return sorted(armed.trade_id for armed in self.groups.reached(x))

    def best(self, name: str) -> float | None:
        return self.groups.best_of(self.armed[name])


def test_a_side_without_trades_has_no_bounds_and_moves_nothing():
    groups = TrailGroups(1)
    groups.lift(100.0)
    assert (groups.best, groups.next_best, groups.floor) == (inf, inf, -inf)
    assert (groups.parked_floor(), groups.moved, groups.reached(1.0)) == (-inf, False, [])


def test_trades_with_one_best_price_are_one_group_whatever_the_order():
    side = Side()
    for name, best in (("b", 102.0), ("a", 101.0), ("d", 104.0), ("c", 103.0), ("C", 103.0)):
        side.join(name, best)
    side.join("A", 101.0)
    side.join("D", 104.0)
    groups = side.groups
    assert (groups.best, groups.next_best) == (101.0, 102.0)
    assert [group.members for group in groups._parked] == [2, 2, 1]
    groups.lift(103.0)
    assert (groups.best, groups.next_best) == (103.0, 104.0)
    assert [side.best(name) for name in "aAbcCdD"] == [103.0] * 5 + [104.0] * 2


def test_a_trade_without_an_active_trail_has_no_best_price_and_leaves_no_group():
    side = Side()
    one = Decimal(1)
    waiting = Armed(
        "T1", Levels(sign=1, tick_size=one, entry=one, entry_mark=1.0), Marks(), serial=1
    )
    side.groups.leave(waiting)
    assert side.groups.best_of(waiting) is None


@pytest.mark.parametrize(
    "distances",
    [("1pts", "2pts", "3%"), ("3pts", "2%", "1%"), ("0pts", "0.01pts", "50%"), ("0.001%",)],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_no_member_leaves_above_its_groups_bound_and_the_bound_is_within_a_tick(distances, sign):
    side = Side(sign)
    for number, distance in enumerate(distances):
        side.join(str(number), sign * 100.0, distance)
    for price in (100.0, 100.15, 100.21):
        x = sign * (100.0 + sign * (price - 100.0))
        side.groups.rise(x)
        nearest = max(
            sign * float(trail_level(armed.levels, sign * x)) for armed in side.armed.values()
        )
        assert nearest <= side.groups.floor < x
        assert side.groups.floor - nearest < 0.0501


def test_the_bound_follows_the_tightest_member_of_top_and_parked_groups():
    side = Side()
    side.join("top", 100.0, "5pts")
    assert 95.0 <= side.groups.floor < 95.1
    side.join("tighter", 100.0, "1%")
    assert 99.0 <= side.groups.floor < 99.1
    side.join("parked", 110.0, "5pts")
    assert 105.0 <= side.groups.parked_floor() < 105.1
    side.join("tighter yet", 110.0, "2pts")
    assert 108.0 <= side.groups.parked_floor() < 108.1
    side.join("wider", 110.0, "3pts")
    assert 108.0 <= side.groups.parked_floor() < 108.1
    side.leave("tighter yet", "tighter")
    side.groups.lift(110.0)  # the dead are not measured
    assert 107.0 <= side.groups.floor < 107.1
    side.join("covers it", 100.0, "5pts")
    side.leave("wider", "parked", "top")
    assert side.groups.parked_floor() == -inf


def test_the_trigger_of_a_group_that_is_gone_reaches_nobody():
    side = Side()
    side.join("parked", 110.0, "1pts")
    side.join("top", 100.0, "5pts")
    side.leave("parked")
    assert side.reached(105.0) == []


def test_a_trail_that_does_not_follow_keeps_only_its_best_price_here():
    side = Side()
    side.join("stands", 101.0, follows=False)
    side.join("covers it", 100.0, "1pts", follows=False)
    assert (side.groups.floor, side.groups.parked_floor()) == (-inf, -inf)
    side.groups.lift(102.0)
    assert [side.best("stands"), side.best("covers it"), side.groups.floor] == [102.0, 102.0, -inf]


def test_those_whose_level_is_reached_are_returned_from_every_group_and_no_others():
    side = Side()
    side.join("parked far", 104.0, "9pts")
    side.join("parked near", 104.0, "3pts")
    side.join("parked left", 104.0, "1pts")
    side.join("top near", 103.0, "2pts")
    side.join("top as near", 103.0, "2pts")
    side.join("top far", 103.0, "5%")
    side.leave("parked left")
    assert side.reached(101.1) == []
    assert side.reached(101.0) == ["parked near", "top as near", "top near"]
    side.leave("parked near", "top as near", "top near")
    assert side.reached(99.0) == []
    assert side.reached(95.0) == ["parked far", "top far"]


def test_a_bound_that_woke_for_nothing_becomes_exact():
    side = Side()
    side.join("parked", 104.0, "4.01pts")
    side.join("top", 103.0, "3.01pts")
    assert side.groups.floor > 100.0
    assert side.groups.parked_floor() > 100.0
    assert side.reached(100.02) == []
    assert (side.groups.floor, side.groups.parked_floor()) == (100.0, 100.0)


def test_the_next_group_comes_up_when_the_top_is_empty():
    side = Side()
    side.join("c", 103.0, "1pts")
    side.join("b", 102.0, "2pts")
    side.join("a", 101.0, "3pts")
    side.leave("b", "a")
    assert (side.groups.best, side.groups.next_best) == (103.0, inf)
    assert 102.0 <= side.groups.floor < 102.1
    side.groups.rise(104.0)
    assert 103.0 <= side.groups.floor < 103.1
    side.leave("c")
    assert (side.groups.best, side.groups.floor) == (inf, -inf)


def test_a_merge_moves_the_smaller_heap_and_leaves_the_dead_behind(monkeypatch):
    side = Side()
    for number in range(20):
        side.join(f"many{number}", 102.0, "1pts")
    for number in range(3):
        side.join(f"few{number}", 101.0, "2pts")
    side.leave("few1")
    pushed = []

    def noted(heap, entry):
        pushed.append(entry)
        heap.append(entry)

    monkeypatch.setattr(trail_groups, "heappush", noted)
    side.groups.lift(102.0)
    assert sorted(entry[2].trade_id for entry in pushed) == ["few0", "few2"]
    assert side.groups.best == 102.0


def test_a_trade_finds_its_group_through_many_merges_and_shortens_the_way():
    side = Side()
    for exponent in (4, 3, 2, 1, 0):  # each group goes into the next, the larger
        for number in range(2**exponent):
            side.join(f"{exponent}/{number}", 100.0 + exponent)
    for x in (101.0, 102.0, 103.0, 104.0):
        side.groups.lift(x)
    assert {side.best(name) for name in side.armed} == {104.0}
    assert {id(armed.group) for armed in side.armed.values()} == {id(side.groups._top)}
    side.leave(*side.armed)
    assert side.groups.best == inf


def test_trades_of_another_tick_size_are_refused_until_the_side_is_empty():
    side = Side()
    side.join("a", 100.0)
    with pytest.raises(AssertionError, match=r"tick size 0\.01 joins trades of tick size 0\.05"):
        side.join("b", 100.0, tick="0.01")
    side.leave("a")
    side.join("c", 100.0, tick="0.01")
    assert side.groups.floor < 99.02


def test_heaps_are_rebuilt_one_at_a_time_and_only_when_mostly_dead():
    side = Side()
    for number in range(200):
        side.join(f"by points {number}", 100.0, "1pts")
        side.join(f"by percent {number}", 110.0, "1%")
    assert not side.groups.compact()
    for number in range(1, 200):
        side.leave(f"by points {number}", f"by percent {number}")
    assert [side.groups.compact() for _ in range(3)] == [True, True, False]
    for number in range(100):  # ever tighter members of a parked group, and their triggers
        side.join(f"tighter {number}", 110.0, f"{0.9 - number / 1000:.4f}%")
    assert [side.groups.compact() for _ in range(2)] == [True, False]
    assert len(side.groups._triggers) == 1
    side.leave(*side.armed)
    assert not side.groups.compact()


def test_a_heap_that_is_mostly_alive_is_left_alone():
    side = Side()
    side.join("a", 100.0)
    heap = [(Decimal(1), 1, side.armed["a"])] * 66
    assert not compact_heap(heap, 1)


# Highs.


def test_many_highs_between_two_drains_are_one_mark():
    side = Side()
    side.join("a", 100.0)
    for x in (101.0, 102.0, 103.0):
        side.groups.rise(x)
    assert (side.groups.drain_highs(), side.groups.drain_highs()) == ([103.0], [])
    assert side.groups.highs_count == 1


def test_a_high_closes_before_a_trade_joins_that_did_not_see_it():
    side = Side()
    side.join("a", 100.0)
    side.groups.rise(105.0)
    side.join("saw no less", 105.0)
    assert side.groups.highs_count == 0
    side.join("saw less", 103.0)
    assert (side.groups.highs_count, side.groups.moved) == (1, True)
    side.groups.rise(104.0)
    assert (side.groups.drain_highs(), side.groups.moved) == ([105.0, 104.0], False)
    assert side.groups.highs_count == 2


names = st.sampled_from("abcdef")
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("price"), st.integers(90, 110)),
        st.tuples(st.just("join"), names, st.integers(90, 110)),
        st.tuples(st.just("leave"), names),
        st.tuples(st.just("write"), names),
        st.tuples(st.just("drain")),
    ),
    max_size=60,
)


@given(happenings)
def test_marks_put_onto_rows_written_at_any_moment_give_the_exact_best_prices(script):
    side, marks = Side(), []
    best: dict[str, float] = {}  # by the definition: the highest price since it joined
    rows: dict[str, tuple[float, int]] = {}
    for what, *args in script:
        match what, args:
            case "price", [price]:
                side.groups.lift(float(price))
                best = {name: max(high, float(price)) for name, high in best.items()}
            case "join", [name, at] if name not in best:
                best[name] = float(at)
                side.join(name, float(at), "50%")
                rows[name] = (float(at), side.groups.highs_count)
            case "leave", [name] if name in best:
                side.leave(name)
                del best[name], rows[name]
            case "write", [name] if name in best:
                rows[name] = (best[name], side.groups.highs_count)
            case "drain", []:
                marks += side.groups.drain_highs()
                assert len(marks) == side.groups.highs_count
        assert {name: side.best(name) for name in best} == best
    marks += side.groups.drain_highs()
    assert {name: max([high, *marks[count:]]) for name, (high, count) in rows.items()} == best
