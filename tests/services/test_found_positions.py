"""A person's word on a position that was found is on disk before it is answered."""

import pytest

from tests.api.test_found import KEY, found
from tests.api.world import running
from tests.playbook import rules
from tradebot.core.adoption.found import Stage
from tradebot.core.adoption.strategies import Match, Strategy
from tradebot.core.guard.trades import PriceSource
from tradebot.core.inputs import PolicyChanged
from tradebot.core.policy import AdoptPolicy, Policy
from tradebot.errors import InputError, NotFoundError, RefusedError, StoreError
from tradebot.services.found_positions import found_id

NAME = found_id(KEY)
CASH = Strategy(name="cash", match=Match(), rules=rules(stop="5pts"))


@pytest.fixture
async def world():
    async with running() as made:
        adopt = AdoptPolicy(account="main", strategies=(CASH,))
        await made.put(PolicyChanged(Policy(adopt=adopt)))
        await found(made)
        yield made


def refuse_every_disk(world):
    world.store.refuses = "write"

    def refuse():
        raise StoreError("the disk is gone")

    world.journal.sync = refuse


async def test_one_is_adopted_by_rules_of_ones_own(world):
    told = await world.found.adopt(
        NAME,
        {
            "stop": "@790",
            "target": "1%",
            "entry_price": 801,
            "strategy": "mine",
            "past_stop": "exit",
            "price_source": "mid",
            "tag": "by hand",
        },
    )
    assert (told["entry_price"], told["strategy"], told["past_stop"]) == (801, "mine", "exit")
    assert (told["price_source"], told["tag"]) == ("mid", "by hand")
    kept = await world.store.power_cut().load()
    assert [saved.trade.trade_id for saved in kept.trades] == ["adopted-1"]
    assert kept.findings.found == ()


async def test_without_rules_they_are_those_of_its_strategy(world):
    (row,) = world.found.listed()
    assert row["strategy"] == "cash"
    told = await world.found.adopt(NAME, {})
    assert (told["strategy"], told["stop"]) == ("cash", "5pts")
    assert told["price_source"] == PriceSource.LAST


async def test_more_targets_than_units_are_refused(world):
    with pytest.raises(InputError, match="more than the quantity 10"):
        await world.found.adopt(NAME, {"target": [{"at": "1%", "quantity": 11}]})


async def test_what_is_ignored_is_so_on_disk(world):
    assert (await world.found.ignore(NAME))["state"] == "ignored"
    kept = await world.store.power_cut().load()
    assert [one.stage for one in kept.findings.found] == [Stage.IGNORED]


async def test_what_is_guarded_is_on_the_list_no_more(world):
    await world.found.adopt(NAME, {})
    assert world.found.listed() == []
    for call in (world.found.adopt(NAME, {}), world.found.ignore(NAME)):
        with pytest.raises(NotFoundError, match="no position 'NSE:SBIN:MIS' waits"):
            await call


async def test_what_is_guarded_is_named_and_so_is_what_was_meant(world):
    for name in ("NSE:SBIN:CNC", "nse:sbin:mis"):
        with pytest.raises(NotFoundError, match="to be adopted; did you mean NSE:SBIN:MIS"):
            await world.found.adopt(name, {})
    with pytest.raises(NotFoundError, match=r"to be adopted$"):
        await world.found.adopt("NFO:NIFTY24NOV26FUT:NRML", {})
    await world.found.adopt(NAME, {})
    with pytest.raises(NotFoundError, match="to be adopted: adopted-1 guards it"):
        await world.found.adopt(NAME, {})


async def test_what_the_engine_refuses_is_refused(world):
    await found(world, key=KEY._replace(product="NRML"), average=None)
    with pytest.raises(RefusedError, match="entry_price is missing"):
        await world.found.adopt("NSE:SBIN:NRML", {"stop": "1%"})


async def test_a_word_that_no_disk_takes_is_in_force_and_says_so(world):
    refuse_every_disk(world)
    with pytest.raises(StoreError, match="position NSE:SBIN:MIS is ignored, but only in memory"):
        await world.found.ignore(NAME)
    with pytest.raises(StoreError, match="trade adopted-1 is guarded, but only from memory"):
        await world.found.adopt(NAME, {})
    assert "adopted-1" in world.book.trades


async def test_positions_that_wait_are_a_doubt(world):
    (doubt,) = world.trades.doubts()
    assert doubt.startswith("1 position at the broker waits to be adopted")
    await world.found.ignore(NAME)
    assert world.trades.doubts() == []
