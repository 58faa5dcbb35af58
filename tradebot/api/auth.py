"""Who may ask for what, and how often."""

import ipaddress
import time
from collections.abc import Callable, Mapping

from tradebot.api.errors import Asked, ForbiddenError, TooManyError, UnauthorizedError
from tradebot.api.keys import Key, Scope, digest_of
from tradebot.api.rates import Rates
from tradebot.ports import Say

FAILURES_PER_MINUTE = 20
WARNINGS_PER_MINUTE = 1
ADDRESSES_KEPT_MAX = 4_096  # an attacker with more of them still has 2**256 keys to try
KEYS_KEPT_MAX = 4_096

_IPV6_SUBNET = 64  # whoever has one address has as many as these bits allow


class Keys:
    """The door: every request but those that need no key comes through ``admit``."""

    def __init__(
        self,
        known: Callable[[], Mapping[bytes, Key]],
        *,
        say: Say,
        elapsed_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Take what returns the keys that are in force, by their SHA-256."""
        self._known = known
        self._say = say
        self._asked = Rates(elapsed_ns, kept_max=2 * KEYS_KEPT_MAX)
        self._failed = Rates(elapsed_ns, kept_max=ADDRESSES_KEPT_MAX)
        self._warned = Rates(elapsed_ns, kept_max=ADDRESSES_KEPT_MAX)

    def admit(self, request: Asked, key: object, scope: Scope) -> Key:
        """Return the key that was given, if it is one and may do what needs ``scope``.

        The key is looked for before failures count, so a flood of wrong keys from an
        address, which on one machine is everybody's, keeps no right key out.

        The look-up takes no constant time, and needs none: it compares SHA-256 digests
        in a table with a secret seed. What could be learned of a digest by patience
        brings nobody nearer to the 256 random bits that have it.

        Raises:
            UnauthorizedError: none was given, or it is no key, or no longer.
            TooManyError: its allowance is used up; or it is no key, and so were many before.
            ForbiddenError: its scope is too small.
        """
        digest = digest_of(key) if isinstance(key, str) else b""
        known = self._known().get(digest)
        if known is None:
            is_sent = key not in (None, "")
            if is_sent:
                self._count_failure(_address(request))
            raise UnauthorizedError(is_sent=is_sent)
        is_change = scope is not Scope.READ
        # Who asks about trades too often must still be able to leave one.
        wait_ns = self._asked.wait_ns((digest, is_change), known.per_minute)
        request.state.caller = known.name
        request.state.scope = known.scope
        request.state.is_change = is_change
        if wait_ns:
            what = "changes" if is_change else "questions"
            raise TooManyError(f"this key may send {known.per_minute} {what} a minute", wait_ns)
        if not known.scope.includes(scope):
            raise ForbiddenError(scope.value, known.scope.value)
        return known

    def _count_failure(self, address: str) -> None:
        wait_ns = self._failed.wait_ns(address, FAILURES_PER_MINUTE)
        if not wait_ns:
            return
        if not self._warned.wait_ns(address, WARNINGS_PER_MINUTE):
            self._say("api.wrong_keys", "warning", address=address, allowed=FAILURES_PER_MINUTE)
        raise TooManyError("too many wrong keys from this address", wait_ns)


def _address(request: Asked) -> str:
    """Return whose failures are counted together."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_SUBNET), strict=False))
