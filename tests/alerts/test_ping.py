"""The call that all is well is a GET, and a refusal is told."""

import pytest

from tests.alerts.servers import http_server
from tradebot.alerts.ping import Ping
from tradebot.core.secret import Secret
from tradebot.errors import AlertError


async def test_the_address_is_called():
    async with http_server() as server:
        ping = Ping(Secret(f"{server.address}/check/1"))
        await ping.call()
        await ping.close()
    assert server.asked == [("GET", "/check/1", b"")]


@pytest.mark.parametrize("reply", [(500, {}, b""), (404, {}, b""), "reset"])
async def test_who_does_not_take_it_is_told_of(reply):
    async with http_server(reply) as server:
        ping = Ping(Secret(f"{server.address}/check/1"))
        with pytest.raises(AlertError) as caught:
            await ping.call()
        await ping.close()
    assert "check" not in str(caught.value)
