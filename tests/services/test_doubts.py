"""What makes a working guard degraded; tests/services/test_trades.py has every doubt in a row."""

from tests.api.world import LONG, START_NS, running
from tradebot.core.halt import Form
from tradebot.services.doubts import doubts_of


async def test_a_doubt_ends_with_its_cause():
    async with running() as world:
        await world.trades.create(LONG)
        assert doubts_of(world.book, world.persister) == []
        world.book.lines["NSE:SBIN"].blind_since_ns = START_NS
        (doubt,) = doubts_of(world.book, world.persister)
        assert doubt == "NSE:SBIN has no fit price: its 1 trades are blind"
        await world.tick(800.0)
        assert doubts_of(world.book, world.persister) == []


async def test_a_halt_is_a_doubt_until_its_release():
    async with running() as world:
        await world.halts.halt(Form.ENTRIES, "lunch")
        assert doubts_of(world.book, world.persister) == ["halted (entries): lunch"]
        await world.halts.release("back")
        assert doubts_of(world.book, world.persister) == []
