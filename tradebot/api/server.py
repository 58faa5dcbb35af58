"""The HTTP server: a uvicorn that lives in our loop and leaves the signals to us."""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Iterator

import uvicorn
from litestar.types import ASGIApp

from tradebot.api.protocol import Protocol
from tradebot.errors import ListenError

BACKLOG = 128
CONNECTIONS_MAX = 256
GRACE_S = 2  # how long requests in progress may take at a stop


class ApiServer:
    """One listening address. ``run`` is a keeper: it ends when ``stop`` is called."""

    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        """Take the application and where to listen; port 0 is any that is free."""
        self._host = host
        self._port = port
        self._bound: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ended = asyncio.Event()
        self._listener: socket.socket | None = None
        self._server = _Server(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",  # what is worth a line is said by our own handlers
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    @property
    def address(self) -> str:
        """Where it listens, as ``http://127.0.0.1:4800``; once it is bound."""
        assert self._bound.done(), "the server has no address yet"
        return self._bound.result()

    async def bound(self) -> str:
        """Wait until it listens, and return the address.

        Raises:
            ListenError: it cannot listen there.
        """
        return await asyncio.shield(self._bound)

    def listen(self) -> None:
        """Take the address; who comes before ``run`` serves waits.

        Raises:
            ListenError: it cannot listen there.
        """
        if self._listener is None:
            self._listener = self._made_listener()

    async def run(self) -> None:
        """Serve until told to stop.

        Raises:
            ListenError: it cannot listen there.
        """
        try:
            self.listen()
        except ListenError as error:
            self._ended.set()
            self._bound.set_exception(error)
            self._bound.exception()  # it is raised here too: nobody has to look at it twice
            raise
        listener = self._listener
        assert listener is not None, "it listens"
        try:
            await self._server.serve(sockets=[listener])
        finally:
            self._ended.set()
            self._server.cut()
            listener.close()

    async def stop(self) -> None:
        """Take no more requests, let those in progress end, and return."""
        self._server.should_exit = True
        if self._bound.done():
            await self._ended.wait()

    def _made_listener(self) -> socket.socket:
        """Return the listening socket: uvicorn itself would end the process on an error."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listener = socket.create_server(
                (self._host, self._port), family=family, backlog=BACKLOG
            )
        except OSError as error:
            where = f"{self._host}:{self._port}"
            # create_server adds the address, which stands here already.
            number = error.errno or 0  # below zero: the name of the host is unknown
            why = os.strerror(number) if number > 0 else error.strerror
            hint = "; --port names another" if number == errno.EADDRINUSE else ""
            raise ListenError(f"cannot listen at {where}: {why}{hint}") from error
        host, port = listener.getsockname()[:2]
        name = f"[{host}]" if family is socket.AF_INET6 else host
        self._bound.set_result(f"http://{name}:{port}")
        return listener


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: the daemon has handlers of its own."""
        yield

    def cut(self) -> None:
        """Close what a cancelled server leaves open."""
        for server in getattr(self, "servers", ()):
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.close()
        for task in list(self.server_state.tasks):
            task.cancel()
