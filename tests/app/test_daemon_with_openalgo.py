"""The real daemon against the fake OpenAlgo server: one trade from its stop to its close."""

import asyncio
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.app.daemon_life import PATIENCE_S, Life, active, last
from tests.openalgo.catalogue import Contract
from tests.openalgo.exchange import By
from tests.openalgo.faults import Fault
from tests.openalgo.server import OpenAlgoServer

SBIN = "NSE:SBIN"
KEY = "0123456789abcdef-of-the-fake"
# One daemon guards an account on a machine, and other tests may run on this one.
ACCOUNT = f"AB{os.getpid()}"
CONFIG = """mode = "live"
[account]
id = "{account}"
[broker]
kind = "openalgo"
rest = "{rest}"
feed = "{feed}"
key = "env:ALGO_KEY"
[exit]
hold_plain = "1s"
"""
# Doubled braces, because the text is a format.
HOLDER = """reconcile_every = "1s"
[adopt]
existing = "guard"
grace = "1s"
[strategies.swing]
match = {{ exchange = "NSE", product = "CNC" }}
stop = "1%"
"""
DAYS = '["mon", "tue", "wed", "thu", "fri", "sat", "sun"]'
TRADE = {
    "exchange": "NSE",
    "symbol": "SBIN",
    "product": "MIS",
    "side": "LONG",
    "quantity": 100,
    "entry_price": 812.5,
    "stop": "@806",
}


GTT = {
    "strategy": "a person's",
    "symbol": "SBIN",
    "exchange": "NSE",
    "action": "SELL",
    "product": "CNC",
    "quantity": 100,
    "trigger_type": "SINGLE",
    "triggerprice_sl": 800,
    "stoploss": 799,
}


class Day:
    """A server with a position that somebody opened, and a daemon that guards it."""

    config = CONFIG

    def __init__(self, server: OpenAlgoServer, folder) -> None:
        self.server = server
        self._folder = folder
        self.life: Life | None = None
        self._name = SBIN

    async def begin(self) -> Life:
        """Start a daemon: its first life, or the next one on the same files."""
        text = self.config.format(account=ACCOUNT, rest=self.server.url, feed=self.server.feed_url)
        (self._folder / "config.toml").write_text(text)
        self.life = Life(self._folder, real=True, ALGO_KEY=KEY)
        await self.told("READY=1")
        return self.life

    async def call(self, path: str, body: object = None):
        assert self.life is not None
        return await asyncio.to_thread(self.life.call, path, body)

    async def told(self, word: str) -> None:
        assert self.life is not None
        await asyncio.to_thread(self.life.told, word)

    async def guarded(self, **words: object) -> str:
        """Have somebody buy, and guard what he bought; return the trade's id."""
        body: dict[str, object] = TRADE | words
        self._name = f"{body['exchange']}:{body['symbol']}"
        product, quantity = str(body["product"]), int(str(body["quantity"]))
        for bought in range(0, quantity, 1000):
            units = min(1000, quantity - bought)
            self.server.by_hand(self._name, "BUY", units, product=product)
        await self.server.until(lambda: self.server.net(self._name, product) == quantity)
        trade = await self.call("/api/v1/createtrade", body)
        await self.until(self._is_watched)
        return str(trade["trade_id"])

    async def is_closed(self) -> bool:
        assert self.life is not None
        return not await asyncio.to_thread(active, self.life)

    async def until(self, reached: Callable[[], Awaitable[bool]]) -> None:
        """Ask until something holds; what never does ends the test."""
        async with asyncio.timeout(PATIENCE_S):
            while not await reached():  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.05)

    async def _is_watched(self) -> bool:
        """Let the price move a little; whether the daemon has it by its websocket."""
        for price in (812.55, 812.5):
            self.server.price(self._name, price)
            await asyncio.sleep(0.02)
        watched = any(client.wants for client in self.server.proxy.clients)
        trades = (await self.call("/api/v1/activetrades", {}))["trades"]
        return watched and trades[0]["status"] == "ACTIVE" and trades[0]["ltp"] == 812.5

    @property
    def orders(self):
        """What reached the broker of ours."""
        return self.server.record.orders(by=By.CLIENT)

    def log(self) -> str:
        assert self.life is not None
        return "\n".join(str(line) for line in self.life.log())


@asynccontextmanager
async def a_day(folder, plugin="angel"):
    """A day at a server with this broker behind it; a daemon that lives at its end is killed."""
    async with OpenAlgoServer(api_key=KEY, plugin=plugin) as server:
        server.price(SBIN, 812.5)
        day = Day(server, folder)
        try:
            yield day
        finally:
            if day.life is not None:
                day.life.close()


@pytest.fixture
async def day(tmp_path, request):
    async with a_day(tmp_path, getattr(request, "param", "angel")) as opened:
        yield opened


