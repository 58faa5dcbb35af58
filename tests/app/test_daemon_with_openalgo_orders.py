"""The real daemon against the fake OpenAlgo server, where an order is not just taken."""

import pytest

from tests.app.daemon_life import last
from tests.app.test_daemon_with_openalgo import SBIN, a_day
from tests.openalgo.exchange import Key
from tests.openalgo.faults import Fault

HELD = Key(exchange="NSE", symbol="SBIN", product="MIS")


@pytest.fixture
async def account(tmp_path):
    async with a_day(tmp_path) as day:
        yield day


async def left_once(day):
    """Wait until the trade is closed; whether one order of ours did it, and nobody was harmed."""
    await day.server.until(lambda: day.server.net(SBIN) == 0)
    await day.until(day.is_closed)
    filled = [order for order in day.orders if order.filled]
    return len(filled) == 1 and day.server.record.harm() == []


async def test_what_the_sandbox_was_sent_is_sent_to_the_broker_once_the_mode_is_live(account):
    """Somebody flips the switch between the decision and the answer, and later back."""
    day, server = account, account.server
    life = await day.begin()
    await day.guarded()
    server.account.analyzer = True
    server.price(SBIN, 805.5)
    await server.until(lambda: "openalgo.analyzer_mode" in life.events())
    await server.until(lambda: len(server.record.asked("analyzer")) >= 2)
    assert server.account.live.net(HELD) == 100
    assert not await day.is_closed()  # the sandbox's position book is flat, and another account's
    server.account.analyzer = False
    assert await left_once(day)
    assert last(life, "trade.closed")["status"] == "CLOSED"


async def test_an_exit_that_waits_for_approval_leaves_once_it_is_approved(account):
    day, server = account, account.server
    life = await day.begin()
    await day.guarded()
    server.account.semi_auto = True
    server.price(SBIN, 805.5)
    await server.until(lambda: server.account.pending != {})
    await server.until(lambda: "openalgo.semi_auto" in life.events())
    assert (server.net(SBIN), len(server.record.asked("placeorder"))) == (100, 1)
    server.approve(1)
    assert await left_once(day)
    assert len(server.record.asked("placeorder")) == 1


async def test_an_exit_that_a_person_turns_down_waits_for_a_persons_word(account):
    """No answer and no book ever tells of the no: to send again could be to sell twice."""
    day, server = account, account.server
    await day.begin()
    await day.guarded()
    server.account.semi_auto = True
    server.price(SBIN, 805.5)
    await server.until(lambda: server.account.pending != {})
    server.turn_down(1)
    server.account.semi_auto = False
    (trade,) = (await day.call("/api/v1/activetrades", {}))["trades"]
    assert (server.net(SBIN), len(server.record.asked("placeorder"))) == (100, 1)
    word = {"trade_id": trade["trade_id"], "verdict": "resend", "why": "I turned it down"}
    await day.call("/api/v1/resolve", word)
    assert await left_once(day)
    assert len(server.record.asked("placeorder")) == 2


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.REJECTED])
async def test_where_no_market_order_is_taken_a_limit_order_leaves(account, fault):
    day, server = account, account.server
    await day.begin()
    await day.guarded()
    endpoint = "placeorder" if fault is Fault.REFUSED else None
    said = "Market orders are not allowed for this instrument"
    server.faults.turn_on(fault, endpoint=endpoint, times=1, value=said)
    server.price(SBIN, 805.5)
    assert await left_once(day)
    kinds = [request.body["pricetype"] for request in server.record.asked("placeorder")]
    assert kinds == ["MARKET", "LIMIT"]
