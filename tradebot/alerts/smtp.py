"""One mail to a mail server, without a thread that could hang.

Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 4954 and 4616 (AUTH PLAIN).
"""

import asyncio
import base64
import contextlib
import enum
import ssl
from collections.abc import Sequence
from typing import NamedTuple

from tradebot.alerts.names import addresses
from tradebot.core.secret import Secret
from tradebot.errors import AlertError

OURSELVES = "[127.0.0.1]"  # RFC 5321 4.1.3: who has no name says an address
LINE_BYTES_MAX = 4096
LINES_MAX = 100  # of one reply
_WORDS_MAX = 200


class Security(enum.StrEnum):
    """How the connection is secured."""

    STARTTLS = "starttls"  # it begins in the clear, and goes on only once it is secured
    IMPLICIT = "implicit"
    NONE = "none"


class Server(NamedTuple):
    """Whom to talk to, and how."""

    host: str
    port: int
    security: Security
    context: ssl.SSLContext | None  # None: without TLS
    user: str  # empty: nobody logs in
    password: Secret


async def deliver(server: Server, sender: str, to: Sequence[str], message: bytes) -> None:
    """Hand a message over; its lines end in CR LF.

    Raises:
        AlertError: it was not taken, or nobody knows.
    """
    try:
        talk = await _Talk.begin(server)
        try:
            await _handed_over(talk, server, sender, to, message)
        finally:
            talk.close()
    except ssl.SSLCertVerificationError as error:
        raise AlertError(f"the server's certificate is refused: {error.verify_message}") from None
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise AlertError(f"the connection broke: {why}") from None


async def _handed_over(
    talk: "_Talk", server: Server, sender: str, to: Sequence[str], message: bytes
) -> None:
    await talk.reply(220)
    offers = await talk.say(f"EHLO {OURSELVES}", 250)
    if server.security is Security.STARTTLS:
        if not any(line.upper() == "STARTTLS" for line in offers):
            raise AlertError("the server offers no STARTTLS")
        await talk.say("STARTTLS", 220)
        await talk.secure(server)
        await talk.say(f"EHLO {OURSELVES}", 250)
    if server.user:
        # RFC 4616: an empty authorization id, the user, the password.
        plain = f"\0{server.user}\0{server.password.reveal()}".encode()
        word = base64.b64encode(plain).decode()
        try:
            await talk.say(f"AUTH PLAIN {word}", 235)
        except AlertError:  # its words may repeat ours
            raise AlertError("the server does not take user and password") from None
    await talk.say(f"MAIL FROM:<{sender}>", 250)
    for address in to:
        await talk.say(f"RCPT TO:<{address}>", 250, 251)
    await talk.say("DATA", 354)
    # RFC 5321 4.5.2: a line that begins with a dot is given another one.
    body = message.replace(b"\r\n.", b"\r\n..")
    body = b"." + body if body.startswith(b".") else body
    await talk.say_bytes(body if body.endswith(b"\r\n") else body + b"\r\n")
    await talk.say(".", 250, shown="the message")
    with contextlib.suppress(AlertError, OSError, EOFError, ValueError):  # it is delivered
        await talk.say("QUIT", 221)


class _Talk:
    """A connection, a line at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._plain: asyncio.StreamWriter | None = None  # of a connection that was secured later

    @classmethod
    async def begin(cls, server: Server) -> "_Talk":
        is_secure = server.security is Security.IMPLICIT
        found = await addresses(server.host, server.port)
        host = found[0][4][0]  # the one that getaddrinfo prefers
        reader, writer = await asyncio.open_connection(
            host,
            server.port,
            limit=LINE_BYTES_MAX,
            ssl=server.context if is_secure else None,
            server_hostname=server.host if is_secure else None,
        )
        return cls(reader, writer)

    async def secure(self, server: Server) -> None:
        """Go on over TLS, with a reader that knows nothing of what came in the clear."""
        loop = asyncio.get_running_loop()
        assert server.context is not None, "STARTTLS has a context"
        reader = asyncio.StreamReader(limit=LINE_BYTES_MAX, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport = await loop.start_tls(
            self._writer.transport, protocol, server.context, server_hostname=server.host
        )
        assert transport is not None, "the transport can be upgraded"
        reader.set_transport(transport)
        # The first writer would close the connection below us, were it forgotten.
        self._plain = self._writer
        self._reader = reader
        self._writer = asyncio.StreamWriter(transport, protocol, reader, loop)

    async def say(self, line: str, *wanted: int, shown: str = "") -> list[str]:
        """Say a line, and return the lines of the reply without their numbers."""
        await self.say_bytes(f"{line}\r\n".encode())
        return await self.reply(*wanted, to=shown or line)

    async def say_bytes(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def reply(self, *wanted: int, to: str = "the connection") -> list[str]:
        """Return the lines of a reply.

        Raises:
            AlertError: the server answers otherwise than is wanted.
        """
        lines: list[str] = []
        while len(lines) < LINES_MAX:
            line = (await self._reader.readuntil(b"\r\n")).decode("utf-8", "replace").rstrip()
            lines.append(line[4:])
            if line[3:4] == "-":
                continue
            if line[:3] not in {str(code) for code in wanted}:
                raise AlertError(f"the answer to {to} was {line[:_WORDS_MAX]!r}")
            return lines
        raise AlertError(f"the answer to {to} has no end")

    def close(self) -> None:
        """Let go at once: a server that hangs is not waited for."""
        self._writer.transport.abort()
        if self._plain is not None:
            self._plain.transport.abort()
