"""Requests to servers of somebody else's, whose addresses are secrets."""

import aiohttp
import msgspec

from tradebot.alerts.names import Names
from tradebot.errors import AlertError

ANSWER_BYTES_MAX = 1 << 20
CONNECT_S_MAX = 5.0
TOTAL_S_MAX = 15.0
_RETRY_DIGITS_MAX = 5


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    body: bytes
    retry_after_s: float | None

    @property
    def is_good(self) -> bool:
        """Whether it was taken."""
        return 200 <= self.status < 300  # noqa: PLR2004 - as HTTP has it


class Http:
    """A session of its own; it is opened by the first request."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: object, *, within_s: float = TOTAL_S_MAX) -> Answer:
        """Post JSON.

        Raises:
            AlertError: no answer came; the address is not in the message.
        """
        return await self._asked("POST", url, msgspec.json.encode(body), within_s)

    async def get(self, url: str) -> Answer:
        """Ask for what is at an address.

        Raises:
            AlertError: no answer came; the address is not in the message.
        """
        return await self._asked("GET", url, None, TOTAL_S_MAX)

    async def close(self) -> None:
        """Let go of the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _asked(self, method: str, url: str, data: bytes | None, within_s: float) -> Answer:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=4, resolver=Names())
            )
        headers = {} if data is None else {"Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=within_s, sock_connect=CONNECT_S_MAX)
        try:
            async with self._session.request(
                method,
                url,
                data=data,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,  # what is secret goes nowhere else
            ) as response:
                return Answer(
                    status=response.status,
                    body=await _some(response),
                    retry_after_s=_seconds(response.headers.get("Retry-After", "")),
                )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Their own words tell the address. A chain of errors would tell it too.
            raise AlertError(f"no answer ({_kind(error)})") from None


async def _some(response: aiohttp.ClientResponse) -> bytes:
    """Read a body, or as much of it as an answer of these servers can have."""
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            raise aiohttp.ClientPayloadError
        chunks.append(chunk)
    return b"".join(chunks)


def _seconds(text: str) -> float | None:
    """Return the seconds of Retry-After; a date is not used by these servers."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _RETRY_DIGITS_MAX
    return float(text) if is_number else None


def _kind(error: BaseException) -> str:
    why = getattr(getattr(error, "os_error", error), "strerror", None)
    return f"{type(error).__name__}: {why}" if isinstance(why, str) else type(error).__name__
