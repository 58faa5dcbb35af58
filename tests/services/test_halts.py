"""A halt is on disk before anybody is told that it is in force, and so is its release."""

import pytest

from tests.api.world import LONG, START_NS, running
from tradebot.core.leaving.halt import Form
from tradebot.errors import RefusedError, StoreError


@pytest.fixture
async def world():
    async with running() as made:
        yield made


NOTHING = {"form": None, "why": None, "at": None, "exits_waiting": 0}


async def test_a_halt_is_in_force_and_on_disk_when_it_is_answered(world):
    assert world.halts.in_force() == NOTHING
    told = await world.halts.halt(Form.ENTRIES, "lunch")
    assert told == {
        "form": "entries",
        "why": "lunch",
        "at": "2026-01-05T03:45:00.000000Z",
        "exits_waiting": 0,
    }
    halt = (await world.store.power_cut().load()).halt
    assert (halt.form, halt.why, halt.at_ns) == (Form.ENTRIES, "lunch", START_NS)


async def test_a_release_is_over_on_disk_when_it_is_answered(world):
    await world.halts.halt(Form.ENTRIES, "lunch")
    told = await world.halts.release("back")
    assert (told["form"], told["why"]) == (None, "back")
    assert (await world.store.power_cut().load()).halt.form is None


async def test_exits_that_wait_for_the_release_are_counted(world):
    await world.bought()
    await world.trades.create(LONG)
    await world.halts.halt(Form.EVERYTHING, "the broker is mad")
    await world.trades.exit("T1")
    assert world.halts.in_force()["exits_waiting"] == 1
    assert (await world.halts.release("sane again"))["exits_waiting"] == 0


async def test_what_the_engine_refuses_is_refused(world):
    with pytest.raises(RefusedError, match="nothing is halted"):
        await world.halts.release("x")
    await world.halts.halt(Form.FLATTEN, "x")
    with pytest.raises(RefusedError, match="release it first"):
        await world.halts.halt(Form.ENTRIES, "y")


async def test_a_new_trade_is_refused_with_the_reason_of_the_halt(world):
    await world.halts.halt(Form.ENTRIES, "lunch")
    with pytest.raises(RefusedError, match=r"a person halted \(entries\): lunch"):
        await world.trades.create(LONG)
    await world.halts.release("back")
    assert (await world.trades.create(LONG))["trade_id"] == "T1"


async def test_a_trade_made_under_a_key_before_the_halt_is_still_its_answer(world):
    made = await world.trades.create(LONG, once="k")
    await world.halts.halt(Form.ENTRIES, "lunch")
    assert (await world.trades.create(LONG, once="k"))["trade_id"] == made["trade_id"]


async def test_a_halt_that_no_disk_takes_is_in_force_and_says_so(world):
    world.store.refuses = "write"

    def refuse():
        raise StoreError("the disk is gone")

    world.journal.sync = refuse
    with pytest.raises(StoreError, match="in force, but only in memory"):
        await world.halts.halt(Form.EVERYTHING, "x")
    assert world.halts.in_force()["form"] == "everything"


async def test_the_journal_is_enough_while_the_database_refuses(world):
    world.store.refuses = "write"
    assert (await world.halts.halt(Form.ENTRIES, "x"))["form"] == "entries"
