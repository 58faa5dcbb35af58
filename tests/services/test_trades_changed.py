"""Trades that are created once for all repetitions, and edited while they are guarded."""

import asyncio

import pytest

from tests.api.world import LONG, running
from tests.services.test_trades import left
from tradebot.core.inputs import OrderSide
from tradebot.errors import NotFoundError, RefusedError, StoreError
from tradebot.services import trades as module
from tradebot.services.once import REMEMBERED_NS
from tradebot.services.trade_edits import StaleVersionError


@pytest.fixture
async def world():
    async with running() as made:
        yield made


async def test_another_account_is_not_guarded_here(world):
    message = "account other is not guarded here: this daemon guards main"
    with pytest.raises(RefusedError, match=message) as caught:
        await world.trades.create(LONG | {"account": "other"})
    assert caught.value.field == "account"
    assert (await world.trades.create(LONG | {"account": "main"}))["account"] == "main"


async def test_under_one_key_a_trade_is_made_once_a_day(world):
    first = await world.trades.create(LONG, once="a")
    assert first["trade_id"].startswith("K")
    assert await world.trades.create(LONG, once="a") == first
    assert (await world.trades.create(LONG, once="b"))["trade_id"] != first["trade_id"]
    world.clock.at_ns += REMEMBERED_NS
    second = await world.trades.create(LONG, once="a")
    assert second["trade_id"] == first["trade_id"] + "-2"
    assert len(world.book.trades) == 3


async def test_a_key_that_has_led_to_a_trade_leads_to_no_other(world):
    await world.trades.create(LONG, once="a")
    with pytest.raises(RefusedError, match="a different one") as caught:
        await world.trades.create(LONG | {"quantity": 11}, once="a")
    assert caught.value.field == "Idempotency-Key"


async def test_a_trade_of_a_key_is_known_after_it_is_over(world):
    await world.bought()
    trade_id = (await world.trades.create(LONG, once="a"))["trade_id"]
    await left(world, trade_id)
    again = await world.trades.create(LONG, once="a")
    assert (again["trade_id"], again["status"]) == (trade_id, "CLOSED")
    assert world.book.trades == {}


async def test_a_trade_that_is_named_is_made_once_under_its_name(world):
    named = LONG | {"trade_id": "mine"}
    first = await world.trades.create(named, once="a")
    assert await world.trades.create(named, once="a") == first
    world.clock.at_ns += REMEMBERED_NS
    with pytest.raises(RefusedError, match="trade mine exists already"):
        await world.trades.create(named, once="a")


async def test_a_trade_that_no_disk_took_is_not_made_again_for_it(world):
    world.store.refuses = "write"
    world.journal.close()
    for _ in range(2):
        with pytest.raises(StoreError, match="is guarded, but only from memory"):
            await world.trades.create(LONG, once="a")
    assert len(world.book.trades) == 1


async def test_an_edit_changes_what_it_names_and_nothing_else(world):
    made = await world.trades.create(LONG | {"trail": {"by": "2%"}})
    edited = await world.trades.update({"trade_id": "T1", "stop": "@795", "trail": None})
    assert (edited["stop"], edited["stop_level"], edited["target"]) == ("@795", 795, "@830")
    assert "trail" not in edited
    assert edited["version"] > made["version"]
    snapshot = await world.store.power_cut().load()
    assert str(snapshot.trades[0].trade.rules.stop) == "@795"


async def test_an_edit_is_for_the_version_that_was_seen(world):
    seen = (await world.trades.create(LONG))["version"]
    stop = {"trade_id": "T1", "stop": "@795"}
    edited = await world.trades.update(stop, versions=[seen])
    with pytest.raises(StaleVersionError) as caught:
        await world.trades.update(stop | {"stop": "@1"}, versions=[seen, 99])
    assert caught.value.version == edited["version"]
    assert str(world.book.trades["T1"].rules.stop) == "@795"


async def test_edits_at_one_moment_keep_what_the_others_changed(world):
    await world.trades.create(LONG)
    await asyncio.gather(
        world.trades.update({"trade_id": "T1", "stop": "@795"}),
        world.trades.update({"trade_id": "T1", "target": "@825"}),
        world.trades.update({"trade_id": "T1", "time_exit": {"after": "1h"}}),
    )
    (trade,) = world.trades.active()[0]
    assert (trade["stop_level"], trade["target_level"]) == (795, 825)
    assert trade["time_exit"] == {"after": "1h"}


async def test_what_is_unknown_over_or_being_left_is_not_edited(world):
    edit = {"trade_id": "T1", "stop": "@795"}
    with pytest.raises(NotFoundError, match="there is no trade T1"):
        await world.trades.update(edit)
    await world.bought()
    await world.trades.create(LONG)
    await world.trades.exit("T1")
    with pytest.raises(RefusedError, match="is being left"):
        await world.trades.update(edit)
    await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 800)
    with pytest.raises(RefusedError, match="trade T1 is over: CLOSED"):
        await world.trades.update(edit)


async def test_an_edit_that_no_disk_takes_is_in_force_and_its_author_told_so(world):
    await world.trades.create(LONG)
    world.store.refuses = "write"
    world.journal.close()
    with pytest.raises(StoreError, match="has its new rules, but only in memory"):
        await world.trades.update({"trade_id": "T1", "stop": "@795"})
    assert str(world.book.trades["T1"].rules.stop) == "@795"


# A database that hangs, and a journal that does not.


@pytest.fixture
def hanging(world, monkeypatch):
    """A world whose database answers no more; whoever waits longer for it waits for ever."""
    monkeypatch.setattr(module, "FLUSH_S_MAX", 3_600)
    monkeypatch.setattr(module, "DURABLE_S_MAX", 0.001)

    def begin():
        world.store.hangs = True

    return begin


async def test_new_rules_are_answered_once_the_journal_has_them(world, hanging):
    await world.trades.create(LONG)
    hanging()
    edited = await world.trades.update({"trade_id": "T1", "stop": "@795"})
    assert edited["stop_level"] == 795
    assert world.journal._synced == world.journal.last


async def test_rules_that_end_a_trade_at_once_are_answered_without_the_database(world, hanging):
    await world.bought()
    await world.trades.create(LONG)
    hanging()
    edit = asyncio.create_task(world.trades.update({"trade_id": "T1", "stop": "@805"}))
    while "T1" in world.book.trades and not world.book.lanes:
        await world.tick(801.0)
    await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 801)
    assert world.book.trades == {}
    closed = await edit
    assert (closed["trade_id"], closed["status"], closed["stop"]) == ("T1", "CLOSED", "@805")


async def test_leaving_a_trade_is_answered_once_the_journal_has_it(world, hanging):
    await world.bought()
    await world.trades.create(LONG)
    hanging()
    assert (await world.trades.exit("T1"))["orders"] == ["T1-x1"]
    assert world.journal._synced == world.journal.last


async def test_where_the_journal_refuses_too_a_hanging_database_is_told(world, hanging):
    await world.trades.create(LONG)
    hanging()
    world.journal.close()
    with pytest.raises(StoreError, match="has its new rules, but only in memory"):
        await world.trades.update({"trade_id": "T1", "stop": "@795"})