async def test_while_it_runs_nothing_else_touches_its_files(day):
    life = await day.begin()
    state = life.state

    async def is_backed_up():
        return "backup.made" in life.events()

    await day.until(is_backed_up)
    (backup,) = (state / "backups").glob("*.db")
    before = (state / "tradebot.db").stat().st_ino

    async def ran(*words):
        command = (sys.executable, "-m", "tradebot", *words, "--state-dir", str(state))
        return await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=False
        )

    for words in (("restore", str(backup)), ("restore", str(backup), "--alone")):
        refused = await ran(*words)
        assert refused.returncode != 0
        assert "stop it first" in refused.stderr
    assert (state / "tradebot.db").stat().st_ino == before
    looked = await ran("doctor")
    assert f"daemon: it runs and answers (pid {life.process.pid}" in looked.stdout


async def test_a_stop_that_is_crossed_leaves_once_and_the_trade_is_closed_by_its_fills(day):
    life = await day.begin()
    trade_id = await day.guarded()
    assert "daemon.real_orders" in life.events()
    day.server.price(SBIN, 805.5)
    await day.server.until(lambda: day.server.net(SBIN) == 0)
    await day.until(day.is_closed)
    (order,) = day.orders
    assert (order.ticket.action, order.ticket.quantity) == ("SELL", 100)
    assert len(day.server.record.asked("placeorder")) == 1
    assert day.server.record.harm() == []
    closed = last(life, "trade.closed")
    assert (closed["trade_id"], closed["status"], closed["reason"]) == (trade_id, "CLOSED", "stop")
    assert closed["exit_price"] == "805.5"
    assert last(life, "exit.answered")["message"] == order.order_id
    assert KEY not in day.log()
    assert await asyncio.to_thread(life.end) == 0


async def test_an_exit_on_the_wire_at_a_kill_is_found_by_the_next_life(day):
    life = await day.begin()
    await day.guarded()
    day.server.faults.turn_on(Fault.HANGS, endpoint="placeorder", times=1, acts_after_s=1.0)
    day.server.price(SBIN, 805.5)
    await day.server.until(lambda: len(day.server.record.asked("placeorder")) == 1)
    life.close()
    await day.server.until(lambda: day.server.net(SBIN) == 0)
    await day.begin()
    await day.until(day.is_closed)
    assert len(day.orders) == 1
    assert day.server.record.harm() == []


async def test_a_stop_is_watched_over_a_login_and_sent_again_when_nobody_got_it(day):
    life = await day.begin()
    await day.guarded()
    day.server.proxy.relogin()  # no tick comes any more
    day.server.faults.turn_on(Fault.CUT, endpoint="placeorder", times=1)
    day.server.price(SBIN, 805.5)
    await day.until(day.is_closed)
    assert last(life, "trade.closed")["status"] == "CLOSED"
    assert len(day.server.record.asked("placeorder")) == 2
    assert len(day.orders) == 1
    assert day.server.record.harm() == []


async def test_what_is_more_than_the_exchange_takes_at_once_leaves_in_slices(day):
    symbol = "NIFTY29DEC2626000CE"
    option = Contract(exchange="NFO", symbol=symbol, lotsize=50, freeze_qty=1800, price=812.5)
    day.server.account.catalogue.add(option)
    day.server.price(f"NFO:{symbol}", 812.5)
    life = await day.begin()
    await day.guarded(exchange="NFO", symbol=symbol, product="NRML", quantity=5000)
    day.server.price(f"NFO:{symbol}", 805.5)
    await day.server.until(lambda: day.server.net(f"NFO:{symbol}", "NRML") == 0)
    await day.until(day.is_closed)
    assert [order.ticket.quantity for order in day.orders] == [1800, 1800, 1400]
    assert len(day.server.record.asked("placeorder")) == 3
    assert day.server.record.harm() == []
    assert last(life, "trade.closed")["status"] == "CLOSED"


async def test_a_trade_of_what_nobody_lists_is_refused_with_what_was_meant(day):
    await day.begin()
    with pytest.raises(AssertionError, match="lists no NSE:SBINN; did you mean"):
        await day.call("/api/v1/createtrade", TRADE | {"symbol": "SBINN"})
    assert (await day.call("/api/v1/activetrades", {}))["trades"] == []


async def test_new_ticks_move_no_level_and_are_told_in_the_next_life(day):
    life = await day.begin()
    await day.guarded(stop="@805.95")
    await asyncio.to_thread(life.end)
    coarse = Contract(exchange="NSE", symbol="SBIN", tick_size=0.5)
    day.server.account.catalogue.add(coarse)
    assert day.life is not None
    day.life.close()
    life = await day.begin()
    changed = last(life, "instrument.changed")
    assert (changed["tick_size"], changed["tick_size_was"]) == ("0.5", "0.05")
    (trade,) = (await day.call("/api/v1/activetrades", {}))["trades"]
    assert trade["stop_level"] == 805.95


