"""What the API says of positions without a trade is what its description says."""

import msgspec

from tests.api.test_found import FOUND, found
from tests.api.world import running
from tradebot.api.found_schema import FoundList
from tradebot.core.inputs import PolicyChanged
from tradebot.core.policy import AdoptPolicy, Policy


async def test_the_list_is_as_it_is_described():
    async with running() as world:
        await world.put(PolicyChanged(Policy(adopt=AdoptPolicy(account="main"))))
        await found(world, average=None)
        async with world.client() as client:
            data = (await client.get(FOUND)).json()["data"]
    (row,) = msgspec.convert(data, FoundList, strict=True).found
    assert (row.found_id, row.average_price, row.state) == ("NSE:SBIN:MIS", None, "waiting")
