"""Who may ask: one key, known to the server by its hash alone."""

import hashlib
import hmac


class Keys:
    """The keys that are accepted."""

    def __init__(self, admin_hash: bytes) -> None:
        """Take the SHA-256 of the admin key."""
        assert len(admin_hash) == hashlib.sha256().digest_size, "not a SHA-256"
        self._admin_hash = admin_hash

    def accept(self, key: object) -> bool:
        """Whether this is the key; the time it takes tells nothing of how near it is."""
        if not isinstance(key, str):
            return False
        given = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        return hmac.compare_digest(given, self._admin_hash)
