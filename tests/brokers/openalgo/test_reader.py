"""The reader reads what the broker reads, and no byte of an order can leave it."""

import asyncio
import inspect

import pytest

from tests.brokers.openalgo.wire.samples import ORDER, TRADE, success
from tests.brokers.openalgo.world import LIMITS, NAME, SBIN, LookingWorld, ShiftedClock, an_order
from tests.openalgo.faults import Fault
from tests.openalgo.server import OpenAlgoServer
from tradebot.brokers.openalgo.books.slices import SLICE
from tradebot.brokers.openalgo.broker import OpenAlgoBroker
from tradebot.brokers.openalgo.calls.client import READ_ROUTES, ROUTES, Client, Withheld
from tradebot.brokers.openalgo.reader import OpenAlgoReader
from tradebot.brokers.openalgo.wire.requests import cancel_order, place_order
from tradebot.core.secret import Secret
from tradebot.errors import BrokerError
from tradebot.ports import Broker

# All of OpenAlgo's routes that change something at the account, or in its own settings.
ORDER_ROUTES = (
    *("placeorder", "placesmartorder", "modifyorder", "cancelorder", "cancelallorder"),
    *("closeposition", "basketorder", "splitorder", "optionsorder", "optionsmultiorder"),
    *("placegttorder", "modifygttorder", "cancelgttorder", "analyzer/toggle"),
)


@pytest.fixture
async def looking():
    async with LookingWorld() as world:
        yield world


def methods(kind):
    return {
        name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")
    }


def test_a_reader_has_every_method_of_a_broker_but_those_that_order():
    assert methods(Broker) - methods(OpenAlgoReader) == {"place", "cancel", "query"}
    assert methods(OpenAlgoBroker) >= methods(Broker)


def test_no_route_that_is_read_changes_anything():
    assert not READ_ROUTES & set(ORDER_ROUTES)
    assert {"placeorder", "cancelorder", "cancelgttorder"} == ROUTES - READ_ROUTES


@pytest.mark.parametrize("route", [*ORDER_ROUTES, "../placeorder", "ping/../placeorder", "PING"])
async def test_no_byte_leaves_for_a_route_that_is_not_on_the_list(looking, route):
    seen = []
    server = await asyncio.start_server(lambda *_: seen.append(1), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Client(
        f"http://127.0.0.1:{port}",
        Secret("a-key"),
        clock=looking.clock,
        say=looking.said,
        limits=LIMITS,
        routes=READ_ROUTES,
    )
    await client.open()
    for body in (place_order(an_order()), cancel_order("1"), {}):
        reply = await client.ask(route, body)
        assert reply == Withheld(f"this client never asks for {route}")
    await client.close()
    server.close()
    assert seen == []


async def test_a_reader_reads_all_books_and_the_server_never_sees_an_order(looking):
    await looking.held(100)
    (fill,) = await looking.reader.executions()
    assert await looking.reader.net(SBIN) == 100
    (position,) = await looking.reader.positions()
    (report,) = await looking.reader.order_book()
    assert (position.key, position.net) == (SBIN, 100)
    assert await looking.reader.report(report.order_id) == report
    assert fill.order_id == report.order_id
    assert (await looking.reader.quote(NAME)).ltp == 812.5
    assert await looking.reader.instruments() == ()
    assert {request.endpoint for request in looking.server.record.requests} <= READ_ROUTES


async def test_orders_that_are_there_are_told_at_the_start(looking):
    await looking.held(100)
    await looking.reader.close()
    await looking.open()
    assert [report.quantity for report in looking.inbox.reports] == [100]


async def test_an_account_that_is_only_simulated_is_not_read():
    async with OpenAlgoServer() as server:
        server.account.analyzer = True
        world = LookingWorld()
        world.server = server
        with pytest.raises(BrokerError, match="analyzer mode"):
            await world.open()


async def test_a_book_that_cannot_be_read_is_no_empty_one(looking):
    looking.server.faults.turn_on(Fault.HANGS)
    assert await looking.reader.net(SBIN) is None
    assert await looking.reader.positions() is None
    assert await looking.reader.order_book() is None
    with pytest.raises(BrokerError, match="trade book"):
        await looking.reader.executions()


class AnsweringClient:
    """A client whose long answers are there at once; from then on there is always a tick."""

    def __init__(self, rows: int) -> None:
        self.clock = ShiftedClock()
        self.ticks_taken = 0
        ids = [f"2504080010{number:05}" for number in range(rows)]
        self._books = {
            "tradebook": [{**TRADE, "orderid": name} for name in ids],
            "orderbook": {"orders": [{**ORDER, "orderid": name} for name in ids]},
            "gttorderbook": [],
        }

    async def ask(self, route, _body, **_how):
        if route != "gttorderbook":
            asyncio.get_running_loop().call_soon(self._tick)
        return success(self._books[route])

    def _tick(self) -> None:
        self.ticks_taken += 1
        asyncio.get_running_loop().call_soon(self._tick)


@pytest.mark.parametrize(
    ("book", "passes"), [("executions", 3), ("order_rows", 1), ("order_book", 2)]
)
async def test_ticks_are_taken_while_a_long_book_is_understood(book, passes):
    client = AnsweringClient(rows=3 * SLICE)
    reader = OpenAlgoReader(SBIN.account, client)  # type: ignore[arg-type] # all that is read of it
    assert len(await getattr(reader, book)()) == 3 * SLICE
    assert client.ticks_taken == 2 * passes
