"""Orders and books over real sockets; whatever cannot be said for certain is not said."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from tests.brokers.openalgo.world import LIMITS, NAME, SBIN, World, a_cancel, an_order
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.broker import OpenAlgoBroker
from tradebot.core.inputs import (
    Acked,
    Execution,
    NotSent,
    OrderReport,
    OrderState,
    Queued,
    Refused,
    Unknown,
)
from tradebot.errors import BrokerError


async def acked(world, **fields):
    outcome = await world.broker.place(an_order(**fields))
    assert isinstance(outcome, Acked)
    return outcome.order_id


# Opening.


async def test_orders_that_are_there_already_are_told_at_the_start(world):
    await world.held(100)
    await world.restart()
    (report,) = world.inbox.items
    assert isinstance(report, OrderReport)
    assert (report.key, report.filled, report.client_order_id) == (SBIN, 100, None)


async def test_a_server_that_is_not_there_or_is_none_is_refused(world):
    other = OpenAlgoBroker(SBIN.account, world.a_client(url="http://127.0.0.1:1"))
    with pytest.raises(BrokerError, match="no OpenAlgo that can be used: no connection"):
        await other.open(world.inbox)
    world.server.faults.turn_on(Fault.BAD_GATEWAY, endpoint="ping")
    with pytest.raises(BrokerError, match="HTTP 502"):
        await OpenAlgoBroker(SBIN.account, world.a_client()).open(world.inbox)


async def test_a_server_that_would_only_simulate_is_refused(world):
    world.server.account.analyzer = True
    with pytest.raises(BrokerError, match="analyzer mode"):
        await OpenAlgoBroker(SBIN.account, world.a_client()).open(world.inbox)
    world.server.faults.turn_on(Fault.ERROR, endpoint="analyzer")
    with pytest.raises(BrokerError, match="does not say whether"):
        await OpenAlgoBroker(SBIN.account, world.a_client()).open(world.inbox)


async def test_a_session_that_has_ended_is_waited_for(world):
    world.server.account.session_expired = True
    await world.restart()
    assert isinstance(await world.broker.place(an_order()), NotSent)
    assert await world.broker.net(SBIN) is None
    world.server.account.session_expired = False
    world.clock.advance(31)
    await world.held(100)
    assert isinstance(await world.broker.place(an_order()), Acked)
    assert "openalgo.locked_out" in world.said.events


async def test_no_list_of_instruments_is_fetched_with_the_key_in_its_address(world):
    assert await world.broker.instruments() == ()
    assert world.server.record.asked("instruments") == []


# Placing.


async def test_an_acknowledged_order_is_known_by_the_brokers_id(world):
    await world.held(100)
    order_id = await acked(world)
    await world.server.until(lambda: world.server.net(NAME) == 0)
    report = await world.broker.report(order_id)
    assert (report.state, report.filled, report.key) == (OrderState.COMPLETE, 100, SBIN)
    assert not (await world.broker.query("T1-x1")).answered


async def test_a_limit_order_asks_for_its_price(world):
    await world.held(100)
    order_id = await acked(world, price=Decimal("900.05"))
    report = await world.broker.report(order_id)
    assert (report.state, report.filled) == (OrderState.OPEN, 0)
    assert (report.price, report.trigger) == (Decimal("900.05"), None)
    (request,) = world.server.record.asked("placeorder")
    assert (request.body["pricetype"], request.body["price"]) == ("LIMIT", 900.05)


@pytest.mark.parametrize(
    ("fault", "value", "kind"),
    [
        (Fault.HANGS, None, Unknown),
        (Fault.CUT, None, Unknown),
        (Fault.ERROR, None, Unknown),
        (Fault.BAD_GATEWAY, None, Unknown),
        (Fault.GATEWAY_TIMEOUT, None, Unknown),
        (Fault.GARBAGE, None, Unknown),
        (Fault.NO_ORDER_ID, None, Unknown),
        (Fault.NULL_ORDER_ID, None, Unknown),
        (Fault.NO_PLUGIN, None, Unknown),
        (Fault.LIMITED, None, NotSent),
        (Fault.NO_SESSION, None, NotSent),
        (Fault.REFUSED, "RMS: margin exceeds", Refused),
    ],
)
async def test_each_way_of_not_saying_yes_is_told_as_what_it_is(world, fault, value, kind):
    await world.held(100)
    world.server.faults.turn_on(fault, endpoint="placeorder", times=1, value=value)
    outcome = await world.broker.place(an_order())
    assert type(outcome) is kind
    assert outcome.message


async def test_a_refusal_is_in_doubt_while_a_new_order_stands_in_the_book(world):
    await world.held(100)
    world.server.faults.turn_on(Fault.REFUSED, endpoint="placeorder", times=1, acts_after_s=0.0)
    outcome = await world.broker.place(an_order())
    assert isinstance(outcome, Unknown)
    assert "there is a new order" in outcome.message


async def test_a_refusal_is_in_doubt_while_the_book_cannot_be_read(world):
    world.server.faults.turn_on(Fault.REFUSED, endpoint="placeorder", times=1)
    world.server.faults.turn_on(Fault.BOOK_FAILS, endpoint="orderbook")
    assert isinstance(await world.broker.place(an_order()), Unknown)


async def test_an_order_that_somebody_read_before_its_refusal_came_is_new_all_the_same(
    world, monkeypatch
):
    """The comparison of every half minute may read the book while a request is under way."""
    await world.held(100)
    world.server.faults.turn_on(Fault.REFUSED, endpoint="placeorder", times=1, acts_after_s=0.0)
    honest = world.client.ask

    async def overtaken(route, *args, **words):
        reply = await honest(route, *args, **words)
        if route == "placeorder":
            await world.broker.order_book()  # a comparison that was under way
        return reply

    monkeypatch.setattr(world.client, "ask", overtaken)
    outcome = await world.broker.place(an_order())
    assert isinstance(outcome, Unknown)
    assert "there is a new order" in outcome.message


async def test_a_refusal_for_being_one_too_many_is_believed_once_the_book_can_be_read_again(world):
    await world.held(100)
    said = "Access denied because of exceeding access rate"
    world.server.faults.turn_on(Fault.REFUSED, endpoint="placeorder", times=1, value=said)
    world.server.faults.turn_on(Fault.BOOK_FAILS, endpoint="orderbook", times=2)
    assert await world.broker.place(an_order()) == Refused(said)
    assert len(world.server.record.asked("orderbook")) == 1 + 3  # the first at the start


async def test_a_refusal_is_one_when_what_stands_in_the_book_was_rejected(world):
    world.server.faults.turn_on(Fault.REJECTED)
    # The book is read when the rejection is in it.
    world.server.faults.turn_on(Fault.SLOW, endpoint="orderbook", value=5, acts_after_s=5.0)
    world.server.faults.turn_on(Fault.REFUSED, endpoint="placeorder", times=1, acts_after_s=0.0)
    assert isinstance(await world.broker.place(an_order()), Refused)


async def test_an_order_that_cannot_be_is_not_sent_on(world):
    for order in (an_order(quantity="0"), an_order(quantity="-1")):
        assert isinstance(await world.broker.place(order), NotSent)
    unknown = an_order(key=SBIN._replace(symbol="NO-SUCH-SYMBOL"))
    assert isinstance(await world.broker.place(unknown), Refused | NotSent)


async def test_an_order_that_waits_for_approval_is_not_placed(world):
    await world.held(100)
    world.server.account.semi_auto = True
    assert isinstance(await world.broker.place(an_order()), Queued)
    assert world.server.net(NAME) == 100


async def test_semi_auto_mode_is_known_from_the_first_queued_order_to_the_first_taken_one(world):
    await world.held(100)
    assert not world.client.is_semi_auto
    world.server.account.semi_auto = True
    await world.broker.place(an_order())
    await world.broker.place(an_order("T1-x2"))
    await world.broker.order_book()
    assert world.client.is_semi_auto  # a read that goes well says nothing of it
    world.server.account.semi_auto = False
    assert isinstance(await world.broker.place(an_order("T1-x3")), Acked)
    assert not world.client.is_semi_auto
    await world.broker.place(an_order("T1-x4"))
    told = [(event, level) for event, level, _ in world.said.lines if "auto" in event]
    assert told == [("openalgo.semi_auto", "critical"), ("openalgo.auto", "warning")]


async def test_a_cancel_that_is_forbidden_shows_semi_auto_mode_and_one_that_is_taken_ends_it(world):
    await world.held(100)
    order_id = await acked(world, price=Decimal(900))
    world.server.account.semi_auto = True
    with pytest.raises(BrokerError, match="Semi-Auto"):
        await world.broker.cancel(a_cancel(order_id))
    assert world.client.is_semi_auto
    world.server.account.semi_auto = False
    await world.broker.cancel(a_cancel(order_id))
    assert not world.client.is_semi_auto


async def test_nothing_is_sent_to_the_sandbox_once_it_is_known_to_be_on(world):
    await world.held(100)
    world.server.account.analyzer = True
    assert isinstance(await world.broker.place(an_order()), NotSent)  # the sandbox had this one
    assert world.placed == 1
    outcome = await world.broker.place(an_order("T1-x2"))
    assert isinstance(outcome, NotSent)
    assert "analyzer mode" in outcome.message
    assert world.placed == 1
    world.server.account.analyzer = False
    assert isinstance(await world.broker.place(an_order("T1-x3")), Acked)


async def test_an_order_of_another_account_never_leaves(world):
    paper = an_order(key=SBIN._replace(account="PAPER-1"))
    assert isinstance(await world.broker.place(paper), NotSent)
    assert await world.broker.net(paper.key) is None
    assert world.placed == 0


async def test_a_persons_stop_says_at_which_price_it_waits(world):
    await world.held(100)
    world.server.by_hand(NAME, "SELL", 100, pricetype="SL", price=800, trigger_price=801)
    row = (await world.broker.order_book())[-1]
    assert (row.state, row.price, row.trigger) == (OrderState.OPEN, 800, 801)


# Cancelling.


async def test_an_order_is_called_back_by_the_brokers_id(world):
    await world.held(100)
    order_id = await acked(world, price=Decimal(900))
    await world.broker.cancel(a_cancel(order_id))
    report = await world.broker.report(order_id)
    assert (report.state, report.filled) == (OrderState.CANCELLED, 0)


async def test_what_cannot_be_called_back_is_an_error(world):
    with pytest.raises(BrokerError, match="no id of T1-x1"):
        await world.broker.cancel(a_cancel(None))
    with pytest.raises(BrokerError, match="order 77 was not cancelled"):
        await world.broker.cancel(a_cancel("77"))
    world.server.account.semi_auto = True
    with pytest.raises(BrokerError, match="Semi-Auto"):
        await world.broker.cancel(a_cancel("77"))
    assert not world.client.lockout.is_closed  # that 403 is not about the key
    await world.broker.close()
    with pytest.raises(BrokerError, match="closed"):
        await world.broker.cancel(a_cancel("77"))


# Reports and fills.


async def test_an_order_that_is_not_in_the_book_yet_is_none(world):
    assert await world.broker.report("77") is None


async def test_an_order_that_cannot_be_read_is_an_error(world):
    await world.held(100)
    order_id = await acked(world)
    world.server.faults.turn_on(Fault.ERROR, endpoint="orderstatus")
    with pytest.raises(BrokerError, match="cannot be read"):
        await world.broker.report(order_id)


async def test_what_filled_of_an_open_order_is_what_the_trade_book_says(world):
    await world.held(100)
    world.server.faults.turn_on(Fault.FILLS_A_PART, value=40)
    order_id = await acked(world)
    await world.server.until(lambda: world.server.net(NAME) == 60)
    report = await world.broker.report(order_id)
    assert (report.state, report.filled) == (OrderState.OPEN, 40)


async def test_a_cancelled_order_has_filled_what_the_trade_book_says(world):
    await world.held(100)
    world.server.faults.turn_on(Fault.PART_THEN_CANCELLED, value=40)
    order_id = await acked(world)

    async def report():
        return await world.broker.report(order_id)

    while (told := await report()).state is OrderState.OPEN:
        await world.server.sleep(0.1)
    assert (told.state, told.filled) == (OrderState.CANCELLED, 40)
    (row,) = [r for r in await world.broker.order_book() if r.order_id == order_id]
    assert (row.state, row.filled) == (OrderState.CANCELLED, 40)


async def test_a_status_that_nobody_knows_is_an_open_order(world):
    await world.held(100)
    world.server.faults.turn_on(Fault.FILLS_NEVER)
    world.server.faults.turn_on(Fault.RAW_STATUS, value="PUT ORDER REQ RECEIVED")
    report = await world.broker.report(await acked(world))
    assert report.state is OrderState.OPEN


async def test_like_fills_of_one_moment_are_told_once_the_order_is_complete(world):
    await world.held(100)
    before = {fill.execution_id for fill in await world.broker.executions()}
    world.server.faults.turn_on(Fault.FILLS_IN_PARTS, value=4)
    order_id = await acked(world)
    await world.server.until(lambda: world.server.net(NAME) == 0)
    fills = [f for f in await world.broker.executions() if f.execution_id not in before]
    assert {fill.order_id for fill in fills} == {order_id}
    assert [fill.quantity for fill in fills] == [25] * 4
    assert len({fill.execution_id for fill in fills}) == 4


async def test_a_trade_book_of_doubles_tells_each_fill_once_and_keeps_their_names(world):
    await world.held(100)
    await acked(world)
    await world.server.until(lambda: world.server.net(NAME) == 0)
    once = await world.broker.executions()
    for fault in (Fault.ROWS_DOUBLED, Fault.STRINGS):
        world.server.faults.turn_on(fault)
    await world.restart()
    again = await world.broker.executions()
    assert [f.execution_id for f in again] == [f.execution_id for f in once]
    assert [(f.quantity, f.price, f.side, f.key) for f in again] == [
        (f.quantity, f.price, f.side, f.key) for f in once
    ]


async def test_an_order_of_one_row_that_grows_is_told_fill_by_fill_and_by_a_later_life_too(world):
    world.server.faults.turn_on(Fault.FILLS_NEVER)
    world.server.faults.turn_on(Fault.ONE_ROW_AN_ORDER)
    order_id = await acked(world)
    told: Sequence[Execution] = ()
    for price, units in ((100.0, 40), (101.0, 50), (102.0, 10)):
        world.server.price(NAME, price)
        world.server.exchange.fill(order_id, units)
        before, told = told, await world.broker.executions()
        assert told[: len(before)] == before
        assert [(fill.quantity, fill.price) for fill in told[len(before) :]] == [(units, price)]
    await world.restart()
    world.broker.remember(told)
    names = [fill.execution_id for fill in told]
    assert [fill.execution_id for fill in await world.broker.executions()] == names
    assert (await world.broker.report(order_id)).filled == 100


async def test_what_an_earlier_life_was_told_of_an_order_is_not_told_anew(world):
    await world.held(100)
    await acked(world)
    await world.server.until(lambda: world.server.net(NAME) == 0)
    bought, sold = await world.broker.executions()
    await world.restart()
    anew = msgspec.structs.replace(sold, execution_id=f"{sold.order_id}/100@1/1")
    world.broker.remember([bought, anew])
    names = [bought.execution_id, anew.execution_id]
    assert [fill.execution_id for fill in await world.broker.executions()] == names


async def test_what_is_no_trade_book_is_an_error_and_not_an_empty_one(world):
    for fault in (Fault.ERROR, Fault.GARBAGE, Fault.HANGS):
        rule = world.server.faults.turn_on(fault, endpoint="tradebook")
        with pytest.raises(BrokerError, match="trade book cannot be read"):
            await world.broker.executions()
        world.server.faults.turn_off(rule)
    world.server.account.analyzer = True
    with pytest.raises(BrokerError, match="trade book cannot be read"):
        await world.broker.executions()


async def test_an_execution_happened_when_it_was_first_seen(world):
    before_ns = world.clock.now_ns()
    await world.held(100)
    (fill,) = await world.broker.executions()
    assert before_ns <= fill.at_ns <= world.clock.now_ns()
    (again,) = await world.broker.executions()
    assert again == fill


async def test_a_cancel_is_an_exits_call_and_leaves_while_the_free_share_is_used_up():
    limits = msgspec.structs.replace(LIMITS, orders_per_s=4, budget_s=0.0)
    async with World(limits) as world:
        await world.held(100)
        world.server.faults.turn_on(Fault.RESTS)
        ids = [await acked(world, quantity="1") for _ in range(3)]
        await world.broker.cancel(a_cancel(ids[0]))
        assert len(world.server.record.asked("cancelorder")) == 1
