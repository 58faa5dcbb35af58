"""What a connection met that came to nothing, in words that a person can look for."""

import errno
import os
import ssl


def met(error: BaseException) -> str:
    """Return it as a few words; of a library's own error its name, and what it says."""
    inner = getattr(error, "os_error", None)  # aiohttp puts its own around it
    if isinstance(inner, OSError):
        error = inner
    match error:
        case ssl.SSLError():
            return f"no TLS that can be used: {error.reason or error}"
        case OSError() if (error.errno or 0) > 0:
            return os.strerror(error.errno or 0).lower()
        case ConnectionResetError():  # while TLS begins it has no number
            return os.strerror(errno.ECONNRESET).lower()
        case _:
            return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
