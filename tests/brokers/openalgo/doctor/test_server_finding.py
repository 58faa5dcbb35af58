"""What became of a ping, and what a person does about it."""

import pytest

from tradebot.brokers.openalgo.calls.client import Silent, Withheld
from tradebot.brokers.openalgo.doctor.server_finding import LOGIN, refused_todo, server_finding
from tradebot.brokers.openalgo.wire.answers import answer_of

REST = "http://127.0.0.1:5000"
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><hr>nginx</body></html>"
NO_KEY = answer_of(403, b'{"status": "error", "message": "Invalid openalgo apikey"}')
ERROR = answer_of(500, b'{"status": "error", "message": "An unexpected error occurred"}')


def test_a_server_that_answers_says_how_fast():
    found = server_finding(REST, answer_of(200, b'{"status": "success"}'), 3_400_000)
    assert (found.what, found.level, found.text) == ("server", "ok", f"{REST} answers in 3 ms")


@pytest.mark.parametrize(
    ("reply", "text", "todo"),
    [
        (
            NO_KEY,
            "is there and does not take our key: HTTP 403 Invalid openalgo apikey, which it says",
            f"{LOGIN}; if that changes nothing, compare the key that broker.key names",
        ),
        (answer_of(429, b"{}"), "is asked too often, by us or by another", "see who else uses it"),
        (ERROR, "HTTP 500 An unexpected error occurred", "look at OpenAlgo's log, or correct"),
        (
            answer_of(502, PAGE),
            'HTTP 502 a page of HTML, "502 Bad Gateway"',
            "start it: what stands before it answers",
        ),
        (answer_of(403, PAGE), "which is none of its answers", "correct broker.rest: http://"),
        (answer_of(200, b"hello"), "HTTP 200 hello, which is none of", "correct broker.rest"),
        (Withheld("no connection"), ": no connection", "start it, or correct broker.rest: http"),
        (Silent("no answer"), ": no answer", "look at its log and start it anew, or correct"),
    ],
)
def test_whatever_else_comes_is_an_error_with_its_own_way_out(reply, text, todo):
    found = server_finding(REST, reply, 0)
    assert found.level == "error"
    assert found.text.startswith(REST)
    assert text in found.text
    assert found.todo.startswith(todo)


@pytest.mark.parametrize(
    ("reply", "todo"),
    [
        (NO_KEY, LOGIN),
        (ERROR, LOGIN),
        (answer_of(502, PAGE), "look at OpenAlgo's log: what stands before it"),
        (Silent("no answer"), "look at OpenAlgo's log, and at the broker: no answer came in time"),
    ],
)
def test_a_read_that_fails_sends_to_where_it_failed(reply, todo):
    assert refused_todo(reply).startswith(todo)
