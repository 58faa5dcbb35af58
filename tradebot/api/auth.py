"""Who may ask for what, and how often."""

from collections.abc import Callable, Mapping

from tradebot.api.errors import Asked, ForbiddenError, UnauthorizedError
from tradebot.api.keys import Key, Scope, digest_of


class Keys:
    """The door: every request but those that need no key comes through ``admit``."""

    def __init__(self, known: Callable[[], Mapping[bytes, Key]]) -> None:
        """Take what returns the keys that are in force, by their SHA-256."""
        self._known = known

    def admit(self, request: Asked, key: object, scope: Scope) -> Key:  # noqa: ARG002 - of whom
        """Return the key that was given, if it is one and may do what needs ``scope``.

        Raises:
            UnauthorizedError: it is no key, or no longer.
            ForbiddenError: its scope is too small.
        """
        known = self._known().get(digest_of(key)) if isinstance(key, str) else None
        if known is None:
            raise UnauthorizedError
        if not known.scope.includes(scope):
            raise ForbiddenError(scope.value, known.scope.value)
        return known
