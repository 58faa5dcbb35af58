"""How far a websocket lets us, and what came instead of an answer."""

import asyncio
import contextlib

import pytest

from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.doctor.order_channel import Asked, Patience, probed
from tradebot.core.secret import Secret

SHORT = Patience(connect_s=0.3, welcome_s=0.3, answer_s=0.3)


async def asked(world, *, key=None, url=None, patience=SHORT):
    return await probed(url or world.server.feed_url, key or world.client.key, patience=patience)


@contextlib.asynccontextmanager
async def listening(answer):
    """Listen as a program that is none of OpenAlgo's; it says this and no more, or None."""

    async def serve(reader, writer):
        if answer is None:
            await reader.read()
        else:
            await reader.read(1)
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_it_asks_one_thing_after_the_other_and_leaves(world):
    probe = await asked(world, patience=Patience())
    assert (probe.asked, probe.why, probe.broker, probe.ack) == (
        *(Asked.PING, "", "angel", "success"),
    )
    assert probe.pong_ms is not None
    assert [said["action"] for said in world.server.proxy.received] == [
        *("authenticate", "subscribe_orders", "ping"),
    ]
    await world.server.until(lambda: world.server.proxy.clients == [])


async def test_ticks_and_words_that_nobody_reads_do_not_disturb_it(world):
    world.server.faults.turn_on(Fault.AUTH_SLOW, value=10.0)
    probing = asyncio.ensure_future(asked(world, patience=Patience()))
    await world.server.until(lambda: world.server.proxy.clients != [])
    world.server.proxy.send_raw("no frame at all")
    world.server.proxy.send_raw('{"type": "market_data", "data": {"ltp": 5}}')
    assert (await probing).why == ""


async def test_beside_the_connection_of_a_daemon_it_takes_nothing_along(start, world):
    feed = start("NSE:SBIN")
    await feed.ticking()
    await asked(world, patience=Patience())
    await world.server.until(lambda: len(world.server.proxy.clients) == 1)
    assert world.server.proxy.logins == 1
    before = len(feed.inbox.prices)
    await feed.moves(lambda: len(feed.inbox.prices) > before)
    assert [is_up for is_up, _ in feed.inbox.states] == [True]


async def test_a_key_that_is_not_taken_is_the_reason_and_not_in_it(world):
    key = Secret("Invalid")  # a server that says the key back
    probe = await asked(world, key=key)
    assert (probe.asked, probe.why.split()[0]) == (Asked.KEY, "AUTHENTICATION_ERROR")
    assert key.reveal() not in probe.why


@pytest.mark.parametrize(
    ("fault", "endpoint", "value", "came"),
    [
        (Fault.HANDSHAKE_REFUSED, None, None, (Asked.CONNECTION, "HTTP 502, and no websocket")),
        (Fault.AUTH_REFUSED, None, "BROKER_INIT_ERROR", (Asked.KEY, "BROKER_INIT_ERROR Authen")),
        (Fault.AUTH_SLOW, None, 1000.0, (Asked.KEY, "no answer within 0.3 s")),
        (Fault.ACTION_UNANSWERED, "authenticate", None, (Asked.KEY, "no answer within 0.3 s")),
        (
            Fault.ACTION_FAILS,
            "subscribe_orders",
            "INVALID_ACTION",
            (Asked.ORDERS, "INVALID_ACTION"),
        ),
        (Fault.ACTION_FAILS, "ping", "PROCESSING_ERROR", (Asked.PING, "PROCESSING_ERROR")),
        (Fault.ACTION_UNANSWERED, "ping", None, (Asked.PING, "no answer within 0.3 s")),
        (Fault.ACTION_UNANSWERED, None, None, (Asked.KEY, "no answer within 0.3 s")),
    ],
)
async def test_whatever_stands_in_the_way_is_told_with_what_was_asked(
    world, fault, endpoint, value, came
):
    where, why = came
    long_s = 30.0  # for what is answered: a busy machine takes its time
    short_s = 0.3 if why.startswith("no answer") else long_s
    welcome_s = short_s if where is Asked.KEY else long_s
    patience = Patience(connect_s=long_s, welcome_s=welcome_s, answer_s=short_s)
    world.server.faults.turn_on(fault, endpoint=endpoint, value=value)
    probe = await asked(world, patience=patience)
    assert probe.asked is where
    assert probe.why.startswith(why)


async def test_a_wish_without_an_answer_before_the_pong_was_not_acknowledged(world):
    world.server.faults.turn_on(Fault.ACTION_UNANSWERED, endpoint="subscribe_orders")
    probe = await asked(world)
    assert (probe.asked, probe.why, probe.ack) == (Asked.PING, "", "")


async def test_nobody_at_that_address_is_told_in_words_that_a_person_knows(world):
    await world.server.stop_feed()
    probe = await asked(world)
    assert (probe.asked, probe.why) == (Asked.CONNECTION, "connection refused")


async def test_the_address_of_the_rest_side_serves_no_websocket(world):
    probe = await asked(world, url=world.server.url.replace("http", "ws"))
    assert (probe.asked, probe.why) == (Asked.CONNECTION, "HTTP 404, and no websocket")


async def test_a_server_that_says_nothing_is_left_in_time(world):
    async with listening(None) as address:
        probe = await asked(world, url=f"ws://{address}")
    assert (probe.asked, probe.why) == (Asked.CONNECTION, "no answer within 0.3 s")


async def test_what_is_no_websocket_at_all_is_told(world):
    async with listening(b"220 mail ESMTP\r\n") as address:
        probe = await asked(world, url=f"ws://{address}")
    assert (probe.asked, probe.why.split(":")[0]) == (Asked.CONNECTION, "no websocket")


async def test_tls_where_there_is_none_is_told(world):
    async with listening(b"220 mail ESMTP\r\n") as address:
        probe = await asked(world, url=f"wss://{address}")
    assert (probe.asked, probe.why) == (
        *(Asked.CONNECTION, "no TLS that can be used: WRONG_VERSION_NUMBER"),
    )
    probe = await asked(world, url=world.server.feed_url.replace("ws:", "wss:"))
    assert (probe.asked, probe.why) == (Asked.CONNECTION, "connection reset by peer")


async def test_a_proxy_that_dies_meanwhile_is_told(world):
    world.server.faults.turn_on(Fault.ACTION_UNANSWERED, endpoint="authenticate")
    probing = asyncio.ensure_future(asked(world, patience=Patience()))
    await world.server.until(lambda: world.server.proxy.received != [])
    world.server.proxy.drop()
    probe = await probing
    assert probe.asked is Asked.KEY
    assert probe.why.startswith("ConnectionClosedError: ")
