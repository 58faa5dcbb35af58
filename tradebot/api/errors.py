"""Errors as answers: the right code, a word for programs, a sentence for people."""

import traceback
import uuid
from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from tradebot.api.shapes import JSON_TYPE, failure
from tradebot.errors import (
    BrokerError,
    InputError,
    NotFoundError,
    RefusedError,
    StoreError,
)
from tradebot.ports import Say
from tradebot.services.trade_edits import StaleVersionError

Asked = Request[Any, Any, Any]
Answer = Response[bytes]

_CODES = {
    400: ("bad_request", "the request is not HTTP as it should be"),
    404: ("not_found", "there is nothing at this address"),
    405: ("method_not_allowed", "this address does not know the method"),
    413: ("too_large", "the body is too large"),
    415: ("unsupported_media_type", "send JSON in UTF-8, with Content-Type: application/json"),
}
_MAKE_KEY = "`tradebot keys create --name NAME --scope read|trade|admin` makes one"
_KEY_MISSING = (
    "an API key is needed and none was sent: it belongs into the header X-API-Key, or into the "
    f"body of a POST as apikey; {_MAKE_KEY}"
)
# One that was revoked is kept nowhere, so it is like one that never was; whoever guesses
# learns no more than whether a key counts.
_KEY_UNKNOWN = (
    "the API key that was sent is not known here: it is mistyped, was revoked, or is another "
    f"daemon's; `tradebot keys list` names those that count, {_MAKE_KEY} for the header X-API-Key"
)
_PASSED_ON = ("allow", "retry-after")  # headers of an error
_UNEXPECTED = ("internal", "something broke on our side; the log has it under the trace_id")


class UnauthorizedError(HTTPException):
    """No key, or a wrong one; ``why`` says which of the two, and what to do."""

    status_code = 401

    def __init__(self, *, is_sent: bool) -> None:
        """Take whether there was a key at all; of one that is wrong no more is told."""
        super().__init__()
        self.why = _KEY_UNKNOWN if is_sent else _KEY_MISSING


class ForbiddenError(HTTPException):
    """A key whose scope is too small."""

    status_code = 403

    def __init__(self, needed: str, given: str) -> None:
        """Take the scope that is needed and the one that the key has."""
        super().__init__()
        self.needed = needed
        self.given = given


class TooManyError(HTTPException):
    """More than is allowed in a minute; ``why`` says of what."""

    status_code = 429

    def __init__(self, why: str, wait_ns: int) -> None:
        """Take the time after which it is worth trying again; it is told in whole seconds."""
        wait_s = -(-wait_ns // 1_000_000_000)
        super().__init__(headers={"Retry-After": str(wait_s)})
        self.why = why
        self.wait_s = wait_s


class MediaTypeError(HTTPException):
    """A body that is not JSON."""

    status_code = 415


class NotReadyError(HTTPException):
    """The daemon is not ready; ``about`` says how far it is and why."""

    status_code = 503

    def __init__(self, about: dict[str, object]) -> None:
        """Take what is known of it."""
        super().__init__()
        self.about = about


def error_answer(say: Say) -> Callable[[Asked, Exception], Answer]:
    """Return the function that turns whatever was raised into an answer."""

    def answer(request: Asked, error: Exception) -> Answer:
        trace_id = request.scope.get("state", {}).get("trace_id") or uuid.uuid4().hex
        status, code, message, details = _described(error)
        if status >= 500 and not isinstance(error, NotReadyError):  # noqa: PLR2004 - our fault
            say(
                "api.failed",
                "error",
                trace_id=trace_id,
                path=request.scope["path"][:200],
                error=f"{type(error).__name__}: {error}",
                where=_place(error),
            )
        headers = {"X-Trace-Id": trace_id}
        if isinstance(error, HTTPException) and error.headers:
            headers.update(
                {key: value for key, value in error.headers.items() if key.lower() in _PASSED_ON}
            )
        if isinstance(error, StaleVersionError):
            headers["ETag"] = f'"{error.version}"'
        return Response(
            failure(code, message, trace_id, details),
            status_code=status,
            media_type=JSON_TYPE,
            headers=headers,
        )

    return answer


def _described(error: Exception) -> tuple[int, str, str, dict[str, object]]:
    """Return status, code, message and details; never a word of what is inside of us."""
    match error:
        case InputError(field=field):
            return 400, "bad_request", str(error), {"field": field}
        case StaleVersionError(version=version):
            return 412, "version_changed", str(error), {"version": version}
        case RefusedError(field=field):
            return 409, "refused", str(error), {"field": field}
        case NotFoundError():
            return 404, "not_found", str(error), {}
        case StoreError():
            return 503, "store_failed", str(error), {}
        case BrokerError():
            return 503, "broker_failed", str(error), {}
        case NotReadyError(about=about):
            return 503, "not_ready", f"the daemon is {about['state']}", about
        case UnauthorizedError(why=why):
            return 401, "unauthorized", why, {}
        case ForbiddenError(needed=needed, given=given):
            message = f"this needs a key of scope {needed}, and the key's scope is {given}"
            return 403, "forbidden", message, {"needed": needed}
        case TooManyError(why=why, wait_s=wait_s):
            return 429, "too_many_requests", f"{why}; wait {wait_s} s", {"retry_after_s": wait_s}
        case HTTPException(status_code=status) if status in _CODES:
            return status, *_CODES[status], {}
        case _:
            return 500, *_UNEXPECTED, {}


def _place(error: Exception) -> str:
    """Return where an error came from."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].name} line {frames[-1].lineno}" if frames else ""
