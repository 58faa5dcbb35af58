"""What every broker behind the port must do; one suite, run against each.

Some keep our own order ids and tell of fills by themselves; some do neither, and are asked.
"""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from tests.contract.venues import VENUES, OpenAlgoVenue, Venue
from tradebot.core.inputs import (
    Acked,
    Execution,
    NotSent,
    OrderSide,
    OrderState,
    Refused,
    Unknown,
)
from tradebot.core.intents import CancelOrder, PlaceOrder
from tradebot.core.market.instruments import NetKey
from tradebot.errors import BrokerError


@pytest.fixture(params=sorted(VENUES.keys() - {"shadow"}))
async def entering(request, tmp_path):
    """A venue where orders open positions too; a shadow only leaves what its account has."""
    opened = await VENUES[request.param](tmp_path).open()
    yield opened
    await opened.close()


@pytest.fixture(params=sorted(VENUES))
async def venue(request, tmp_path):
    opened = await VENUES[request.param](tmp_path).open()
    yield opened
    await opened.close()


@pytest.fixture(params=["paper", "shadow"])
async def tagging(request, tmp_path):
    """A venue that keeps our ids, and tells of what happens by itself."""
    opened = await VENUES[request.param](tmp_path).open()
    yield opened
    await opened.close()


async def placed(venue: Venue, order: PlaceOrder) -> str:
    outcome = await venue.broker.place(order)
    assert isinstance(outcome, Acked)
    return outcome.order_id


async def fills(venue: Venue) -> Sequence[Execution]:
    return await venue.broker.executions()


async def test_an_acknowledged_order_fills_once(venue):
    order_id = await placed(venue, venue.order())
    await venue.settle()
    await venue.settle()
    assert [fill.order_id for fill in await fills(venue)] == [order_id]
    last = await venue.broker.report(order_id)
    assert last.order_id == order_id
    assert (last.state, last.filled, last.quantity) == (OrderState.COMPLETE, 100, 100)


async def test_an_execution_says_what_was_traded(venue):
    await placed(venue, venue.order(side=OrderSide.BUY))
    await venue.settle()
    (fill,) = await fills(venue)
    assert (fill.key, fill.side, fill.quantity) == (venue.key, OrderSide.BUY, Decimal(100))
    assert fill.price == Decimal("812.5")
    assert fill.at_ns > 0


async def test_an_execution_is_the_same_however_often_it_is_asked_for(venue):
    await placed(venue, venue.order())
    await venue.settle()
    first = await fills(venue)
    assert await fills(venue) == first
    await venue.restart()
    again = await fills(venue)
    assert [fill.execution_id for fill in again] == [fill.execution_id for fill in first]


async def test_an_acknowledged_order_survives_the_end_of_the_process(venue):
    await venue.slow()
    order_id = await placed(venue, venue.order())
    await venue.restart()
    assert (await venue.broker.report(order_id)).order_id == order_id
    await venue.settle()
    assert [fill.order_id for fill in await fills(venue)] == [order_id]


async def test_an_order_that_nobody_has_is_none(venue):
    assert await venue.broker.report("no-such-order") is None


async def test_the_net_is_the_sum_of_the_executions(entering):
    assert await entering.broker.net(entering.key) == 0
    await placed(entering, entering.order("T1-x1", "100", side=OrderSide.BUY))
    await placed(entering, entering.order("T2-x1", "130", side=OrderSide.SELL))
    await entering.settle()
    assert await entering.broker.net(entering.key) == -30
    await placed(entering, entering.order("T3-x1", "30", side=OrderSide.BUY))
    await entering.settle()
    assert await entering.broker.net(entering.key) == 0


async def nets(venue: Venue) -> dict[NetKey, Decimal]:
    return {held.key: held.net for held in await venue.broker.positions() or () if held.net}


async def test_the_positions_are_the_nets_of_the_account(entering):
    assert await nets(entering) == {}
    await placed(entering, entering.order("T1-x1", "100", side=OrderSide.SELL))
    await entering.settle()
    assert await nets(entering) == {entering.key: -100}
    (held,) = await entering.broker.positions()
    assert (held.average, held.ltp) == (Decimal("812.5"), 812.5)
    await placed(entering, entering.order("T2-x1", "100", side=OrderSide.BUY))
    await entering.settle()
    assert await nets(entering) == {}


async def test_every_execution_has_a_name_of_its_own(venue):
    for number in range(5):
        await placed(venue, venue.order(f"T{number}-x1", str(1 + number)))
    await venue.settle()
    assert len({fill.execution_id for fill in await fills(venue)}) == 5


@pytest.mark.parametrize(
    ("quantity", "symbol"),
    [("0", None), ("-1", None), ("100", "NO-SUCH-SYMBOL")],
    ids=["zero", "negative", "unknown"],
)
async def test_an_order_that_cannot_be_is_refused_as_a_value(venue, quantity, symbol):
    key = venue.key._replace(symbol=symbol or venue.key.symbol)
    outcome = await venue.broker.place(venue.order(quantity=quantity, key=key))
    assert isinstance(outcome, Refused | NotSent)
    assert outcome.message
    await venue.settle()
    assert list(await fills(venue)) == []


