"""Trades are left on a person's word, once, and what came of each is told."""

import argparse
import asyncio
import itertools
import sys

import pytest

from tests.api.world import LONG
from tests.cli.commanding import Typed, nobody, types
from tradebot.cli import exit as module
from tradebot.cli.client import AnswerError, NotRunningError
from tradebot.cli.exit import Leaving, described
from tradebot.core.inputs import OrderSide
from tradebot.core.intents import PlaceOrder
from tradebot.core.leaving.halt import Form
from tradebot.errors import StoreError


@pytest.fixture
async def market(world):
    """A world that fills every exit as it is sent."""
    await world.bought(30)
    deliver = world.deliver
    numbers = itertools.count(1)

    def fill(outputs, *, is_safe):
        deliver(outputs, is_safe=is_safe)
        for order in outputs:
            if isinstance(order, PlaceOrder):
                name = order.client_order_id
                fills.append(
                    asyncio.ensure_future(
                        world.fill(f"B{next(numbers)}", name, OrderSide.SELL, order.quantity, 803)
                    )
                )

    fills: list[asyncio.Future[None]] = []
    world.loop._deliver = fill
    yield world
    await asyncio.gather(*fills)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr(module, "POLL_S", 0.01)


async def test_a_script_leaves_a_trade_and_waits_until_it_is_left(market, shell, monkeypatch):
    nobody(monkeypatch)
    await market.trades.create(LONG)
    code, out, err = await shell.run("exit", "T1", "--yes")
    assert (code, err) == (0, "")
    assert out == "T1  left: LONG 10 NSE:SBIN 800.00 -> 803.00 by manual, P&L ▲ +30.00\n"


async def test_without_a_person_and_without_yes_nothing_is_sent(market, shell, monkeypatch):
    nobody(monkeypatch)
    await market.trades.create(LONG)
    code, out, err = await shell.run("exit", "T1")
    assert (code, out) == (2, "")
    assert err == "tradebot: nobody is here to confirm; say --yes\n"
    assert "T1" in market.book.trades


async def test_a_person_is_told_what_will_be_left_and_for_how_much(market, shell, monkeypatch):
    await market.trades.create(LONG)
    await market.tick(805.0)
    types(monkeypatch, "y")
    code, out, err = await shell.run("exit", "T1")
    assert code == 0
    assert err == (
        "T1  LONG 10 NSE:SBIN at market, LTP 805.00 (0 ms old), P&L about ▲ +50.00\n"
        "Leave this trade now? [y/N] "
    )
    assert out.startswith("T1  left")


@pytest.mark.parametrize("answer", [["n"], [""], []])
async def test_a_person_who_does_not_say_yes_keeps_the_trade(market, shell, monkeypatch, answer):
    await market.trades.create(LONG)
    types(monkeypatch, *answer)
    code, out, err = await shell.run("exit", "T1")
    assert (code, out) == (1, "")
    assert err.endswith("nothing was sent\n")
    assert "T1" in market.book.trades


@pytest.mark.parametrize(("word", "code"), [("exit", 0), ("y", 1)])
async def test_to_leave_everything_takes_the_word(market, shell, monkeypatch, word, code):
    await market.trades.create(LONG)
    await market.trades.create(LONG)
    await market.tick(805.0)
    types(monkeypatch, word)
    ended, out, err = await shell.run("exit", "--all")
    assert ended == code
    assert "Leave these 2 trades now, P&L about ▲ +100.00? Type exit to confirm: " in err
    assert len(out.splitlines()) == (2 if code == 0 else 0)
    assert len(market.book.trades) == (0 if code == 0 else 2)


async def test_all_of_a_strategy_leaves_the_others_alone(market, shell):
    await market.trades.create(LONG)
    await market.trades.create(LONG | {"strategy": "swing"})
    code, out, _ = await shell.run("exit", "--all", "--strategy", "swing", "--yes")
    assert code == 0
    assert out.startswith("T2  left")
    assert list(market.book.trades) == ["T1"]
    assert await shell.run("exit", "--all", "--strategy", "none", "--yes") == (
        0,
        "no open trades of the strategy 'none'\n",
        "",
    )


