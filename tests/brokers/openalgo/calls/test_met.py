"""What a connection met is told in words that a person can look for."""

import errno
import ssl

import aiohttp
import pytest

from tradebot.brokers.openalgo.calls.met import met

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 5000)")


def no_tls():
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (REFUSED, "connection refused"),
        (aiohttp.ClientConnectorError(None, REFUSED), "connection refused"),  # type: ignore[arg-type]  # whose key it is does not matter
        (OSError(-2, "Name or service not known"), "OSError: [Errno -2] Name or service not known"),
        (ConnectionResetError(), "connection reset by peer"),
        (no_tls(), "no TLS that can be used: WRONG_VERSION_NUMBER"),
        (ValueError("x"), "ValueError: x"),
        (aiohttp.ClientPayloadError(), "ClientPayloadError"),
    ],
)
def test_each_has_its_words(error, words):
    assert met(error) == words
