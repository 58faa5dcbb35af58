"""What every answer of the API has in common: its names, its headers, and that it is counted."""

import re
import uuid
from collections import Counter
from collections.abc import Iterator

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tradebot.api.turns import turn

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
Answers = Counter[tuple[str, ...]]  # by method, route and status

UNKNOWN = "unknown"  # the route of what is at no address of ours


class Front:
    """An application whose answers are named and counted."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        """Take the application, and where its answers are counted."""
        self.app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        A request may name itself; its answer carries that name, else its trace id.
        """
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        await turn()  # to read a request takes half a millisecond, and many may have come at once
        state = scope.setdefault("state", {})
        trace_id = state.get("trace_id") or state.setdefault("trace_id", uuid.uuid4().hex)
        names = _Names(scope, trace_id)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                message["headers"] = [*headers, *names.missing_in(headers), *_HEADERS]
                route = scope.get("path_template") or UNKNOWN
                method = scope["method"] if route != UNKNOWN else UNKNOWN
                self._answers[method, route, str(message["status"])] += 1
            await send(message)

        await self.app(scope, receive, named)


class _Names:
    """The headers that name a request."""

    def __init__(self, scope: Scope, trace_id: str) -> None:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given if _REQUEST_ID.fullmatch(given) else trace_id.encode()
        self._headers = [(b"x-request-id", request_id), (b"x-trace-id", trace_id.encode())]

    def missing_in(self, headers: object) -> Iterator[tuple[bytes, bytes]]:
        """Yield what an answer does not carry yet."""
        assert isinstance(headers, list | tuple), "headers that are no list"
        there = {name.lower() for name, _ in headers}
        return (header for header in self._headers if header[0] not in there)
