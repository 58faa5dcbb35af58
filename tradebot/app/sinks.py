"""Everything that leaves the house while a daemon runs, with a task for each."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence

from tradebot.alerts.ping import Ping
from tradebot.app.parts import Parts
from tradebot.app.ways_out import WaysOut
from tradebot.clock import WallClock
from tradebot.config.settings import Settings
from tradebot.services.daily_report import DailyReport
from tradebot.services.digest import Digest
from tradebot.services.halts import Halts
from tradebot.services.heartbeat import Heartbeat
from tradebot.services.spoken import Spoken

Reasons = Callable[[], Sequence[str]]


class Sinks:
    """Alerts on their way out, the words of the chat, the daily report and the heartbeat."""

    def __init__(
        self, settings: Settings, parts: Parts, *, is_ready: Callable[[], bool], reasons: Reasons
    ) -> None:
        """Read the secrets and make the sinks; nothing is sent yet.

        Args:
            is_ready: whether the daemon guards.
            reasons: those for which it is degraded.
        """
        self._parts = parts
        self._is_ready = is_ready
        self._ways = ways = WaysOut(settings, parts.alerting)
        self._turns = -1  # of the engine, at the last heartbeat
        self._closing: list[Callable[[], Awaitable[None]]] = [ways.close]
        self._tasks: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            f"alerts by {name}": outbox.run for name, outbox in ways.outboxes.items()
        }
        digest = Digest(parts.trades, parts.alerting.alerts, reasons=reasons)
        self.figures = parts.alerting.letters = ways.figures
        self._add_words(digest)
        self._add_heartbeat()
        if ways.settings.daily_report_minutes is not None:
            zones = [session.zone for session in settings.sessions.values()]
            report = DailyReport(
                digest,
                [outbox.post for outbox in ways.outboxes.values()],
                whose=ways.whose,
                minutes=ways.settings.daily_report_minutes,
                zone=zones[0] if zones else "UTC",
                clock=parts.clock,
                wall=WallClock(),
            )
            self._tasks["daily report"] = report.run

    @property
    def reasons(self) -> Sequence[str]:
        """Say of each sink that is named and cannot send why."""
        return self._ways.reasons

    def start(self) -> None:
        """Start the tasks; the guard can do without each of them."""
        for name, run in self._tasks.items():
            self._parts.supervisor.attend(name, run)

    async def close(self) -> None:
        """Let go of the connections, once the tasks have been stopped."""
        for close in self._closing:
            await close()

    def _add_words(self, digest: Digest) -> None:
        """Hear the chat, as far as its words are named."""
        chat, commands, parts = self._ways.chat, self._ways.settings.telegram.commands, self._parts
        if chat is None or not commands:
            return
        spoken = Spoken(
            chat,
            commands,
            trades=parts.trades,
            halts=Halts(parts.loop, durable=parts.trades.durable, clock=parts.clock),
            status=digest.status,
            say=parts.say,
            random=self._ways.random,
        )
        self._tasks["words of telegram"] = spoken.run

    def _add_heartbeat(self) -> None:
        url = self._ways.secret("dead man")
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

    def _is_well(self) -> bool:
        """Whether the daemon is ready, and its engine has taken something since the last call."""
        turns, self._turns = self._turns, self._parts.loop.turns
        return self._is_ready() and turns != self._turns
