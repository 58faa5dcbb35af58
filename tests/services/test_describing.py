"""An instrument is known before anything is decided on it, as far as anybody says what it is."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from tests.api.world import LONG, SBIN, running
from tradebot.core.inputs import InstrumentsLoaded
from tradebot.errors import RefusedError, StoreError
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


class Shelf:
    """A store of instruments in memory, that refuses when told to."""

    def __init__(self, kept=()) -> None:
        self.kept = list(kept)
        self.writes = 0
        self.refuses = False

    def load(self):
        if self.refuses:
            raise StoreError("the disk refuses")
        return self.kept

    async def keep(self, instruments):
        if self.refuses:
            raise StoreError("the disk refuses")
        self.writes += 1
        self.kept = list(instruments)


@pytest.fixture
async def world():
    async with running() as made:
        yield made


def describing(world, said, shelf=None, **words):
    catalogue = Listed(said, **words)
    patience = {"new_s_max": 0.02, "start_s_max": 0.05}
    made = Describing(world.loop, catalogue, shelf, say=world.say, **patience)
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


# What an earlier life was told.


async def test_a_start_asks_nobody_for_what_an_earlier_life_was_told(world):
    made, catalogue = describing(world, {}, Shelf([SBIN, TCS]), hangs=(NAME, SBIN.id))
    assert list(await made.at_start([NAME])) == [TCS]
    assert catalogue.asked == []
    assert "instruments.undescribed" not in world.names()


async def test_a_start_asks_for_what_no_earlier_life_was_told(world):
    made, catalogue = describing(world, {SBIN.id: SBIN}, Shelf([TCS]))
    assert list(await made.at_start([NAME, SBIN.id])) == [TCS, SBIN]
    assert catalogue.asked == [SBIN.id]


async def test_the_price_band_of_an_earlier_day_is_none(world):
    banded = msgspec.structs.replace(TCS, price_low=Decimal(700), price_high=Decimal(800))
    made, _ = describing(world, {}, Shelf([banded]))
    assert list(await made.at_start([NAME])) == [TCS]


@pytest.mark.parametrize("wrong", [{"lot_size": Decimal(0)}, {"guessed": True}])
async def test_what_cannot_be_true_is_asked_for_anew(world, wrong):
    made, _ = describing(world, {NAME: TCS}, Shelf([msgspec.structs.replace(TCS, **wrong)]))
    assert list(await made.at_start([NAME])) == [TCS]


async def test_a_store_that_cannot_be_read_is_told_of_and_everything_is_asked_for(world):
    shelf = Shelf([TCS])
    shelf.refuses = True
    made, catalogue = describing(world, {NAME: TCS}, shelf)
    assert list(await made.at_start([NAME])) == [TCS]
    assert catalogue.asked == [NAME]
    assert "instruments.unread" in world.names()


async def test_what_is_known_is_kept_and_no_guess(world):
    shelf = Shelf()
    made, _ = describing(world, {NAME: TCS}, shelf)
    await made.learn(NAME)
    await world.trades.create(LONG | {"symbol": "GUESSED"})
    assert world.book.instruments["NSE:GUESSED"].guessed
    await made.keep()
    assert TCS in shelf.kept
    assert not any(one.guessed for one in shelf.kept)


async def test_what_is_kept_already_is_not_written_again(world):
    shelf = Shelf()
    made, _ = describing(world, {NAME: TCS}, shelf)
    await made.learn(NAME)
    await made.keep()
    await made.keep()
    assert shelf.writes == 1
    await world.loop.command(
        InstrumentsLoaded((msgspec.structs.replace(TCS, lot_size=Decimal(5)),))
    )
    await made.keep()
    assert shelf.writes == 2


async def test_a_disk_that_refuses_is_told_of_once_and_tried_again(world):
    shelf = Shelf()
    shelf.refuses = True
    made, _ = describing(world, {NAME: TCS}, shelf)
    await made.learn(NAME)
    await made.keep()
    await made.keep()
    assert world.names().count("instruments.unsaved") == 1
    shelf.refuses = False
    await made.keep()
    assert TCS in shelf.kept


@pytest.mark.parametrize("all_is_known", [True, False])
async def test_nothing_is_kept_where_all_is_told_anyway_or_there_is_no_place(world, all_is_known):
    catalogue, shelf = (None, Shelf()) if all_is_known else (Listed({}), None)
    assert not Describing(world.loop, catalogue, shelf, say=world.say).keeps
