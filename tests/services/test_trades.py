"""The use cases of trades: durable before an answer, honest about what is refused."""

import asyncio
import json
from decimal import Decimal

import pytest
from msgspec import Raw

from tests.api.world import LONG, START_NS, running
from tradebot.core.guard.trades import Reason
from tradebot.core.inputs import OrderReport, OrderSide, OrderState, PlaceReply, Timer, Unknown
from tradebot.core.market.instruments import NetKey
from tradebot.errors import InputError, NotFoundError, RefusedError, StoreError
from tradebot.services import trades as module
from tradebot.services.trade_history import Chosen

KEY = NetKey("main", "NSE", "SBIN", "MIS")
SECOND_NS = 1_000_000_000


@pytest.fixture
async def world():
    async with running() as made:
        yield made


async def left(world, trade_id="T1", price=791.0, *, quantity=10):
    """The trade is left by hand and its exit fills."""
    await world.trades.exit(trade_id)
    await world.fill(f"B-{trade_id}", f"{trade_id}-x1", OrderSide.SELL, quantity, price)


async def test_a_trade_is_on_disk_before_its_creation_is_answered(world):
    made = await world.trades.create(LONG)
    assert made["trade_id"] == "T1"
    assert made["status"] == "ACTIVE"
    snapshot = await world.store.power_cut().load()
    assert [saved.trade.trade_id for saved in snapshot.trades] == ["T1"]


async def test_a_trade_is_in_the_journal_where_the_database_refuses_it(world):
    world.store.refuses = "write"
    assert (await world.trades.create(LONG))["trade_id"] == "T1"
    assert world.journal._synced == world.journal.last


async def test_a_trade_that_no_disk_takes_is_guarded_and_its_creator_told_so(world):
    world.store.refuses = "write"
    world.journal.close()
    with pytest.raises(StoreError, match="trade T1 is guarded, but only from memory"):
        await world.trades.create(LONG)
    assert "T1" in world.book.trades


async def test_a_database_that_hangs_is_one_that_refuses(world, monkeypatch):
    monkeypatch.setattr(module, "FLUSH_S_MAX", 0.001)
    monkeypatch.setattr(module, "NAME_S_MAX", 0.001)
    world.store.hangs = True
    assert (await world.trades.create(LONG))["trade_id"] == "T1"
    assert (await world.trades.create(LONG))["trade_id"] == "T2"
    with pytest.raises(StoreError, match="does not answer within"):
        await world.trades.exit("T9")


async def test_a_wrong_key_is_named_and_changes_nothing(world):
    with pytest.raises(InputError, match="did you mean") as caught:
        await world.trades.create(LONG | {"sl": "1%"})
    assert caught.value.field == "sl"
    assert world.book.trades == {}


async def test_what_the_engine_refuses_is_refused(world):
    await world.trades.create(LONG)
    with pytest.raises(RefusedError, match="would net against trade T1") as caught:
        await world.trades.create(LONG | {"side": "SHORT", "stop": "1%", "target": "@700"})
    assert caught.value.field == "side"


async def test_an_id_names_one_trade_for_ever(world):
    await world.bought()
    await world.trades.create(LONG | {"trade_id": "mine"})
    with pytest.raises(RefusedError, match="trade mine exists already"):
        await world.trades.create(LONG | {"trade_id": "mine"})
    await left(world, "mine")
    with pytest.raises(RefusedError, match="trade mine exists already"):
        await world.trades.create(LONG | {"trade_id": "mine"})


async def test_numbering_steps_over_ids_that_people_chose(world):
    await world.bought(30)
    await world.trades.create(LONG | {"trade_id": "T2"})
    await left(world, "T2")
    await world.trades.create(LONG | {"trade_id": "T3"})
    assert (await world.trades.create(LONG))["trade_id"] == "T4"


