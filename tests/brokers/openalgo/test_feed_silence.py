"""A feed that says nothing of its troubles is found out, and prices come all the same."""

import asyncio

import msgspec
import pytest

from tests.brokers.openalgo.feeding import CALM, INFY, MS, NEVER, PACE, POLLS
from tests.brokers.openalgo.world import NAME
from tests.openalgo.faults import Fault


async def test_after_a_login_at_the_broker_the_same_socket_is_mended(start):
    feed = start(NAME, patience=msgspec.structs.replace(POLLS, renewed_ns=500 * MS))
    await feed.ticking()
    feed.server.proxy.relogin()
    await feed.moves(lambda: len(feed.inbox.states) == 2)
    assert feed.inbox.states[-1] == (False, f"{NAME} moves and no tick of it comes")
    await feed.ticking()
    assert len(feed.server.proxy.clients) == 1
    assert len(feed.asked("authenticate")) == 2


async def test_a_proxy_that_says_that_its_broker_is_gone_is_authenticated_to_again(start):
    feed = start(NAME)
    await feed.ticking()
    feed.server.proxy.relogin()
    feed.feed.subscribe(INFY)  # it answers with BROKER_ERROR
    await feed.moves(lambda: len(feed.inbox.states) == 2)
    assert feed.inbox.states[-1] == (False, "the proxy has lost its broker")
    await feed.ticking()
    await feed.moves(lambda: any(name == INFY for name, _ in feed.inbox.prices), INFY)
    assert len(feed.asked("authenticate")) == 2


async def test_what_a_mended_socket_does_not_bring_back_a_new_one_does(start):
    patience = msgspec.structs.replace(POLLS, renewed_ns=50 * MS)
    feed = start(NAME, patience=patience)
    await feed.ticking()
    feed.server.faults.turn_on(Fault.TICKS_MUTED)
    await feed.moves(lambda: len(feed.asked("authenticate")) >= 3)
    feed.server.faults.clear()
    await feed.ticking()
    assert [up for up, _ in feed.inbox.states] == [True, False, True]


async def test_a_socket_that_stands_open_and_says_nothing_is_polled_and_left(start):
    patience = msgspec.structs.replace(POLLS, renewed_ns=50 * MS)
    feed = start(NAME, patience=patience)
    await feed.ticking()
    feed.server.proxy.freeze()
    feed.server.price(NAME, 800.0)
    await feed.inbox.until(lambda: (NAME, 800.0) in feed.inbox.prices)  # a quote
    assert feed.inbox.states == [(True, "")]  # nobody has said that anything is wrong
    await feed.moves(lambda: len(feed.inbox.states) == 2)
    assert not feed.inbox.states[-1][0]
    await feed.ticking()  # over another connection: "connected" alone is not believed
    assert len(feed.asked("subscribe")) >= 2


async def test_a_silence_of_everything_is_a_trouble_in_the_session(start):
    patience = msgspec.structs.replace(CALM, silent_ns=50 * MS, renewed_ns=50 * MS)
    feed = start(NAME, patience=patience)
    await feed.inbox.until(lambda: feed.inbox.states)
    assert not feed.inbox.states[0][0]
    assert feed.inbox.states[0][1].startswith("no tick for ")


async def test_outside_of_the_session_nothing_is_missed_or_asked_for(start):
    patience = msgspec.structs.replace(POLLS, silent_ns=1)
    feed = start(NAME, patience=patience, is_open=False)
    await feed.server.until(lambda: feed.asked("subscribe"))
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert feed.server.record.asked("multiquotes") == []
    assert len(feed.asked("authenticate")) == 1


async def test_a_lost_last_tick_is_found_by_a_quote(start):
    feed = start(NAME, patience=POLLS)
    await feed.ticking()
    with feed.server.faults.during(Fault.TICK_LOST):
        feed.server.price(NAME, 790.0)
        await feed.inbox.until(lambda: (NAME, 790.0) in feed.inbox.prices)
    assert feed.inbox.states == [(True, "")]


async def test_prices_come_by_quotes_while_there_is_no_connection(start):
    feed = start(NAME, patience=POLLS)
    await feed.ticking()
    await feed.server.proxy.stop()
    feed.server.proxy._server = None
    await feed.inbox.until(lambda: feed.inbox.states[-1][0] is False)
    feed.server._account.price_moved(NAME, 790.0)
    await feed.inbox.until(lambda: (NAME, 790.0) in feed.inbox.prices)
    feed.server.proxy._feed_port = await feed.server.proxy.start(feed.server._feed_port)
    await feed.ticking()
    assert [is_up for is_up, _why in feed.inbox.states] == [True, False, True]


async def test_a_price_that_has_not_changed_is_delivered_once(start):
    feed = start(NAME, patience=POLLS)
    await feed.ticking()
    count = len(feed.inbox.prices)
    polls = len(feed.server.record.asked("multiquotes"))
    await feed.server.until(lambda: len(feed.server.record.asked("multiquotes")) >= polls + 3)
    assert len(feed.inbox.prices) == count


async def test_a_quote_that_does_not_come_keeps_no_other_one_waiting(start):
    feed = start(NAME, patience=POLLS)
    await feed.ticking()
    feed.server.faults.turn_on(Fault.HANGS, endpoint="multiquotes", times=1)
    feed.server.faults.turn_on(Fault.HANGS, endpoint="tradebook")
    await feed.server.until(lambda: feed.server.faults.hit(Fault.HANGS, endpoint="tradebook"))
    with feed.server.faults.during(Fault.TICK_LOST):
        feed.server.price(NAME, 790.0)
        await feed.inbox.until(lambda: (NAME, 790.0) in feed.inbox.prices)


