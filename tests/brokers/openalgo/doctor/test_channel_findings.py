"""What the websocket is worth, in a line each that says what was asked, what came, what to do."""

import pytest

from tradebot.brokers.openalgo.doctor.channel_findings import of_daemon, of_probe
from tradebot.brokers.openalgo.doctor.order_channel import Asked, Probe
from tradebot.brokers.openalgo.stream.channel_proof import PROOF_NS, ChannelProof

URL = "ws://127.0.0.1:8765"
EXITS = "each exit reads the trade book first, for a second at most"


def told(**fields):
    return list(of_probe(URL, Probe(**fields)))


def connected(broker="angel", ack="success"):
    proof = ChannelProof()
    proof.welcomed(broker)
    proof.ack = ack
    return proof


def test_no_connection_means_no_ticks_and_no_word_of_the_orders():
    (found,) = told(asked=Asked.CONNECTION, why="connection refused")
    assert (found.what, found.level) == ("websocket", "error")
    assert found.text.startswith(f"{URL} was asked for a connection: connection refused; no ticks")
    assert found.todo.startswith("start OpenAlgo's websocket proxy, or correct broker.feed")


def test_a_key_that_is_not_taken_means_the_same_and_sends_to_the_login():
    (found,) = told(asked=Asked.KEY, why="AUTHENTICATION_ERROR Invalid API key")
    assert (found.what, found.level) == ("websocket", "error")
    assert found.text.startswith(f"{URL} was sent our key: AUTHENTICATION_ERROR Invalid API key;")
    assert "log in at OpenAlgo's page" in found.todo
    assert "compare broker.key" in found.todo


@pytest.mark.parametrize(
    ("broker", "worth", "todo"),
    [
        ("angel", "which proves little: angel pushes, but only an update shows", "log in again"),
        ("groww", "too slow to rely on: OpenAlgo asks groww every 5 s", ""),
        ("tradejini", "which proves nothing: tradejini is none of those known to send", ""),
        ("", "which proves nothing: a broker without a name is none of those", ""),
    ],
)
def test_an_acknowledgement_is_worth_what_the_broker_behind_it_does(broker, worth, todo):
    websocket, orders = told(asked=Asked.PING, broker=broker, ack="success", pong_ms=3)
    named = broker or "one that it does not name"
    text = f"{URL} takes our key, its broker is {named}, and answers a ping in 3 ms"
    assert (websocket.level, websocket.text) == ("ok", text)
    assert (orders.what, orders.level) == ("order channel", "ok")
    assert orders.text.startswith("acknowledged, ")
    assert worth in orders.text
    assert orders.text.endswith(f"{EXITS}, until an update was heard") is (broker == "angel")
    assert EXITS in orders.text
    assert todo in orders.todo
    assert bool(orders.todo) is bool(todo)


def test_a_wish_that_is_refused_costs_exits_a_read_and_no_ticks():
    websocket, orders = told(asked=Asked.ORDERS, broker="angel", why="INVALID_ACTION no")
    assert (websocket.level, websocket.text) == ("ok", f"{URL} takes our key, its broker is angel")
    text = f"it was asked for word of orders: INVALID_ACTION no; {EXITS}"
    assert (orders.level, orders.text) == ("warning", text)


@pytest.mark.parametrize(
    ("ack", "came"),
    [("error", 'the answer was "error"'), ("", "no answer came before the pong")],
)
def test_a_wish_that_is_not_granted_says_what_came(ack, came):
    _, orders = told(asked=Asked.PING, broker="angel", ack=ack, pong_ms=1)
    text = f"it was asked for word of orders: {came}; {EXITS}"
    assert (orders.level, orders.text) == ("warning", text)
    assert orders.todo == "update OpenAlgo, or look at its log"


def test_a_ping_without_an_answer_is_a_warning():
    websocket, orders = told(
        asked=Asked.PING, broker="angel", ack="success", why="no answer within 5 s"
    )
    assert websocket.level == "warning"
    assert websocket.text.endswith("; it was sent a ping: no answer within 5 s")
    assert orders.level == "ok"


def test_a_daemon_that_is_not_let_in_has_no_ticks():
    (found,) = of_daemon(ChannelProof(), 0)
    assert (found.what, found.level) == ("websocket", "error")
    assert "feed.broke" in found.todo


def test_of_a_daemon_its_own_connection_tells():
    websocket, orders = of_daemon(connected(), 0)
    assert (websocket.level, websocket.text) == ("ok", "the daemon is connected, broker angel")
    assert (orders.level, orders.todo.split(":")[0]) == (
        *("ok", "after a restart of OpenAlgo log in again"),
    )
    assert "; 0 updates heard since the daemon's start; " in orders.text
    assert orders.text.endswith(EXITS)


def test_of_a_daemon_that_has_just_heard_and_read_exits_leave_at_once():
    proof = connected()
    proof.told("B1", "angel")
    proof.was_read(proof.words, 0)
    _, orders = of_daemon(proof, PROOF_NS - 1)
    assert orders.text.startswith("1 updates heard")
    assert "exits leave at once" in orders.text
    _, orders = of_daemon(proof, PROOF_NS)
    assert orders.text.endswith(EXITS)


@pytest.mark.parametrize(("ack", "came"), [("", "is not acknowledged"), ("error", '"error"')])
def test_a_wish_of_a_daemon_that_is_not_granted_is_told(ack, came):
    _, orders = of_daemon(connected(ack=ack), 0)
    assert orders.level == "warning"
    assert came in orders.text


def test_a_connection_that_has_ended_is_none():
    proof = connected()
    proof.ended()
    assert [found.what for found in of_daemon(proof, 0)] == ["websocket"]
