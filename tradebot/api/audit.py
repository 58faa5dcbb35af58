"""A trace id for every answer, and a line in the log for every call that changes something."""

import contextlib
import uuid
from typing import Any

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from tradebot.ports import Say

ANSWER_BYTES_MAX = 65_536  # of an answer that is looked into for the trade's id
WORD_LENGTH_MAX = 100


class Audited:
    """An application with a witness around it."""

    def __init__(self, app: ASGIApp, say: Say) -> None:
        """Take the application, and where the witness speaks."""
        self._app = app
        self._say = say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; say who changed what, whatever came of it."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        trace_id = uuid.uuid4().hex
        scope.setdefault("state", {})["trace_id"] = trace_id
        answer = _Answer(trace_id)

        async def noted(message: Message) -> None:
            answer.note(message)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            if scope["state"].get("is_change"):
                self._say_change(scope, answer)

    def _say_change(self, scope: HTTPScope, answer: "_Answer") -> None:
        state, client = scope["state"], scope.get("client")
        told = answer.told()
        asked_id = state.get("trade_id")
        found = {
            "trade_id": told.data.trade_id or (asked_id if isinstance(asked_id, str) else ""),
            "order_id": told.data.order_id,
            "form": form if isinstance(form := state.get("form"), str) else "",
            "verdict": verdict if isinstance(verdict := state.get("verdict"), str) else "",
        }
        self._say(
            "api.audit",
            "info" if answer.is_good else "warning",
            who=state["caller"],
            address=client[0] if client else "unknown",
            route=f"{scope['method']} {scope['path'][:WORD_LENGTH_MAX]}",
            **{name: value[:WORD_LENGTH_MAX] for name, value in found.items() if value},
            outcome=answer.outcome(told),
            trace_id=answer.trace_id,
        )


class _Found(msgspec.Struct, frozen=True):
    trade_id: str | None = None
    order_id: str | None = None


class _Told(msgspec.Struct, frozen=True):
    error_code: str = ""
    data: _Found = _Found()


class _Answer:
    """What was answered, as far as it has gone out."""

    def __init__(self, trace_id: str) -> None:
        self.trace_id = trace_id
        self._status = 0
        self._body = bytearray()

    def note(self, message: Message) -> None:
        """Keep what matters of a message; an answer's head is given the trace id."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers: Any = message.setdefault("headers", [])
            if not any(name.lower() == b"x-trace-id" for name, _ in headers):
                message["headers"] = [*headers, (b"x-trace-id", self.trace_id.encode())]
        elif message["type"] == "http.response.body" and len(self._body) < ANSWER_BYTES_MAX:
            self._body += message["body"]

    @property
    def is_good(self) -> bool:
        """Whether what was asked has been done."""
        return 200 <= self._status < 300  # noqa: PLR2004 - as HTTP has it

    def told(self) -> _Told:
        """Return what the answer tells; nothing, where it is none of ours."""
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(self._body, type=_Told)
        return _Told()

    def outcome(self, told: _Told) -> str:
        """Return one word for what came of the call."""
        if not self._status:
            return "unanswered"
        return "success" if self.is_good else told.error_code or str(self._status)
