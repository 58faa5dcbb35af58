"""A call that says that all is well; whoever misses it tells a person."""

from tradebot.alerts.http import Http
from tradebot.core.secret import Secret
from tradebot.errors import AlertError


class Ping:
    """A GET of an address that is a secret."""

    def __init__(self, url: Secret) -> None:
        """Take the address."""
        self._url = url
        self._http = Http()

    async def call(self) -> None:
        """Say it once.

        Raises:
            AlertError: nobody took it.
        """
        answer = await self._http.get(self._url.reveal())
        if not answer.is_good:
            raise AlertError(f"HTTP {answer.status}", answer.retry_after_s)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.close()
