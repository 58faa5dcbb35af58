"""What makes a working guard degraded; tests/services/test_trades.py has every doubt in a row."""

from tests.api.world import LONG, START_NS, running
from tradebot.core.account import freezing
from tradebot.core.inputs import PlaceReply, Queued, Timer
from tradebot.core.leaving.halt import Form
from tradebot.services.doubts import doubts_of


async def test_a_doubt_ends_with_its_cause():
    async with running() as world:
        await world.trades.create(LONG)
        assert doubts_of(world.book, world.persister) == []
        world.book.lines["NSE:SBIN"].blind_since_ns = START_NS
        (doubt,) = doubts_of(world.book, world.persister)
        assert doubt == "NSE:SBIN has no fit price: its trade is blind"
        await world.tick(800.0)
        assert doubts_of(world.book, world.persister) == []


async def test_what_is_blind_together_is_counted():
    async with running() as world:
        await world.trades.create(LONG)
        await world.trades.create(LONG)
        world.book.lines["NSE:SBIN"].blind_since_ns = START_NS
        (doubt,) = doubts_of(world.book, world.persister)
        assert doubt == "NSE:SBIN has no fit price: its 2 trades are blind"


async def test_a_trade_whose_levels_wait_for_a_person_is_a_doubt_until_he_gives_them_or_leaves():
    doubt = (
        "trade T1 is unguarded, no price leaves it: its levels wait for a person; "
        "see tradebot why T1"
    )
    async with running() as world:
        await world.bought()
        await world.trades.create(LONG | {"stop": "@790", "past_stop": "ask"})
        assert doubts_of(world.book, world.persister) == []
        await world.tick(780.0)
        assert doubts_of(world.book, world.persister) == [doubt]
        await world.trades.update({"trade_id": "T1", "stop": "@770"})
        assert doubts_of(world.book, world.persister) == []
        world.book.put_trade(world.book.trades["T1"], unguarded=True)
        assert doubts_of(world.book, world.persister) == [doubt]
        await world.trades.exit("T1")
        assert doubt not in doubts_of(world.book, world.persister)


async def test_a_halt_is_a_doubt_until_its_release():
    async with running() as world:
        await world.halts.halt(Form.ENTRIES, "lunch")
        assert doubts_of(world.book, world.persister) == ["halted (entries): lunch"]
        await world.halts.release("back")
        assert doubts_of(world.book, world.persister) == []


async def test_a_request_without_an_answer_is_a_doubt_within_seconds():
    async with running() as world:
        await world.bought()
        await world.trades.create(LONG)
        await world.put(Timer(START_NS))
        await world.trades.exit("T1")
        await world.put(Timer(START_NS + 1_900_000_000))
        assert doubts_of(world.book, world.persister) == []
        await world.put(Timer(START_NS + 2_000_000_000))
        (doubt,) = doubts_of(world.book, world.persister)
        assert doubt == (
            "exit 1 of trade T1 has no answer to T1-x1 yet; who has looked there ends the doubt by "
            "tradebot resolve T1-x1"
        )
        (trade,) = world.trades.active()[0]
        assert trade["flags"] == ["blind", "in_doubt"]
        (told, *_) = (await world.trades.story("T1"))["outlook"]
        assert (told["what"], told["text"]) == ("doubt", "Exit 1 has no answer to T1-x1 yet.")


async def test_an_order_that_waits_for_approval_is_a_doubt():
    async with running() as world:
        await world.bought()
        await world.trades.create(LONG)
        await world.trades.exit("T1")
        queued = Queued("approve me")
        await world.put(PlaceReply(client_order_id="T1-x1", outcome=queued, at_ns=START_NS))
        (doubt, stuck) = doubts_of(world.book, world.persister)
        assert "waits for somebody's approval of T1-x1 at the broker" in doubt
        assert stuck.startswith("trade T1 is stuck")


async def test_a_frozen_position_is_a_doubt_beside_its_trades():
    async with running() as world:
        await world.bought()
        await world.trades.create(LONG)
        freezing.freeze(world.book, world.book.trades["T1"].key, "the books contradict each other")
        (doubt,) = doubts_of(world.book, world.persister)
        assert doubt.startswith("nothing is sent on NSE:SBIN: the books contradict each other; ")
        (trade,) = world.trades.active()[0]
        assert "frozen" in trade["flags"]
        (told, *_) = (await world.trades.story("T1"))["outlook"]
        assert told["text"] == ("Nothing is sent on its position: the books contradict each other.")
