"""What the Telegram Bot API says, as values. No I/O.

Source: core.telegram.org/bots/api, "Making requests", "getUpdates", "sendMessage". Every answer
is an object with ``ok``; a refusal has ``description``, and ``parameters.retry_after`` in
seconds where there were too many requests.
"""

import msgspec

TEXT_LENGTH_MAX = 4096  # of a message, in characters
_DESCRIPTION_LENGTH_MAX = 200


class _Parameters(msgspec.Struct):
    retry_after: int | None = None


class _ChatId(msgspec.Struct):
    id: int


class _Message(msgspec.Struct):
    chat: _ChatId
    date: int  # seconds since 1970, UTC
    text: str = ""  # of a picture or a sticker there is none


class _Update(msgspec.Struct):
    update_id: int
    message: _Message | None = None


class _Answer(msgspec.Struct):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    description: str = ""
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


class Refusal(msgspec.Struct, frozen=True):
    """It was not done; why, and how long to wait."""

    why: str
    retry_after_s: float | None


class Said(msgspec.Struct, frozen=True):
    """A message that somebody wrote to the bot."""

    update_id: int
    chat: int
    at_s: int
    text: str


_answer = msgspec.json.Decoder(_Answer)
_update = msgspec.json.Decoder(_Update)
_rows = msgspec.json.Decoder(list[msgspec.Raw])


def refusal_of(status: int, body: bytes) -> Refusal | None:
    """Return why a request was not done; None: it was."""
    try:
        answer = _answer.decode(body)
    except ValueError:  # also of bytes that are no text
        return Refusal(f"HTTP {status} without an answer of the Bot API", None)
    if answer.ok and status == 200:  # noqa: PLR2004 - as HTTP has it
        return None
    seconds = answer.parameters.retry_after
    said = answer.description[:_DESCRIPTION_LENGTH_MAX]
    return Refusal(f"HTTP {status}: {said}", None if seconds is None else float(seconds))


def updates_of(body: bytes) -> tuple[list[Said], int | None]:
    """Return the messages of a good answer to ``getUpdates``, and the highest id in it.

    What is no message, or none that can be read, is passed over, but its id counts: the
    same update would else come for ever.

    Raises:
        ValueError: it is no list of updates.
    """
    found: list[Said] = []
    highest: int | None = None
    for row in _rows.decode(_answer.decode(body).result):
        try:
            update = _update.decode(row)
        except ValueError:
            update = _Update(_id_of(row))
        highest = update.update_id if highest is None else max(highest, update.update_id)
        message = update.message
        if message is not None:
            text = message.text[:TEXT_LENGTH_MAX]
            found.append(Said(update.update_id, message.chat.id, message.date, text))
    return found, highest


class _Id(msgspec.Struct):
    update_id: int


def _id_of(row: msgspec.Raw) -> int:
    return msgspec.json.decode(row, type=_Id).update_id
