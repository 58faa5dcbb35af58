"""Orders leave once they are safe, answers come back as inputs, and no failure is an answer."""

import asyncio
from decimal import Decimal

import pytest

from tests.services.executing import FILL, World
from tests.services.unkind_store import turns
from tests.stores.samples import KEY
from tradebot.core.inputs import (
    Acked,
    BookReply,
    Execution,
    OrderReport,
    OrderSide,
    OrderState,
    PlaceReply,
    PositionsReply,
    QueryReply,
    Refused,
    Unknown,
)
from tradebot.core.intents import CancelOrder, PlaceOrder, QueryOrder, ReadOrder, ReadPosition
from tradebot.errors import BrokerError

ORDER = PlaceOrder(
    client_order_id="T1-x1",
    trade_id="T1",
    key=KEY,
    side=OrderSide.SELL,
    quantity=Decimal(100),
    decided_at_ns=1,
)


def a_report(filled: int = 0) -> OrderReport:
    return OrderReport(
        order_id="o1",
        client_order_id="T1-x1",
        key=KEY,
        side=OrderSide.SELL,
        quantity=Decimal(100),
        filled=Decimal(filled),
        state=OrderState.OPEN,
        at_ns=5,
    )


def placed(outcome) -> PlaceReply:
    return PlaceReply(client_order_id="T1-x1", outcome=outcome, at_ns=77)


# Placing.


@pytest.mark.parametrize("outcome", [Acked("o1"), Refused("margin"), Unknown("timeout")])
async def test_what_the_broker_answers_comes_back_as_it_is(outcome):
    world = World().answers(place=outcome)
    world.executor.place(ORDER, is_safe=True)
    assert await world.settled() == [placed(outcome)]
    assert world.said.lines == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BrokerError("no session"), "BrokerError: no session"),
        (TimeoutError(), "TimeoutError"),
        (ZeroDivisionError("our own bug"), "ZeroDivisionError: our own bug"),
        (AssertionError(), "AssertionError"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "UnicodeDecodeError: "),
    ],
)
async def test_any_exception_of_a_request_leaves_the_order_in_doubt(error, told):
    world = World().answers(place=error)
    world.executor.place(ORDER, is_safe=True)
    (reply,) = await world.settled()
    assert isinstance(reply, PlaceReply)
    assert isinstance(reply.outcome, Unknown)
    assert reply.outcome.message.startswith(told)
    assert world.calls.count("place") == 1


async def test_a_request_that_is_cancelled_has_no_answer():
    world = World().answers(place=asyncio.Event())
    world.executor.place(ORDER, is_safe=True)
    await turns()
    await world.supervisor.finish_errands(within_s=0)
    assert await world.settled() == []


async def test_a_broker_that_never_answers_blocks_nobody_and_is_in_doubt_in_the_end():
    world = World(answer_s_max=0.0).answers(
        place=asyncio.Event(), query=asyncio.Event(), net=asyncio.Event(), report=asyncio.Event()
    )
    world.executor.place(ORDER, is_safe=True)
    world.executor.query(QueryOrder(client_order_id="T1-x1", key=KEY))
    world.executor.read_position(ReadPosition(key=KEY))
    world.executor.read_order(ReadOrder("o9"))
    await world.supervisor.finish_errands(within_s=5)
    replies = [item for item in world.inbox.items if not isinstance(item, Execution)]
    assert placed(Unknown("TimeoutError")) in replies
    assert PositionsReply(key=KEY, net=None, at_ns=77) in replies
    assert [r.answered for r in replies if isinstance(r, QueryReply)] == [False]
    assert sorted(world.said.events) == ["position.failed", "query.failed", "task.failed"]


async def test_a_request_without_an_answer_is_told_while_it_runs():
    world = World(slow_s=0.0).answers(place=asyncio.Event())
    world.executor.place(ORDER, is_safe=True)
    assert await world.settled() == []
    line = ("exit.unanswered", "warning", {"order_id": "T1-x1", "after_s": 0.0})
    assert world.said.lines == [line]
    await world.supervisor.stop_all()


async def test_a_broker_that_hangs_at_one_order_takes_the_next():
    world = World().answers(place=asyncio.Event())
    world.executor.place(ORDER, is_safe=True)
    await turns()
    world.answers(place=Acked("o2"))
    world.executor.place(ORDER, is_safe=True)
    assert await world.settled() == [placed(Acked("o2"))]
    await world.supervisor.stop_all()


# Unsafe orders.


async def test_an_order_that_the_journal_refused_waits_for_the_database():
    world = World().answers(place=Acked("o1"))
    world.store.gate = asyncio.Event()
    world.supervisor.start("persister", world.persister.run())
    world.executor.place(ORDER, is_safe=False)
    await world.store.at_gate.wait()
    await turns()
    assert "place" not in world.calls
    world.store.gate.set()
    assert await world.settled() == [placed(Acked("o1"))]
    assert world.store.commits[-1][2] is True
    assert world.said.lines == []
    await world.supervisor.stop_all()


async def test_an_order_that_no_disk_takes_is_sent_all_the_same_and_told():
    world = World().answers(place=Acked("o1"))
    world.store.refuses = "before"
    world.supervisor.start("persister", world.persister.run())
    world.executor.place(ORDER, is_safe=False)
    assert await world.settled() == [placed(Acked("o1"))]
    levels = {event: level for event, level, _ in world.said.lines}
    assert levels == {
        "store.failed": "critical",
        "exit.not_saved": "error",
        "exit.unsaved": "critical",
    }
    await world.supervisor.stop_all()


