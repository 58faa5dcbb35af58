"""Ticks over a real websocket, its connections, and word of orders."""

import asyncio
import json
import time

import msgspec
import pytest

from tests.brokers.openalgo.feeding import CALM, INFY, MS, PACE, POLLS, Feed
from tests.brokers.openalgo.world import NAME, World, an_order
from tests.openalgo.faults import Fault
from tradebot.core.inputs import Execution, InstrumentsLoaded, OrderChannel, OrderSide, Tick


async def test_ticks_are_delivered_counted_on_and_of_the_time_at_which_they_came(start, world):
    feed = start(NAME)
    await feed.ticking()
    count = len(feed.inbox.prices)
    feed.server.price(NAME, 820.05)
    await feed.inbox.until(lambda: (NAME, 820.05) in feed.inbox.prices)
    ticks = [item for item in feed.inbox.items if isinstance(item, Tick)]
    assert [tick.seq for tick in ticks] == list(range(42, 43 + count))
    assert all(tick.at_ns == tick.received_ns for tick in ticks)
    assert feed.inbox.states == [(True, "")]


async def test_a_feed_of_which_nothing_is_wanted_is_up_when_it_is_let_in(start):
    feed = start()
    await feed.inbox.until(lambda: feed.inbox.states == [(True, "")])
    assert feed.asked("subscribe") == []


async def test_an_acknowledged_subscription_is_no_tick(start):
    feed = start(NAME)
    feed.server.faults.turn_on(Fault.SUBSCRIBE_DEAF)
    await feed.server.until(lambda: feed.asked("subscribe"))
    feed.server.price(NAME, 813.0)
    await feed.inbox.until(lambda: any(isinstance(i, InstrumentsLoaded) for i in feed.inbox.items))
    assert feed.inbox.states == []


async def test_what_is_wanted_later_is_subscribed_and_what_is_not_is_unsubscribed(start):
    feed = start(NAME)
    await feed.ticking()
    feed.feed.subscribe(INFY)
    feed.feed.subscribe(INFY)
    await feed.moves(lambda: any(name == INFY for name, _ in feed.inbox.prices), INFY)
    feed.feed.unsubscribe(NAME)
    feed.feed.unsubscribe(NAME)
    await feed.server.until(lambda: feed.asked("unsubscribe"))
    (words,) = feed.asked("unsubscribe")
    assert words["symbols"] == [{"symbol": "SBIN", "exchange": "NSE", "mode": 1}]
    assert [len(said["symbols"]) for said in feed.asked("subscribe")] == [1, 1]
    count = len(feed.inbox.prices)
    feed.server.price(NAME, 700.0)
    feed.server.price(INFY, 813.0)
    await feed.inbox.until(lambda: len(feed.inbox.prices) > count)
    assert (NAME, 700.0) not in feed.inbox.prices


async def test_what_is_wanted_is_described(start):
    feed = start("NFO:NIFTY24NOV26FUT")
    await feed.inbox.until(lambda: any(isinstance(i, InstrumentsLoaded) for i in feed.inbox.items))
    (loaded,) = [i for i in feed.inbox.items if isinstance(i, InstrumentsLoaded)]
    assert loaded.instruments[0].lot_size == 75


@pytest.mark.parametrize("fault", [Fault.TICK_ZERO, Fault.TICK_LOST])
async def test_a_price_of_zero_is_no_price(start, fault):
    feed = start(NAME)
    await feed.ticking()
    feed.server.faults.turn_on(fault, times=1)
    feed.server.price(NAME, 830.0)
    feed.server.price(NAME, 831.0)
    await feed.inbox.until(lambda: (NAME, 831.0) in feed.inbox.prices)
    assert (NAME, 830.0) not in feed.inbox.prices
    assert all(ltp > 0 for _, ltp in feed.inbox.prices)


@pytest.mark.parametrize(
    "fault", [Fault.TICK_DOUBLED, Fault.TICK_RICHER, Fault.TICK_TIMES, Fault.SUBSCRIBE_FAILS]
)
async def test_a_feed_that_is_odd_in_ways_that_do_no_harm_goes_on(start, fault):
    feed = start(NAME)
    feed.server.faults.turn_on(fault, times=5 if fault is not Fault.SUBSCRIBE_FAILS else 0)
    await feed.ticking()
    feed.server.price(NAME, 820.05)
    await feed.inbox.until(lambda: (NAME, 820.05) in feed.inbox.prices)