async def test_two_at_the_same_moment_get_two_ids(world):
    made = await asyncio.gather(*(world.trades.create(LONG) for _ in range(5)))
    assert sorted(trade["trade_id"] for trade in made) == ["T1", "T2", "T3", "T4", "T5"]
    wanted = [world.trades.create(LONG | {"trade_id": "A"}) for _ in range(3)]
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert [type(answer) for answer in answers] == [dict, RefusedError, RefusedError]


async def test_an_id_is_free_again_when_its_request_was_refused_or_given_up(world):
    await world.trades.create(LONG)
    short = LONG | {"side": "SHORT", "stop": "1%", "target": "@700", "trade_id": "A"}
    with pytest.raises(RefusedError):
        await world.trades.create(short)
    world.store.hangs = True
    given_up = asyncio.create_task(world.trades.create(LONG | {"trade_id": "B"}))
    while "B" not in world.trades._naming:  # noqa: ASYNC110 - some turns of the loop
        await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert world.trades._naming == set()


async def test_a_trade_is_guarded_though_nobody_can_say_whether_its_id_is_used(world):
    world.store.refuses = "read"
    assert (await world.trades.create(LONG | {"trade_id": "A"}))["trade_id"] == "A"
    world.store.refuses = "read and write"
    await world.trades.create(LONG | {"trade_id": "B"})
    assert (await world.trades.create(LONG | {"trade_id": "C"}))["trade_id"] == "C"


async def test_a_trade_whose_entry_had_died_is_answered_as_what_it_is(world):
    await world.put(
        OrderReport(
            order_id="B7",
            client_order_id=None,
            key=KEY,
            side=OrderSide.BUY,
            quantity=Decimal(10),
            filled=Decimal(0),
            state=OrderState.REJECTED,
            at_ns=START_NS,
        )
    )
    entry = {key: LONG[key] for key in ("exchange", "symbol", "side", "stop")}
    made = await world.trades.create(entry | {"order_id": "B7"})
    assert (made["trade_id"], made["status"]) == ("T1", "NEVER_FILLED")


async def test_active_trades_come_oldest_first_and_by_strategy(world):
    for name in ("a", "b", "a"):
        await world.trades.create(LONG | {"strategy": name})
    assert ids(world.trades.active()[0]) == ["T1", "T2", "T3"]
    assert ids(world.trades.active("a")[0]) == ["T1", "T3"]


async def test_a_person_leaves_a_trade_once(world):
    await world.bought()
    await world.trades.create(LONG)
    first = await world.trades.exit("T1")
    assert first == {
        "trade_id": "T1",
        "status": "TRIGGERED",
        "quantity": 10,
        "orders": ["T1-x1"],
    }
    again = await world.trades.exit("T1")
    assert (again["status"], again["orders"]) == ("TRIGGERED", [])


async def test_a_trade_is_left_though_no_disk_takes_the_wish(world):
    await world.bought()
    await world.trades.create(LONG)
    world.store.refuses = "write"
    world.journal.close()
    assert (await world.trades.exit("T1"))["orders"] == ["T1-x1"]


async def test_there_is_nothing_to_leave_of_what_is_unknown_over_or_not_filled(world):
    with pytest.raises(NotFoundError, match="there is no trade T9"):
        await world.trades.exit("T9")
    entry = {key: LONG[key] for key in ("exchange", "symbol", "side", "stop")}
    await world.trades.create(entry | {"order_id": "B1"})
    with pytest.raises(RefusedError, match="no filled entry yet"):
        await world.trades.exit("T1")
    await world.bought()
    await world.trades.create(LONG)
    await left(world, "T2")
    with pytest.raises(RefusedError, match="trade T2 is over: CLOSED"):
        await world.trades.exit("T2")


async def closed(world, count):
    """Trades that are over, one second after the other."""
    await world.bought(10 * count)
    for number in range(1, count + 1):
        await world.trades.create(LONG | {"strategy": "odd" if number % 2 else "even"})
        await left(world, f"T{number}")
        world.clock.pass_ms(1_000)


def ids(trades):
    return [told(trade)["trade_id"] for trade in trades]


