"""Answers of the Bot API, good, bad and foreign."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.servers import ok, refused
from tradebot.alerts.telegram_wire import Refusal, Said, refusal_of, updates_of


def test_a_good_answer_is_no_refusal():
    assert refusal_of(200, ok(True)[2]) is None


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        (401, refused(401, "Unauthorized")[2], Refusal("HTTP 401: Unauthorized", None)),
        (
            429,
            refused(429, "Too Many Requests: retry after 5", retry_after=5)[2],
            Refusal("HTTP 429: Too Many Requests: retry after 5", 5.0),
        ),
        (200, b'{"ok":false}', Refusal("HTTP 200: ", None)),
        (502, b'{"ok":true}', Refusal("HTTP 502: ", None)),
        *(
            (502, body, Refusal("HTTP 502 without an answer of the Bot API", None))
            for body in (b"<html>", b"", b"\xff", b"[]", b'{"ok":1}', b'{"description":"x"}')
        ),
    ],
)
def test_a_refusal_says_why_and_how_long_to_wait(status, body, refusal):
    assert refusal_of(status, body) == refusal


def test_what_a_server_says_is_bounded():
    refusal = refusal_of(400, refused(400, "x" * 5000)[2])
    assert refusal is not None
    assert len(refusal.why) < 300


def an_update(number, **fields):
    message = {"message_id": 1, "chat": {"id": 5, "type": "private"}, "date": 100, "text": "hi"}
    return {"update_id": number, "message": message | fields}


def test_messages_are_read_with_the_highest_id():
    body = ok([an_update(7), an_update(9, text="status"), an_update(8)])[2]
    said, highest = updates_of(body)
    assert highest == 9
    assert said[1] == Said(9, 5, 100, "status")


@pytest.mark.parametrize(
    ("update", "texts"),
    [
        ({"update_id": 9}, []),
        ({"update_id": 9, "edited_message": {"text": "x"}}, []),
        ({"update_id": 9, "message": {"text": "no chat"}}, []),
        ({"update_id": 9, "message": "x"}, []),
        (an_update(9, text="x" * 9000), ["x" * 4096]),
        ({"update_id": 9, "message": {"chat": {"id": 5}, "date": 1}}, [""]),
    ],
)
def test_what_is_no_message_counts_and_is_passed_over(update, texts):
    said, highest = updates_of(ok([update])[2])
    assert (highest, [message.text for message in said]) == (9, texts)


def test_no_news_is_no_update():
    assert updates_of(ok([])[2]) == ([], None)


@pytest.mark.parametrize(
    "result", [None, {}, "x", [1], [{"update_id": "x"}], [{}], [{"update_id": None}]]
)
def test_what_is_no_list_of_updates_is_an_error(result):
    with pytest.raises(ValueError, match=r".+"):
        updates_of(json.dumps({"ok": True, "result": result}).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ok", "result", "update_id", "message", "chat", "id", "date", "text"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
def test_any_answer_is_messages_or_a_value_error(body):
    refusal = refusal_of(200, body)
    assert refusal is None or refusal.why
    try:
        said, highest = updates_of(body)
    except ValueError:
        return
    assert highest is not None or not said