async def test_a_subscription_that_was_refused_is_told_and_asked_for_again(start, world):
    feed = start(NAME, patience=msgspec.structs.replace(CALM, again_ns=MS))
    feed.server.faults.turn_on(Fault.SUBSCRIBE_FAILS, times=3)
    await feed.ticking()
    assert world.said.events.count("feed.refused") == 3
    assert len(feed.asked("subscribe")) == 4


async def test_garbage_is_skipped_and_told(start, world):
    feed = start(NAME)
    await feed.ticking()
    for raw in ("", "{", '{"type": 5}', "[]"):
        await feed.server.proxy.clients[0].socket.send(raw)
    feed.server.price(NAME, 820.05)
    await feed.inbox.until(lambda: (NAME, 820.05) in feed.inbox.prices)
    assert world.said.events.count("feed.unreadable") == 4


# Prices that are none.


async def test_an_ltp_of_weeks_ago_is_not_evaluated_until_something_trades(start):
    feed = start(NAME, patience=CALM)
    await feed.server.until(lambda: feed.asked("subscribe"))
    old = '{"type":"market_data","symbol":"SBIN","exchange":"NSE","data":{"ltp":%s,"ltt":%d}}'
    weeks_ago = time.time_ns() // MS - 20 * 86_400_000
    for _ in range(3):
        feed.server.proxy.send_raw(old % (700.0, weeks_ago))
    for price in (812.5, 812.55):
        feed.server.price(NAME, price)
    await feed.inbox.until(lambda: (NAME, 812.55) in feed.inbox.prices)
    assert (NAME, 700.0) not in feed.inbox.prices


@pytest.mark.parametrize(("low", "high"), [(810.0, 815.0), ("815.05", 820)])
async def test_an_ltp_outside_of_the_days_range_is_not_evaluated(start, low, high):
    feed = start(NAME)
    await feed.ticking()
    words = {"ltp": 815.01 if high == 815.0 else 815.0, "low": low, "high": high}
    frame = {"type": "market_data", "symbol": "SBIN", "exchange": "NSE", "mode": 2, "data": words}
    feed.server.proxy.send_raw(json.dumps(frame))
    feed.server.price(NAME, 816.0)
    await feed.inbox.until(lambda: (NAME, 816.0) in feed.inbox.prices)
    assert (NAME, words["ltp"]) not in feed.inbox.prices


async def test_a_price_of_something_else_after_a_silence_has_to_be_confirmed(start, world):
    feed = start(NAME, patience=msgspec.structs.replace(POLLS, doubt_ns=0))
    await feed.ticking()
    feed.server.faults.turn_on(Fault.TICK_ALIEN, value=25_980.0, times=1)
    feed.server.faults.turn_on(Fault.TICK_DOUBLED, times=1)
    feed.server.price(NAME, 813.0)
    await feed.server.until(lambda: "feed.doubted" in world.said.events)
    await feed.inbox.until(lambda: (NAME, 813.0) in feed.inbox.prices)  # the quote knows
    assert all(ltp < 1000.0 for _, ltp in feed.inbox.prices)


async def test_a_gap_after_a_silence_is_believed_with_the_second_tick_and_both_are_judged(start):
    feed = start(NAME, patience=msgspec.structs.replace(CALM, doubt_ns=0))
    await feed.ticking()
    feed.server.price(NAME, 700.0)
    feed.server.price(NAME, 700.5)
    await feed.inbox.until(lambda: (NAME, 700.5) in feed.inbox.prices)
    assert feed.inbox.prices[-2:] == [(NAME, 700.0), (NAME, 700.5)]


# Connections.


async def test_a_connection_that_breaks_is_made_again_and_counts_when_it_ticks(start):
    feed = start(NAME)
    await feed.ticking()
    feed.server.proxy.drop()
    await feed.inbox.until(lambda: len(feed.inbox.states) == 2)
    up, why = feed.inbox.states[-1]
    assert not up
    assert why.startswith("the connection ended, ConnectionClosed")
    await feed.ticking()
    assert [up for up, _ in feed.inbox.states] == [True, False, True]
    assert len(feed.asked("subscribe")) == 2


async def test_a_server_that_is_away_is_called_until_it_is_back(start):
    feed = start(NAME)
    await feed.ticking()
    await feed.server.stop()
    await feed.inbox.until(lambda: len(feed.inbox.states) == 2)
    await feed.server.start()
    await feed.ticking()


