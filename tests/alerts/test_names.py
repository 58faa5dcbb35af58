"""Lookups that nobody answers hold up nobody else, and are not without bound."""

import asyncio
import socket
import threading

import pytest

from tests.alerts.servers import until
from tradebot.alerts import names as module
from tradebot.alerts.names import LOOKUPS_MAX, Names, addresses


@pytest.fixture
def silent(monkeypatch):
    """Name servers that answer once they are let."""
    answers = threading.Event()
    asked = []

    def wait(host, port, **_):
        asked.append(host)
        answers.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    monkeypatch.setattr(module, "_room", threading.BoundedSemaphore(LOOKUPS_MAX))
    yield answers, asked
    answers.set()


async def test_a_name_of_this_machine_is_known():
    found = await addresses("127.0.0.1", 80)
    assert ("127.0.0.1", 80) in [place[4] for place in found]


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 64 + ".example", "a..b"])
async def test_a_name_that_is_none_is_an_error(host, monkeypatch):
    def unknown(*_, **__):
        if ".invalid" in host:
            raise socket.gaierror(-2, "Name or service not known")
        host.encode("idna")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OSError, match=r"not known|no name"):
        await addresses(host, 80)


async def test_what_is_given_up_keeps_its_thread_and_no_more_than_a_few_are_begun(silent):
    answers, asked = silent
    for _ in range(LOOKUPS_MAX):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await addresses("smtp.example", 25)
    with pytest.raises(OSError, match="do not answer"):
        await addresses("smtp.example", 25)
    assert len(asked) == LOOKUPS_MAX
    # The event loop's own threads are free meanwhile.
    assert await asyncio.to_thread(lambda: 5) == 5
    answers.set()
    await until(lambda: module._room._value == LOOKUPS_MAX)
    assert await addresses("smtp.example", 25)


async def test_threads_that_wait_do_not_hold_up_the_end(silent):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await addresses("smtp.example", 25)
    waiting = [thread for thread in threading.enumerate() if thread.name == "name of a sink"]
    assert waiting
    assert all(thread.daemon for thread in waiting)


def test_an_answer_to_a_loop_that_has_ended_is_dropped(silent):
    answers, _ = silent

    async def asked():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await addresses("smtp.example", 25)

    asyncio.run(asked())
    answers.set()
    for thread in threading.enumerate():
        if thread.name == "name of a sink":
            thread.join(20)
    assert module._room._value == LOOKUPS_MAX


async def test_aiohttp_is_given_what_it_wants(monkeypatch):
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 80, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    names = Names()
    both = await names.resolve("localhost", 80)
    assert [row["host"] for row in both] == ["::1", "127.0.0.1"]
    (row,) = await names.resolve("localhost", 80, socket.AF_INET)
    assert row == {
        "hostname": "localhost",
        "host": "127.0.0.1",
        "port": 80,
        "family": socket.AF_INET,
        "proto": 6,
        "flags": 0,
    }
    await names.close()
