"""A dead connection is left for another one; one that is only quiet, or held up, is not."""

import asyncio

import msgspec
import pytest
from websockets.protocol import State

from tests.brokers.openalgo.feeding import PACE, WAIT_S
from tests.brokers.openalgo.world import NAME
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.stream.stand_by import WHY

WATCHFUL = msgspec.structs.replace(PACE, quiet_s=0.02, answer_s=0.02)
# A server that shares a busy machine with us is not dead when it answers late.
PATIENT = msgspec.structs.replace(WATCHFUL, answer_s=0.5)
GOOD = [(True, "")]


async def frozen(start, **how):
    """Return a feed whose connection stands open, and is dead."""
    feed = start(NAME, **{"pace": WATCHFUL} | how)
    await feed.ticking()
    await feed.server.until(lambda: len(feed.asked("subscribe")) == 1)
    feed.server.proxy.freeze()
    return feed


async def test_a_dead_connection_is_left_for_one_that_is_answered(start):
    feed = await frozen(start)
    await feed.moves(lambda: len(feed.inbox.states) == 3)
    assert feed.inbox.states == [*GOOD, (False, WHY), *GOOD]
    assert feed.server.proxy.logins == 1
    assert len(feed.asked("authenticate")) == 2


async def test_nobody_waits_before_the_other_one_is_used(start):
    feed = await frozen(start)

    async def never(_seconds):
        await asyncio.Event().wait()

    feed.feed._sleep = never
    await feed.moves(lambda: len(feed.inbox.states) == 3)


async def test_the_dead_one_is_open_until_the_other_one_is_let_in(start):
    feed = await frozen(start)
    dead = feed.feed._line.socket
    slow = feed.server.faults.turn_on(Fault.AUTH_SLOW, times=1, value=5.0)
    await feed.server.until(lambda: slow.hits == 1)
    assert feed.feed._line.socket is dead
    assert dead.state is State.OPEN
    await feed.moves(lambda: len(feed.inbox.states) == 3)
    assert dead.state is State.CLOSED


async def test_what_a_dead_one_says_again_while_another_one_is_made_is_heard(start):
    feed = await frozen(start, pace=PATIENT)
    hangs = feed.server.faults.turn_on(Fault.HANDSHAKE_HANGS, value=10.0, times=1)
    await feed.server.until(lambda: hangs.hits == 1)
    feed.server.proxy.thaw()
    await feed.moves(lambda: len(feed.inbox.prices) > 5)
    await feed.server.until(lambda: len(feed.server.proxy.clients) == 1)
    assert feed.inbox.states == GOOD
    assert len(feed.asked("authenticate")) == 1


async def test_what_a_dead_one_says_again_while_another_one_is_let_in_keeps_it(start):
    feed = await frozen(start, pace=PATIENT)
    slow = feed.server.faults.turn_on(Fault.AUTH_SLOW, times=1, value=10.0)
    await feed.server.until(lambda: slow.hits == 1)
    (silence,) = [client for client in feed.server.proxy.clients if client.is_frozen]
    feed.server.proxy.thaw()
    await silence.socket.send('{"type": "pong"}')  # of no matter what
    await feed.server.until(lambda: len(feed.server.proxy.clients) == 1)
    await feed.moves(lambda: len(feed.inbox.prices) > 5)
    assert feed.inbox.states == GOOD


async def test_one_that_is_refused_leaves_the_dead_one_open_and_is_tried_again(start):
    feed = await frozen(start)
    feed.server.faults.turn_on(Fault.AUTH_REFUSED, times=2)
    await feed.server.until(lambda: len(feed.asked("authenticate")) == 3)
    assert feed.inbox.states == GOOD
    await feed.moves(lambda: len(feed.inbox.states) == 3)
    assert len(feed.asked("authenticate")) == 4


@pytest.mark.parametrize("fault", [Fault.HANDSHAKE_REFUSED, Fault.AUTH_SLOW])
async def test_one_that_comes_to_nothing_is_tried_again(start, fault):
    feed = await frozen(start)
    rule = feed.server.faults.turn_on(fault, value=40 if fault is Fault.AUTH_SLOW else 502, times=1)
    await feed.server.until(lambda: rule.hits == 1)
    assert feed.inbox.states == GOOD
    await feed.moves(lambda: len(feed.inbox.states) == 3)


async def pongs(feed, count):
    """Wait for so many answers while no frame comes at all."""
    line = feed.feed._line
    for _ in range(count):
        heard_s = line.heard_s
        async with asyncio.timeout(WAIT_S):
            while line.heard_s == heard_s:  # noqa: ASYNC110 - nobody tells of a pong
                await asyncio.sleep(0.005)


async def test_one_that_is_taken_and_never_answered_is_tried_anew(start):
    feed = await frozen(start, pace=msgspec.structs.replace(WATCHFUL, beside_s=0.1))
    feed.server.faults.turn_on(Fault.HANDSHAKE_HANGS, value=3000.0, times=1)
    await feed.moves(lambda: len(feed.inbox.states) == 3)


async def test_a_connection_that_is_only_quiet_is_kept(start):
    feed = start(NAME, pace=PATIENT)
    await feed.ticking()
    await pongs(feed, 3)
    await feed.ticking()
    assert feed.inbox.states == GOOD
    assert len(feed.server.proxy.clients) == len(feed.asked("authenticate")) == 1


async def test_a_proxy_that_is_busy_with_our_wishes_is_there(start):
    feed = start(NAME, pace=msgspec.structs.replace(PATIENT, welcome_s=WAIT_S))
    slow = feed.server.faults.turn_on(Fault.AUTH_SLOW, times=1, value=80.0)
    await feed.server.until(lambda: slow.hits == 1)
    await pongs(feed, 1)
    await feed.ticking()
    assert len(feed.asked("authenticate")) == 1


async def test_outside_of_the_session_and_while_ticks_come_silence_is_no_question(start):
    feed = start(NAME, pace=WATCHFUL, is_open=False)
    await feed.server.until(lambda: feed.asked("subscribe"))
    await feed.moves(lambda: len(feed.inbox.prices) > 5)
    feed.server.proxy.freeze()
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert len(feed.server.proxy.clients) == 1


async def test_a_key_that_is_not_taken_is_not_shown_on_another_connection(start, world):
    feed = await frozen(start, pace=msgspec.structs.replace(WATCHFUL, quiet_s=0.2))
    world.server.account.session_expired = True
    await world.client.ask("orderbook", {})
    assert world.client.lockout.is_closed
    for _ in range(30):
        await asyncio.sleep(0.01)
    assert len(feed.asked("authenticate")) == 1


async def test_it_can_be_left_in_the_middle_of_anything(start):
    feed = await frozen(start)
    hangs = feed.server.faults.turn_on(Fault.HANDSHAKE_HANGS, value=1000.0, times=1)
    await feed.server.until(lambda: hangs.hits == 1)
    await feed.end()
    assert feed.task.cancelled()  # and did not break on its way out
