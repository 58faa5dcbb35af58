"""The daemon's event loop, and who may keep it from running."""

import socket
import sys

import uvloop

# Python lets a thread that computes go on for so long while the event loop wants to run: of
# the 5 ms that it has by itself, a stop would wait for a commit that is being put together.
SWITCH_S = 0.0005

_Found = tuple[  # family, type, protocol, canonical name, address
    socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]
]


class EventLoop(uvloop.Loop):
    """uvloop, which asks no thread what a numeric address means.

    Its ``sock_connect`` looks every address up once more, and leaves out that it wants a
    stream; without that even 127.0.0.1 goes to a pool of threads, and each order, which has
    a connection of its own, waited until one of them had a processor: 5 ms on a busy machine.
    """

    async def getaddrinfo(  # type: ignore[override] # uvloop's own types are narrower
        self,
        host: str | bytes | None,
        port: str | bytes | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the standard library's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[_Found]:
        """Look an address up; everything that we connect to is a stream."""
        kind = type or socket.SOCK_STREAM
        return await super().getaddrinfo(
            host, port, family=family, type=kind, proto=proto, flags=flags
        )


def new_event_loop() -> EventLoop:
    """Make the loop of this process, which no thread of it holds up for long."""
    sys.setswitchinterval(SWITCH_S)
    return EventLoop()