async def test_a_closed_broker_answers_with_values(venue):
    await venue.broker.close()
    assert isinstance(await venue.broker.place(venue.order()), NotSent | Unknown)
    assert (await venue.broker.query("T1-x1")).answered is False
    assert await venue.broker.net(venue.key) is None
    assert await venue.broker.positions() is None


async def test_an_order_that_is_called_back_in_time_never_fills(venue):
    await venue.slow()
    order_id = await placed(venue, venue.order())
    cancel = CancelOrder(client_order_id="T1-x1", order_id=order_id, key=venue.key)
    await venue.broker.cancel(cancel)
    await venue.settle()
    assert list(await fills(venue)) == []
    report = await venue.broker.report(order_id)
    assert (report.state, report.filled) == (OrderState.CANCELLED, 0)


async def test_what_is_over_cannot_be_called_back(venue):
    order_id = await placed(venue, venue.order())
    await venue.settle()
    cancel = CancelOrder(client_order_id="T1-x1", order_id=order_id, key=venue.key)
    with pytest.raises(BrokerError, match=f"T1-x1|{order_id}"):
        await venue.broker.cancel(cancel)
    assert (await venue.broker.report(order_id)).state is OrderState.COMPLETE


async def test_the_order_book_has_every_order_of_the_day_until_the_broker_is_closed(venue):
    assert await venue.broker.order_book() == []
    await placed(venue, venue.order())
    await venue.settle()
    (row,) = await venue.broker.order_book()
    assert (row.key, row.state, row.filled) == (venue.key, OrderState.COMPLETE, row.quantity)
    await venue.broker.close()
    assert await venue.broker.order_book() is None


async def test_a_quote_is_there_for_what_is_traded_and_for_nothing_else(venue):
    assert (await venue.broker.quote(venue.key.instrument)).ltp == 812.5
    assert await venue.broker.quote("SIM:NO-SUCH-SYMBOL") is None


async def test_what_can_be_traded_is_told_whole_or_when_it_is_first_wanted(venue):
    instruments = {instrument.id for instrument in await venue.broker.instruments()}
    assert instruments == set() or venue.key.instrument in instruments


# Of those that keep our ids.


async def test_fills_and_reports_come_by_themselves_and_by_both_names(tagging):
    order_id = await placed(tagging, tagging.order())
    await tagging.settle()
    assert [fill.client_order_id for fill in tagging.executions] == ["T1-x1"]
    last = tagging.reports[-1]
    assert (last.order_id, last.client_order_id) == (order_id, "T1-x1")
    assert (last.state, last.filled, last.quantity) == (OrderState.COMPLETE, 100, 100)
    assert list(await fills(tagging)) == tagging.executions


async def test_a_request_that_comes_twice_trades_once(tagging):
    first = await tagging.broker.place(tagging.order())
    assert await tagging.broker.place(tagging.order()) == first
    await tagging.settle()
    assert await tagging.broker.place(tagging.order()) == first
    await tagging.settle()
    assert len(tagging.executions) == 1


async def test_a_request_that_comes_again_after_a_restart_trades_once(tagging):
    first = await tagging.broker.place(tagging.order())
    await tagging.settle()
    await tagging.restart()
    assert await tagging.broker.place(tagging.order()) == first
    await tagging.settle()
    assert tagging.executions == []
    assert len(await tagging.broker.executions()) == 1


async def test_a_query_finds_an_order_by_our_name(tagging):
    order_id = await placed(tagging, tagging.order())
    reply = await tagging.broker.query("T1-x1")
    assert (reply.answered, reply.client_order_id) == (True, "T1-x1")
    assert (reply.report.order_id, reply.report.filled) == (order_id, 0)
    await tagging.settle()
    after = (await tagging.broker.query("T1-x1")).report
    assert (after.state, after.filled) == (OrderState.COMPLETE, 100)


async def test_a_query_for_an_order_that_never_was_is_answered_with_nothing(tagging):
    reply = await tagging.broker.query("T9-x9")
    assert (reply.answered, reply.report) == (True, None)


async def test_an_order_is_found_by_the_brokers_name_too(tagging):
    order_id = await placed(tagging, tagging.order())
    assert (await tagging.broker.report(order_id)).client_order_id == "T1-x1"


# Of those that do not.


async def test_a_broker_that_drops_our_ids_never_answers_for_one(tmp_path):
    venue = await OpenAlgoVenue(tmp_path).open()
    order_id = await placed(venue, venue.order())
    assert not (await venue.broker.query("T1-x1")).answered
    assert (await venue.broker.report(order_id)).client_order_id is None
    await venue.close()
