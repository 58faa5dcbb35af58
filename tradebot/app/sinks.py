"""The ways out of the house that the settings name, with a task for each."""

import os
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from random import SystemRandom

from tradebot.alerts.mail import Mail
from tradebot.alerts.ping import Ping
from tradebot.alerts.smtp import Security, Server
from tradebot.alerts.telegram import Telegram
from tradebot.alerts.webhook import Webhook
from tradebot.app.parts import Parts
from tradebot.app.sink_secrets import secret_of, sinks_of, unsent
from tradebot.clock import WallClock
from tradebot.config.settings import Mode, Settings, Tls
from tradebot.core.alerts import Severity
from tradebot.core.secret import Secret
from tradebot.errors import ConfigError
from tradebot.metrics import Figure
from tradebot.ports import AlertSink
from tradebot.services.daily_report import DailyReport
from tradebot.services.digest import Digest
from tradebot.services.halts import Halts
from tradebot.services.heartbeat import Heartbeat
from tradebot.services.outbox import Outbox
from tradebot.services.spoken import Spoken

Reasons = Callable[[], Sequence[str]]


def whose(settings: Settings) -> str:
    """Return which daemon a letter is of; nobody must take a shadow's exits for real ones."""
    name = f"tradebot {settings.account.id}"
    return f"{name} (shadow: nothing is sent)" if settings.mode is Mode.SHADOW else name


class Sinks:
    """Everything that sends alerts. A secret that is missing costs its own sink alone."""

    def __init__(
        self, settings: Settings, parts: Parts, *, is_ready: Callable[[], bool], reasons: Reasons
    ) -> None:
        """Read the secrets and make the sinks; nothing is sent yet.

        Args:
            is_ready: whether the daemon guards.
            reasons: those for which it is degraded.
        """
        self._settings = settings.alerts
        self._parts = parts
        self._is_ready = is_ready
        self._whose = whose(settings)
        self.reasons: list[str] = []  # for which a sink that is named cannot send
        self._random = SystemRandom()
        self._outboxes: dict[str, Outbox] = {}
        self._tasks: dict[str, Callable[[], Coroutine[None, None, None]]] = {}
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._turns = -1  # of the engine, at the last heartbeat
        digest = Digest(parts.trades, parts.alerting.alerts, reasons=reasons)
        parts.alerting.letters = self.figures
        self._add_telegram(digest)
        self._add_webhook()
        self._add_email()
        self._add_heartbeat()
        if self._settings.daily_report_minutes is not None:
            zones = [session.zone for session in settings.sessions.values()]
            report = DailyReport(
                digest,
                [outbox.post for outbox in self._outboxes.values()],
                whose=self._whose,
                minutes=self._settings.daily_report_minutes,
                zone=zones[0] if zones else "UTC",
                clock=parts.clock,
                wall=WallClock(),
            )
            self._tasks["daily report"] = report.run

    def start(self) -> None:
        """Start the tasks; the guard can do without each of them."""
        for name, run in self._tasks.items():
            self._parts.supervisor.attend(name, run)

    async def close(self) -> None:
        """Let go of the connections, once the tasks have been stopped."""
        for close in self._closing:
            await close()

    def figures(self) -> list[Figure]:
        """Return what became of the letters, by sink."""
        found: dict[str, Figure] = {}
        for outbox in self._outboxes.values():
            for figure in outbox.figures():
                known = found.get(figure.name)
                values = {**(known.values if known else {}), **figure.values}
                found[figure.name] = Figure(
                    name=figure.name, text=figure.text, labels=figure.labels, values=values
                )
        return list(found.values())

    def _add_telegram(self, digest: Digest) -> None:
        named, parts = self._settings.telegram, self._parts
        token = self._secret("telegram")
        if token is None:
            return
        wall = WallClock()  # its messages carry Telegram's time
        chat = Telegram(token, named.chat, server=named.server, clock=wall, say=parts.say)
        self._add(chat, named.min, chat.close)
        if named.commands:
            spoken = Spoken(
                chat,
                named.commands,
                trades=parts.trades,
                halts=Halts(parts.loop, durable=parts.trades.durable, clock=parts.clock),
                status=digest.status,
                say=parts.say,
                random=self._random,
            )
            self._tasks["words of telegram"] = spoken.run

    def _add_webhook(self) -> None:
        url = self._secret("webhook")
        if url is not None:
            webhook = Webhook(url)
            self._add(webhook, self._settings.webhook.min, webhook.close)

    def _add_email(self) -> None:
        named = self._settings.email
        password = self._secret("email")
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

    def _add_heartbeat(self) -> None:
        url = self._secret("dead man")
        if url is None:
            return
        ping = Ping(url)
        heartbeat = Heartbeat(
            ping.call,
            is_well=self._is_well,
            alert=self._parts.alerting.alerts.take,
            say=self._parts.say,
        )
        self._tasks["heartbeat"] = heartbeat.run
        self._closing.append(ping.close)

    def _add(self, sink: AlertSink, least: Severity, close: Callable[[], Awaitable[None]]) -> None:
        alerts = self._parts.alerting.alerts
        outbox = Outbox(
            sink,
            least=least,
            whose=self._whose,
            alert=alerts.take,
            clock=self._parts.clock,
            say=self._parts.say,
            random=self._random,
        )
        alerts.listen(outbox.offer)
        self._outboxes[sink.name] = outbox
        self._tasks[f"alerts by {sink.name}"] = outbox.run
        self._closing.append(close)

    def _is_well(self) -> bool:
        """Whether the daemon is ready, and its engine has taken something since the last call."""
        turns, self._turns = self._turns, self._parts.loop.turns
        return self._is_ready() and turns != self._turns

    def _secret(self, name: str) -> Secret | None:
        """Return the secret of a sink; None: it is not named, or its secret is of no use."""
        sink = next((sink for sink in sinks_of(self._settings) if sink.name == name), None)
        if sink is None:
            return None
        try:
            return secret_of(sink, os.environ)
        except ConfigError as error:
            self.reasons.append(unsent(name, str(error)))
            self._parts.say("alerts.no_sink", "error", sink=name, why=str(error))
            return None
