"""An exit survives a death at every step, whatever becomes of its request."""

import json

import pytest

from tests.sim.exhaustive import ALL, Point, live, main, outcomes

# The long run takes every step (``python -m tests.soak simulate_exhaustive``).
STEPS = range(7, 361, 41)


@pytest.mark.parametrize("fate", ALL)
def test_exactly_the_trade_leaves_wherever_the_process_dies(fate):
    for outcome in outcomes(STEPS, fates=[fate]):
        assert not outcome.wrong, outcome.point


def test_the_fates_are_told_apart():
    """Were they all the same, their exits would take the same number of steps."""
    steps = {fate: live(Point(fate=fate, tagged=True)).steps for fate in ALL}
    assert len(set(steps.values())) >= 8


def test_a_run_ends_with_its_figures(capsys):
    assert main(["--fate", "acked", "--broker", "plain", "--stride", "50"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(told) == ["points", "fates", "wrong", "seconds"]
    assert (told["points"], told["fates"], told["wrong"]) == (11, 1, 0)


@pytest.mark.parametrize("argv", [["--stride", "0"], ["--fate", "kind"]])
def test_a_wrong_call_is_a_2(argv, capsys):
    assert main(argv) == 2
    assert "usage" in capsys.readouterr().err
