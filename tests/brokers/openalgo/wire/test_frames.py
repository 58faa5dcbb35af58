"""The websocket's frames: what is a tick, what is an error, what is nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brokers.openalgo.wire.samples import ACK, ERROR, TICK, WELCOME, spoiled, there
from tradebot.brokers.openalgo.wire import frames, values


def frame(body) -> Any:
    return there(frames.frame_of(json.dumps(body).encode()))


def test_a_tick_is_named_at_its_top_and_priced_in_its_data():
    tick = frame(TICK)
    assert tick.is_tick
    assert (tick.exchange, tick.symbol, tick.data.ltp) == ("NSE", "SBIN", 815.05)
    assert tick.data.ltt == 1795164344258


def test_a_tick_of_a_richer_mode_is_one_too():
    depth = {"buy": [{"price": 1, "quantity": 2, "orders": 3}], "sell": []}
    richer = {**TICK, "mode": 3, "data": {**TICK["data"], "depth": depth, "volume": "7"}}
    assert frame(richer).data.ltp == 815.05


def test_a_welcome_is_one_only_with_its_word():
    assert frame(WELCOME).is_welcome
    refused = frame({"type": "auth", "status": "error", "code": "AUTHENTICATION_ERROR"})
    assert not refused.is_welcome
    assert refused.is_error


def test_an_acknowledgement_tells_what_was_refused():
    ack = frame(ACK)
    assert not any((ack.is_tick, ack.is_welcome, ack.is_error))
    assert list(ack.refused) == [("NSE:X", "no X")]
    assert list(frame(WELCOME).refused) == []


def test_an_acknowledgement_tells_what_was_handed_on():
    assert list(frame(ACK).taken) == ["NSE:SBIN"]
    assert list(frame(WELCOME).taken) == []


@pytest.mark.parametrize(
    ("code", "is_gone"),
    [
        ("BROKER_ERROR", True),
        ("BROKER_INIT_ERROR", True),
        ("BROKER_CONNECTION_ERROR", True),
        ("NOT_AUTHENTICATED", True),
        ("INVALID_JSON", False),
        ("PROCESSING_ERROR", False),
    ],
)
def test_an_error_without_a_type_may_mean_that_the_broker_is_gone(code, is_gone):
    error = frame({**ERROR, "code": code})
    assert error.is_error
    assert error.is_broker_gone is is_gone


def test_word_of_an_order_counts_where_it_is_real():
    update = {"type": "order_update", "orderid": "25", "order_status": "complete", "quantity": 5}
    assert frame({**update, "mode": "live"}).is_order_news
    assert not frame({**update, "mode": "analyze"}).is_order_news
    assert not frame(TICK).is_order_news


def test_an_answer_to_the_wish_for_orders_is_one_whatever_it_says():
    assert frame({"type": "subscribe_orders", "status": "success"}).is_order_ack
    refused = frame({"type": "subscribe_orders", "status": "error"})
    assert (refused.is_order_ack, refused.is_error) == (True, False)
    assert not frame({"type": "order_update", "mode": "live"}).is_order_ack
    assert not any(frame(other).is_order_ack for other in (TICK, WELCOME, ACK, ERROR))


def test_a_pong_is_a_pong_and_nothing_else():
    pong = frame({"type": "pong", "server_timestamp": 1, "client_timestamp": 2})
    assert pong.is_pong
    assert not any(frame(other).is_pong for other in (TICK, WELCOME, ACK, ERROR))
    assert not any((pong.is_tick, pong.is_welcome, pong.is_error, pong.is_broker_gone))


@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"[]", b"5", b'{"type": 5}', b'{"type": "\xff"}', b"{" * 100_000]
)
def test_what_is_no_frame_is_none(raw):
    assert frames.frame_of(raw) is None


@given(st.sampled_from([TICK, WELCOME, ACK, ERROR]).flatmap(spoiled))
def test_no_frame_makes_the_reader_raise_or_brings_a_price_that_nobody_paid(raw):
    read = frames.frame_of(raw)
    if read is None:
        return
    if read.is_tick:
        price = values.price(there(read.data).ltp)
        assert price is None or price > 0
    assert all(len(row) == 2 for row in read.refused)
    assert all(":" in name for name in read.taken)
    assert read.is_broker_gone <= read.is_error


def test_what_is_sent_names_its_mode_every_time():
    one: list[dict[str, object]] = [{"symbol": "SBIN", "exchange": "NSE"}]
    assert json.loads(frames.subscribe(["NSE:SBIN"])) == {
        "action": "subscribe",
        "symbols": one,
        "mode": 1,
    }
    assert json.loads(frames.unsubscribe(["NSE:SBIN"])) == {
        "action": "unsubscribe",
        "symbols": [{**one[0], "mode": 1}],
    }
    assert json.loads(frames.subscribe_orders()) == {"action": "subscribe_orders"}
    assert json.loads(frames.ping()) == {"action": "ping"}
    assert json.loads(frames.authenticate("K")) == {"action": "authenticate", "api_key": "K"}
