"""The real daemon against the fake OpenAlgo server, on the morning after a close."""

import asyncio
import datetime as dt
import sqlite3
from contextlib import closing

import msgspec
import pytest

from tests.app.daemon_life import last
from tests.app.test_daemon_with_openalgo import CONFIG, DAYS, SBIN, a_day
from tradebot.core.guard.trades import LastClose
from tradebot.core.records import TradeSaved
from tradebot.stores.rows import trade_row

# A session of a whole day that began some hours ago, when the one before it closed.
SWING = """[sessions.NSE]
open = "{opens}"
close = "{opens}"
days = {days}
[strategies.swing]
on_corporate_action = "{action}"
"""


@pytest.fixture
async def day(tmp_path):
    async with a_day(tmp_path) as day:
        yield day


def a_night_passed(state, close):
    """Have every open trade of a daemon that is off remember the close of a session."""
    with closing(sqlite3.connect(state / "tradebot.db")) as db:
        for (body,) in db.execute("SELECT body FROM trades WHERE over = 0").fetchall():
            saved = msgspec.json.decode(body, type=TradeSaved)
            trade = msgspec.structs.replace(saved.trade, last_close=close)
            *_, sealed, checksum = trade_row(msgspec.structs.replace(saved, trade=trade))
            update = "UPDATE trades SET body = ?, checksum = ? WHERE trade_id = ?"
            db.execute(update, (sealed, checksum, trade.trade_id))
        db.commit()


async def morning(day, action, prev_close, ltp, earlier):
    """Guard a share bought at 812.5 into a day that begins at another price; return its trade."""
    opens = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0) - dt.timedelta(hours=6)
    day.config = CONFIG + SWING.format(opens=opens.strftime("%H:%M"), action=action, days=DAYS)
    life = await day.begin()
    trade = await day.guarded(product="CNC", strategy="swing", stop="@790")
    assert await asyncio.to_thread(life.end) == 0
    life.close()
    close_ns = int(opens.timestamp()) * 1_000_000_000
    a_night_passed(life.state, LastClose(price=812.5, at_ns=close_ns, earlier=earlier))
    day.server.account.prev_closes[SBIN] = prev_close
    day.server.price(SBIN, ltp)
    life = await day.begin()

    async def is_judged():
        for price in (ltp + 0.05, ltp):
            day.server.price(SBIN, price)
            await asyncio.sleep(0.02)
        return {"trade.paused", "trade.closed"} & set(life.events())

    await day.until(is_judged)
    return trade


async def test_a_split_of_the_night_pauses_a_trade_until_it_has_levels_again(day):
    trade = await morning(day, "pause", prev_close=406.0, ltp=407.0, earlier=None)
    paused = last(day.life, "trade.paused")
    assert (paused["trade_id"], paused["prev_close"], paused["unsure"]) == (trade, "406", False)
    assert day.server.record.asked("placeorder") == []
    await day.call("/api/v1/updatetrade", {"trade_id": trade, "stop": "@395"})
    for _ in range(2):
        day.server.price(SBIN, 394.5)
    await day.until(day.is_closed)
    (order,) = day.orders
    assert (order.ticket.action, order.ticket.quantity) == ("SELL", 100)


@pytest.mark.parametrize(
    ("action", "prev_close", "ltp", "earlier"),
    [
        ("gap", 406.0, 407.0, None),  # whatever the quote says
        ("pause", 760.0, 762.0, 761.0),  # what it says is a close of the day before
    ],
)
async def test_a_gap_leaves_once_where_that_is_what_it_is_taken_for(
    day, action, prev_close, ltp, earlier
):
    await morning(day, action, prev_close, ltp, earlier)
    await day.until(day.is_closed)
    (order,) = day.orders
    assert (order.ticket.action, order.ticket.quantity) == ("SELL", 100)
    assert "trade.paused" not in day.life.events()
