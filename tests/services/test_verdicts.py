"""A person's word on a doubt is on disk before it is answered."""

import pytest

from tests.api.world import LONG, START_NS, running
from tradebot.core.events import DoubtResolved
from tradebot.core.inputs import PlaceReply, Unknown, Verdict
from tradebot.core.leaving.exit import State
from tradebot.errors import NotFoundError, RefusedError, StoreError
from tradebot.services.verdicts import Verdicts


@pytest.fixture
async def world():
    async with running() as made:
        await made.bought()
        await made.trades.create(LONG)
        yield made


async def in_doubt(world):
    await world.trades.exit("T1")
    lost = Unknown("timeout")
    await world.put(PlaceReply(client_order_id="T1-x1", outcome=lost, at_ns=START_NS))


def verdicts(world):
    return Verdicts(world.loop, world.trades, clock=world.clock)


async def test_what_is_done_is_over_on_disk_when_it_is_answered(world):
    await in_doubt(world)
    assert await verdicts(world).resolve("T1", Verdict.DONE, "I saw the fill") == {
        "trade_id": "T1",
        "verdict": "done",
        "exits": [1],
        "is_open": False,
    }
    kept = world.store.power_cut()
    assert not (await kept.load()).trades
    lines = await kept.story("T1")
    assert [line.event.why for line in lines if isinstance(line.event, DoubtResolved)] == [
        "I saw the fill"
    ]


async def test_what_is_to_be_sent_again_waits_for_the_net(world):
    await in_doubt(world)
    told = await verdicts(world).resolve("T1", Verdict.RESEND, "")
    assert (told["exits"], told["is_open"]) == ([1], True)
    assert world.book.exits["T1"][1].state is State.RETRY_WAIT


async def test_what_the_engine_refuses_is_refused(world):
    with pytest.raises(RefusedError, match="nothing of trade T1 is in doubt"):
        await verdicts(world).resolve("T1", Verdict.DONE, "x")


async def test_a_trade_that_is_over_or_never_was_has_no_doubt(world):
    with pytest.raises(NotFoundError, match="there is no trade T9"):
        await verdicts(world).resolve("T9", Verdict.DONE, "x")
    await in_doubt(world)
    await verdicts(world).resolve("T1", Verdict.DONE, "x")
    with pytest.raises(RefusedError, match="trade T1 is over: CLOSED_EXTERNAL"):
        await verdicts(world).resolve("T1", Verdict.DONE, "x")


async def test_a_word_that_no_disk_takes_is_in_force_and_says_so(world):
    await in_doubt(world)
    world.store.refuses = "write"

    def refuse():
        raise StoreError("the disk is gone")

    world.journal.sync = refuse
    with pytest.raises(StoreError, match="word on trade T1 is in force, but only in memory"):
        await verdicts(world).resolve("T1", Verdict.RESEND, "x")
    assert world.book.exits["T1"][1].state is State.RETRY_WAIT
