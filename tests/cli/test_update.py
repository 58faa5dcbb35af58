"""A trade's rules are changed as they were seen, and a stop loosens only when that is meant."""

import pytest

from tests.api.world import LONG
from tests.cli.commanding import nobody, types


@pytest.fixture
async def trade(world):
    """A long of 10 from 800, stop 792, target 830, LTP 805."""
    await world.bought()
    await world.trades.create(LONG)
    await world.tick(805.0)
    return lambda: world.book.trades["T1"].rules


async def test_the_levels_are_shown_before_and_after(world, trade, shell):
    code, out, err = await shell.run("update", "T1", "--stop", "0.5%", "--trail-by", "1%")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "T1  LONG 10 NSE:SBIN",
        "        BEFORE                  AFTER",
        "stop    1% = 792.00 (-1.61%)    0.5% = 796.00 (-1.12%)",
        "target  @830 = 830.00 (+3.11%)  @830 = 830.00 (+3.11%)",
        "trail   –                       by 1% = 792.00 (-1.61%)",
    ]
    assert str(trade().stop) == "0.5%"


async def test_a_level_stands_beside_the_rule_whose_it_is(world, trade, shell):
    out = (await shell.run("update", "T1", "--trail-by", "0.5%"))[1].splitlines()
    assert out[2].split("  ")[-1].strip() == "1% (the trail is nearer)"
    assert out[-1].split("  ")[-1].strip() == "by 0.5% = 796.00 (-1.12%)"


async def test_a_time_exit_shows_when_that_is(world, trade, shell):
    code, out, _ = await shell.run("update", "T1", "--time-after", "45m")
    assert code == 0
    assert out.splitlines()[-1].startswith("time    –")
    assert "after 45m (2026-01-05 " in out
    code, out, _ = await shell.run("update", "T1", "--remove", "time")
    assert out.splitlines()[-1].rstrip().endswith("–")
    assert trade().time_exit is None


async def test_a_stop_that_loosens_asks_a_person(world, trade, shell, monkeypatch):
    types(monkeypatch, "n")
    code, out, err = await shell.run("update", "T1", "--stop", "2%")
    assert (code, out) == (1, "")
    assert err == (
        "! the stop goes from 1% to 2%, away from the entry\n"
        "Change T1  LONG 10 NSE:SBIN all the same? [y/N] nothing was changed\n"
    )
    assert str(trade().stop) == "1%"
    types(monkeypatch, "y")
    assert (await shell.run("update", "T1", "--stop", "2%"))[0] == 0
    assert str(trade().stop) == "2%"


async def test_a_script_says_yes_to_a_stop_that_loosens(world, trade, shell, monkeypatch):
    nobody(monkeypatch)
    code, _, err = await shell.run("update", "T1", "--stop", "2%")
    assert code == 2
    assert err.endswith("tradebot: nobody is here to confirm; say --yes\n")
    assert str(trade().stop) == "1%"
    assert (await shell.run("update", "T1", "--stop", "2%", "--yes"))[0] == 0


async def test_a_stop_beyond_the_price_asks_too(world, trade, shell, monkeypatch):
    nobody(monkeypatch)
    code, _, err = await shell.run("update", "T1", "--stop", "@806")
    assert code == 2
    assert "! the LTP 805 is at the stop @806 already: the trade is left at once" in err


async def test_json_tells_the_trade_before_and_after(world, trade, shell):
    code, told = await shell.json("update", "T1", "--stop", "2%", "--yes")
    assert code == 0
    assert (told["before"]["stop"], told["after"]["stop"]) == ("1%", "2%")
    assert told["after"]["stop_level"] == 784
    assert told["warnings"] == ["the stop goes from 1% to 2%, away from the entry"]


async def test_a_trade_that_changed_meanwhile_is_left_as_it_is(world, trade, shell, monkeypatch):
    (old,) = list(world.trades.active()[0])
    await world.trades.update({"trade_id": "T1", "stop": "0.9%"})
    monkeypatch.setattr("tradebot.cli.update.open_trades", lambda _: [old])
    code, out, err = await shell.run("update", "T1", "--stop", "0.5%")
    assert (code, out) == (1, "")
    assert err == "tradebot: T1 was changed meanwhile; look at it and say it again\n"
    assert str(trade().stop) == "0.9%"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["T9", "--stop", "1%"], 1, "there is no open trade T9"),
        (["T1"], 2, "say what to change"),
        (["T1", "--stop", "5x"], 2, "stop = '5x' is not a level"),
        (["T1", "--target", "1%:99"], 2, "are more than the quantity 10"),
        (["T1", "--stop", "1%", "--remove", "stop"], 2, "stop is set and removed at once"),
    ],
)
async def test_what_cannot_be_changed_is_one_line(trade, shell, words, code, says):
    ended, out, err = await shell.run("update", *words)
    assert (ended, out) == (code, "")
    assert says in err
    assert err.count("\n") == 1


async def test_a_trade_that_is_being_left_keeps_its_rules(world, trade, shell):
    await world.trades.exit("T1")
    code, _, err = await shell.run("update", "T1", "--stop", "0.5%")
    assert code == 1
    assert "T1 is being left" in err


async def test_a_trade_without_an_entry_or_price_has_rules_without_levels(world, shell):
    pending = {key: LONG[key] for key in ("exchange", "symbol", "side", "quantity", "stop")}
    await world.trades.create(pending | {"order_id": "P1"})
    code, out, _ = await shell.run("update", "T1", "--stop", "2%")
    assert code == 0
    assert out.splitlines()[-1] == "stop  1%      2%"
