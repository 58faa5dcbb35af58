"""The envelope of every HTTP answer, and what it says whatever was asked."""

import json
import re
from typing import TypeVar

import msgspec

from tradebot.brokers.openalgo.wire.values import tidy

OK = 200
BAD_REQUEST = 400
FORBIDDEN = 403
NOT_FOUND = 404
TOO_MANY = 429

_Rows = TypeVar("_Rows")
_NOTHING = msgspec.Raw(b"")


class Envelope(msgspec.Struct, gc=False):
    """What may stand around the data. Fields that nobody reads are skipped."""

    status: str | None = None
    # [W] text on order routes, an object on data routes
    message: msgspec.Raw = _NOTHING
    mode: str | None = None  # [W] "analyze" on each order and account answer of the sandbox
    orderid: str | int | None = None
    pending_order_id: str | int | None = None
    data: msgspec.Raw = _NOTHING
    results: msgspec.Raw = _NOTHING  # [W] multiquotes has these, and no data


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer that came whole; ``body`` is None where it was not OpenAlgo's JSON."""

    http: int
    body: Envelope | None
    message: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the server says that all went well, in both of its ways."""
        return self.http == OK and self.body is not None and self.body.status == "success"

    @property
    def is_analyzed(self) -> bool:
        """Whether it is the sandbox's: nothing in it is the broker's.

        [W] The switch is global, anybody at the page may flip it, and a live answer says
        no mode at all.
        """
        return self.body is not None and (self.body.mode or "").startswith("analy")

    @property
    def is_queued(self) -> bool:
        """Whether an order was taken down for a person to approve, and not sent on.

        [W] 200, success, and no order.
        """
        return self.body is not None and (
            self.body.mode == "semi_auto" or self.body.pending_order_id is not None
        )

    @property
    def shows_semi_auto(self) -> bool:
        """Whether the server lets a person approve what we ask for; no answer to a read says it.

        [W] An order is queued, and what would change or cancel one is a 403 with the words.
        """
        return self.is_queued or (self.http == FORBIDDEN and "semi-auto" in self.message.lower())

    @property
    def is_locked_out(self) -> bool:
        """Whether key or broker session is not accepted.

        [W] 403 "Invalid openalgo apikey" means either; the session ends every night. In
        semi-auto mode some routes say 403 too, with other words. A 403 without any
        words is not the server's own, and knocking on is no better there.
        """
        return self.http == FORBIDDEN and (self.body is None or "apikey" in self.message.lower())


_ENVELOPE = msgspec.json.Decoder(Envelope)
_TITLE = re.compile(r"<title>([^<]*)</title>", re.IGNORECASE)
_ANYTHING = msgspec.json.Decoder()
_FIELD_ERRORS = re.compile(r"\s*\{\s*['\"]\w+['\"]\s*:\s*\[")


def answer_of(http: int, raw: bytes) -> Answer:
    """Read an answer; nothing in ``raw`` can make this raise."""
    body: Envelope | None
    try:
        body = _ENVELOPE.decode(raw)
    except (ValueError, RecursionError):
        body = _with_constants(raw)
    if body is None:
        return Answer(http, None, _of_a_page(raw[:400].decode("utf-8", "replace")))
    return Answer(http, body, _text(body.message))


def is_about_fields(answer: Answer) -> bool:
    """Whether the server refused our own fields, before it asked any broker.

    [W] Its message is then the text of a Python dictionary: field names and complaints.
    """
    return answer.http == BAD_REQUEST and bool(_FIELD_ERRORS.match(answer.message))


def rows_of(raw: msgspec.Raw, decoder: "msgspec.json.Decoder[_Rows]") -> _Rows | None:
    """Read the data of an answer; None where it is not what the route promises."""
    try:
        return decoder.decode(raw)
    except (ValueError, RecursionError):
        return None


def whole(rows: list[_Rows | None]) -> list[_Rows] | None:
    """Return the rows of a book; None where one of them cannot be read.

    If it were left out, it might be the very order or fill that is looked for.
    """
    return None if None in rows else [row for row in rows if row is not None]


def _text(message: msgspec.Raw) -> str:
    """Return a message as a line: some are text, some are objects."""
    if not bytes(message):
        return ""
    try:
        said = _ANYTHING.decode(message)
    except (ValueError, RecursionError):
        return tidy(bytes(message).decode("utf-8", "replace"))
    return tidy(said if isinstance(said, str) else str(said))


def _of_a_page(text: str) -> str:
    """Return what is no JSON as a line; of a page of HTML, as nginx sends it, its title."""
    title = _TITLE.search(text)
    return tidy(text) if title is None else f'a page of HTML, "{tidy(title[1])}"'


def _with_constants(raw: bytes) -> Envelope | None:
    """Read what Python's own JSON writer made of a NaN, which is no JSON; it becomes null."""
    if b"NaN" not in raw and b"Infinity" not in raw:
        return None
    try:
        value = json.loads(raw, parse_constant=lambda _: None)
        return _ENVELOPE.decode(msgspec.json.encode(value))
    except (ValueError, RecursionError):
        return None
