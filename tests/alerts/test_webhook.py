"""A letter is posted as JSON; what does not take it is told with how long to wait."""

import pytest

from tests.alerts.letters import a_letter
from tests.alerts.servers import http_server
from tradebot.alerts.webhook import Webhook
from tradebot.core.secret import Secret
from tradebot.errors import AlertError


async def sent(server):
    webhook = Webhook(Secret(f"{server.address}/hook/s3cret"))
    try:
        await webhook.send(a_letter())
    finally:
        await webhook.close()


async def test_it_posts_text_and_alerts():
    async with http_server((204, {}, b"")) as server:
        await sent(server)
    ((_, path, body),) = server.asked
    assert path == "/hook/s3cret"
    assert body["text"] == "tradebot PAPER-1: feed\nthe feed is down"
    assert body["alerts"] == [
        {
            "id": "A1",
            "severity": "critical",
            "category": "system",
            "text": "feed is bad",
            "trade_id": None,
            "first_ns": 10**18 + 1,
            "last_ns": 10**18 + 1,
            "count": 1,
            "over": False,
        }
    ]


@pytest.mark.parametrize(
    ("reply", "says", "wait_s"),
    [
        ((500, {}, b"oops s3cret"), "HTTP 500", None),
        ((429, {"Retry-After": "30"}, b""), "HTTP 429", 30.0),
        ((301, {"Location": "/"}, b""), "HTTP 301", None),
        ("reset", "no answer", None),
    ],
)
async def test_what_is_not_taken_says_so(reply, says, wait_s):
    async with http_server(reply) as server:
        with pytest.raises(AlertError, match=says) as caught:
            await sent(server)
    assert caught.value.retry_after_s == wait_s
    assert "s3cret" not in str(caught.value)
