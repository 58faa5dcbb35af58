"""What a path of prices does to a trade: stories worked by hand from the text of the rules."""

import pytest

from tests.core.written_rules import levels, story
from tradebot.core.guard.trades import Marks

LONG, SHORT = ("LONG", "800"), ("SHORT", "800")


@pytest.mark.parametrize(
    ("side_entry", "words", "prices", "told"),
    [
        # Levels are inclusive, and a touch is enough.
        (LONG, {"stop": "2%"}, [784.05, 784.0], ["stop 784.00"] * 2 + ["leave stop 784.00"]),
        (SHORT, {"stop": "2%"}, [815.95, 816.0], ["stop 816.00"] * 2 + ["leave stop 816.00"]),
        (LONG, {"target": "2%"}, [815.95, 816.0], ["no stop"] * 2 + ["leave target 816.00"]),
        (SHORT, {"target": "2%"}, [784.05, 784.0], ["no stop"] * 2 + ["leave target 784.00"]),
        # A trade with a target alone stays at its entry, and falls as far as it likes.
        (LONG, {"target": "2%"}, [800.0, 0.05], ["no stop"] * 3),
        (SHORT, {"target": "2%"}, [800.0, 1600.0], ["no stop"] * 3),
        # A gap leaves with the level that was passed; a stop goes before a target.
        (LONG, {"stop": "2%"}, [700.0], ["stop 784.00", "leave stop 784.00"]),
        (LONG, {"stop": "@830", "target": "@820"}, [825.0], ["stop 830.00", "leave stop 830.00"]),
        (SHORT, {"stop": "@770", "target": "@780"}, [775.0], ["stop 770.00", "leave stop 770.00"]),
        # A trail follows the best price and never falls back.
        (
            *(LONG, {"trail": "5pts"}, [799.0, 806.0, 802.0, 801.0]),
            ["trail 795.00", "trail 795.00", "trail 801.00", "trail 801.00", "leave trail 801.00"],
        ),
        (
            *(SHORT, {"trail": "5pts"}, [801.0, 794.0, 798.0, 799.0]),
            ["trail 805.00", "trail 805.00", "trail 799.00", "trail 799.00", "leave trail 799.00"],
        ),
        # A percent trail is of the best price, not of the entry.
        (LONG, {"trail": "10%"}, [879.95, 900.0], ["trail 720.00", "trail 792.00", "trail 810.00"]),
        (SHORT, {"trail": "10%"}, [700.0], ["trail 880.00", "trail 770.00"]),
        (LONG, {"trail": "0.33%"}, [], ["trail 797.40"]),  # 797.36
        (SHORT, {"trail": "0.33%"}, [], ["trail 802.60"]),  # 802.64
        # Activation is inclusive, and once.
        (
            *(LONG, {"trail": "5pts", "activation": "4pts"}, [803.95, 804.0, 800.0, 804.5]),
            ["no stop", "no stop", "trail 799.00", "trail 799.00", "trail 799.50"],
        ),
        (
            *(SHORT, {"trail": "5pts", "activation": "0.5%"}, [796.05, 796.0, 800.0]),
            ["no stop", "no stop", "trail 801.00", "trail 801.00"],
        ),
        # An activation of exactly 0 fires, at the entry and not before.
        (
            *(LONG, {"trail": "5pts", "activation": "0pts"}, [799.95, 800.0]),
            ["no stop", "no stop", "trail 795.00"],
        ),
        # An activation under a tick is reached by the next tick, not by the entry.
        (
            *(LONG, {"trail": "5pts", "activation": "0.01pts"}, [800.0, 800.05]),
            ["no stop", "no stop", "trail 795.05"],
        ),
        # A stop holds until a tighter trail takes over.
        (
            *(LONG, {"stop": "4pts", "trail": "5pts"}, [800.5, 801.05]),
            ["stop 796.00", "stop 796.00", "trail 796.05"],
        ),
        # Steps are counted from the entry, or from the activation.
        (
            *(LONG, {"trail": "3pts", "step": "2pts"}, [801.95, 802.0, 807.95, 806.0]),
            ["trail 797.00", "trail 797.00", "trail 799.00", "trail 803.00", "trail 803.00"],
        ),
        (
            *(SHORT, {"trail": "3pts", "step": "2pts"}, [798.05, 798.0, 792.05]),
            ["trail 803.00", "trail 803.00", "trail 801.00", "trail 797.00"],
        ),
        (
            *(LONG, {"trail": "2pts", "activation": "3pts", "step": "2pts"}, [804.0, 805.0, 808.5]),
            ["no stop", "trail 801.00", "trail 803.00", "trail 805.00"],
        ),
        # Steps of a percent are of the entry; the trail of the stepped price.
        (LONG, {"trail": "10%", "step": "1%"}, [815.0], ["trail 720.00", "trail 727.20"]),
        # Steps under a tick: 800.05 is two steps of 0.02 and a bit.
        (LONG, {"trail": "5pts", "step": "0.02pts"}, [800.05], ["trail 795.00", "trail 795.05"]),
        # At least one tick is left to the best price, or to its step.
        (LONG, {"trail": "0.01pts"}, [800.5], ["trail 799.95", "trail 800.45"]),
        (SHORT, {"trail": "0.01pts"}, [799.5], ["trail 800.05", "trail 799.55"]),
        (LONG, {"trail": "0.06pts"}, [], ["trail 799.95"]),
        (LONG, {"trail": "0.01pts"}, [800.03], ["trail 799.95", "trail 799.95"]),
        (SHORT, {"trail": "0.01pts"}, [799.97], ["trail 800.05", "trail 800.05"]),
        (LONG, {"trail": "1pts", "step": "0.98pts"}, [801.0], ["trail 799.00", "trail 800.00"]),
        (LONG, {"trail": "0.96pts", "step": "0.98pts"}, [801.0], ["trail 799.05", "trail 800.05"]),
        # Break-even needs no stop, is inclusive, and once.
        (
            *(LONG, {"breakeven": "5pts"}, [804.95, 805.0, 800.05, 806.0, 800.0]),
            ["no stop", "no stop", *["breakeven 800.00"] * 3, "leave breakeven 800.00"],
        ),
        (
            *(SHORT, {"breakeven": "1%", "lock": "0.13pts"}, [792.05, 792.0, 799.85]),
            ["no stop", "no stop", "breakeven 799.85", "leave breakeven 799.85"],
        ),
        (LONG, {"breakeven": "5pts", "lock": "0.13pts"}, [805.0], ["no stop", "breakeven 800.15"]),
        # A stop that is tighter than the break-even stays in force.
        (LONG, {"stop": "@801", "breakeven": "5pts"}, [805.0], ["stop 801.00", "stop 801.00"]),
        # A tie is told as the first of stop, breakeven, trail.
        (LONG, {"stop": "5pts", "trail": "5pts"}, [800.0], ["stop 795.00"] * 2),
        (LONG, {"stop": "@800", "breakeven": "5pts"}, [805.0], ["stop 800.00"] * 2),
        (
            LONG,
            {"breakeven": "5pts", "trail": "5pts"},
            [805.0],
            ["trail 795.00", "breakeven 800.00"],
        ),
        (
            *(SHORT, {"breakeven": "5pts", "trail": "5pts"}, [795.0, 794.95]),
            ["trail 805.00", "breakeven 800.00", "trail 799.95"],
        ),
    ],
)
def test_what_a_path_of_prices_does_to_a_trade(side_entry, words, prices, told):
    assert story(levels(*side_entry, **words), Marks(), prices) == told
