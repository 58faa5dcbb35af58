"""What would leave an open trade next, and how far that is."""

import pytest

from tests.api.world import LONG, START_NS, running
from tradebot.core.inputs import OrderSide
from tradebot.core.leaving.halt import Form
from tradebot.core.market.sessions import Session
from tradebot.services.outlook import outlook


@pytest.fixture
async def world():
    async with running() as made:
        yield made


def told(world, trade_id="T1"):
    items = outlook(world.book, world.book.trades[trade_id], world.clock.now_ns())
    return [item["text"] for item in items]


async def test_every_level_is_told_with_its_distance(world):
    await world.trades.create(
        LONG
        | {
            "target": [{"at": "5%", "quantity": 4}, {"at": "2%"}],
            "trail": {"by": "1%", "activation": "3%"},
            "breakeven": {"at": "1%", "lock": "1pts"},
            "time_exit": {"after": "45m"},
        }
    )
    await world.tick(800.0)
    world.clock.pass_ms(1_200)
    assert told(world) == [
        "The stop at 792 leaves it, 1 % away.",
        "At 808 the stop moves to 801, 1 % away.",
        "A target at 816 leaves it, 2 % away.",
        "The trail starts at 824, 3 % away.",
        "A target at 840 takes 4 out of it, 5 % away.",
        "The time exit leaves it in 44 min.",
        "The LTP 800.0 is 1.2 s old.",
    ]


async def test_what_others_have_left_of_it_is_told_first(world):
    await world.bought(10)
    await world.trades.create(LONG)
    await world.fill("by hand", None, OrderSide.SELL, 4, 800)
    said = "4 of its 10 units were left by others: an exit leaves 6."
    assert told(world)[0] == said


async def test_the_stop_that_acts_comes_first(world):
    await world.trades.create(
        LONG | {"target": "@900", "trail": {"by": "1%"}, "breakeven": {"at": "0.5%"}}
    )
    await world.tick(807.0)
    assert told(world)[:3] == [
        "The break-even stop at 800 leaves it, 0.87 % away.",
        "The trail at 798.95 is behind it, 1 % away.",
        "The stop at 792 is behind it, 1.86 % away.",
    ]


async def test_a_short_is_left_above(world):
    await world.trades.create(LONG | {"side": "SHORT", "target": "2%"})
    await world.tick(800.0)
    assert told(world)[:2] == [
        "The stop at 808 leaves it, 1 % away.",
        "A target at 784 leaves it, 2 % away.",
    ]


async def test_without_a_price_nothing_has_a_distance(world):
    await world.trades.create(LONG)
    items = outlook(world.book, world.book.trades["T1"], START_NS)
    assert [item["away"] for item in items] == [None, None, None]
    assert told(world)[-1] == "No price has come yet."


async def test_an_old_price_is_called_too_old(world):
    await world.trades.create(LONG)
    await world.tick(800.0)
    world.book.lines["NSE:SBIN"].blind_since_ns = START_NS
    world.clock.pass_ms(90_000)
    assert told(world)[-1] == "The LTP 800.0 is 1 min old: too old to act on."


async def test_while_the_exchange_is_closed_it_is_told_when_it_opens(world):
    await world.trades.create(LONG)
    await world.tick(800.0)
    assert world.clock.now_ns() == START_NS  # 3:45
    gate = world.book.lines["NSE:SBIN"].gate
    gate.session = Session(open_minutes=225, close_minutes=226)
    assert told(world)[-1] == "The LTP 800.0 is 0 ms old."
    gate.session = Session(open_minutes=300, close_minutes=225)
    assert told(world)[-1] == (
        "The exchange is closed and opens in 1 h 15 min: until then no price leaves it."
    )


async def test_a_held_jump_is_told(world):
    await world.trades.create(LONG)
    await world.tick(800.0)
    await world.tick(700.0)
    assert told(world)[-1] == "The LTP 800.0 is 0 ms old; a jump to 700.0 waits to be confirmed."


async def test_a_waiting_trade_waits_for_its_entry(world):
    entry = {key: LONG[key] for key in ("exchange", "symbol", "side", "stop")}
    await world.trades.create(entry | {"order_id": "B1"})
    assert told(world) == ["It waits for its entry order to fill."]


async def test_a_trade_that_is_being_left_says_by_what(world):
    await world.bought()
    await world.trades.create(LONG)
    await world.trades.exit("T1")
    assert told(world) == ["It is being left by a person."]


async def test_while_nothing_is_sent_that_comes_first(world):
    await world.bought()
    await world.trades.create(LONG)
    await world.halts.halt(Form.EVERYTHING, "fear")
    first, *more = (await world.trades.story("T1"))["outlook"]
    assert (first["what"], first["text"]) == ("halted", "Nothing is sent until the release.")
    assert more[0]["what"] == "stop"
    await world.trades.exit("T1")
    told = (await world.trades.story("T1"))["outlook"]
    assert [item["what"] for item in told] == ["halted", "exit"]


async def test_what_is_not_guarded_is_called_so(world):
    await world.trades.create({key: LONG[key] for key in list(LONG)[:5]})
    assert told(world)[0] == "It has no rules: only a person leaves it."
    await world.tick(780.0)
    await world.trades.create(LONG | {"past_stop": "ask"})
    assert told(world, "T2") == [
        "It is unguarded: no price leaves it.",
        "The LTP 780.0 is 0 ms old.",
    ]