def told(row):
    """A row as a reader sees it: what is over comes as JSON."""
    return json.loads(bytes(row), parse_float=Decimal) if isinstance(row, Raw) else row


async def test_history_is_read_page_by_page_newest_first(world):
    await closed(world, 5)
    page, cursor = await world.trades.history(limit=2)
    assert (ids(page), cursor) == (["T5", "T4"], "4")
    page, cursor = await world.trades.history(limit=2, cursor=cursor)
    assert ids(page) == ["T3", "T2"]
    page, cursor = await world.trades.history(limit=2, cursor=cursor)
    assert (ids(page), cursor) == (["T1"], None)


async def test_history_is_read_from_a_disk_that_takes_nothing_more(world):
    await closed(world, 1)
    await world.trades.history()
    world.store.refuses = "write"
    await world.trades.create(LONG)
    assert ids((await world.trades.history())[0]) == ["T1"]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, "T4 T3 T2 T1"),
        ({"strategy": "odd"}, "T3 T1"),
        ({"reason": Reason.MANUAL}, "T4 T3 T2 T1"),
        ({"reason": Reason.STOP}, ""),
        ({"from_ns": START_NS + 2 * SECOND_NS}, "T4 T3"),  # closed at it, or later
        ({"to_ns": START_NS + 2 * SECOND_NS}, "T2 T1"),  # closed before it
        ({"from_ns": START_NS + SECOND_NS, "to_ns": START_NS + 3 * SECOND_NS}, "T3 T2"),
        ({"from_ns": START_NS + 3 * SECOND_NS, "strategy": "odd"}, ""),
        ({"to_ns": START_NS}, ""),
    ],
)
async def test_history_is_chosen_by_strategy_reason_and_end(world, chosen, found):
    await closed(world, 4)
    page, cursor = await world.trades.history(chosen=Chosen(**chosen))
    assert (" ".join(ids(page)), cursor) == (found, None)


async def test_a_page_of_what_was_chosen_is_filled_and_goes_on(world):
    await closed(world, 4)
    chosen = Chosen(reason=Reason.MANUAL)
    page, cursor = await world.trades.history(chosen=chosen, limit=3)
    assert (ids(page), cursor) == (["T4", "T3", "T2"], "2")
    page, cursor = await world.trades.history(chosen=chosen, limit=3, cursor=cursor)
    assert (ids(page), cursor) == (["T1"], None)


async def test_active_trades_are_read_page_by_page(world):
    for _ in range(5):
        await world.trades.create(LONG)
    page, cursor = world.trades.active(limit=2)
    assert (ids(page), cursor) == (["T1", "T2"], "2")
    page, cursor = world.trades.active(limit=3, cursor=cursor)
    assert (ids(page), cursor) == (["T3", "T4", "T5"], None)
    for wrong in ({"limit": 0}, {"limit": 1001}, {"cursor": "T2"}):
        with pytest.raises(InputError):
            world.trades.active(**wrong)


async def test_a_trade_that_ends_while_a_list_is_sent_is_left_out(world):
    await world.bought(20)
    await world.trades.create(LONG)
    await world.trades.create(LONG)
    page, _ = world.trades.active()
    await left(world, "T2")
    assert ids(page) == ["T1"]


