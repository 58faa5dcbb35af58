"""Trades as JSON: exact numbers, ISO times, and the words that a person should see."""

from decimal import Decimal

import pytest

from tests.api.world import LONG, START_NS, running
from tests.services.test_trades import told
from tradebot.core.events import ExitDecided
from tradebot.core.guard.trade_rules import Candidate
from tradebot.core.guard.trades import PriceSource, Reason, Rules, Side, Status, Trade
from tradebot.core.inputs import (
    ClockSet,
    OrderReport,
    OrderSide,
    OrderState,
    PlaceReply,
    Unknown,
)
from tradebot.services.trade_json import (
    active_trade,
    as_it_stands,
    closed_trade,
    event_json,
    iso,
    ltp_age_ms,
    number,
    price,
)


@pytest.fixture
async def world():
    async with running() as made:
        yield made


def only(world):
    (trade,) = world.trades.active()[0]
    return trade


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("812.50", "812.5"),
        ("1E+3", "1000"),
        ("-0", "0"),
        ("0.000000012345", "0.000000012345"),
        ("100.3333333333333333333333333", "100.333333333333333"),
    ],
)
def test_a_number_is_its_shortest_text(value, text):
    assert format(number(Decimal(value)), "f") == text


def test_none_stays_none():
    assert number(None) is None
    assert price(None) is None
    assert iso(None) is None


def test_a_price_is_what_the_feed_sent():
    assert str(price(812.05)) == "812.05"
    assert str(price(1e16)) == "10000000000000000"


