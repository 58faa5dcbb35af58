"""Letters as e-mail."""

import datetime as dt
import uuid
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from tradebot.alerts.smtp import Server, deliver
from tradebot.ports import Clock, Letter

SUBJECT_LENGTH_MAX = 150
# A server need not take bytes above 127 (RFC 6152).
_POLICY = SMTP.clone(cte_type="7bit")


class Mail:
    """One mail for each letter, to a few people."""

    name = "email"

    def __init__(self, server: Server, sender: str, to: Sequence[str], *, clock: Clock) -> None:
        """Take the server and the addresses."""
        self._server = server
        self._sender = sender
        self._to = tuple(to)
        self._clock = clock

    async def send(self, letter: Letter) -> None:
        """Mail a letter.

        Raises:
            AlertError: it was not taken.
        """
        at = dt.datetime.fromtimestamp(self._clock.now_ns() // 1_000_000_000, dt.UTC)
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._sender
        message["To"] = ", ".join(self._to)
        message["Subject"] = letter.subject[:SUBJECT_LENGTH_MAX]
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{uuid.uuid4().hex}@tradebot.invalid>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        message.set_content(letter.text or letter.subject)
        await deliver(self._server, self._sender, self._to, message.as_bytes())

    async def close(self) -> None:
        """Let go of nothing: each mail has a connection of its own."""
