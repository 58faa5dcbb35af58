"""What every broker behind the port must do; one suite, run against each."""

from decimal import Decimal
from typing import Protocol

import pytest

from tests.brokers.paper.world import SBIN, World, an_order
from tradebot.core.inputs import (
    Acked,
    Execution,
    NotSent,
    OrderReport,
    OrderSide,
    OrderState,
    Refused,
    Unknown,
)
from tradebot.core.intents import CancelOrder, PlaceOrder
from tradebot.errors import BrokerError
from tradebot.ports import Broker


class Venue(Protocol):
    """A broker with what a test needs around it."""

    broker: Broker
    executions: list[Execution]  # delivered through the inbox
    reports: list[OrderReport]

    async def settle(self) -> None:
        """Let pass what an order needs to fill."""

    async def restart(self) -> None:
        """End the process without a goodbye, and open the broker again with an empty inbox."""


class PaperVenue:
    def __init__(self, folder):
        self.world = World(folder)

    async def open(self):
        await self.world.open()
        self.world.price(812.5)
        return self

    @property
    def broker(self):
        return self.world.broker

    @property
    def executions(self):
        return self.world.inbox.executions

    @property
    def reports(self):
        return self.world.inbox.reports

    async def settle(self):
        self.world.time.advance(5)

    async def restart(self):
        await self.world.restart()
        self.world.price(812.5)


VENUES = {"paper": PaperVenue}


@pytest.fixture(params=sorted(VENUES))
async def venue(request, tmp_path):
    opened = await VENUES[request.param](tmp_path).open()
    yield opened
    await opened.broker.close()


async def test_an_acknowledged_order_fills_once_and_is_told_by_both_names(venue):
    outcome = await venue.broker.place(an_order())
    assert isinstance(outcome, Acked)
    await venue.settle()
    await venue.settle()
    assert [fill.order_id for fill in venue.executions] == [outcome.order_id]
    assert [fill.client_order_id for fill in venue.executions] == ["T1-x1"]
    last = venue.reports[-1]
    assert (last.order_id, last.client_order_id) == (outcome.order_id, "T1-x1")
    assert (last.state, last.filled, last.quantity) == (OrderState.COMPLETE, 100, 100)


async def test_an_execution_says_what_was_traded(venue):
    await venue.broker.place(an_order(side=OrderSide.BUY))
    await venue.settle()
    (fill,) = venue.executions
    assert (fill.key, fill.side, fill.quantity) == (SBIN, OrderSide.BUY, Decimal(100))
    assert fill.price == Decimal("812.5")
    assert fill.at_ns > 0


async def test_a_request_that_comes_twice_trades_once(venue):
    first = await venue.broker.place(an_order())
    assert await venue.broker.place(an_order()) == first
    await venue.settle()
    assert await venue.broker.place(an_order()) == first
    await venue.settle()
    assert len(venue.executions) == 1


async def test_a_request_that_comes_again_after_a_restart_trades_once(venue):
    first = await venue.broker.place(an_order())
    await venue.settle()
    await venue.restart()
    assert await venue.broker.place(an_order()) == first
    await venue.settle()
    assert venue.executions == []
    assert len(await venue.broker.executions()) == 1


async def test_an_acknowledged_order_survives_the_end_of_the_process(venue):
    outcome = await venue.broker.place(an_order())
    await venue.restart()
    reply = await venue.broker.query("T1-x1")
    assert reply.report.order_id == outcome.order_id
    await venue.settle()
    assert [fill.order_id for fill in await venue.broker.executions()] == [outcome.order_id]
    assert await venue.broker.net(SBIN) == -100


async def test_a_query_finds_an_order_by_our_name(venue):
    outcome = await venue.broker.place(an_order())
    reply = await venue.broker.query("T1-x1")
    assert (reply.answered, reply.client_order_id) == (True, "T1-x1")
    assert (reply.report.order_id, reply.report.filled) == (outcome.order_id, 0)
    await venue.settle()
    after = (await venue.broker.query("T1-x1")).report
    assert (after.state, after.filled) == (OrderState.COMPLETE, 100)


