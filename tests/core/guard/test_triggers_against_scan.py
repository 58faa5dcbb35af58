"""Index and plain scan leave alike on random paths, and a faulty index is noticed."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.index_paths import Figures, walk
from tests.soak import index_against_scan
from tests.soak.__main__ import main as soak
from tradebot.core.guard import trail_groups, triggers
from tradebot.core.guard.triggers import Triggers


def test_the_index_leaves_as_the_plain_scan_does_on_random_paths():
    total = Figures()
    for seed in range(300):
        total = total.plus(walk(seed))
    assert total.mismatches == ()
    assert total.exits > 4_000
    assert total.woken < total.ticks  # of two sides each


def mutated(module: ModuleType, old: str, new: str) -> ModuleType:
    """Return a copy of a module in which one piece of the source is another."""
    assert module.__file__ is not None
    source = Path(module.__file__).read_text()
    assert source.count(old) == 1, f"{old!r} is {source.count(old)} times in {module.__name__}"
    spec = importlib.util.spec_from_loader(module.__name__, loader=None)
    assert spec is not None
    copy = importlib.util.module_from_spec(spec)
    exec(compile(source.replace(old, new), "<mutant>", "exec"), copy.__dict__)
    return copy


def index_with(old: str, new: str) -> type[Triggers]:
    assert triggers.__file__ is not None
    if old in Path(triggers.__file__).read_text():
        mutant: type[Triggers] = mutated(triggers, old, new).Triggers
        return mutant
    groups = mutated(trail_groups, old, new)

    class Mutant(Triggers):
        def __init__(self, sign: int, highs_count: int = 0) -> None:
            super().__init__(sign, highs_count)
            self._trails = groups.TrailGroups(sign, highs_count)

    return Mutant


MUTANTS = {
    "a new high passes the next group": ("min(up, trails.next_best)", "up"),
    "a new high passes a target": ("min(up, trails.next_best)", "trails.next_best"),
    "a new high is taken under a fixed stop": ("self.floor < x < self._limit", "x < self._limit"),
    "stops are exclusive": ("-stops[0][0] >= x", "-stops[0][0] > x"),
    "targets are exclusive": ("ups[0][0] <= x", "ups[0][0] < x"),
    "trails are exclusive": ("and x <= self.floor:", "and x < self.floor:"),
    "a stale stop is returned": (
        "armed = heappop(stops)[2]\n            if armed.alive",
        "armed = heappop(stops)[2]\n            if armed",
    ),
    "a trade that left keeps its entries": ("        armed.alive = False\n", ""),
    "an activation starts at the entry": (
        "join(armed, self._sign * best,",
        "join(armed, self._sign * float(levels.entry if levels.activation else best),",
    ),
    "an inactive trail without an activation sleeps": (
        "-inf if levels.activation is None",
        "inf if levels.activation is None",
    ),
    "a taken break-even is no stop": (
        "if marks.breakeven_done and levels.breakeven is not None",
        "if False",
    ),
    "a break-even is not awaited": ("and not marks.breakeven_done", "and False"),
    "a step is not awaited": (
        "    if levels.step is not None:\n        at =",
        "    if False:\n        at =",
    ),
    "a stepped trail follows every tick": (
        "    if levels.step is not None:\n        return True",
        "    if False:\n        return True",
    ),
    "a trail that stands is no stop": ("if stands_by is not None:", "if False:"),
    "an average entry stands after a new high": ("if best_price == entry:", "if False:"),
    "the others miss a high that reaches somebody": (
        "        self._trails.lift(x)\n",
        "        if not reached:\n            self._trails.lift(x)\n",
    ),
    "parked groups sleep": ("trails.parked_floor())", "-inf)"),
    "points are not padded": ("max(float(points) - self._tick, self._tick)", "float(points)"),
    "a percent is not padded": ("x * self._factor + tick", "x * self._factor"),
    "a trail's least distance is forgotten": (
        "max(float(points) - self._tick, self._tick)",
        "float(points) - self._tick * 0 - self._tick / 2",
    ),
    "a merge keeps the smaller heap": ("    return large\n", "    return small\n"),
    "a merge forgets members": ("    keep.members += gone.members\n", ""),
    "a merge leaves no way to the new group": ("    gone.into, gone", "    _, gone"),
    "a merged group stays measured as it was": (
        "        self._top = top\n        self._reach, self._factor = self._measure(top)\n",
        "        self._top = top\n",
    ),
    "a covered group sleeps": ("            self._park_trigger(self._top, self.floor)\n", ""),
    "an uncovered group keeps the old distances": (
        "inf\n        self._reach, self._factor = self._measure(group)\n",
        "inf\n",
    ),
    "a tighter member does not tighten": ("if heap[0][2] is armed:", "if False:"),
    "a trade joins whatever group is near": ("and self._keys[place] == -best", ""),
    "distances are floats": (
        "(levels.trail_by.value, armed.s",
        "(float(levels.trail_by.value), armed.s",
    ),
    "a high is not recorded": ("self.best = self._open = x", "self.best = x"),
    "a high from before lifts who joins after it": ("if self._open > best:", "if False:"),
    "a mark is counted twice": ("self.highs_count += 1", "self.highs_count += 2"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_differential_notices_an_index_in_which(name):
    make = index_with(*MUTANTS[name])
    assert any(walk(seed, make).mismatches for seed in range(1_000))


def test_the_differential_finds_nothing_in_a_copy_that_is_no_mutant():
    for make in (index_with("min(up, trails", "min(up, trails"), index_with("< x:", "< x:")):
        assert not any(walk(seed, make).mismatches for seed in range(10))


def test_the_soak_tells_a_mismatch_by_its_exit_code(monkeypatch, capsys):
    assert soak([]) == 0
    assert "index_against_scan" in capsys.readouterr().out
    assert soak(["no_such_soak"]) == 2
    assert soak(["index_against_scan", "--paths", "2", "--start", "5"]) == 0
    assert "paths 2 (next --start 7)" in capsys.readouterr().out
    told = Figures(paths=1, mismatches=("path 5: wrong",))
    monkeypatch.setattr(index_against_scan, "walk", lambda _: told)
    assert soak(["index_against_scan", "--paths", "1", "--start", "5"]) == 1
    assert "path 5: wrong" in capsys.readouterr().out
