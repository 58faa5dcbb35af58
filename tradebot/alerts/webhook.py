"""Letters as JSON, posted to an address that a person names."""

from tradebot.alerts.http import Http
from tradebot.core.alerting.alerts import Alert
from tradebot.core.secret import Secret
from tradebot.errors import AlertError
from tradebot.ports import Letter


class Webhook:
    """A POST of ``{"subject", "text", "alerts": [...]}``; chats that take a ``text`` show it."""

    name = "webhook"

    def __init__(self, url: Secret) -> None:
        """Take the address, all of which is a secret."""
        self._url = url
        self._http = Http()

    async def send(self, letter: Letter) -> None:
        """Post a letter.

        Raises:
            AlertError: it was not taken.
        """
        body = {
            "subject": letter.subject,
            "text": letter.whole,
            "alerts": [_told(alert) for alert in letter.alerts],
        }
        answer = await self._http.post(self._url.reveal(), body)
        if not answer.is_good:
            raise AlertError(f"HTTP {answer.status}", answer.retry_after_s)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.close()


def _told(alert: Alert) -> dict[str, object]:
    return {
        "id": alert.id,
        "severity": alert.severity.value,
        "category": alert.category.value,
        "text": alert.text,
        "trade_id": alert.trade_id,
        "first_ns": alert.first_ns,
        "last_ns": alert.last_ns,
        "count": alert.count,
        "over": alert.over_ns is not None,
    }
