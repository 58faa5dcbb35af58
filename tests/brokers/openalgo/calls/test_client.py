"""What leaves, what comes back, and what is held back here."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from tests.brokers.openalgo.world import LIMITS, NAME, ShiftedClock, World, an_order
from tests.openalgo.faults import Fault
from tests.services.fakes import Said
from tradebot.brokers.openalgo.calls import budget
from tradebot.brokers.openalgo.calls import client as client_module
from tradebot.brokers.openalgo.calls.client import Limits, Silent, Withheld
from tradebot.brokers.openalgo.wire.answers import Answer
from tradebot.brokers.openalgo.wire.requests import place_order
from tradebot.core.inputs import Acked, NotSent
from tradebot.core.secret import Secret

BODIES = {"orderbook": {}, "placeorder": place_order(an_order())}


def mode(world):
    return world.client.is_live


def asked(world, route):
    return len(world.server.record.asked(route))


async def test_an_answer_is_a_value_whatever_it_says(world):
    reply = await world.client.ask("orderbook", {})
    assert isinstance(reply, Answer)
    assert reply.is_success
    wrong = await world.client.ask("orderbook", {"bogus": 1})
    assert isinstance(wrong, Answer)
    assert wrong.http == 400


@pytest.mark.parametrize("fault", [Fault.HANGS, Fault.CUT])
@pytest.mark.parametrize("route", ["orderbook", "placeorder"])
async def test_what_left_and_has_no_answer_is_silent(world, fault, route):
    world.server.faults.turn_on(fault, endpoint=route)
    reply = await world.client.ask(route, BODIES[route])
    assert isinstance(reply, Silent)
    assert reply.message.startswith(f"no answer to {route}: ")


async def test_what_could_not_leave_is_withheld(world):
    await world.server.stop()
    await world.client.ask("orderbook", {})  # it may have left over a connection that was open
    for route, body in BODIES.items():
        reply = await world.client.ask(route, body)
        assert isinstance(reply, Withheld)
        assert "no connection to http://127.0.0.1:" in reply.message
    await world.server.start()
    assert isinstance(await world.client.ask("orderbook", {}), Answer)


async def test_a_closed_client_sends_nothing(world):
    await world.client.close()
    await world.client.close()
    assert not world.client.is_open
    assert isinstance(await world.client.ask("orderbook", {}), Withheld)


async def test_what_is_under_way_at_the_end_is_silent(world):
    world.server.faults.turn_on(Fault.HANGS, endpoint="placeorder")
    asking = asyncio.ensure_future(world.client.ask("placeorder", BODIES["placeorder"]))
    await world.server.until(lambda: asked(world, "placeorder") == 1)
    await world.client.close()
    assert isinstance(await asking, Silent)


async def test_an_order_never_goes_over_a_connection_that_was_used_before(world, monkeypatch):
    used = []
    connect = aiohttp.TCPConnector.connect

    async def noted(connector, request, *args, **words):
        connection = await connect(connector, request, *args, **words)
        used.append((request.url.name, connection.transport))
        return connection

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", noted)
    for _ in range(3):
        await world.client.ask("placeorder", {})
    assert [name for name, _ in used] == ["placeorder"] * 3
    assert len({id(transport) for _, transport in used}) == 3


async def test_an_answer_without_end_is_not_read_to_its_end(world, monkeypatch):
    monkeypatch.setattr(client_module, "ANSWER_BYTES_MAX", 10)
    assert isinstance(await world.client.ask("orderbook", {}), Silent)


# The key.


async def test_the_key_is_in_no_answer_no_line_and_no_picture_of_the_client(world):
    key = world.server.api_key
    world.server.faults.turn_on(Fault.REFUSED, endpoint="placeorder", value=f"bad {key}, no {key}")
    reply = await world.client.ask("placeorder", {"symbol": "SBIN", "exchange": "NSE"})
    assert isinstance(reply, Answer)
    await world.server.stop()
    lost = await world.client.ask("orderbook", {})
    for text in (reply.message, str(lost), repr(vars(world.client)), str(world.said.lines)):
        assert key not in text
    await world.server.start()


async def test_a_key_that_is_not_taken_is_told_once_and_then_nothing_leaves(world):
    world.server.account.session_expired = True
    assert isinstance(await world.client.ask("orderbook", {}), Answer)
    before = len(world.server.record.requests)
    for _ in range(20):
        reply = await world.client.ask("placeorder", {})
        assert isinstance(reply, Withheld)
        assert "Invalid openalgo apikey" in reply.message
    assert len(world.server.record.requests) == before
    told = [line for line in world.said.lines if line[0] == "openalgo.locked_out"]
    assert [level for _, level, _ in told] == ["critical"]


async def test_a_lockout_is_knocked_at_slowly_and_ends_when_somebody_has_logged_in(world):
    world.server.account.session_expired = True
    await world.client.ask("orderbook", {})
    pings = asked(world, "ping")
    world.clock.advance(31)
    replies = await asyncio.gather(*(world.client.ask("orderbook", {}) for _ in range(10)))
    assert {type(reply) for reply in replies} == {Withheld}
    assert asked(world, "ping") == pings + 1
    world.clock.advance(4)
    world.server.account.session_expired = False
    assert isinstance(await world.client.ask("orderbook", {}), Withheld)  # it is not time yet
    world.clock.advance(1)
    assert isinstance(await world.client.ask("orderbook", {}), Answer)
    assert "openalgo.unlocked" in world.said.events
    assert world.client.is_live is True  # said by the order book itself


async def test_a_server_that_is_away_is_no_refusal_of_the_key(world):
    world.server.account.session_expired = True
    await world.client.ask("orderbook", {})
    await world.server.stop()
    world.clock.advance(31)
    assert isinstance(await world.client.ask("orderbook", {}), Withheld)
    world.server.account.session_expired = False
    await world.server.start()
    world.clock.advance(31)
    assert isinstance(await world.client.ask("orderbook", {}), Answer)


# The mode.


async def test_the_sandbox_is_noticed_in_any_answer_of_the_account_and_so_is_its_end(world):
    assert mode(world) is True
    world.server.account.analyzer = True
    await world.client.ask("positionbook", {})
    assert mode(world) is False
    await world.client.ask("positionbook", {})
    assert [e for e in world.said.events if "mode" in e] == ["openalgo.analyzer_mode"]
    assert not await world.client.check_mode()
    world.server.account.analyzer = False
    await world.client.ask("quotes", {"symbol": "SBIN", "exchange": "NSE"})
    assert mode(world) is False  # a quote is the same in both
    assert await world.client.check_mode()
    assert [e for e in world.said.events if "mode" in e][1:] == ["openalgo.live_mode"]


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.GARBAGE, Fault.HANGS])
async def test_a_mode_that_cannot_be_asked_for_is_not_live(world, fault):
    world.server.faults.turn_on(fault, endpoint="analyzer")
    assert not await world.client.check_mode()


@pytest.mark.parametrize("body", ['{"status":"success"}', '{"status":"success","data":{"mode":5}}'])
async def test_a_mode_in_words_of_no_meaning_changes_nothing(world, body):
    world.server.faults.turn_on(Fault.GARBAGE, endpoint="analyzer", value=body)
    assert await world.client.check_mode()
    world.client.is_live = None
    assert not await world.client.check_mode()


async def test_semi_auto_mode_shows_in_no_answer_to_a_read(world):
    world.server.account.semi_auto = True
    for route in ("analyzer", "ping", "orderbook", "tradebook", "positionbook", "funds"):
        await world.client.ask(route, {})
    assert not world.client.is_semi_auto
    assert await world.client.check_mode()


# The budget.


async def test_a_429_holds_requests_back_for_a_second():
    async with World(Limits(orders_per_s=10, reads_per_s=10, budget_s=0.5)) as world:
        client = world.a_client()
        await client.open()
        world.server.faults.turn_on(Fault.LIMITED, endpoint="orderbook", times=1)
        first = await client.ask("orderbook", {})
        assert isinstance(first, Answer)
        assert first.http == 429
        held = await client.ask("orderbook", {})
        assert isinstance(held, Withheld)
        assert "has to wait" in held.message
        assert isinstance(await client.ask("tradebook", {}), Answer)  # each route has its own
        assert "openalgo.limited" in world.said.events
        await client.close()


async def test_a_request_waits_for_its_turn_and_exits_pass_it(monkeypatch):
    monkeypatch.setattr(budget, "SPAN_S", 3600.0)
    slept: list[float] = []

    async def pause(seconds):
        slept.append(seconds)
        monkeypatch.setattr(budget, "SPAN_S", 0.0)  # the hour is over

    async with World(LIMITS) as world:
        client = client_module.Client(
            world.server.url,
            world.client.key,
            clock=world.clock,
            say=world.said,
            limits=Limits(orders_per_s=10, reads_per_s=10, budget_s=7200.0),
            sleep=pause,
        )
        await client.open()
        for _ in range(7):
            await client.ask("cancelorder", {}, urgent=False)
        assert slept == []
        for _ in range(3):
            await client.ask("placeorder", {}, urgent=True)
        assert slept == []
        await client.ask("placeorder", {}, urgent=True)
        assert slept
        await client.close()


async def test_many_requests_at_once_are_never_more_than_the_server_takes():
    async with World(Limits(orders_per_s=10, reads_per_s=10, budget_s=0.2)) as world:
        replies = await asyncio.gather(*(world.client.ask("orderstatus", {}) for _ in range(40)))
        assert all(reply.http == 400 for reply in replies if isinstance(reply, Answer))
        assert sum(isinstance(reply, Answer) for reply in replies) == 10


async def test_in_a_storm_of_429_every_exit_passes_and_none_twice(monkeypatch):
    """37: GuntharDeNiro/BTCT 427, frostybot-js 67, HB 1291."""
    monkeypatch.setattr(budget, "BACK_OFF_S", 0.005)
    async with World(Limits(orders_per_s=1000, reads_per_s=1000)) as world:
        await world.held(20)
        world.server.faults.turn_on(Fault.LIMITED, rate=0.5)
        acked = 0
        for number in range(20):
            order = an_order(f"T{number}-x1", quantity="1")
            # NotSent says that nobody has it: the lane sends it again.
            while isinstance(outcome := await world.broker.place(order), NotSent):
                await world.client.ask("positionbook", {}, urgent=False)
            acked += isinstance(outcome, Acked)
        await world.server.until(lambda: world.server.net(NAME) == 0)
        assert acked == 20
        assert world.server.record.harm() == []
        assert "openalgo.limited" in world.said.events


async def test_a_server_that_says_how_long_to_wait_is_left_alone_for_so_long():
    slept: list[float] = []
    asked: list[str] = []

    async def answer(request):
        asked.append(request.path)
        return web.json_response(
            {"message": "10 a second"}, status=429, headers={"Retry-After": "7"}
        )

    async def pause(seconds):
        slept.append(seconds)
        raise asyncio.CancelledError

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = client_module.Client(
        f"http://127.0.0.1:{runner.addresses[0][1]}",
        Secret("0123456789abcdef-of-the-fake"),
        clock=ShiftedClock(),
        say=Said(),
        limits=LIMITS,
        sleep=pause,
    )
    await client.open()
    await client.ask("placeorder", {})
    with pytest.raises(asyncio.CancelledError):
        await client.ask("cancelorder", {})
    assert 1.0 < slept[0] <= 7.0
    assert asked == ["/api/v1/placeorder"]
    await client.close()
    await runner.cleanup()
