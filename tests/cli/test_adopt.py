"""Positions that no trade guards are listed, adopted and left alone from the command line."""

import pytest

from tests.api.test_found import KEY, found
from tradebot.core.account.positions import Frozen
from tradebot.core.inputs import PolicyChanged
from tradebot.core.policy import AdoptPolicy, Policy


@pytest.fixture
async def position(world):
    """Ten SBIN at 800 that wait for a person."""
    await world.put(PolicyChanged(Policy(adopt=AdoptPolicy(account="main"))))
    await found(world)


@pytest.mark.usefixtures("position")
async def test_what_waits_is_listed(shell):
    code, out, err = await shell.run("adopt")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "POSITION      SIDE  QUANTITY  AVERAGE  STATE    STRATEGY  WHY",
        "NSE:SBIN:MIS  LONG        10   800.00  waiting  –         it was there at the first start",
    ]
    assert (await shell.json("adopt"))[1]["found"][0]["found_id"] == "NSE:SBIN:MIS"


@pytest.mark.usefixtures("world")
async def test_nothing_is_said_as_a_sentence(shell):
    assert (await shell.run("adopt"))[:2] == (
        0,
        "every position that was seen at the broker has a trade\n",
    )


@pytest.mark.usefixtures("position")
async def test_one_is_guarded_by_the_rules_that_are_given(world, shell):
    code, out, err = await shell.run(
        "adopt", "NSE:SBIN:MIS", "--stop", "5pts", "--trail-by", "1%", "--time-at", "15:10",
        "--past-stop", "exit", "--strategy", "mine", "--entry-price", "801",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "adopted-1  LONG 10 NSE:SBIN from 801.00",
        "guarded by stop 5pts; trail by 1%; time at 15:10",
    ]
    trade = world.book.trades["adopted-1"]
    assert (trade.strategy, trade.past_stop) == ("mine", "exit")


@pytest.mark.usefixtures("position")
async def test_what_nothing_guards_yet_is_not_said_to_be_guarded(world, shell):
    out = (await shell.run("adopt", "NSE:SBIN:MIS", "--stop", "5pts"))[1]
    assert out.splitlines()[-1] == "guarded by stop 5pts, from the first price that comes"
    await found(world, key=KEY._replace(product="NRML"))
    await world.tick(790)
    out = (await shell.run("adopt", "NSE:SBIN:NRML", "--stop", "5pts"))[1]
    assert out.splitlines()[-1] == (
        "! NOT guarded by stop 5pts at LTP 790.00: tradebot why adopted-2"
    )
    told = (await shell.run("why", "adopted-2"))[1]
    assert "was beyond the stop 795 from the start" in told


@pytest.mark.usefixtures("position")
async def test_what_is_frozen_waits_for_more_than_a_price(world, shell):
    world.book.frozen[KEY] = Frozen(why="the books differ", since_ns=1, say_at_ns=2**62)
    out = (await shell.run("adopt", "NSE:SBIN:MIS", "--stop", "5pts"))[1]
    assert out.splitlines()[-1] == ("! NOT guarded by stop 5pts at LTP –: tradebot why adopted-1")


@pytest.mark.usefixtures("position")
async def test_one_is_ignored_and_may_still_be_adopted(shell):
    code, out, _ = await shell.run("adopt", "NSE:SBIN:MIS", "--ignore")
    assert (code, out) == (0, "NSE:SBIN:MIS is left alone until it is flat\n")
    assert "ignored" in (await shell.run("adopt"))[1]
    code, trade = await shell.json("adopt", "NSE:SBIN:MIS", "--target", "@830")
    assert (code, trade["target"]) == (0, "@830")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--stop", "1%"), 2, "say which position: tradebot adopt NSE:SBIN:MIS"),
        (("--ignore",), 2, "--ignore takes a position, and nothing else"),
        (("NSE:SBIN:MIS", "--ignore", "--stop", "1%"), 2, "--ignore takes a position"),
        (("NSE:SBIN:MIS", "--trail-step", "1%"), 2, "there is no trail yet: --trail-by"),
        (("NSE:SBIN:MIS", "--stop", "1"), 2, "stop"),
        (("NSE:SBIN:MIS", "--remove", "stop"), 2, "--remove"),
        (("NSE:SBIN:NRML", "--stop", "1%"), 1, "no position 'NSE:SBIN:NRML' waits"),
        (("NSE:SBIN:MIS",), 1, "no strategy has rules for NSE:SBIN MIS"),
    ],
)
@pytest.mark.usefixtures("position")
async def test_what_cannot_be_is_refused_with_the_reason(world, shell, words, code, says):
    got, _, err = await shell.run("adopt", *words)
    assert (got, says in err) == (code, True), err
    assert KEY not in {trade.key for trade in world.book.trades.values()}