async def test_a_key_that_is_not_let_in_ends_the_connection_and_is_tried_again(start, world):
    feed = start(NAME)
    feed.server.faults.turn_on(Fault.AUTH_REFUSED, times=2)
    await feed.inbox.until(lambda: feed.inbox.states)
    up, why = feed.inbox.states[0]
    assert not up
    assert why.startswith("not let in: AUTHENTICATION_ERROR")
    await feed.ticking()
    assert world.server.api_key not in str(world.said.lines) + str(feed.inbox.states)


async def test_a_proxy_that_does_not_answer_to_our_key_is_left(start):
    feed = start(NAME)
    feed.server.faults.turn_on(Fault.AUTH_SLOW, value=60, times=1)
    await feed.inbox.until(lambda: feed.inbox.states)
    assert feed.inbox.states[0] == (False, "no answer to our key")


async def test_no_connection_is_made_while_the_key_is_not_taken(start, world):
    feed = start(NAME)
    await feed.ticking()
    world.server.account.session_expired = True
    await world.client.ask("orderbook", {})
    feed.server.proxy.drop()
    await feed.inbox.until(lambda: len(feed.inbox.states) == 2)
    before = len(feed.asked("authenticate"))
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert len(feed.asked("authenticate")) == before
    world.server.account.session_expired = False
    world.clock.advance(31)
    await feed.ticking()


# Orders.


async def test_a_fill_is_delivered_when_there_is_word_of_its_order(start, world):
    await world.held(100)
    feed = start(NAME)
    await feed.ticking()
    await feed.server.until(lambda: feed.asked("subscribe_orders"))
    feed.server.faults.turn_on(Fault.FILLS_SLOWLY, value=10)
    acked = await world.broker.place(an_order())

    def sold():
        fills = [item for item in feed.inbox.items if isinstance(item, Execution)]
        return [fill for fill in fills if fill.side is OrderSide.SELL]

    await feed.inbox.until(sold)
    assert {fill.order_id for fill in sold()} == {acked.order_id}
    assert sold()[0].quantity == 100


async def test_an_execution_never_overtakes_its_acknowledgement(world):
    await world.held(100)
    await world.broker.order_book()
    world.server.faults.turn_on(Fault.SLOW, endpoint="placeorder", value=20, acts_after_s=0.0)
    placing = asyncio.ensure_future(world.broker.place(an_order()))
    await world.server.until(lambda: world.server.net(NAME) == 0)
    assert [fill.side.value for fill in await world.broker.news()] == ["BUY"]
    await placing
    assert [fill.side.value for fill in await world.broker.news()] == ["BUY", "SELL"]


async def test_what_others_trade_is_told_at_once(start, world):
    feed = start(NAME)
    await feed.ticking()
    await feed.server.until(lambda: feed.asked("subscribe_orders"))
    await world.held(-30)
    await feed.inbox.until(lambda: any(isinstance(i, Execution) for i in feed.inbox.items))


async def test_word_of_an_order_whose_fills_cannot_be_read_is_forgotten(start, world):
    feed = start(NAME)
    await feed.ticking()
    feed.server.faults.turn_on(Fault.ERROR, endpoint="tradebook")
    await world.held(100)
    await feed.server.until(lambda: feed.server.record.asked("tradebook"))
    feed.server.price(NAME, 820.05)
    await feed.inbox.until(lambda: (NAME, 820.05) in feed.inbox.prices)
    assert not any(isinstance(item, Execution) for item in feed.inbox.items)


async def test_a_world_can_be_left_in_the_middle_of_anything():
    async with World() as world:
        for fault in (Fault.AUTH_SLOW, None):
            if fault is not None:
                world.server.faults.turn_on(fault, value=20, times=1)
            feed = Feed(world, CALM, True)
            feed.feed.subscribe(NAME)
            await asyncio.sleep(0.02)
            await feed.end()
            assert feed.task.cancelled()  # and did not break on its way out


# Whether word of orders can be relied on.


def channel_of(feed):
    return [item.up for item in feed.inbox.items if isinstance(item, OrderChannel)]


async def test_word_of_an_order_proves_the_channel_after_what_it_is_about_was_delivered(
    start, world
):
    feed = start(NAME)
    await feed.ticking()
    await feed.server.until(lambda: feed.asked("subscribe_orders"))
    assert channel_of(feed) == []
    await world.held(-30)
    await feed.inbox.until(lambda: channel_of(feed))
    kinds = [type(i) for i in feed.inbox.items if isinstance(i, Execution | OrderChannel)]
    assert kinds[0] is Execution
    assert channel_of(feed)[0] is True