async def test_a_database_that_hangs_holds_no_order_back():
    world = World(save_s_max=0.0).answers(place=Acked("o1"))
    world.store.gate = asyncio.Event()
    world.supervisor.start("persister", world.persister.run())
    world.executor.place(ORDER, is_safe=False)
    await world.supervisor.finish_errands(within_s=5)
    assert world.inbox.items == [placed(Acked("o1"))]
    assert world.said.events == ["exit.not_saved", "exit.unsaved"]
    assert "does not answer" in str(world.said.lines[0][2]["error"])
    await world.supervisor.stop_all()


# Asking.


def a_query_reply(report=None, *, answered: bool = True) -> QueryReply:
    return QueryReply(client_order_id="T1-x1", report=report, answered=answered, at_ns=77)


REPLY = a_query_reply(a_report(filled=40))
NET = PositionsReply(key=KEY, net=Decimal(60), at_ns=77)


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda executor: executor.query(QueryOrder(client_order_id="T1-x1", key=KEY)), REPLY),
        (lambda executor: executor.read_position(ReadPosition(key=KEY)), NET),
        (lambda executor: executor.read_order(ReadOrder("o1")), a_report(filled=40)),
    ],
    ids=["query", "net", "order"],
)
async def test_executions_are_delivered_once_before_the_answer_that_rests_on_them(ask, answer):
    world = World().answers(query=REPLY, net=Decimal(60), report=a_report(filled=40))
    ask(world.executor)
    assert await world.settled() == [FILL, answer]
    ask(world.executor)
    assert (await world.settled())[2:] == [answer]


async def test_executions_after_a_read_of_the_net_are_delivered_before_it():
    world = World().answers(net=Decimal(0))
    world.executor.read_position(ReadPosition(key=KEY))
    await world.settled()
    assert world.calls == ["net", "executions", "Execution", "PositionsReply"]


@pytest.mark.parametrize("report", [None, a_report(filled=0)])
async def test_an_order_without_fills_needs_no_executions(report):
    world = World().answers(query=a_query_reply(report), report=a_report())
    world.executor.query(QueryOrder(client_order_id="T1-x1", key=KEY))
    world.executor.read_order(ReadOrder("o1"))
    assert await world.settled() == [a_query_reply(report), a_report()]
    assert "executions" not in world.calls


@pytest.mark.parametrize("fails", ["query", "executions"])
async def test_a_query_that_fails_says_nothing_of_the_order(fails):
    world = World().answers(query=a_query_reply(a_report(filled=40)))
    world.answers(**{fails: ConnectionError("reset")})
    world.executor.query(QueryOrder(client_order_id="T1-x1", key=KEY))
    assert await world.settled() == [a_query_reply(answered=False)]
    assert world.said.lines == [
        ("query.failed", "warning", {"order_id": "T1-x1", "error": "ConnectionError: reset"})
    ]


@pytest.mark.parametrize("fails", ["net", "executions"])
async def test_a_position_read_that_fails_says_nothing_of_the_position(fails):
    world = World().answers(net=Decimal(0))
    world.answers(**{fails: ConnectionError("reset")})
    world.executor.read_position(ReadPosition(key=KEY))
    assert (await world.settled())[-1] == PositionsReply(key=KEY, net=None, at_ns=77)
    assert world.said.events == ["position.failed"]


async def test_a_cancel_puts_nothing_into_the_inbox_because_its_answer_is_no_evidence():
    world = World()
    world.executor.cancel(CancelOrder(client_order_id="T1-x1", order_id="o1", key=KEY))
    assert await world.settled() == []
    assert world.calls == ["cancel"]


async def test_a_cancel_of_somebody_elses_order_is_told_by_the_brokers_id():
    world = World().answers(cancel=BrokerError("order is complete"))
    world.executor.cancel(CancelOrder(client_order_id=None, order_id="o1", key=KEY))
    assert await world.settled() == []
    (line,) = world.said.lines
    assert line[2] == {"order_id": "o1", "error": "BrokerError: order is complete"}


async def test_a_cancel_that_fails_is_told():
    world = World().answers(cancel=BrokerError("order is complete"))
    world.executor.cancel(CancelOrder(client_order_id="T1-x1", order_id="o1", key=KEY))
    assert await world.settled() == []
    assert world.said.lines == [
        (
            "cancel.failed",
            "warning",
            {"order_id": "T1-x1", "error": "BrokerError: order is complete"},
        )
    ]


async def test_the_order_book_comes_after_the_executions_that_it_may_tell_of():
    world = World().answers(order_book=[a_report(filled=40)])
    world.executor.read_book()
    assert await world.settled() == [FILL, BookReply(orders=(a_report(filled=40),), at_ns=77)]


@pytest.mark.parametrize("fails", ["order_book", "executions"])
async def test_an_order_book_that_cannot_be_read_says_nothing(fails):
    world = World().answers(order_book=[a_report()])
    world.answers(**{fails: ConnectionError("reset")})
    world.executor.read_book()
    assert (await world.settled())[-1] == BookReply(orders=None, at_ns=77)
    assert world.said.events == ["orders.failed"]


async def test_a_broker_that_says_it_has_no_order_book_is_taken_at_its_word():
    world = World().answers(order_book=None)
    world.executor.read_book()
    assert (await world.settled())[-1] == BookReply(orders=None, at_ns=77)
    assert world.said.events == []


async def test_a_start_goes_on_when_the_broker_cannot_list_its_executions():
    world = World().answers(executions=ConnectionError("reset"))
    await world.executor.hear_executions()
    assert world.said.events == ["executions.failed"]


async def test_an_entry_order_that_the_broker_does_not_know_is_told():
    world = World()
    world.executor.read_order(ReadOrder("o9"))
    assert await world.settled() == []
    assert world.said.lines == [("entry.unknown", "warning", {"order_id": "o9"})]
