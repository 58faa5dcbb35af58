"""What nobody watched is told to whoever may read."""

import msgspec

from tests.api.world import LONG, READ_KEY, running
from tradebot.api import guard_schema

UNGUARDED = {key: LONG[key] for key in ("exchange", "symbol", "side", "quantity", "entry_price")}


async def test_a_trade_without_rules_is_told_of_with_its_seconds():
    async with running() as world, world.client(key=READ_KEY) as client:
        await world.trades.create(UNGUARDED)
        await world.trades.create(LONG)
        world.clock.pass_ms(2_500)
        told = (await client.get("/api/v1/coverage")).json()["data"]
    assert (told["trades_unguarded"], told["unguarded_s"], told["blind_s"]) == (1, 2.5, 0)
    assert told.keys() == set(guard_schema.Coverage.__struct_fields__)
    (row,) = told["trades"]
    assert row.keys() == set(guard_schema.TradeCoverage.__struct_fields__)
    msgspec.convert(row, guard_schema.TradeCoverage)
    assert (row["trade_id"], row["open"], row["unguarded"], row["guarded"]) == ("T1", 10, 10, 0)
