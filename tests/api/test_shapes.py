"""Bodies in and answers out, byte for byte."""

from decimal import Decimal

import pytest

from tradebot.api.shapes import failure, is_json, optional, read_body, success, whole_number
from tradebot.core.fields import text
from tradebot.errors import InputError


def test_an_answer_carries_exact_numbers():
    data = {"price": Decimal("812.05"), "quantity": Decimal(10), "none": None}
    assert success(data) == (
        b'{"status":"success","data":{"price":812.05,"quantity":10,"none":null}}'
    )


def test_an_error_has_a_word_a_sentence_and_a_trace():
    assert failure("refused", "no", "ab12", {"field": "side"}) == (
        b'{"status":"error","error_code":"refused","message":"no",'
        b'"trace_id":"ab12","details":{"field":"side"}}'
    )


@pytest.mark.parametrize("body", [b"", b"  \r\n", b"{}"])
def test_an_empty_body_is_an_empty_object(body):
    assert read_body(body) == {}


def test_a_body_is_read_as_it_was_written():
    body = '{"symbol":"₹","price":812.05,"parts":[{"at":"1%"}]}'.encode()
    assert read_body(body) == {"symbol": "₹", "price": 812.05, "parts": [{"at": "1%"}]}


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (b"{", "body", "the body is not JSON: "),
        (b'{"a":1}{"b":2}', "body", "the body is not JSON: Extra data"),
        (b"{'a':1}", "body", "the body is not JSON: "),
        (b'{"a":1,}', "body", "the body is not JSON: "),
        (b'{"a":NaN}', "body", "NaN is not a number"),
        (b'{"a":-Infinity}', "body", "-Infinity is not a number"),
        (b'{"a":' + b"9" * 5000 + b"}", "body", "the body is not JSON: "),
        (b"\xef\xbb\xbf{}", "body", "the body is not JSON: "),
        (b'{"a":"\xff"}', "body", "the body is not UTF-8"),
        ("{}".encode("utf-16"), "body", "the body is not UTF-8"),
        (b"[" * 100_000, "body", "nested too deeply"),
        (b"[1]", "body", "must be a JSON object, not [...]"),
        (b"null", "body", "must be a JSON object, not null"),
        (b'"text"', "body", "must be a JSON object, not 'text'"),
        (b'{"stop":"1%","stop":"9%"}', "stop", "stop is written twice"),
        (b'{"trail":{"by":"1%","by":"2%"}}', "by", "by is written twice"),
    ],
)
def test_what_is_no_json_object_is_refused_with_the_reason(body, field, message):
    with pytest.raises(InputError) as caught:
        read_body(body)
    assert caught.value.field == field
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        (None, True),
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ('application/json;charset="utf-8"', True),
        ("application/json; version=1", True),
        ("application/json; charset=latin-1", False),
        ("application/x-www-form-urlencoded", False),
        ("text/json", False),
        ("", False),
    ],
)
def test_json_is_what_says_so(content_type, answer):
    assert is_json(content_type) is answer


@pytest.mark.parametrize(
    ("words", "number"),
    [({}, 7), ({"limit": 1}, 1), ({"limit": "50"}, 50), ({"limit": 100}, 100)],
)
def test_a_whole_number_may_be_left_out_or_written_as_text(words, number):
    assert whole_number(words, "limit", 7, 100) == number


@pytest.mark.parametrize(
    "value", [0, 101, -1, True, 1.0, "", "1.5", "٣", "1e2", "9" * 10, None, [], "x"]
)
def test_anything_else_is_no_whole_number(value):
    with pytest.raises(InputError, match="must be a whole number from 1 to 100"):
        whole_number({"limit": value}, "limit", 7, 100)


def test_what_may_be_missing_is_none():
    assert optional({}, "strategy", text) is None
    assert optional({"strategy": "swing"}, "strategy", text) == "swing"
