"""The trades that are over, chosen by time, strategy and reason."""

import argparse
import time
from pathlib import Path

import pytest

from tests.api.world import LONG
from tests.cli.commanding import seen
from tradebot.cli.client import Daemon
from tradebot.cli.history import HEADS, end_of, newest, start_of
from tradebot.core.inputs import OrderSide


@pytest.fixture
async def left(world):
    """Three trades that were left, an hour apart from 03:45 UTC of the fifth."""
    await world.bought(30)
    for number, (strategy, price) in enumerate([("", 803), ("swing", 799), ("swing", 800)], 1):
        name = f"T{number}"
        await world.trades.create(LONG | {"strategy": strategy})
        await world.trades.exit(name)
        await world.fill(f"B{number}", f"{name}-x1", OrderSide.SELL, 10, price)
        world.clock.pass_ms(3_600_000)
    return world


@pytest.fixture
def kolkata(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def names(shell, *words):
    code, told = await shell.json("history", *words)
    assert code == 0
    return [trade["trade_id"] for trade in told["trades"]]


async def test_trades_come_newest_first_with_their_sum(left, kolkata, shell):
    code, out, err = await shell.run("history")
    assert (code, err) == (0, "")
    head, *rows, empty, total = out.splitlines()
    assert tuple(head.split()) == HEADS
    assert [row.split()[2] for row in rows] == ["T3", "T2", "T1"]
    assert rows[-1].startswith("2026-01-05 09:15:00  T1")
    assert rows[-1].endswith("NSE:SBIN  LONG   10  800.00  803.00  manual  ▲ +30.00")
    assert (empty, total) == ("", "3 trades, P&L ▲ +20.00")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--from", "2026-01-05T10:15:00"], ["T3", "T2"]),
        (["--to", "2026-01-05T10:15"], ["T1"]),
        (["--from", "2026-01-05", "--to", "2026-01-05"], ["T3", "T2", "T1"]),
        (["--from", "2026-01-06"], []),
        (["--from", "today"], []),
        (["--from", "2026-01-05T04:00:00Z", "--to", "2026-01-05T05:00:00Z"], ["T2"]),
        (["--strategy", "swing"], ["T3", "T2"]),
        (["--reason", "manual", "--limit", "1"], ["T3"]),
        (["--reason", "stop"], []),
    ],
)
async def test_trades_are_chosen(left, kolkata, shell, words, found):
    assert await names(shell, *words) == found


async def test_a_limit_says_when_there_is_more(left, shell):
    _, told = await shell.json("history", "--limit", "2")
    assert told["more"] is True
    out = (await shell.run("history", "--limit", "2"))[1]
    assert out.endswith("2 trades, P&L ▼ -10.00; there are more, see --limit\n")
    _, told = await shell.json("history", "--limit", "3")
    assert told["more"] is False


async def test_nothing_found_is_said(world, shell):
    assert (await shell.run("history"))[1] == "no trades\n"


async def test_one_trade_is_one(left, shell):
    assert "\n1 trade, P&L" in (await shell.run("history", "--limit", "1"))[1]


async def test_a_reason_that_is_none_leads_to_the_right_one(world, shell):
    code, _, err = await shell.run("history", "--reason", "stpo")
    assert code == 2
    assert 'did you mean "stop"?' in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--from", "noon"], "argument --from: 'noon' is no time; write 2026-01-05, "),
        (["--to", "2026-13-01"], "argument --to: '2026-13-01' is no time"),
        (["--to", "25:00"], "argument --to: '25:00' is no time"),
        (["--to", "9999-12-31"], "argument --to: '9999-12-31' is no time"),
        (["--limit", "0"], "argument --limit: '0' is no number of trades; write 1 or more"),
        (["--limit", "1e3"], "'1e3' is no number of trades"),
        (["--limit", "9999999999"], "is no number of trades"),
    ],
)
async def test_a_filter_that_cannot_be_is_a_usage_error(shell, words, says):
    code, _, err = await shell.run("history", *words)
    assert code == 2
    assert says in err


async def test_gain_and_loss_have_a_colour_each(left, shell, monkeypatch):
    seen(monkeypatch)
    lines = (await shell.run("history"))[1].splitlines()
    assert [line.partition("m")[0] for line in lines[1:4]] == [
        lines[1].partition("m")[0],
        "\x1b[31",
        "\x1b[36",
    ]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-01-05", "2026-01-05T00:00:00+05:30", "2026-01-06T00:00:00+05:30"),
        ("20260105", "2026-01-05T00:00:00+05:30", "2026-01-06T00:00:00+05:30"),
        ("2026-01-05T09:15", "2026-01-05T09:15:00+05:30", "2026-01-05T09:15:00+05:30"),
        ("2026-01-05T09:15:00Z", "2026-01-05T09:15:00+00:00", "2026-01-05T09:15:00+00:00"),
    ],
)
def test_a_day_is_from_its_first_moment_to_its_last(kolkata, text, start, end):
    assert (start_of(text), end_of(text)) == (start, end)


def test_today_yesterday_and_a_clock_time_are_near(kolkata):
    assert end_of("yesterday") == start_of("today")
    assert start_of("today") < end_of("today")
    assert start_of("09:15").endswith("T09:15:00+05:30")
    assert start_of("09:15")[:10] == start_of("today")[:10]
    with pytest.raises(argparse.ArgumentTypeError):
        start_of("")


def test_thin_pages_are_read_on_until_there_is_enough():
    class Thin(Daemon):
        pages = 0

        def ask(self, method, path, body=None, headers=None):
            self.pages += 1
            rows = [{"trade_id": f"T{self.pages}"}]
            return {"trades": rows, "next": str(self.pages)}

    daemon = Thin(Path("none"))
    found, more = newest(daemon, {"reason": "stop"}, 3)
    assert [trade["trade_id"] for trade in found] == ["T1", "T2", "T3"]
    assert more
    assert daemon.pages == 4