async def test_a_query_for_an_order_that_never_was_is_answered_with_nothing(venue):
    reply = await venue.broker.query("T9-x9")
    assert (reply.answered, reply.report) == (True, None)


async def test_an_order_is_found_by_the_brokers_name_too(venue):
    outcome = await venue.broker.place(an_order())
    found = await venue.broker.report(outcome.order_id)
    assert found.client_order_id == "T1-x1"
    assert await venue.broker.report("no-such-order") is None


async def test_the_net_is_the_sum_of_the_executions(venue):
    assert await venue.broker.net(SBIN) == 0
    await venue.broker.place(an_order("T1-x1", "100", OrderSide.BUY))
    await venue.broker.place(an_order("T2-x1", "130", OrderSide.SELL))
    await venue.settle()
    assert await venue.broker.net(SBIN) == -30
    await venue.broker.place(an_order("T3-x1", "30", OrderSide.BUY))
    await venue.settle()
    assert await venue.broker.net(SBIN) == 0


async def test_executions_asked_for_are_those_that_were_delivered(venue):
    for number in range(5):
        await venue.broker.place(an_order(f"T{number}-x1", str(1 + number)))
    await venue.settle()
    asked = await venue.broker.executions()
    assert list(asked) == venue.executions
    assert len({fill.execution_id for fill in asked}) == 5


@pytest.mark.parametrize("order", [
    an_order(quantity="0"),
    an_order(quantity="-1"),
    an_order(key=SBIN._replace(symbol="NO-SUCH-SYMBOL")),
], ids=["zero", "negative", "unknown"])  # fmt: skip
async def test_an_order_that_cannot_be_is_refused_as_a_value(venue, order: PlaceOrder):
    outcome = await venue.broker.place(order)
    assert isinstance(outcome, Refused | NotSent)
    assert outcome.message
    await venue.settle()
    assert venue.executions == []
    assert (await venue.broker.query("T1-x1")).report is None


async def test_a_closed_broker_answers_with_values(venue):
    await venue.broker.close()
    assert isinstance(await venue.broker.place(an_order()), NotSent | Unknown)
    assert (await venue.broker.query("T1-x1")).answered is False
    assert await venue.broker.net(SBIN) is None


async def test_an_order_that_is_called_back_in_time_never_fills(venue):
    acked = await venue.broker.place(an_order())
    cancel = CancelOrder(client_order_id="T1-x1", order_id=acked.order_id, key=SBIN)
    await venue.broker.cancel(cancel)
    await venue.settle()
    assert venue.executions == []
    reply = await venue.broker.query("T1-x1")
    assert (reply.report.state, reply.report.filled) == (OrderState.CANCELLED, 0)


async def test_what_is_over_cannot_be_called_back(venue):
    acked = await venue.broker.place(an_order())
    await venue.settle()
    cancel = CancelOrder(client_order_id="T1-x1", order_id=acked.order_id, key=SBIN)
    with pytest.raises(BrokerError, match="T1-x1"):
        await venue.broker.cancel(cancel)
    reply = await venue.broker.query("T1-x1")
    assert reply.report.state is OrderState.COMPLETE


async def test_the_order_book_has_every_order_of_the_day_until_the_broker_is_closed(venue):
    assert await venue.broker.order_book() == []
    await venue.broker.place(an_order())
    await venue.settle()
    (row,) = await venue.broker.order_book()
    assert (row.key, row.state, row.filled) == (SBIN, OrderState.COMPLETE, row.quantity)
    await venue.broker.close()
    assert await venue.broker.order_book() is None


async def test_what_can_be_traded_is_known_and_has_quotes(venue):
    instruments = await venue.broker.instruments()
    assert SBIN.instrument in {instrument.id for instrument in instruments}
    assert (await venue.broker.quote(SBIN.instrument)).ltp == 812.5
    assert await venue.broker.quote("SIM:NO-SUCH-SYMBOL") is None
