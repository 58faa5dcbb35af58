"""Whatever is raised becomes an answer that tells the caller enough and nobody too much."""

import json
from typing import Any

import pytest
from litestar import Request
from litestar.exceptions import HTTPException, MethodNotAllowedException

from tests.services.test_trade_edits import TRADE
from tradebot.api.errors import (
    ForbiddenError,
    MediaTypeError,
    NotReadyError,
    TooManyError,
    UnauthorizedError,
    error_answer,
)
from tradebot.errors import (
    BrokerError,
    InputError,
    NotFoundError,
    RefusedError,
    StoreError,
)
from tradebot.services.trade_edits import StaleVersionError

SCOPE: Any = {"type": "http", "path": "/api/v1/" + "x" * 500}  # all that is looked at
REQUEST: Request[Any, Any, Any] = Request(SCOPE)


def answered(error):
    said = []
    say = lambda *words, **fields: said.append((*words, fields))  # noqa: E731 - a fake of one line
    response = error_answer(say)(REQUEST, error)
    return response, json.loads(response.content), said


@pytest.mark.parametrize(
    ("error", "status", "code", "details"),
    [
        (InputError("stop", "stop = 2 is no level"), 400, "bad_request", {"field": "stop"}),
        (RefusedError("side", "would net"), 409, "refused", {"field": "side"}),
        (StaleVersionError(TRADE, [3]), 412, "version_changed", {"version": 4}),
        (NotFoundError("there is no trade T9"), 404, "not_found", {}),
        (StoreError("the disk is full"), 503, "store_failed", {}),
        (BrokerError("closed"), 503, "broker_failed", {}),
        (UnauthorizedError(is_sent=False), 401, "unauthorized", {}),
        (UnauthorizedError(is_sent=True), 401, "unauthorized", {}),
        (ForbiddenError("trade", "read"), 403, "forbidden", {"needed": "trade"}),
        (TooManyError("slow down", 1), 429, "too_many_requests", {"retry_after_s": 1}),
        (MediaTypeError(), 415, "unsupported_media_type", {}),
        (HTTPException(status_code=413), 413, "too_large", {}),
        (HTTPException(status_code=404), 404, "not_found", {}),
        (NotReadyError({"state": "starting"}), 503, "not_ready", {"state": "starting"}),
        (HTTPException(status_code=418), 500, "internal", {}),
        (ZeroDivisionError("secret"), 500, "internal", {}),
    ],
)
def test_an_error_has_its_code(error, status, code, details):
    response, body, _said = answered(error)
    assert response.status_code == status
    assert body["status"] == "error"
    assert (body["error_code"], body["details"]) == (code, details)
    assert response.headers["X-Trace-Id"] == body["trace_id"]


@pytest.mark.parametrize(
    ("is_sent", "says"),
    [(False, "an API key is needed and none was sent"), (True, "is not known here")],
)
def test_a_key_that_is_wrong_is_told_from_none_and_each_with_a_way_out(is_sent, says):
    message = answered(UnauthorizedError(is_sent=is_sent))[1]["message"]
    assert says in message
    assert "header X-API-Key" in message
    assert "`tradebot keys create --name NAME --scope read|trade|admin` makes one" in message


def test_our_own_fault_is_in_the_log_and_not_in_the_answer():
    try:
        raise ZeroDivisionError("a secret")  # noqa: TRY301 - it needs a place it came from
    except ZeroDivisionError as error:
        _response, body, said = answered(error)
    assert "secret" not in json.dumps(body)
    ((event, level, fields),) = said
    assert (event, level) == ("api.failed", "error")
    assert fields["trace_id"] == body["trace_id"]
    assert fields["error"] == "ZeroDivisionError: a secret"
    assert fields["where"].startswith("test_our_own_fault_is_in_the_log")
    assert len(fields["path"]) == 200


def test_a_fault_without_a_place_is_told_without_one():
    assert answered(KeyError("x"))[2][0][2]["where"] == ""


@pytest.mark.parametrize("error", [InputError("a", "b"), NotReadyError({"state": "starting"})])
def test_what_is_no_fault_of_ours_is_not_in_the_log(error):
    assert answered(error)[2] == []


def test_a_wrong_method_hears_of_the_right_ones():
    error = MethodNotAllowedException(headers={"allow": "POST", "x-other": "1"})
    headers = answered(error)[0].headers
    assert headers["allow"] == "POST"
    assert "x-other" not in headers


@pytest.mark.parametrize(("wait_ns", "told"), [(1, "1"), (10**9, "1"), (10**9 + 1, "2")])
def test_who_is_to_wait_hears_how_long_in_whole_seconds(wait_ns, told):
    assert answered(TooManyError("slow down", wait_ns))[0].headers["Retry-After"] == told


def test_an_error_has_the_trace_id_of_its_request():
    asked: Any = SCOPE | {"state": {"trace_id": "abc"}}
    answer = error_answer(lambda *_, **__: None)(Request(asked), NotFoundError())
    assert answer.headers["X-Trace-Id"] == json.loads(answer.content)["trace_id"] == "abc"