@pytest.mark.parametrize("cursor", ["", "T5", "-1", "٣", "1" * 19, "1.5", " 4"])
async def test_a_cursor_is_what_an_earlier_answer_gave(world, cursor):
    with pytest.raises(InputError, match="cursor must be"):
        await world.trades.history(cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_page_has_bounds(world, limit):
    with pytest.raises(InputError, match="limit"):
        await world.trades.history(limit=limit)


async def test_the_story_of_an_open_trade_ends_with_what_may_come(world):
    await world.trades.create(LONG)
    await world.tick(805.0)
    story = await world.trades.story("T1")
    assert story["complete"]
    assert [line["event"] for line in story["lines"]] == ["trade_created", "entry_filled"]
    assert [item["what"] for item in story["outlook"]] == ["stop", "target", "price"]


async def test_the_story_of_a_trade_that_is_over_ends_with_its_end(world):
    await world.bought()
    await world.trades.create(LONG)
    await left(world)
    story = await world.trades.story("T1")
    assert story["trade"]["status"] == "CLOSED"
    assert story["outlook"] == []
    assert story["lines"][-1]["text"].startswith("The trade is closed by a person")


async def test_an_unknown_trade_has_no_story(world):
    with pytest.raises(NotFoundError, match="there is no trade T9"):
        await world.trades.story("T9")


async def test_without_a_database_an_open_trade_is_told_from_memory(world):
    await world.trades.create(LONG)
    world.store.refuses = "read"
    story = await world.trades.story("T1")
    assert (story["complete"], story["lines"]) == (False, [])
    assert story["trade"]["trade_id"] == "T1"
    with pytest.raises(StoreError):
        await world.trades.story("T9")


async def test_a_trade_that_ends_while_its_story_is_read_is_told_as_over(world):
    await world.bought()
    await world.trades.create(LONG)
    await world.trades.exit("T1")
    read = world.store.story

    async def slow_story(trade_id):
        lines = await read(trade_id)
        await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 805)
        return lines

    world.store.story = slow_story
    assert (await world.trades.story("T1"))["trade"]["status"] == "CLOSED"


async def test_a_trade_that_ends_while_the_database_refuses_has_no_story_for_now(world):
    await world.bought()
    await world.trades.create(LONG)
    await world.trades.exit("T1")

    async def gone(trade_id):
        await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 805)
        raise StoreError("the disk is gone")

    world.store.story = gone
    world.store.trade = lambda trade_id: nothing()
    with pytest.raises(NotFoundError):
        await world.trades.story("T1")


async def nothing():
    return None


async def test_instruments_are_listed_with_their_last_price(world):
    (before,) = world.trades.instruments()[0]
    assert (before["symbol"], before["tick_size"], before["ltp"]) == ("SBIN", Decimal("0.05"), None)
    await world.trades.create(LONG)
    assert next(world.trades.instruments()[0])["ltp_at"] is None
    await world.tick(805.05)
    world.clock.pass_ms(250)
    (after,) = world.trades.instruments()[0]
    assert (after["ltp"], after["ltp_age_ms"], after["trades"]) == (Decimal("805.05"), 250, 1)
    assert after["ltp_at"] == "2026-01-05T03:44:59.997000Z"


async def test_a_healthy_guard_has_no_doubts(world):
    await world.bought()
    await world.trades.create(LONG)
    await world.tick(805.0)
    await world.trades.exit("T1")  # on the wire, and not in doubt yet
    assert world.trades.doubts() == []


async def test_every_doubt_is_told(world):
    await world.bought()
    await world.trades.create(LONG)
    await world.trades.exit("T1")
    await world.put(
        PlaceReply(client_order_id="T1-x1", outcome=Unknown("no answer"), at_ns=START_NS)
    )
    world.book.put_trade(world.book.trades["T1"], stuck=True)
    world.book.lines["NSE:SBIN"].blind_since_ns = START_NS
    world.store.refuses = "write"
    await world.put(Timer(START_NS))
    await world.trades.exit("T1")
    doubts = world.trades.doubts()
    assert doubts[0] == (
        "exit 1 of trade T1 waits for the broker's word on T1-x1; who has looked there ends the "
        "doubt by tradebot resolve T1-x1"
    )
    assert doubts[1] == ("trade T1 is stuck: its exit does not get through; see tradebot why T1")
    assert doubts[2] == "NSE:SBIN has no fit price: its trade is blind"
    assert doubts[3].startswith("the database refuses: ")


async def test_the_class_of_a_listed_instrument_decides_its_price_source(world):
    assert world.trades._kind("NSE", "SBIN").value == "cash"
    assert world.trades._kind("NFO", "NIFTY28NOV24FUT").value == "future"
