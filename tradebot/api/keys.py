"""Keys of the API as values: what each may do, how often, and the file that lists them.

Only the SHA-256 of a key is known here. A key is 256 random bits, so its hash cannot be
turned back by trying, and needs neither salt nor a slow function.
"""

import datetime as dt
import enum
import hashlib
import tomllib
from collections.abc import Iterable
from typing import Annotated

import msgspec

from tradebot.errors import InputError

PER_MINUTE_MAX = 1_000_000
LOCAL = "local"  # the name of the local tools' key, which stands in a file of its own

_HEADING = """\
# The keys of the API: their hashes, never the keys themselves.
# Written by `tradebot keys`, which keeps no other comment; a running daemon notices.
"""


class Scope(enum.Enum):
    """What a key may do; each scope may do all that the one before it may."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        """Whether a key of this scope may do what ``other`` is needed for."""
        order = list(Scope)
        return order.index(self) >= order.index(other)


PER_MINUTE = {Scope.READ: 100, Scope.TRADE: 1_000, Scope.ADMIN: 1_000}  # unless the key says

# No name looks like a key: it would be a key that somebody wrote in the wrong place.
Name = Annotated[str, msgspec.Meta(pattern=r"\A(?!tb_)[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key while it is used."""

    name: Name
    scope: Scope
    per_minute: Annotated[int, msgspec.Meta(ge=1, le=PER_MINUTE_MAX)]  # requests


class ListedKey(Key, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key as the file lists it."""

    created: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]

    @property
    def id(self) -> str:
        """What the key is told from others by, where its name is not known."""
        return self.sha256[:12]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: list[ListedKey] = []


def digest_of(key: str) -> bytes:
    """Return what a key is known by."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def listed_key(
    key: str, *, name: str, scope: str, per_minute: int | None, at: dt.datetime
) -> ListedKey:
    """Return what is kept of a new key.

    Raises:
        InputError: the name, the scope or the allowance is none.
    """
    if name == LOCAL:
        raise InputError("name", f"name = {name}: the key of the local tools is called so")
    if scope not in {known.value for known in Scope}:
        raise InputError("scope", f"scope = {scope!r}: allowed are read, trade and admin")
    words = {
        "name": name,
        "scope": scope,
        "per_minute": PER_MINUTE[Scope(scope)] if per_minute is None else per_minute,
        "created": at,
        "sha256": digest_of(key).hex(),
    }
    try:
        return msgspec.convert(words, ListedKey)
    except msgspec.ValidationError as error:
        if "`$.name`" in str(error):
            rule = "1 to 64 letters, digits, dots, - and _, beginning with a letter or digit"
            raise InputError("name", f"the name must be {rule}, and not with tb_") from None
        message = f"tier = {per_minute}: must be 1 to {PER_MINUTE_MAX} requests a minute"
        raise InputError("tier", message) from None


def read_keys(text: str) -> list[ListedKey]:
    """Read the file's text.

    Raises:
        InputError: it is no such file, or two keys have one name or one hash.
    """
    try:
        keys = msgspec.convert(tomllib.loads(text), _File).key
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError("key", str(error)) from None
    for told in ("name", "sha256"):
        if len({getattr(key, told) for key in keys}) < len(keys):
            raise InputError("key", f"two keys have the same {told}")
    return keys


def keys_text(keys: Iterable[ListedKey]) -> str:
    """Return the file's text; every value is one that needs no escaping."""
    lines = [_HEADING]
    for key in keys:
        lines += [
            "[[key]]",
            f'name = "{key.name}"',
            f'scope = "{key.scope.value}"',
            f"per_minute = {key.per_minute}",
            f"created = {key.created.isoformat()}",
            f'sha256 = "{key.sha256}"',
            "",
        ]
    return "\n".join(lines)
