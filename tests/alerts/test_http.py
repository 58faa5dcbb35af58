"""A request to somebody else's server ends, whatever that does, and tells no address."""

import traceback

import pytest

from tests.alerts.servers import http_server
from tradebot.alerts import http as module
from tradebot.alerts.http import Http
from tradebot.errors import AlertError

SECRET = "a-secret-path"


@pytest.fixture
async def http():
    made = Http()
    yield made
    await made.close()


async def test_json_is_posted_and_the_answer_is_returned(http):
    async with http_server((201, {"Retry-After": "7"}, b"made")) as server:
        answer = await http.post(f"{server.address}/x", {"a": 1})
    assert server.asked == [("POST", "/x", {"a": 1})]
    assert (answer.status, answer.body, answer.retry_after_s) == (201, b"made", 7.0)
    assert answer.is_good


async def test_a_question_has_no_body(http):
    async with http_server() as server:
        assert (await http.get(f"{server.address}/x")).is_good
    assert server.asked == [("GET", "/x", b"")]


@pytest.mark.parametrize("text", ["", "soon", "-1", "1" * 6, "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_a_wait_that_is_no_number_of_seconds_is_none(http, text):
    async with http_server((429, {"Retry-After": text}, b"")) as server:
        assert (await http.get(server.address)).retry_after_s is None


async def test_it_follows_nobody_elsewhere(http):
    async with http_server((302, {"Location": "/elsewhere"}, b"")) as server:
        assert (await http.get(server.address)).status == 302
    assert len(server.asked) == 1


@pytest.mark.parametrize("reply", ["hang", "reset", (200, {}, b"x" * 100)])
async def test_what_goes_wrong_is_told_without_the_address(http, reply, monkeypatch):
    monkeypatch.setattr(module, "TOTAL_S_MAX", 0.05)
    monkeypatch.setattr(module, "ANSWER_BYTES_MAX", 10)
    async with http_server(reply) as server:
        with pytest.raises(AlertError) as caught:
            await http.post(f"{server.address}/{SECRET}", {}, within_s=0.05)
    shown = "".join(traceback.format_exception(caught.value))
    assert str(caught.value).startswith("no answer (")
    assert SECRET not in shown


@pytest.mark.parametrize(
    "address", [f"http://127.0.0.1:1/{SECRET}", f"http://[{SECRET}", f"http://a b/{SECRET}", "x:"]
)
async def test_an_address_where_nobody_is_or_that_is_none_is_told_of_without_it(http, address):
    with pytest.raises(AlertError) as caught:
        await http.get(address)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_to_close_what_was_never_open_is_nothing(http):
    await http.close()
    async with http_server() as server:
        await http.get(server.address)
        await http.close()
        await http.close()