async def test_a_trade_that_is_over_is_no_failure_and_one_that_never_was_is(market, shell):
    await market.trades.create(LONG)
    await market.trades.create(LONG)
    await shell.run("exit", "T1", "--yes")
    assert (await shell.run("exit", "T1", "--yes"))[:2] == (
        0,
        "T1  is over already: LONG 10 NSE:SBIN 800.00 -> 803.00 by manual, P&L ▲ +30.00\n",
    )
    code, out, _ = await shell.run("exit", "T9", "T2", "T1", "T2", "--yes")
    assert code == 1
    assert [line[:12] for line in out.splitlines()] == [
        "T9  there is",
        "T1  is over ",
        "T2  left: LO",
    ]


async def test_a_trade_without_an_entry_has_nothing_to_leave(world, shell):
    pending = {key: LONG[key] for key in ("exchange", "symbol", "side", "quantity")}
    await world.trades.create(pending | {"order_id": "P1"})
    code, out, _ = await shell.run("exit", "T1", "--yes")
    assert code == 1
    assert out == "T1  trade T1 has no filled entry yet: there is nothing to leave\n"


async def test_nobody_has_to_wait(world, shell):
    await world.bought(20)
    await world.trades.create(LONG)
    await world.trades.create(LONG)
    code, out, _ = await shell.run("exit", "T1", "--yes", "--no-wait")
    assert (code, out) == (0, "T1  exit sent: order T1-x1\n")
    code, out, _ = await shell.run("exit", "T1", "--yes", "--no-wait")
    assert (code, out) == (0, "T1  exit decided; this request sent no order\n")


async def test_while_everything_is_halted_an_exit_is_decided_and_not_sent(world, shell):
    await world.bought()
    await world.trades.create(LONG)
    await world.halts.halt(Form.EVERYTHING, "fear")
    code, out, err = await shell.run("exit", "T1", "--yes", "--no-wait")
    assert (code, out) == (0, "T1  exit decided; this request sent no order\n")
    assert err == "! everything is halted: no exit is sent before the release\n"


async def test_a_wait_that_ends_says_what_is_still_open(world, shell):
    await world.bought(20)
    await world.trades.create(LONG)
    code, out, _ = await shell.run("exit", "T1", "--yes", "--timeout", "20ms")
    assert code == 1
    assert out == "T1  still open after 0.02 s: 10 to go, TRIGGERED, blind\n"


async def test_json_has_a_row_for_each_trade(market, shell):
    await market.trades.create(LONG)
    code, told = await shell.json("exit", "T1", "T9", "--yes")
    assert (code, told["ok"]) == (1, False)
    refused, left = told["trades"]
    assert refused == {
        "trade_id": "T9",
        "result": "refused",
        "message": "there is no trade T9",
        "trade": None,
    }
    assert (left["trade_id"], left["result"], left["trade"]["exit_price"]) == ("T1", "left", 803)
    assert await shell.json("exit", "--all", "--yes") == (0, {"ok": True, "trades": []})


async def test_a_trade_is_left_though_its_figures_cannot_be_read(market, shell):
    await market.trades.create(LONG)

    async def gone(*_):
        raise StoreError("the disk is gone")

    market.store.trade = gone
    code, out, _ = await shell.run("exit", "T1", "--yes")
    assert (code, out) == (0, "T1  left\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "tradebot: name the trades to leave, as T17, or say --all\n"),
        (["T1", "--all"], "tradebot: name trades, or say --all: not both\n"),
        (["T1", "--strategy", "x"], "tradebot: --strategy goes with --all\n"),
        (["T1", "--timeout", "soon"], "argument --timeout: 'soon' is no time; write 30s or 2m\n"),
    ],
)
async def test_what_cannot_be_meant_is_a_usage_error(shell, words, says):
    code, out, err = await shell.run("exit", *words)
    assert (code, out) == (2, "")
    assert err.endswith(says)


