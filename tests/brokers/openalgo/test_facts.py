"""The ten facts about OpenAlgo that shape its adapter, each met where it does its harm."""

from decimal import Decimal

import msgspec
import pytest

from tests.brokers.openalgo.feeding import POLLS, Feed
from tests.brokers.openalgo.world import NAME, SBIN, a_cancel, an_order
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo import reader
from tradebot.core.inputs import Acked, NoAction, NotSent, OrderState, Queued, Unknown
from tradebot.errors import BrokerError

MS = 1_000_000
DOUBT_NS = 60_000_000_000  # older than its request by more: taken for somebody else's order
SMART = {"placesmartorder", "closeposition", "cancelallorder"}


@pytest.fixture
async def feed(world):
    """A feed that ticks, and asks for what has fallen silent."""
    running = Feed(world, msgspec.structs.replace(POLLS, renewed_ns=500 * MS), True)
    running.feed.subscribe(NAME)
    await running.ticking()
    yield running
    await running.end()


def endpoints(world):
    return {request.endpoint for request in world.server.record.requests}


async def test_1_an_exit_takes_its_own_quantity_and_never_the_net_of_the_account(world):
    await world.held(150)  # of which 50 are somebody else's
    assert isinstance(await world.broker.place(an_order(quantity="100")), Acked)
    await world.server.until(lambda: world.server.net(NAME) == 50)
    assert not endpoints(world) & SMART


async def test_2_no_request_carries_a_size_of_position(world):
    await world.held(100)
    for quantity in ("40", "60"):
        await world.broker.place(an_order(quantity=quantity))
    await world.server.until(lambda: world.server.net(NAME) == 0)
    for request in world.server.record.requests:
        assert "position_size" not in request.body
    assert world.server.record.harm() == []


@pytest.mark.parametrize("words", [
    "No OpenPosition Found. Not placing Exit order.",
    "No open position found. Not placing exit order.",
])  # fmt: skip
async def test_3_nothing_to_leave_is_a_claim_and_neither_a_refusal_nor_a_doubt(world, words):
    await world.held(100)
    world.server.faults.turn_on(Fault.ERROR, endpoint="placeorder", value=words)
    assert isinstance(await world.broker.place(an_order()), NoAction)
    assert await world.broker.net(SBIN) == 100


async def test_3_some_brokers_say_it_as_a_success(world):
    body = '{"status": "success", "message": "Positions Already Matched. No Action needed."}'
    await world.held(100)
    world.server.faults.turn_on(Fault.GARBAGE, endpoint="placeorder", value=body)
    assert isinstance(await world.broker.place(an_order()), NoAction)
    assert await world.broker.net(SBIN) == 100


@pytest.mark.parametrize("fault", [Fault.BOOK_FAILS, Fault.GARBAGE, Fault.HANGS])
async def test_4_a_position_that_cannot_be_read_is_never_flat(world, fault):
    await world.held(100)
    world.server.faults.turn_on(fault, endpoint="positionbook")
    assert await world.broker.net(SBIN) is None


@pytest.mark.parametrize("data", ["null", "{}", '[{"symbol": "SBIN", "exchange": "NSE"}]'])
async def test_4_an_odd_success_is_never_flat(world, data):
    await world.held(100)
    body = f'{{"status": "success", "data": {data}}}'
    world.server.faults.turn_on(Fault.GARBAGE, endpoint="positionbook", value=body)
    assert await world.broker.net(SBIN) is None


async def test_4_an_empty_book_beside_funds_without_an_amount_is_never_flat(world):
    await world.held(100)
    body = '{"status": "success", "data": {}}'
    world.server.faults.turn_on(Fault.BOOK_EMPTY, endpoint="positionbook")
    world.server.faults.turn_on(Fault.GARBAGE, endpoint="funds", value=body)
    assert await world.broker.net(SBIN) is None


async def test_4_an_empty_book_of_a_dead_session_is_never_flat(world):
    await world.held(100)
    world.server.faults.turn_on(Fault.BOOK_EMPTY, endpoint="positionbook")
    world.server.faults.turn_on(Fault.ERROR, endpoint="funds")
    assert await world.broker.net(SBIN) is None


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.ERROR, Fault.GATEWAY_TIMEOUT, Fault.LIMITED])
async def test_5_a_request_is_sent_once_whatever_becomes_of_it(world, fault):
    await world.held(100)
    world.server.faults.turn_on(fault, endpoint="placeorder", acts_after_s=0.0)
    await world.broker.place(an_order())
    assert world.placed == 1


