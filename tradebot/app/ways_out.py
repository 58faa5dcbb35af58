"""The ways out of the house that the settings name, each with its outbox."""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from random import SystemRandom

from tradebot.alerts.mail import Mail
from tradebot.alerts.smtp import Security, Server
from tradebot.alerts.telegram import Telegram
from tradebot.alerts.webhook import Webhook
from tradebot.app.alerting import Alerting
from tradebot.app.sink_secrets import secret_of, sinks_of, unsent
from tradebot.clock import WallClock
from tradebot.config.settings import Mode, Settings, Tls
from tradebot.core.alerting.alerts import Severity
from tradebot.core.secret import Secret
from tradebot.errors import ConfigError
from tradebot.metrics import Figure
from tradebot.ports import AlertSink
from tradebot.services.outbox import Outbox


def whose(settings: Settings) -> str:
    """Return which daemon a letter is of; nobody must take a shadow's exits for real ones."""
    name = f"tradebot {settings.account.id}"
    return f"{name} (shadow: nothing is sent)" if settings.mode is Mode.SHADOW else name


class WaysOut:
    """An outbox for each sink. A secret that is missing costs its own sink alone."""

    def __init__(self, settings: Settings, alerting: Alerting) -> None:
        """Read the secrets and make the sinks; nothing is sent yet."""
        self.settings = settings.alerts
        self.whose = whose(settings)
        self.reasons: list[str] = []  # for which a sink that is named cannot send
        self.random = SystemRandom()
        self.outboxes: dict[str, Outbox] = {}
        self.chat: Telegram | None = None
        self._alerting = alerting
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._add_telegram()
        self._add_webhook()
        self._add_email()

    def secret(self, name: str) -> Secret | None:
        """Return the secret of a sink; None: it is not named, or its secret is of no use."""
        sink = next((sink for sink in sinks_of(self.settings) if sink.name == name), None)
        if sink is None:
            return None
        try:
            return secret_of(sink, os.environ)
        except ConfigError as error:
            self.reasons.append(unsent(name, str(error)))
            self._alerting.say("alerts.no_sink", "error", sink=name, why=str(error))
            return None

    async def send_last(self, within_s: float) -> bool:
        """Send what waits, before the end; whether any of the ways has taken all of it.

        A sink that breaks is one that took nothing: what ends us is the news, and not this.
        """
        sent = await asyncio.gather(
            *(outbox.send_last(within_s) for outbox in self.outboxes.values()),
            return_exceptions=True,
        )
        return True in sent

    async def close(self) -> None:
        """Let go of the connections, once nothing is sent any more."""
        for close in self._closing:
            await close()

    def figures(self) -> list[Figure]:
        """Return what became of the letters, by sink."""
        found: dict[str, Figure] = {}
        for outbox in self.outboxes.values():
            for figure in outbox.figures():
                known = found.get(figure.name)
                values = {**(known.values if known else {}), **figure.values}
                found[figure.name] = Figure(
                    name=figure.name, text=figure.text, labels=figure.labels, values=values
                )
        return list(found.values())

    def _add_telegram(self) -> None:
        named, alerting = self.settings.telegram, self._alerting
        token = self.secret("telegram")
        if token is None:
            return
        wall = WallClock()  # its messages carry Telegram's time
        self.chat = Telegram(token, named.chat, server=named.server, clock=wall, say=alerting.say)
        self._add(self.chat, named.min, self.chat.close)

    def _add_webhook(self) -> None:
        url = self.secret("webhook")
        if url is not None:
            webhook = Webhook(url)
            self._add(webhook, self.settings.webhook.min, webhook.close)

    def _add_email(self) -> None:
        named = self.settings.email
        password = self.secret("email")
        if named.server is None or password is None:
            return
        server = Server(
            host=named.server.host,
            port=named.server.port,
            security=Security(named.tls.value),
            context=None if named.tls is Tls.NONE else ssl.create_default_context(),
            user=named.user,
            password=password,
        )
        mail = Mail(server, named.sender, named.to, clock=WallClock())
        self._add(mail, named.min, mail.close)

    def _add(self, sink: AlertSink, least: Severity, close: Callable[[], Awaitable[None]]) -> None:
        alerts = self._alerting.alerts
        outbox = Outbox(
            sink,
            least=least,
            whose=self.whose,
            alert=alerts.take,
            clock=self._alerting.clock,
            say=self._alerting.say,
            random=self.random,
        )
        alerts.listen(outbox.offer)
        self.outboxes[sink.name] = outbox
        self._closing.append(close)
