"""An instrument is known before anything is decided on it, as far as anybody says what it is."""

import asyncio

import msgspec
import pytest

from tests.api.world import LONG, SBIN, running
from tradebot.core.inputs import InstrumentsLoaded
from tradebot.errors import RefusedError
from tradebot.ports import Unlisted
from tradebot.services.describing import Describing

NAME = "NSE:TCS"
TCS = msgspec.structs.replace(SBIN, symbol="TCS")


class Listed:
    """A catalogue that is a dictionary; what is not in it cannot be said, or hangs."""

    def __init__(self, said, *, hangs=()) -> None:
        self.said = said
        self.hangs = hangs
        self.asked: list[str] = []

    async def describe(self, name):
        self.asked.append(name)
        if name in self.hangs:
            await asyncio.Event().wait()
        return self.said.get(name)


@pytest.fixture
async def world():
    async with running() as made:
        yield made


def describing(world, said, **words):
    catalogue = Listed(said, **words)
    made = Describing(world.loop, catalogue, say=world.say, new_s_max=0.02, start_s_max=0.05)
    return made, catalogue


async def test_what_is_not_known_is_asked_for_once(world):
    made, catalogue = describing(world, {NAME: TCS})
    await made.learn(NAME)
    await made.learn(NAME)
    assert world.book.instruments[NAME] == TCS
    assert catalogue.asked == [NAME]


async def test_what_is_known_is_not_asked_for(world):
    await world.loop.command(InstrumentsLoaded((SBIN,)))
    made, catalogue = describing(world, {})
    await made.learn(SBIN.id)
    assert catalogue.asked == []


async def test_what_there_is_not_is_refused_with_the_reason(world):
    made, _ = describing(world, {NAME: Unlisted('no NSE:TCS; did you mean "TCI"?')})
    with pytest.raises(RefusedError, match="did you mean") as refused:
        await made.learn(NAME)
    assert refused.value.field == "symbol"
    assert NAME not in world.book.instruments


@pytest.mark.parametrize("hangs", [(), (NAME,)])
async def test_what_nobody_says_in_time_is_guarded_on_a_guess(world, hangs):
    made, _ = describing(world, {}, hangs=hangs)
    world.trades._learn = made.learn
    trade = await world.trades.create({**LONG, "symbol": "TCS"})
    assert trade["status"] == "ACTIVE"
    assert world.book.instruments[NAME].guessed
    assert world.book.trades["T1"].tick_size is None


async def test_a_trade_of_what_there_is_not_is_refused(world):
    made, _ = describing(world, {NAME: Unlisted("no such thing")})
    world.trades._learn = made.learn
    with pytest.raises(RefusedError, match="no such thing"):
        await world.trades.create({**LONG, "symbol": "TCS"})
    assert world.book.trades == {}


async def test_a_start_takes_what_it_is_told_in_time(world):
    made, catalogue = describing(world, {NAME: TCS, "NSE:X": Unlisted("")}, hangs=("NSE:SLOW",))
    found = await made.at_start([NAME, "NSE:SLOW", NAME, "NSE:X"])
    assert list(found) == [TCS]
    assert sorted(catalogue.asked) == ["NSE:SLOW", NAME, "NSE:X"]


async def test_a_start_without_anything_held_asks_nobody(world):
    made, catalogue = describing(world, {})
    assert list(await made.at_start([])) == []
    assert catalogue.asked == []


async def test_where_all_is_known_from_the_start_nobody_asks(world):
    made = Describing(world.loop, None, say=world.say)
    await made.learn(NAME)
    assert list(await made.at_start([NAME])) == []
    assert NAME not in world.book.instruments
