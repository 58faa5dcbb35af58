"""What goes over the wire: bodies in, answers out. No I/O."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NoReturn, Protocol

import msgspec

from tradebot.core.inputs import OrderReport, OrderSide
from tradebot.core.market.instruments import NetKey
from tradebot.core.words.did_you_mean import shown
from tradebot.core.words.fields import Json, wrong
from tradebot.errors import InputError

# A trade of twenty targets has 2 KB. To read a full one of these takes 1 ms or two, and the
# engine waits for it; without a key in the header, anybody may send one.
BODY_BYTES_MAX = 65_536
LIMIT_DEFAULT = 1_000
JSON_TYPE = "application/json"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS_MIN = 10**17  # 1973: below it a number is meant as seconds or milliseconds
_NS_MAX = 2**63 - 1
_NS = re.compile(r"[0-9]{1,19}")
_TIME_LENGTH_MAX = 40

_encoder = msgspec.json.Encoder(decimal_format="number")


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """How far the daemon's start has come, or its stop."""

    is_ready: bool
    state: str  # one word: starting, ready, stopping
    reasons: tuple[str, ...] = ()  # why it is not ready


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What this daemon is."""

    version: str
    mode: str  # paper | shadow | live
    account: str
    default_product: str | None = None  # of paper orders that name none


class PaperWorld(Protocol):
    """The paper exchange, as a person uses it: orders that are not the guard's."""

    def place_for_person(
        self,
        key: NetKey,
        side: OrderSide,
        quantity: Decimal,
        at_ns: int,
        *,
        price: Decimal | None = None,
        trigger: Decimal | None = None,
    ) -> str:
        """Take an order, durable on return, and return its id; at the market without a price.

        Raises:
            InputError: it is wrong.
            BrokerError: the exchange cannot take it just now; it may have.
        """

    def orders(self, limit: int = ...) -> Sequence[OrderReport]:
        """Return the newest orders, newest first."""

    def nets(self) -> Mapping[NetKey, Decimal]:
        """Return the signed net of every key that is not flat."""


def encoded(data: object) -> bytes:
    """Return a part of an answer."""
    return _encoder.encode(data)


def success(data: object) -> bytes:
    """Return the body of an answer."""
    return _encoder.encode({"status": "success", "data": data})


def failure(code: str, message: str, trace_id: str, details: Mapping[str, object]) -> bytes:
    """Return the body of an error. ``code`` is a word that never changes."""
    return _encoder.encode(
        {
            "status": "error",
            "error_code": code,
            "message": message,
            "trace_id": trace_id,
            "details": details,
        }
    )


def read_body(body: bytes) -> Json:
    """Read a JSON object; an empty body is an empty object.

    A key that is written twice is refused: of two stops, nobody knows which was meant.

    Raises:
        InputError: it is not one JSON object in UTF-8.
    """
    if not body.strip():
        return {}
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant
        )
    except RecursionError:
        raise InputError("body", "the body is nested too deeply") from None
    except UnicodeDecodeError:
        raise InputError("body", "the body is not UTF-8") from None
    except ValueError as error:  # the decoder's own errors tell the place
        raise InputError("body", f"the body is not JSON: {_short(str(error))}") from None
    if not isinstance(value, dict):
        raise InputError("body", f"the body must be a JSON object, not {shown(value)}")
    return value


def is_json(content_type: str | None) -> bool:
    """Whether a Content-Type says JSON in UTF-8; one that is missing is taken for it."""
    if content_type is None:
        return True
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if kind != JSON_TYPE:
        return False
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8"):
            return False
    return True


def whole_number(words: Json, key: str, default: int, maximum: int) -> int:
    """Return a whole number from 1 to ``maximum``; a query writes it as text."""
    value = words.get(key, default)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 9:  # noqa: PLR2004 - far above any maximum
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= maximum:
        return value
    message = f"{key} = {shown(value)}: must be a whole number from 1 to {maximum}"
    raise InputError(key, message)


def time_ns(words: Json, key: str) -> int | None:
    """Return a moment in nanoseconds UTC: ISO 8601 with a zone, or the nanoseconds.

    Raises:
        InputError: it is neither; seconds are not taken for nanoseconds.
    """
    value = words.get(key)
    if value is None:
        return None
    at_ns: int | None = None
    if isinstance(value, str) and _NS.fullmatch(value):
        at_ns = int(value)
    elif isinstance(value, str) and len(value) <= _TIME_LENGTH_MAX:
        at_ns = _iso_ns(value)
    elif isinstance(value, int):
        at_ns = value
    if at_ns is not None and _NS_MIN <= at_ns <= _NS_MAX:
        return at_ns
    allowed = "ISO 8601 with a zone, as 2026-01-05T09:15:00+05:30, or nanoseconds UTC"
    raise wrong(key, value, allowed)


def same_words(words: Json) -> bytes:
    """Return bytes that are equal for equal bodies, however they were spaced and ordered.

    Raises:
        InputError: the body is nested too deeply.
    """
    try:
        return json.dumps(words, sort_keys=True).encode()
    except RecursionError:
        raise InputError("body", "the body is nested too deeply") from None


def optional(words: Json, key: str, read: Callable[[Json, str], str]) -> str | None:
    """Return a value that may be missing, read by ``read``."""
    return read(words, key) if key in words else None


def _object(pairs: list[tuple[str, object]]) -> Json:
    found: Json = {}
    for key, value in pairs:
        if key in found:
            field = shown(key).strip("'\"")
            raise InputError(field, f"{field} is written twice")
        found[key] = value
    return found


def _iso_ns(value: str) -> int | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    since = at - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def _no_constant(word: str) -> NoReturn:
    raise InputError("body", f"the body is not JSON: {word} is not a number")


def _short(message: str) -> str:
    return message[:120]
