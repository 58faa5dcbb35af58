"""The story of a trade, told in the terminal."""

import argparse
import asyncio
import json

import pytest

from tests.api.world import LONG
from tests.cli.test_watch import daemon
from tradebot.cli import why
from tradebot.cli.why import told
from tradebot.core.inputs import Acked, OrderSide, PlaceReply


async def asked(state, *words):
    parser = argparse.ArgumentParser()
    why.add_arguments(parser)
    return await asyncio.to_thread(why.main, parser.parse_args(["--state-dir", str(state), *words]))


@pytest.fixture
async def world(tmp_path):
    async with daemon(tmp_path) as made:
        yield made


async def test_an_exit_is_told_from_its_tick_to_its_profit(world, tmp_path, capsys):
    await world.bought()
    await world.trades.create(LONG | {"strategy": "swing", "trail": {"by": "1%"}})
    await world.tick(812.0)
    await world.tick(811.95)
    await world.tick(806.0)
    await world.tick(803.85, seq=41)
    await world.put(
        PlaceReply(client_order_id="T1-x1", outcome=Acked("B1"), at_ns=world.clock.now_ns())
    )
    await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 803.8)
    assert await asked(tmp_path, "T1") == 0
    head, figures, empty, *lines = capsys.readouterr().out.splitlines()
    assert head == "T1 of swing: LONG 10 NSE:SBIN MIS in main, CLOSED"
    assert figures == "entry 800.00, exit 803.80 by trail, P&L ▲ +38.00"
    assert empty == ""
    assert [line[27:] for line in lines] == [
        "A long trade on NSE:SBIN was created.",
        "10 entered, at an average of 800.",
        (
            "Decided to leave 10 by the trail: LTP 803.85 reached 803.9. The tick (number 41) was "
            "3 ms old when it came. Stops in force: stop 792, trail 803.9. Entry 800, "
            "best price 812.0."
        ),
        "Order T1-x1 sells 10 at market.",
        "The broker's answer to T1-x1 was acked: B1.",
        "10 of T1-x1 filled at 803.8; nothing is left.",
        "The trade is closed by the trail at an average of 803.8: a profit of 38.",
    ]


async def test_an_open_trade_is_told_with_what_may_come(world, tmp_path, capsys):
    await world.trades.create(LONG)
    await world.tick(805.0)
    world.clock.pass_ms(2_500)
    assert await asked(tmp_path, "T1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "T1: LONG 10 NSE:SBIN MIS in main, ACTIVE"
    assert lines[1] == "entry 800.00, LTP 805.00 (2.5 s old), P&L ▲ +50.00 open and 0.00 taken"
    assert lines[-4:] == [
        "What may come next:",
        "  - The stop at 792 leaves it, 1.61 % away.",
        "  - A target at 830 leaves it, 3.11 % away.",
        "  - The LTP 805.0 is 2.5 s old.",
    ]


async def test_flags_stand_in_the_heading(world, tmp_path, capsys):
    await world.trades.create({key: LONG[key] for key in list(LONG)[:5]})
    assert await asked(tmp_path, "T1") == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("ACTIVE, blind, unguarded")


async def test_a_story_is_json_where_that_is_asked_for(world, tmp_path, capsys):
    await world.trades.create(LONG)
    assert await asked(tmp_path, "T1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["trade"]["trade_id"] == "T1"


async def test_without_its_past_a_trade_says_so(world, tmp_path, capsys):
    await world.trades.create(LONG)
    world.store.refuses = "read"
    assert await asked(tmp_path, "T1") == 0
    assert "what has happened cannot be told" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["T9", "../x", "a b"])
async def test_an_unknown_trade_is_one_clear_line(world, tmp_path, capsys, name):
    assert await asked(tmp_path, name) == 1
    assert capsys.readouterr().err == f"tradebot: there is no trade {name}\n"


async def test_without_a_daemon_there_is_no_story(tmp_path, capsys):
    assert await asked(tmp_path, "T1") == 3
    assert capsys.readouterr().err.startswith("tradebot: no daemon runs")


def test_a_trade_that_ended_for_no_reason_of_ours_names_none():
    trade = {
        "trade_id": "T1",
        "strategy": "",
        "side": "LONG",
        "quantity": 0,
        "exchange": "NSE",
        "symbol": "SBIN",
        "product": "MIS",
        "account": "main",
        "status": "NEVER_FILLED",
        "entry_price": None,
        "exit_price": None,
        "reason": None,
        "realized_pnl": 0,
    }
    lines = list(told({"trade": trade, "lines": [], "outlook": [], "complete": True}))
    assert lines[1] == "entry –, exit –, P&L 0.00"
