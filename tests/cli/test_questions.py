"""Lists are asked for page by page, as far as somebody reads them."""

import asyncio
from pathlib import Path

import pytest

from tests.api.world import LONG
from tradebot.api.shapes import Readiness
from tradebot.cli import questions
from tradebot.cli.client import AnswerError, Daemon
from tradebot.core.inputs import OrderSide


class Paged(Daemon):
    """A daemon whose lists have pages of two."""

    def __init__(self, count):
        super().__init__(Path("none"))
        self.rows = [{"trade_id": f"T{number}"} for number in range(1, count + 1)]
        self.asked = []

    def ask(self, method, path, body=None, headers=None):
        self.asked.append((path, body))
        assert body is not None
        start = int(body.get("cursor", 0))
        more = start + 2 < len(self.rows)
        return {"trades": self.rows[start : start + 2], "next": str(start + 2) if more else None}


def test_every_page_of_the_open_trades_is_read():
    daemon = Paged(5)
    assert len(questions.open_trades(daemon, "swing")) == 5
    assert daemon.asked == [
        ("/api/v1/activetrades", {"strategy": "swing", "limit": 1000}),
        ("/api/v1/activetrades", {"strategy": "swing", "limit": 1000, "cursor": "2"}),
        ("/api/v1/activetrades", {"strategy": "swing", "limit": 1000, "cursor": "4"}),
    ]


def test_pages_that_nobody_reads_are_not_asked_for():
    daemon = Paged(5)
    pages = questions.closed_trades(daemon, {"reason": "stop"}, page=2)
    assert len(next(pages)) == 2
    assert daemon.asked == [("/api/v1/tradehistory", {"reason": "stop", "limit": 2})]


async def test_the_real_api_understands_the_questions(world, shell):
    await world.bought(20)
    await world.trades.create(LONG)
    await world.trades.create(LONG)
    await world.trades.exit("T1")
    await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 791.05)
    daemon = Daemon(shell.state)
    (row,) = await asyncio.to_thread(questions.open_trades, daemon)
    assert row["trade_id"] == "T2"
    ((row,),) = await asyncio.to_thread(lambda: list(questions.closed_trades(daemon)))
    assert row["trade_id"] == "T1"


async def test_a_daemon_that_is_not_ready_says_how_far_it_is(world, shell):
    daemon = Daemon(shell.state)
    world.readiness = Readiness(is_ready=False, state="starting", reasons=("no feed",))
    about = await asyncio.to_thread(questions.readiness, daemon)
    assert (about["state"], about["reasons"]) == ("starting", ["no feed"])


def test_any_other_refusal_is_raised():
    class Refusing(Daemon):
        def ask(self, method, path, body=None, headers=None):
            raise AnswerError("internal", "broken", {})

    with pytest.raises(AnswerError, match="broken"):
        questions.readiness(Refusing(Path("none")))