# What pushes at once, what is asked every five seconds, and what never says anything.
@pytest.mark.parametrize("day", ["angel", "groww", "tradejini"], indirect=True)
async def test_what_a_person_has_sold_is_not_sold_again_whatever_the_broker_tells(day):
    life = await day.begin()
    await day.guarded()
    day.server.by_hand(SBIN, "SELL", 100)
    await day.server.until(lambda: day.server.net(SBIN) == 0)
    looks = len(day.server.record.asked("positionbook"))
    day.server.price(SBIN, 805.5)
    # The exit looks for what is left, more than once; or sells what is not there.
    await day.server.until(
        lambda: day.orders or len(day.server.record.asked("positionbook")) >= looks + 2
    )
    assert last(life, "exit.decided")["reason"] == "stop"
    assert day.orders == []
    assert day.server.net(SBIN) == 0


@pytest.mark.parametrize("day", ["tradejini"], indirect=True)
async def test_a_trade_book_that_does_not_answer_holds_a_stop_back_for_a_second(day):
    life = await day.begin()
    await day.guarded()
    day.server.faults.turn_on(Fault.HANGS, endpoint="tradebook")
    day.server.price(SBIN, 805.5)
    await day.server.until(lambda: day.server.net(SBIN) == 0)
    assert len(day.orders) == 1
    assert "executions.unread" in life.events()


@pytest.mark.parametrize("day", ["zerodha"], indirect=True)
async def test_a_persons_gtt_is_called_back_before_the_exit_that_needs_its_units(day):
    day.server.gtt_by_hand(GTT)
    life = await day.begin()
    await day.guarded(product="CNC")
    day.server.price(SBIN, 805.5)
    await day.server.until(lambda: day.server.net(SBIN, "CNC") == 0)
    asked = [request.endpoint for request in day.server.record.requests]
    assert asked.index("cancelgttorder") < asked.index("placeorder")
    day.server.price(SBIN, 799.5)
    assert day.server.record.orders(by=By.GTT) == []
    assert len(day.orders) == 1
    assert day.server.record.harm() == []
    assert last(life, "order.rests")["order_id"] == "GTT-70001"


async def test_shares_that_were_held_before_are_guarded_by_rule_and_left_once(day):
    day.config = CONFIG + HOLDER
    day.server.hold(SBIN, 100, 812.5)
    life = await day.begin()

    async def is_guarded():
        day.server.price(SBIN, 812.55)
        day.server.price(SBIN, 812.5)
        trades = (await day.call("/api/v1/activetrades", {}))["trades"]
        return [(t["product"], t["stop_level"], t["ltp"]) for t in trades] == [
            ("CNC", 804.4, 812.5)
        ]

    await day.until(is_guarded)
    assert last(life, "position.adopted")["origin"] == "existing"
    for _ in range(2):
        day.server.price(SBIN, 804.3)  # a jump of more than 1 % is held until it is seen twice
    await day.until(day.is_closed)
    (order,) = day.orders
    ticket = order.ticket
    assert (ticket.action, ticket.key.product, ticket.quantity) == ("SELL", "CNC", 100)
    assert len(day.server.record.asked("placeorder")) == 1
    assert last(life, "trade.closed")["status"] == "CLOSED"


async def test_a_daemon_says_what_is_in_the_way_of_guarding(day):
    await day.begin()
    await day.guarded()
    day.server.by_hand(SBIN, "SELL", 5, pricetype="LIMIT", price=900.0)
    await day.server.settled()
    day.server.account.analyzer = True
    found = {one["what"]: one for one in (await day.call("/api/v1/broker"))["findings"]}
    assert (found["mode"]["level"], found["mode"]["todo"]) == (
        "error",
        "switch OpenAlgo to live mode",
    )
    assert found[f"symbol {SBIN}"]["text"].startswith("ticks of 0.05")
    assert len(day.server.proxy.clients) == 1
    day.server.account.analyzer = False
    found = {one["what"]: one for one in (await day.call("/api/v1/broker"))["findings"]}
    assert found["mode"]["level"] == "ok"
    assert found[f"other guard {SBIN}"]["text"].endswith("waits: SELL 5")
    assert KEY not in str(found)


async def test_an_exit_of_the_night_is_held_and_told(day):
    now = dt.datetime.now(dt.UTC)
    opens, closes = ((now + dt.timedelta(hours=h)).strftime("%H:%M") for h in (6, 7))
    sessions = f'[sessions.NSE]\nopen = "{opens}"\nclose = "{closes}"\ndays = {DAYS}\n'
    day.config = CONFIG + sessions
    life = await day.begin()
    day.server.by_hand(SBIN, "BUY", 100)
    await day.server.until(lambda: day.server.net(SBIN) == 100)
    trade = await day.call("/api/v1/createtrade", TRADE)
    await day.call("/api/v1/exittrade", {"trade_id": trade["trade_id"]})
    waits = last(life, "exit.waits_for_open")
    assert (waits["trade_id"], waits["quantity"]) == (trade["trade_id"], "100")
    assert day.server.record.asked("placeorder") == []
    story = (await day.call(f"/api/v1/why/{trade['trade_id']}"))["lines"]
    assert any("its exchange is closed" in line["text"] for line in story)