async def test_one_subscription_that_is_deaf_is_asked_for_again_and_the_others_go_on(start):
    feed = start(NAME, patience=msgspec.structs.replace(POLLS, again_ns=MS))
    await feed.ticking()
    feed.server.faults.turn_on(Fault.SUBSCRIBE_DEAF, symbol=INFY, times=1)
    feed.feed.subscribe(INFY)
    price = 1520.0

    def asked_again():
        nonlocal price
        price = round(price + 0.05, 2)
        feed.server.price(INFY, price)
        return len(feed.asked("subscribe")) >= 3

    await feed.moves(asked_again)
    assert feed.asked("subscribe")[-1]["symbols"] == [{"symbol": "INFY", "exchange": "NSE"}]
    assert feed.inbox.states == [(True, "")]
    assert len(feed.asked("authenticate")) == 1


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.CUT, Fault.QUOTE_FAILS, Fault.HANGS])
async def test_one_subscription_that_is_deaf_is_found_out_though_no_quote_comes(start, fault):
    patience = msgspec.structs.replace(POLLS, first_ns=50 * MS, unquoted_ns=NEVER)
    feed = start(NAME, patience=patience)
    await feed.ticking()
    feed.server.faults.turn_on(Fault.SUBSCRIBE_DEAF, symbol=INFY, times=1)
    at = {} if fault is Fault.QUOTE_FAILS else {"endpoint": "multiquotes"}
    feed.server.faults.turn_on(fault, **at)
    feed.feed.subscribe(INFY)
    await feed.moves(lambda: len(feed.asked("subscribe")) >= 3)
    assert feed.asked("subscribe")[-1]["symbols"] == [{"symbol": "INFY", "exchange": "NSE"}]
    feed.server.faults.clear()
    await feed.moves(lambda: any(name == INFY for name, _ in feed.inbox.prices), INFY)


async def test_a_quote_that_fails_changes_nothing(start):
    feed = start(NAME, patience=POLLS)
    await feed.ticking()
    count = len(feed.inbox.prices)
    feed.server.faults.turn_on(Fault.CUT, endpoint="multiquotes", times=2)
    feed.server.faults.turn_on(Fault.QUOTE_FAILS)
    polls = len(feed.server.record.asked("multiquotes"))
    await feed.server.until(lambda: len(feed.server.record.asked("multiquotes")) >= polls + 4)
    assert len(feed.inbox.prices) == count


async def test_the_mode_is_looked_at_again_when_it_is_time(start, world):
    before = len(world.server.record.asked("analyzer"))
    feed = start()
    feed.feed._pace = msgspec.structs.replace(PACE, check_s=0.01)
    await world.server.until(lambda: len(world.server.record.asked("analyzer")) >= before + 3)


async def test_what_is_left_for_its_silence_again_and_again_is_called_as_soon_each_time(start):
    step_ns = 20 * MS
    patience = msgspec.structs.replace(
        CALM, silent_ns=step_ns, renewed_ns=step_ns, renewed_ns_max=step_ns
    )
    pauses = []
    feed = start(patience=patience)

    async def pause(seconds):
        pauses.append(seconds)

    feed.feed._sleep = pause
    feed.server.faults.turn_on(Fault.TICKS_MUTED)
    feed.feed.subscribe(NAME)
    await feed.server.until(lambda: len(pauses) >= 6)
    assert max(pauses) <= 0.5 * PACE.pause_share


async def test_a_socket_that_ticks_again_is_kept_though_its_renewal_is_never_answered(start):
    patience = msgspec.structs.replace(CALM, silent_ns=50 * MS)
    feed = start(NAME, patience=patience)
    await feed.ticking()
    feed.server.faults.turn_on(Fault.ACTION_UNANSWERED, endpoint="authenticate", times=1)
    with feed.server.faults.during(Fault.TICKS_MUTED):
        await feed.server.until(lambda: len(feed.asked("authenticate")) == 2)
    feed.feed._watch._patience = CALM
    await feed.ticking()
    for _ in range(int(2 * PACE.welcome_s / 0.01)):
        await asyncio.sleep(0.01)
    assert len(feed.asked("authenticate")) == 2
    await feed.ticking()
    assert [is_up for is_up, _why in feed.inbox.states] == [True, False, True]


async def test_a_market_that_stands_still_is_no_fault_of_the_feed(start):
    patience = msgspec.structs.replace(POLLS, silent_ns=500 * MS)
    feed = start(NAME, patience=patience)
    await feed.ticking()
    polls = len(feed.server.record.asked("multiquotes"))
    await feed.server.until(lambda: len(feed.server.record.asked("multiquotes")) >= polls + 40)
    assert feed.inbox.states == [(True, "")]
    assert len(feed.asked("authenticate")) == 1


async def test_a_renewal_that_comes_too_soon_after_another_one_is_put_off_and_not_left_out(start):
    patience = msgspec.structs.replace(CALM, silent_ns=50 * MS, renewed_ns=NEVER)
    feed = start(NAME, patience=patience, pace=msgspec.structs.replace(PACE, renew_s_min=0.5))
    await feed.ticking()
    with feed.server.faults.during(Fault.TICKS_MUTED):
        feed.server.proxy.relogin()
        feed.feed.subscribe(INFY)  # it answers with BROKER_ERROR
        await feed.server.until(lambda: len(feed.asked("authenticate")) == 3)
    assert len(feed.server.proxy.clients) == 1
