"""A restart goes on where the last life stood, to the tick."""

import pytest

from tests.playbook import Playbook, a_trade


@pytest.mark.parametrize("side", ["LONG", "SHORT"])
@pytest.mark.parametrize(
    "words",
    [
        {"trail": "5pts"},
        {"trail": "1%"},
        {"trail": "5pts", "step": "2pts"},
        {"trail": "5pts", "activation": "3pts"},
        {"trail": "5pts", "activation": "1pts", "step": "0.5%"},
        {"trail": "5pts", "breakeven": "2pts"},
        {"trail": "5pts", "target": [("1pts", "3"), ("20pts", None)]},
    ],
)
def test_the_best_price_of_every_kind_of_trail_survives_a_kill_at_any_tick(side, words):
    sign = 1 if side == "LONG" else -1
    story = Playbook(a_trade(side=side, **words))
    for gain in (0.5, 1.1, 2.3, 3.0, 4.45, 6.1, 5.0, 8.7, 8.6, 9.95):
        assert story >> 800 + sign * gain
        alive = story.trade()
        assert story.restarted().trade() == alive
    assert alive.marks.best_price == 800 + sign * 9.95
