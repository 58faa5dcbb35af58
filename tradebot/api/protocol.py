"""HTTP on the wire as uvicorn speaks it, with our answers and with patience that ends."""

import asyncio
import uuid

from uvicorn import _types
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tradebot.api.shapes import JSON_TYPE, failure

REQUEST_S_MAX = 30.0  # from a connection, or a request's first byte, to its last byte
STALL_S_MAX = 30.0  # for a reader that takes nothing

_MALFORMED = ("bad_request", "the request is not HTTP as it should be")
_BUSY = ("busy", "too many connections at once; try again in a moment")


class Protocol(HttpToolsProtocol):
    """One connection. Whoever holds it without using it loses it."""

    _arrives: asyncio.TimerHandle | None = None
    _stalls: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        self._unstalled()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_request()

    def on_message_complete(self) -> None:
        self._arrived()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unstalled()
        self._stalls = self.loop.call_later(STALL_S_MAX, self.transport.abort)

    def resume_writing(self) -> None:
        self._unstalled()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; one whose reader has not taken all is cut."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours says the same
        """Answer what is not HTTP, and hang up."""
        head, body = _error(*_MALFORMED)
        lines = [b"%s: %s\r\n" % header for header in (*head, (b"connection", b"close"))]
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + b"".join(lines) + b"\r\n" + body)
        self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        super()._start_asgi_task(cycle, _busy if app is service_unavailable else app)

    def _await_request(self) -> None:
        self._arrived()
        self._arrives = self.loop.call_later(REQUEST_S_MAX, self.transport.abort)

    def _arrived(self) -> None:
        if self._arrives is not None:
            self._arrives.cancel()
            self._arrives = None

    def _unstalled(self) -> None:
        if self._stalls is not None:
            self._stalls.cancel()
            self._stalls = None


async def _busy(
    _scope: _types.Scope, _receive: _types.ASGIReceiveCallable, send: _types.ASGISendCallable
) -> None:
    """Answer where there are too many connections."""
    head, body = _error(*_BUSY)
    headers = [*head, (b"retry-after", b"1"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _error(code: str, message: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    trace_id = uuid.uuid4().hex
    body = failure(code, message, trace_id, {})
    return [
        (b"content-type", JSON_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", trace_id.encode()),
        (b"x-trace-id", trace_id.encode()),
    ], body