async def test_who_stops_waiting_is_told_that_the_exit_goes_on(world, shell, monkeypatch):
    await world.bought()
    await world.trades.create(LONG)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Leaving, "wait", interrupted)
    code, out, err = await shell.run("exit", "T1", "--yes")
    assert (code, out) == (130, "")
    assert err == "\nno longer waiting; what was sent goes on: T1\n"
    monkeypatch.setattr(Leaving, "send", interrupted)
    assert await shell.run("exit", "T1", "--yes") == (130, "", "")


async def test_a_person_who_interrupts_the_question_sends_nothing(market, shell, monkeypatch):
    class Interrupting(Typed):
        def readline(self):
            raise KeyboardInterrupt

    await market.trades.create(LONG)
    monkeypatch.setattr(sys, "stdin", Interrupting())
    code, _, _ = await shell.run("exit", "T1")
    assert code == 130
    assert "T1" in market.book.trades


class Away:
    """A daemon that answers as it is told to, and keeps what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def ask(self, _method, path, _body=None, headers=None):
        self.asked.append((path, headers))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


SENT = {"orders": ["T1-x1"]}
GONE = NotRunningError("no daemon answers")


def leaving(daemon, *, clock=None, names=("T1",)):
    slept: list[float] = []
    made = Leaving(
        daemon,
        list(names),
        tell=lambda _: None,
        sleep=slept.append,
        now=lambda: next(clock) if clock else 0.0,
    )
    return made, slept


def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_key():
    daemon = Away(GONE, SENT)
    made, slept = leaving(daemon)
    made.send()
    assert list(made.waiting) == ["T1"]
    (_, first), (_, second) = daemon.asked
    assert first == second
    assert first["Idempotency-Key"].startswith("exit-")
    assert slept == [module.POLL_S]


def test_each_trade_has_a_key_of_its_own():
    daemon = Away(SENT, SENT)
    leaving(daemon, names=("T1", "T2"))[0].send()
    assert daemon.asked[0] != daemon.asked[1]


def test_a_daemon_that_is_gone_leaves_it_open_what_was_sent():
    made, _ = leaving(Away(GONE, GONE, SENT), names=("T1", "T2"))
    made.send()
    assert not made.is_done
    assert made.results["T1"]["result"] == "failed"
    assert made.results["T1"]["message"].endswith("whether it was sent is not known")
    assert list(made.waiting) == ["T2"]


def test_a_refusal_whose_cause_cannot_be_read_is_told_as_it_came():
    made, _ = leaving(Away(AnswerError("refused", "no", {}), GONE))
    made.send()
    assert (made.results["T1"]["result"], made.results["T1"]["message"]) == ("refused", "no")


def test_a_daemon_that_restarts_is_waited_for():
    story = {"trade": {"trade_id": "T1", "exit_price": None, "status": "CLOSED_EXTERNAL"}}
    answers: tuple[object, ...] = (
        SENT,
        GONE,
        AnswerError("x", "x", {}),
        {"trades": [], "next": None},
        story,
    )
    made, slept = leaving(Away(*answers))
    made.send()
    made.wait(30)
    assert made.results["T1"]["message"] == "left: CLOSED_EXTERNAL"
    assert made.is_done
    assert len(slept) == 2


def test_a_daemon_that_stays_away_leaves_it_open():
    made, _ = leaving(Away(SENT, GONE), clock=iter([0.0, 31.0]))
    made.send()
    made.wait(30)
    assert made.results["T1"]["message"] == (
        "may still be open: the daemon did not say within 30 s"
    )


def test_a_trade_without_a_price_or_on_its_way_says_so():
    trade = {
        "trade_id": "T1",
        "side": "LONG",
        "quantity": 10,
        "exchange": "NSE",
        "symbol": "SBIN",
        "ltp": None,
        "ltp_age_ms": None,
        "unrealized_pnl": None,
        "status": "TRIGGERED",
    }
    assert described(trade) == (
        "T1  LONG 10 NSE:SBIN at market, P&L unknown: it has no price; it is being left already"
    )


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("2m", 120), ("250ms", 0.25), ("1.5", 1.5)]
)
def test_a_timeout_has_a_unit(text, seconds):
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    assert parser.parse_args(["T1", "--timeout", text]).timeout == seconds
