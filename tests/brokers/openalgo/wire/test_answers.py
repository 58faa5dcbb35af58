"""The envelope of an answer, and what is believed of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brokers.openalgo.wire.samples import ORDER, said, spoiled, success, there
from tradebot.brokers.openalgo.wire.answers import answer_of, is_about_fields


def test_success_is_the_code_and_the_word():
    assert success({}).is_success
    assert not said(200, {"status": "error", "message": "no"}).is_success
    assert not said(500, {"status": "success"}).is_success
    assert not said(200, {}).is_success


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"message": "no such order"}, "no such order"),
        ({"message": {"symbol": ["unknown"]}}, "{'symbol': ['unknown']}"),
        ({"message": None}, "None"),
        ({}, ""),
    ],
)
def test_a_message_is_text_or_an_object(body, message):
    assert said(400, body).message == message


@pytest.mark.parametrize("raw", [
    b"", b"<html>504 Gateway Time-out</html>", b"[1]", b'{"status": 5}', b"{", b"\xff\xfe",
    b'{"status": "\xff"}', b'{"status": "success", "data": ' + b"[" * 100_000,
])  # fmt: skip
def test_what_is_not_openalgos_has_no_body(raw):
    answer = answer_of(200, raw)
    assert answer.body is None
    assert not answer.is_success
    assert len(answer.message) < 250


def test_of_a_page_as_a_web_server_sends_it_the_title_is_told():
    page = b"<HTML>\r\n<head><TITLE>502 Bad\r\nGateway</TITLE></head><hr>nginx</html>"
    assert answer_of(502, page).message == 'a page of HTML, "502 Bad Gateway"'
    assert answer_of(502, b"<html>no title</html>").message == "<html>no title</html>"


def test_a_nan_in_a_field_that_nobody_reads_spoils_no_book():
    answer = answer_of(200, b'{"status": "success", "data": [{"pnl": NaN}]}')
    assert answer.is_success
    assert bytes(there(answer.body).data) == b'[{"pnl":null}]'
    assert answer_of(200, b'{"status": NaN, "data": NaN').body is None


def test_the_sandbox_says_so_and_the_market_says_nothing():
    assert success([], mode="analyze").is_analyzed
    assert not success([]).is_analyzed
    assert not success([], mode="semi_auto").is_analyzed


def test_a_403_is_a_lockout_only_where_it_is_about_the_key():
    assert said(403, {"status": "error", "message": "Invalid openalgo apikey"}).is_locked_out
    assert answer_of(403, b"<html>forbidden</html>").is_locked_out
    semi_auto = {"status": "error", "message": "Operation not allowed in Semi-Auto mode"}
    assert not said(403, semi_auto).is_locked_out
    assert said(403, semi_auto).shows_semi_auto
    assert not said(400, semi_auto).shows_semi_auto  # the words of a broker prove nothing
    assert not said(400, {"message": "apikey"}).is_locked_out


def test_a_complaint_about_our_fields_is_told_from_one_of_the_broker():
    fields = {"status": "error", "message": "{'quantity': ['Must be greater than 0.']}"}
    assert is_about_fields(said(400, fields))
    assert is_about_fields(said(400, {"message": {"quantity": ["Missing data."]}}))
    assert not is_about_fields(said(400, {"message": "RMS: margin exceeds"}))
    assert not is_about_fields(said(500, fields))


@given(st.integers(100, 599), spoiled({"status": "success", "data": ORDER, "message": "x"}))
def test_no_answer_makes_the_reader_raise(http, raw):
    answer = answer_of(http, raw)
    assert isinstance(answer.message, str)
    assert answer.is_success <= (http == 200)
