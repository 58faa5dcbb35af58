"""Bodies in and answers out, byte for byte."""

from decimal import Decimal

import pytest

from tradebot.api.shapes import (
    failure,
    is_json,
    optional,
    read_body,
    same_words,
    success,
    time_ns,
    whole_number,
)
from tradebot.core.words.fields import text
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


@pytest.mark.parametrize(
    ("value", "at_ns"),
    [
        (None, None),
        ("2026-01-05T03:45:00Z", 1_767_584_700_000_000_000),
        ("2026-01-05T09:15:00+05:30", 1_767_584_700_000_000_000),
        ("2026-01-05T03:45:00.000001Z", 1_767_584_700_000_001_000),
        ("2026-01-05 03:45+00:00", 1_767_584_700_000_000_000),
        (1_767_584_700_000_000_001, 1_767_584_700_000_000_001),
        ("1767584700000000001", 1_767_584_700_000_000_001),
    ],
)
def test_a_moment_is_iso_with_a_zone_or_nanoseconds(value, at_ns):
    assert time_ns({"from": value}, "from") == at_ns


@pytest.mark.parametrize(
    "value",
    [
        *("2026-01-05", "2026-01-05T03:45:00", "yesterday", "", "٢٠٢٦-01-05T03:45:00Z"),
        *("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59Z", "2026-13-05T03:45:00Z"),
        *(1_767_584_700, "1767584700", 1_767_584_700_000, -1, True, 1.7e18, 2**63, [], {}),
        "2" * 41,
    ],
)
def test_anything_else_is_no_moment_seconds_least_of_all(value):
    with pytest.raises(InputError, match="must be ISO 8601 with a zone") as caught:
        time_ns({"to": value}, "to")
    assert caught.value.field == "to"


def test_bodies_are_the_same_however_they_were_spaced_and_ordered():
    one, other = b'{"a":1,"b":[2.5,"\\ud800"]}', b' {"b": [2.5, "\\ud800"], "a":1}'
    assert same_words(read_body(one)) == same_words(read_body(other))
    assert same_words({"a": 1}) != same_words({"a": 2})


def test_what_is_too_deep_to_be_compared_is_refused():
    words: dict[str, object] = {}
    for _ in range(100_000):
        words = {"a": words}
    with pytest.raises(InputError, match="nested too deeply"):
        same_words(words)
    while words:  # by hand: a hundred thousand deep is too much for the collector's stack too
        words = words.pop("a")  # type: ignore[assignment] # it is one of them