@pytest.mark.parametrize(
    ("at_ns", "text"),
    [
        (START_NS, "2026-01-05T03:45:00.000000Z"),
        (START_NS + 123_456_789, "2026-01-05T03:45:00.123456Z"),
        (START_NS + 999_999_999, "2026-01-05T03:45:00.999999Z"),
        (0, "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_a_time_is_iso_in_utc_and_never_rounded_up(at_ns, text):
    assert iso(at_ns) == text


async def test_a_trade_tells_its_levels_prices_and_profit(world):
    await world.trades.create(LONG | {"trail": {"by": "1%"}, "time_exit": {"after": "45m"}})
    await world.tick(805.05)
    await world.tick(806.0)
    world.clock.pass_ms(40)
    trade = only(world)
    assert trade["quantity"] == 10
    assert trade["entry_price"] == 800
    assert (trade["ltp"], trade["ltp_age_ms"]) == (806, 40)
    assert (trade["unrealized_pnl"], trade["realized_pnl"]) == (60, 0)
    assert (trade["stop_level"], trade["stop_reason"]) == (Decimal("797.95"), "trail")
    assert (trade["trail_level"], trade["best_price"]) == (Decimal("797.95"), 806)
    assert trade["target_level"] == 830
    assert (trade["stop"], trade["target"], trade["trail"]) == ("1%", "@830", {"by": "1%"})
    assert trade["time_exit_at"] == "2026-01-05T04:30:00.000000Z"
    assert trade["flags"] == []


async def test_a_time_of_day_is_told_as_the_wall_shows_it_whatever_it_is_set_to(world):
    await world.trades.create(LONG | {"time_exit": {"at": "15:10"}})
    await world.put(ClockSet(skew_ns=3_600_000_000_000, at_ns=world.clock.now_ns()))
    assert only(world)["time_exit_at"] == "2026-01-05T15:10:00.000000Z"


async def test_a_short_profits_when_the_price_falls(world):
    await world.trades.create(LONG | {"side": "SHORT", "target": "2%"})
    await world.tick(795.5)
    assert only(world)["unrealized_pnl"] == 45


async def test_what_others_have_left_of_a_trade_is_told_and_counts_for_nothing(world):
    await world.bought(10)
    await world.trades.create(LONG)
    await world.tick(806.0)
    await world.fill("by hand", None, OrderSide.SELL, 4, 806)
    trade = only(world)
    assert (trade["quantity"], trade["left_by_others"], trade["flags"]) == (6, 4, ["reduced"])
    assert trade["unrealized_pnl"] == 36
    await world.bought(4)  # back again, and so are its units
    trade = only(world)
    assert (trade["quantity"], trade["left_by_others"], trade["flags"]) == (10, 0, [])


async def test_a_waiting_trade_has_no_quantity_and_no_levels(world):
    entry = {key: LONG[key] for key in ("exchange", "symbol", "side", "stop")}
    await world.trades.create(entry | {"order_id": "B1", "trail": {"by": "1%"}})
    trade = only(world)
    assert (trade["status"], trade["quantity"], trade["flags"]) == ("PENDING", 0, [])
    missing = ("entry_price", "stop_level", "trail_level", "unrealized_pnl", "opened_at", "ltp")
    assert [trade[key] for key in missing] == [None] * len(missing)


async def test_a_trade_without_a_price_is_blind(world):
    await world.trades.create(LONG)
    assert only(world)["flags"] == ["blind"]
    await world.tick(800.0)
    assert only(world)["flags"] == []
    world.book.lines["NSE:SBIN"].blind_since_ns = START_NS
    assert only(world)["flags"] == ["blind"]


async def test_a_held_price_makes_its_trades_suspect(world):
    await world.trades.create(LONG)
    await world.tick(800.0)
    await world.tick(700.0)
    assert (only(world)["flags"], only(world)["ltp"]) == (["suspect"], 800)


async def test_a_trade_without_rules_or_past_its_stop_is_unguarded(world):
    await world.tick(805.0)
    await world.trades.create({key: LONG[key] for key in list(LONG)[:5]})
    assert only(world)["flags"] == ["blind", "unguarded"]
    await world.tick(780.0)
    await world.trades.create(LONG | {"past_stop": "ask"})
    assert list(world.trades.active()[0])[1]["flags"] == ["unguarded"]


async def test_an_exit_without_an_answer_is_in_doubt_and_one_that_is_refused_stuck(world):
    await world.bought()
    await world.tick(800.0)
    await world.trades.create(LONG)
    await world.tick(801.0)
    await world.trades.exit("T1")
    assert (only(world)["flags"], only(world)["reason"]) == ([], "manual")
    await world.put(PlaceReply(client_order_id="T1-x1", outcome=Unknown("?"), at_ns=START_NS))
    world.book.put_trade(world.book.trades["T1"], stuck=True)
    assert only(world)["flags"] == ["in_doubt", "stuck"]


async def test_an_order_of_somebody_else_that_waits_to_leave_it_is_a_flag(world):
    await world.bought()
    await world.tick(800.0)
    await world.trades.create(LONG)
    key = world.book.trades["T1"].key
    stop = {"client_order_id": None, "key": key, "side": OrderSide.SELL, "filled": Decimal(0)}
    words = stop | {"quantity": Decimal(10), "state": OrderState.OPEN, "at_ns": START_NS}
    await world.put(OrderReport(order_id="P1", trigger=Decimal(790), **words))
    assert "resting" in only(world)["flags"]
    await world.put(OrderReport(order_id="P1", **(words | {"state": OrderState.CANCELLED})))
    assert "resting" not in only(world)["flags"]


async def test_looking_at_a_trade_makes_nothing_in_the_book(world):
    await world.trades.create(LONG | {"trail": {"by": "1%"}})
    trade = world.book.trades["T1"]
    world.book.lines["NSE:SBIN"].sides.clear()
    assert as_it_stands(world.book, trade) is trade
    assert active_trade(world.book, trade, START_NS)["best_price"] == 800
    assert world.book.lines["NSE:SBIN"].sides == {}


async def test_a_clock_that_was_set_back_gives_no_negative_age(world):
    await world.trades.create(LONG)
    await world.tick(800.0)
    assert ltp_age_ms(world.book.lines["NSE:SBIN"], START_NS - 5_000_000_000) == 0


async def test_a_trade_that_is_over_tells_its_end(world):
    await world.bought()
    await world.trades.create(LONG | {"tag": "breakout"})
    await world.trades.exit("T1")
    world.clock.pass_ms(1500)
    await world.fill("B1", "T1-x1", OrderSide.SELL, 4, 791)
    await world.fill("B1", "T1-x1", OrderSide.SELL, 6, 791.5)
    (trade,) = map(told, (await world.trades.history())[0])
    assert (trade["entry_price"], trade["exit_price"]) == (800, Decimal("791.3"))
    assert (trade["realized_pnl"], trade["reason"], trade["tag"]) == (-87, "manual", "breakout")
    assert trade["closed_at"] == "2026-01-05T03:45:01.500000Z"
    assert (trade["status"], trade["quantity"], trade["stop"]) == ("CLOSED", 10, "1%")


async def test_a_trade_that_never_filled_has_no_prices(world):
    trade = Trade(
        trade_id="T1",
        number=1,
        account="main",
        strategy="",
        exchange="NSE",
        symbol="UNHEARD",
        product="MIS",
        side=Side.LONG,
        quantity=None,
        rules=Rules(),
        status=Status.NEVER_FILLED,
        created_at_ns=START_NS,
    )
    told = closed_trade(world.book, trade)
    assert (told["entry_price"], told["exit_price"], told["reason"]) == (None, None, None)
    assert "NSE:UNHEARD" not in world.book.instruments


def test_an_event_is_told_with_its_own_fields():
    event = ExitDecided(
        trade_id="T1",
        exit=1,
        reason=Reason.TRAIL,
        quantity=Decimal("10.0"),
        at_ns=START_NS,
        level=Decimal("812.50"),
        ltp=812.05,
        source=PriceSource.LAST,
        tick_at_ns=START_NS,
        received_ns=START_NS,
        candidates=(Candidate(Reason.STOP, Decimal(790)),),
    )
    told = event_json(event)
    assert told["event"] == "exit_decided"
    assert (str(told["quantity"]), str(told["level"]), str(told["ltp"])) == (
        "10",
        "812.5",
        "812.05",
    )
    assert told["at"] == told["tick_at"] == told["received_at"] == "2026-01-05T03:45:00.000000Z"
    assert told["candidates"] == [{"reason": "stop", "level": 790}]
    assert told["best_price"] is None
