"""Names of servers as addresses, looked up by threads that nobody else waits for.

A name server that does not answer holds a lookup for half a minute, and a lookup cannot be
given up. In the event loop's own threads it would hold up the lookups of the broker, and in
threads that are joined at the end the stop.
"""

import asyncio
import contextlib
import socket
import threading
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

LOOKUPS_MAX = 4  # at once, for all sinks; more are refused

_room = threading.BoundedSemaphore(LOOKUPS_MAX)

_Found = list[tuple[Any, Any, int, str, Any]]


async def addresses(host: str, port: int) -> _Found:
    """Return what ``socket.getaddrinfo`` returns of a TCP server.

    Raises:
        OSError: the name is not known, or too many lookups have no answer yet.
    """
    room = _room
    if not room.acquire(blocking=False):
        raise OSError("the name servers do not answer")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_Found] = loop.create_future()

    def look_up() -> None:
        found: _Found | OSError
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            found = error
        except UnicodeError:  # of a name that is none
            found = OSError("that is no name of a server")
        finally:
            room.release()
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(_answered, answer, found)

    threading.Thread(target=look_up, name="name of a sink", daemon=True).start()
    return await answer


def _answered(answer: "asyncio.Future[_Found]", found: _Found | OSError) -> None:
    if answer.done():  # whoever asked has given up
        return
    if isinstance(found, OSError):
        answer.set_exception(found)
    else:
        answer.set_result(found)


class Names(AbstractResolver):
    """The same for aiohttp."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name.

        Raises:
            OSError: there are none, or nobody answers.
        """
        return [
            ResolveResult(
                hostname=host, host=place[0], port=place[1], family=kind, proto=proto, flags=0
            )
            for kind, _, proto, _, place in await addresses(host, port)
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Let go of nothing."""
