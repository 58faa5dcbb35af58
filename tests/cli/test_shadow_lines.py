"""What a shadow would have left reads on one line, with what that was worth."""

import pytest

from tests.api.world import LONG
from tests.cli.test_watch import a_view, an_exit, daemon, drawn
from tradebot.cli.shadow_lines import BANNER, line, summary, with_outcomes
from tradebot.cli.trade_table import exit_line
from tradebot.cli.watch import plain, screen
from tradebot.core.inputs import OrderSide


def an_outcome(**fields):
    return {
        "trade_id": "T2",
        "exit_price": 41.2,
        "ltp": 39.75,
        "open": 100,
        "left": 0,
        "left_price": None,
        "saved": 145,
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "saved ▲ +145.00 (now 39.75)"),
        ({"saved": -20, "ltp": 41.4}, "cost ▼ -20.00 (now 41.40)"),
        ({"saved": 0, "ltp": 41.2}, "saved 0.00 (now 41.20)"),
        ({"saved": None, "ltp": None}, "worth not known (now –)"),
        (
            {"open": 60, "left": 40, "left_price": 40.5},
            "saved ▲ +145.00 (you left 40 at 40.50, now 39.75)",
        ),
        ({"open": 0, "left": 100, "left_price": 40.5}, "saved ▲ +145.00 (you left at 40.50)"),
        ({"open": 0, "saved": None}, "worth not known (your own exit is not known)"),
    ],
)
def test_an_exit_says_what_would_have_left_and_what_that_was_worth(fields, told):
    text = line(an_exit(reason="trail", side="LONG"), an_outcome(**fields))
    assert text.endswith(f"would leave T2 at 41.20: trail  NSE:TCS  LONG 4  {told}")


def test_all_of_them_make_one_sum():
    found = {"exits": [an_outcome(), an_outcome()], "saved": -12.5}
    assert summary(found) == "2 exits on paper, cost ▼ -12.50 in all"
    assert summary({"exits": [an_outcome()], "saved": 3}).startswith("1 exit on paper, saved")


def test_a_trade_has_the_outcome_of_its_own_name():
    found = {"exits": [an_outcome()], "saved": 145}
    mine, other = with_outcomes([an_exit(), an_exit(trade_id="T9")], found)
    assert "would leave T2" in exit_line(mine)
    assert "3,000.00 -> 3,020.50" in exit_line(other)
    assert with_outcomes([an_exit()], None) == [an_exit()]


def test_a_view_of_a_shadow_says_that_nothing_is_sent():
    found = {"exits": [an_outcome()], "saved": 145}
    exits = with_outcomes([an_exit()], found)
    view = a_view(exits=exits, mode="shadow", shadow=found)
    title, banner, *_, head, told = plain(view)
    assert title.startswith("SHADOW  ready")
    assert banner == BANNER
    assert head == "last exits: 1 exit on paper, saved ▲ +145.00 in all"
    assert "would leave T2" in told
    shown = drawn(screen(view))
    assert BANNER in shown
    assert "38;2;38;166;154m" in shown  # by what it saved, not by what the trade lost


@pytest.fixture
async def world(tmp_path):
    async with daemon(tmp_path, mode="shadow") as made:
        yield made


async def test_a_shadow_is_watched_with_its_outcomes_and_its_status_has_their_sum(world, shell):
    await world.bought(20)
    await world.trades.create(LONG)
    await world.trades.exit("T1")
    await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 791.05)
    outcome = an_outcome(trade_id="T1", exit_price=791.05)
    world.shadow = {"exits": [outcome], "saved": 145}
    code, out, _ = await shell.run("watch", "--once")
    assert code == 0
    assert BANNER in out
    assert "would leave T1 at 791.05: manual" in out
    code, out, _ = await shell.run("status")
    assert "shadow         1 exit on paper, saved ▲ +145.00 in all; nothing is sent" in out
    assert "would leave T1 at 791.05: manual" in out
    _, told = await shell.json("status")
    assert told["shadow"]["saved"] == 145
