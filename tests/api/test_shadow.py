"""What a shadow's exits were worth is told to whoever may read."""

from tests.api.world import READ_KEY, running
from tradebot.api import guard_schema
from tradebot.api.shadow import no_shadow


async def test_a_daemon_that_is_no_shadow_has_no_such_exits():
    async with running() as world, world.client(key=READ_KEY) as client:
        told = (await client.get("/api/v1/shadow")).json()["data"]
    assert told == no_shadow()
    assert told.keys() == set(guard_schema.Shadow.__struct_fields__)


async def test_a_shadow_is_asked_for_its_own():
    async with running() as world:
        world.shadow = {"exits": [], "saved": 5}
        async with world.client(key=READ_KEY) as client:
            told = (await client.get("/api/v1/shadow")).json()["data"]
    assert told["saved"] == 5
