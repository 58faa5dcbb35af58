"""Headers with a meaning of their own: which version, and which request again."""

import re

from tradebot.api.errors import Asked
from tradebot.errors import InputError

IDEMPOTENCY_KEY_LENGTH_MAX = 128

_LISTED = re.compile(r'\s*(?:W/)?"([\x21\x23-\x7e]*)"\s*')
_VERSION = re.compile(r"[0-9]{1,18}")


def wanted_versions(request: Asked) -> frozenset[int] | None:
    """Return the versions that ``If-Match`` names; None: whichever it is.

    A weak tag and one that is not of ours match nothing, as RFC 9110 13.1.1 has it.

    Raises:
        InputError: it is no list of entity tags.
    """
    given = request.headers.getall("If-Match", [])
    if not given or [value.strip() for value in given] == ["*"]:
        return None
    versions = set()
    for part in ",".join(given).split(","):
        tag = _LISTED.fullmatch(part)
        if tag is None:
            raise InputError("If-Match", 'If-Match must be *, or ETags as "7"')
        if _VERSION.fullmatch(tag[1]) and not part.strip().startswith("W/"):
            versions.add(int(tag[1]))
    return frozenset(versions)


def idempotency_key(request: Asked) -> str | None:
    """Return the key under which a request is done once; None: as often as it is sent.

    Raises:
        InputError: it is no key.
    """
    given = request.headers.getall("Idempotency-Key", [])
    if not given:
        return None
    (key, *others) = given
    if (
        others
        or not 1 <= len(key) <= IDEMPOTENCY_KEY_LENGTH_MAX
        or not (key.isascii() and key.isprintable())
    ):
        allowed = f"one key of 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} printable ASCII characters"
        raise InputError("Idempotency-Key", f"Idempotency-Key must be {allowed}")
    return key
