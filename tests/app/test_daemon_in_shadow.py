"""The real daemon as a shadow of the fake OpenAlgo server: it decides, and sends nothing."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.app.daemon_life import last
from tests.app.test_daemon_with_openalgo import KEY, SBIN, TRADE, Day
from tests.openalgo.exchange import By
from tests.openalgo.server import OpenAlgoServer
from tradebot.brokers.openalgo.calls.client import READ_ROUTES

CONFIG = """mode = "shadow"
[account]
id = "AB1234"
[broker]
kind = "openalgo"
rest = "{rest}"
feed = "{feed}"
key = "env:ALGO_KEY"
"""


class ShadowDay(Day):
    """A day of somebody else's account, and of a daemon that only looks."""

    config = CONFIG

    @property
    def asked(self) -> set[str]:
        """Every route that was ever asked for."""
        return {request.endpoint for request in self.server.record.requests}

    async def shadow(self):
        return (await self.call("/api/v1/shadow"))["exits"]

    async def stopped(self) -> str:
        """Have a position guarded and its stop crossed; return the trade."""
        trade_id = await self.guarded()
        self.server.price(SBIN, 805.5)
        await self.until(self.is_closed)
        return trade_id

    async def sold(self, quantity: int, price: float) -> None:
        """Have the person leave by himself, and the shadow hear of it."""
        net = self.server.net(SBIN)
        self.server.price(SBIN, price)
        self.server.by_hand(SBIN, "SELL", quantity)
        await self.server.until(lambda: self.server.net(SBIN) == net - quantity)

    async def sends_nothing(self) -> bool:
        """Whether nothing of ours reached the account, as an order or as anything else."""
        record = self.server.record
        return self.asked <= READ_ROUTES and not record.orders(by=By.CLIENT)


@pytest.fixture
async def day(tmp_path):
    @asynccontextmanager
    async def a_day():
        async with OpenAlgoServer(api_key=KEY) as server:
            server.price(SBIN, 812.5)
            day = ShadowDay(server, tmp_path)
            try:
                yield day
            finally:
                if day.life is not None:
                    day.life.close()

    async with a_day() as opened:
        yield opened


async def test_a_stop_that_is_crossed_leaves_on_paper_and_the_account_keeps_its_position(day):
    life = await day.begin()
    trade_id = await day.stopped()
    assert day.server.net(SBIN) == 100
    assert await day.sends_nothing()
    closed = last(life, "trade.closed")
    assert (closed["trade_id"], closed["status"], closed["reason"]) == (trade_id, "CLOSED", "stop")
    assert closed["exit_price"] == "805.5"
    assert last(life, "shadow.left")["trade_id"] == trade_id
    assert "daemon.shadow" in life.events()
    assert "daemon.real_orders" not in life.events()
    assert KEY not in day.log()
    assert (await day.call("/ready"))["mode"] == "shadow"
    assert await asyncio.to_thread(life.end) == 0


async def test_what_leaving_saved_is_told_until_the_person_leaves_by_himself(day):
    await day.begin()
    trade_id = await day.stopped()
    day.server.price(SBIN, 803)

    async def is_worth(saved, open_):
        (told,) = await day.shadow()
        return (told["trade_id"], told["saved"], told["open"]) == (trade_id, saved, open_)

    await day.until(lambda: is_worth(250, 100))
    await day.sold(100, 804)
    await day.until(lambda: is_worth(150, 0))
    day.server.price(SBIN, 700)
    (told,) = await day.shadow()
    assert (told["left_price"], told["saved"]) == (804, 150)
    assert await day.sends_nothing()


async def test_a_position_that_the_shadow_has_left_is_not_found_again(day):
    life = await day.begin()
    await day.stopped()
    compared = await day.call("/api/v1/reconcile", {})
    assert compared["positions"] == []
    life.close()  # kill -9
    life = await day.begin()
    history = (await day.call("/api/v1/tradehistory", {}))["trades"]
    assert [trade["status"] for trade in history] == ["CLOSED"]
    assert (await day.call("/api/v1/activetrades", {}))["trades"] == []
    (told,) = await day.shadow()
    assert (told["open"], told["exit_price"]) == (100, 805.5)
    assert "book.differs" not in life.events()
    # What somebody guards now is what the account has beyond it.
    day.server.by_hand(SBIN, "BUY", 50)
    await day.server.until(lambda: day.server.net(SBIN) == 150)
    await day.call("/api/v1/createtrade", TRADE | {"quantity": 50, "stop": "@700"})

    async def agrees():
        (row,) = (await day.call("/api/v1/reconcile", {}))["positions"]
        return (row["ours"], row["broker"]) == (50, 50)

    await day.until(agrees)
    assert await day.sends_nothing()


async def test_a_persons_resting_stop_is_cancelled_for_the_shadow_alone(day):
    await day.begin()
    stop = day.server.by_hand(SBIN, "SELL", 100, pricetype="SL-M", trigger_price=700)
    await day.stopped()
    assert not day.server.exchange.orders[stop.order_id].status.is_final
    assert await day.sends_nothing()


async def test_what_the_account_holds_is_guarded_at_once_and_left_once(day):
    day.config = CONFIG + '[shadow]\nstop = "2%"\n[exit]\nreconcile_every = "1s"\n'
    day.server.by_hand(SBIN, "BUY", 100)
    await day.server.until(lambda: day.server.net(SBIN) == 100)
    life = await day.begin()

    async def guards(quantity, stop):
        trades = (await day.call("/api/v1/activetrades", {}))["trades"]
        return [(t["quantity"], t["stop_level"]) for t in trades] == [(quantity, stop)]

    async def has_a_price():
        day.server.price(SBIN, 812.55)
        day.server.price(SBIN, 812.5)
        trades = (await day.call("/api/v1/activetrades", {}))["trades"]
        return bool(trades and trades[0]["ltp"])

    await day.until(lambda: guards(100, 796.25))
    life.close()  # kill -9
    life = await day.begin()
    assert await guards(100, 796.25)
    await day.until(has_a_price)
    day.server.price(SBIN, 796)
    day.server.price(SBIN, 796)  # a jump of more than 1 % is held until it is seen twice
    await day.until(day.is_closed)
    day.server.by_hand(SBIN, "BUY", 50)  # what is new is guarded, and nothing else
    await day.until(lambda: guards(50, 780.1))
    (told,) = await day.shadow()
    assert (told["quantity"], told["exit_price"], told["open"]) == (100, 796, 100)
    assert await day.sends_nothing()


async def test_an_exit_that_was_under_way_at_a_kill_fills_once_in_the_next_life(day):
    day.config = CONFIG + '[paper]\nlatency = "1s"\n'
    life = await day.begin()
    trade_id = await day.guarded()
    day.server.price(SBIN, 805.5)

    async def is_answered():
        return any(line["event"] == "exit.answered" for line in life.log())

    await day.until(is_answered)
    life.close()  # kill -9, before it fills
    life = await day.begin()
    await day.until(day.is_closed)
    closed = last(life, "trade.closed")
    assert (closed["trade_id"], closed["status"]) == (trade_id, "CLOSED")
    (told,) = await day.shadow()
    assert (told["quantity"], told["open"]) == (100, 100)
    assert await day.sends_nothing()
