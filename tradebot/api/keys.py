"""Keys of the API as values: what each may do, how often, and the file that lists them.

Only the SHA-256 of a key is known here. A key is 256 random bits, so its hash cannot be
turned back by trying, and needs neither salt nor a slow function.
"""

import enum
import hashlib

import msgspec


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


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key."""

    name: str
    scope: Scope
    per_minute: int  # requests


def digest_of(key: str) -> bytes:
    """Return what a key is known by."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