async def test_a_channel_is_gone_with_its_connection(start, world):
    feed = start(NAME)
    await feed.ticking()
    await feed.server.until(lambda: feed.asked("subscribe_orders"))
    await world.held(-30)
    await feed.inbox.until(lambda: channel_of(feed))
    feed.server.proxy.drop()
    await feed.inbox.until(lambda: channel_of(feed)[-1] is False)


async def test_a_channel_of_which_nothing_is_heard_for_a_while_is_none(start, world):
    feed = start(NAME)
    await feed.ticking()
    await feed.server.until(lambda: feed.asked("subscribe_orders"))
    await world.held(-30)
    await feed.inbox.until(lambda: channel_of(feed)[-1:] == [True])
    world.clock.advance(11)
    await feed.inbox.until(lambda: channel_of(feed)[-1] is False)


async def test_an_order_of_ours_of_which_nothing_is_heard_ends_it(start, world):
    feed = start(NAME)
    await feed.ticking()
    await feed.server.until(lambda: feed.asked("subscribe_orders"))
    await world.held(30)
    await feed.inbox.until(lambda: channel_of(feed)[-1:] == [True])
    world.server.faults.turn_on(Fault.UPDATES_LOST)
    await world.broker.place(an_order(quantity="30"))
    world.clock.advance(3)
    await feed.inbox.until(lambda: channel_of(feed)[-1] is False)


async def test_a_read_that_leaves_out_what_may_be_ours_proves_nothing(world):
    await world.held(100)
    world.broker.proof.told("B1", "angel")
    world.server.faults.turn_on(Fault.SLOW, endpoint="placeorder", value=20, acts_after_s=0.0)
    placing = asyncio.ensure_future(world.broker.place(an_order()))
    await world.server.until(lambda: world.server.net(NAME) == 0)
    await world.broker.news()
    assert not world.broker.proof.is_good(world.clock.now_ns())
    await placing
    await world.broker.news()
    assert world.broker.proof.is_good(world.clock.now_ns())


async def test_a_connection_tells_whose_it_is_and_that_our_wish_was_acknowledged(start, world):
    proof = world.broker.proof
    feed = start(NAME)
    await feed.moves(lambda: proof.ack)
    assert (proof.broker, proof.ack) == ("angel", "success")
    await feed.server.stop_feed()
    await feed.inbox.until(lambda: feed.inbox.states[-1:] and not feed.inbox.states[-1][0])
    assert (proof.broker, proof.ack) == (None, "")


# Wishes that come to nothing.


async def test_a_subscription_that_fails_as_a_whole_is_asked_for_again(start):
    feed = start(NAME, patience=msgspec.structs.replace(CALM, again_ns=MS))
    feed.server.faults.turn_on(Fault.ACTION_FAILS, endpoint="subscribe", times=2)
    await feed.ticking()
    assert len(feed.asked("subscribe")) == 3
    assert len(feed.asked("authenticate")) == 1


async def test_a_subscription_of_which_nobody_says_anything_is_asked_for_again(start):
    feed = start(NAME, patience=msgspec.structs.replace(CALM, ack_ns=MS))
    feed.server.faults.turn_on(Fault.ACTION_UNANSWERED, endpoint="subscribe", times=2)
    await feed.ticking()
    assert len(feed.asked("subscribe")) >= 3
    assert len(feed.asked("authenticate")) == 1


@pytest.mark.parametrize("fault", [Fault.ACTION_FAILS, Fault.ACTION_UNANSWERED])
async def test_word_of_orders_is_asked_for_until_it_is_promised(start, fault):
    feed = start(NAME, pace=msgspec.structs.replace(PACE, orders_s=0.01))
    feed.server.faults.turn_on(fault, endpoint="subscribe_orders", times=2)
    await feed.server.until(lambda: any(one.wants_orders for one in feed.server.proxy.clients))
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert len(feed.asked("subscribe_orders")) == 3


async def test_what_was_away_for_long_is_let_in_once(start):
    patience = msgspec.structs.replace(POLLS, silent_ns=100 * MS)
    feed = start(NAME, patience=patience)
    await feed.ticking()
    await feed.server.stop()
    await feed.inbox.until(lambda: len(feed.inbox.states) == 2)
    before = len(feed.asked("authenticate"))
    for _ in range(20):
        await asyncio.sleep(0.01)
    await feed.server.start()
    await feed.ticking()
    assert len(feed.asked("authenticate")) == before + 1