async def test_5_no_request_carries_a_field_that_the_server_does_not_know(world):
    await world.held(100)
    assert isinstance(await world.broker.place(an_order(quantity="40")), Acked)
    resting = await world.broker.place(an_order(quantity="60", price=Decimal(900)))
    assert isinstance(resting, Acked)
    await world.broker.report(resting.order_id)
    await world.broker.cancel(a_cancel(resting.order_id))
    assert [request for request in world.server.record.requests if request.status == 400] == []


async def test_6_an_acknowledged_order_may_be_rejected_and_a_success_may_be_no_order(world):
    await world.held(100)
    with world.server.faults.during(Fault.REJECTED, value="RMS: margin exceeds"):
        outcome = await world.broker.place(an_order())
        assert isinstance(outcome, Acked)
        orders = world.server.exchange.orders.values()
        await world.server.until(lambda: all(order.status.is_final for order in orders))
        report = await world.broker.report(outcome.order_id)
    assert (report.state, report.filled) == (OrderState.REJECTED, 0)
    with world.server.faults.during(Fault.NULL_ORDER_ID):
        assert isinstance(await world.broker.place(an_order()), Unknown)
    world.server.account.semi_auto = True
    assert isinstance(await world.broker.place(an_order()), Queued)


@pytest.mark.parametrize("fault", [Fault.HANGS, Fault.ERROR])
async def test_7_a_lost_answer_is_a_doubt_that_the_order_book_resolves(world, fault):
    await world.held(100)
    before_ns = world.clock.now_ns()
    world.server.faults.turn_on(fault, endpoint="placeorder", times=1, acts_after_s=5.0)
    assert isinstance(await world.broker.place(an_order()), Unknown)
    await world.server.until(lambda: world.server.net(NAME) == 0)
    (ours,) = [row for row in await world.broker.order_book() if row.side.value == "SELL"]
    assert (ours.quantity, ours.filled) == (100, 100)
    assert ours.at_ns >= before_ns - DOUBT_NS


async def test_7_an_order_of_ours_never_looks_old_whatever_zone_its_broker_is_in(
    world, monkeypatch
):
    await world.held(100)
    before_ns = world.clock.now_ns()
    at_utc = 5.5 * 3_600_000_000_000
    monkeypatch.setattr(reader, "stated_ns", lambda _text, now_ns: now_ns - round(at_utc))
    world.server.faults.turn_on(Fault.CUT, endpoint="placeorder", times=1, acts_after_s=0.0)
    assert isinstance(await world.broker.place(an_order()), Unknown)
    await world.server.until(lambda: world.server.net(NAME) == 0)
    for row in await world.broker.order_book():
        assert row.at_ns >= before_ns - DOUBT_NS


async def test_8_a_refused_key_is_knocked_at_slowly_and_comes_back(world):
    await world.held(100)
    world.server.account.session_expired = True
    for _ in range(30):
        assert isinstance(await world.broker.place(an_order()), NotSent)
        assert await world.broker.net(SBIN) is None
        with pytest.raises(BrokerError):
            await world.broker.cancel(a_cancel("77"))
    world.clock.advance(31)
    assert isinstance(await world.broker.place(an_order()), NotSent)
    refused = [r.endpoint for r in world.server.record.requests if r.status == 403]
    assert refused == ["placeorder", "ping"]
    alarms = [level for event, level, _ in world.said.lines if event == "openalgo.locked_out"]
    assert alarms == ["critical"]  # once
    world.server.account.session_expired = False
    world.clock.advance(31)
    assert isinstance(await world.broker.place(an_order()), Acked)


async def test_9_a_feed_that_says_nothing_of_its_end_is_found_out_and_mended(feed):
    (client,) = feed.server.proxy.clients
    feed.server.proxy.relogin()
    await feed.moves(lambda: len(feed.inbox.states) == 2)
    await feed.ticking()
    assert [up for up, _ in feed.inbox.states] == [True, False, True]
    assert feed.server.proxy.clients == [client]  # on the same socket


async def test_10_a_lost_last_tick_is_found_by_a_quote(feed):
    with feed.server.faults.during(Fault.TICK_LOST):
        feed.server.price(NAME, 790.0)
        await feed.inbox.until(lambda: (NAME, 790.0) in feed.inbox.prices)


async def test_what_the_sandbox_says_is_nobodys_position(world):
    await world.held(100)
    world.server.account.analyzer = True
    assert await world.broker.net(SBIN) is None
    assert await world.broker.order_book() is None
    with pytest.raises(BrokerError, match="trade book"):
        await world.broker.executions()
