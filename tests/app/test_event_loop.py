"""A connection to a numeric address needs no thread, and no thread holds the loop up for long."""

import subprocess
import sys

import pytest
import uvloop

from tradebot.app.event_loop import SWITCH_S, EventLoop

# In a process of its own: the pool of threads is there for good once anybody has asked it.
CONNECTS = """
import asyncio, os, socket, sys
import uvloop
from tradebot.app.event_loop import EventLoop

async def main():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.setblocking(False)
        before = len(os.listdir("/proc/self/task"))
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, server.getsockname())
        assert client.getpeername() == server.getsockname()
        print(len(os.listdir("/proc/self/task")) - before)

with asyncio.Runner(loop_factory={"ours": EventLoop, "uvloop": uvloop.Loop}[sys.argv[1]]) as runner:
    runner.run(main())
"""


def threads_started_by(loop):
    done = subprocess.run(
        [sys.executable, "-c", CONNECTS, loop], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_connection_to_a_numeric_address_starts_no_thread():
    assert threads_started_by("ours") == 0
    assert threads_started_by("uvloop") > 0, "uvloop does it by itself: ours is not needed"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_address_is_found_as_before(host):
    loops = EventLoop(), uvloop.Loop()
    found = []
    for loop in loops:
        asked = loop.getaddrinfo(host, 80, family=2, type=1)
        found.append([(row[0], row[4]) for row in loop.run_until_complete(asked)])
        loop.close()
    assert found == [[(2, ("127.0.0.1", 80))]] * 2


def test_a_daemon_gives_its_loop_the_interpreter_soon():
    said = "import sys, tradebot.app.event_loop as e; e.new_event_loop().close(); "
    done = subprocess.run(
        [sys.executable, "-c", said + "print(sys.getswitchinterval())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) == pytest.approx(SWITCH_S)
