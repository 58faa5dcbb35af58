"""Letters on their way out by one sink: a bounded queue that holds up nobody who fills it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from random import Random

from tradebot.core.alerting.alerts import Alert, Category, Change, Over, Raised, Severity
from tradebot.core.backoff import pause_s
from tradebot.errors import AlertError
from tradebot.metrics import Figure
from tradebot.ports import AlertSink, Clock, Letter, Say

WAITING_MAX = 200  # alerts; above it what is least severe and oldest is left out, and counted
LETTERS_MAX = 5  # other letters; above it the oldest goes
TRIES_MAX = 10  # of one of these: it waits behind the alerts, and must not slow them for ever
OF_ONE_LETTER = 10
OLD_NS = 3_600_000_000_000  # what could not leave for so long is no news any more
BETWEEN_S = 3.0  # between two letters: chats take about twenty a minute
SEND_S_MAX = 20.0
PAUSE_S_MAX = 900.0
_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
_MARKS = {Severity.CRITICAL: "CRITICAL", Severity.WARNING: "warning", Severity.INFO: "info"}


class Outbox:
    """One sink with what waits for it.

    An alert that waits is replaced by its newer state. Several go in one letter. A sink that
    fails is tried again, ever more rarely; that it fails is told once, by the log and by an
    alert, which the other sinks take.
    """

    def __init__(
        self,
        sink: AlertSink,
        *,
        least: Severity,
        whose: str,
        alert: Callable[[Sequence[Change]], None],
        clock: Clock,
        say: Say,
        random: Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the sink; nothing is sent before ``run``.

        Args:
            least: what is less severe is not sent here.
            whose: which daemon it is, for the subject.
            alert: takes what is to be told of the sink itself.
        """
        self._sink = sink
        self._least = least
        self._whose = whose
        self._alert = alert
        self._clock = clock
        self._say = say
        self._random = random
        self._sleep = sleep
        self._alerts: dict[int, Alert] = {}
        self._letters: deque[Letter] = deque(maxlen=LETTERS_MAX)
        self._wake = asyncio.Event()
        self._tries = 0  # of the first of these letters
        self._left_out = 0  # since the last letter
        self._failures = 0  # in a row
        self._counted = {"sent": 0, "failed": 0, "left_out": 0}

    @property
    def key(self) -> str:
        """The matter of this sink's failing."""
        return f"sink:{self._sink.name}"

    def offer(self, alert: Alert) -> None:
        """Have an alert sent; never waits."""
        if not alert.severity.reaches(self._least) or alert.key == self.key:
            return
        self._alerts[alert.number] = alert
        if len(self._alerts) > WAITING_MAX:
            self._leave_out(min(self._alerts.values(), key=_rank))
        self._wake.set()

    def post(self, letter: Letter) -> None:
        """Have a letter of its own sent; never waits."""
        self._letters.append(letter)
        self._wake.set()

    async def run(self) -> None:
        """Send what waits, for ever."""
        while True:
            self._forget_old()
            if not self._alerts and not self._letters:
                self._wake.clear()
                await self._wake.wait()
            await self._sleep(await self._one())

    async def send_last(self, within_s: float) -> bool:
        """Send the alerts that wait, without any pause; whether all of them have left in time."""
        try:
            async with asyncio.timeout(within_s):
                while self._alerts and not self._failures:
                    await self._one()
        except TimeoutError:
            return False
        return not self._failures

    def figures(self) -> Iterator[Figure]:
        """Yield what became of the letters of this sink."""
        for word, count in self._counted.items():
            yield Figure(
                name=f"tradebot_alert_letters_{word}_total",
                text=f"Letters that a sink has {word.replace('_', ' ')}.",
                labels=("sink",),
                values={(self._sink.name,): count},
            )

    async def _one(self) -> float:
        """Send one letter; return how long to wait before the next one."""
        # The worst first, and of these the oldest: sorting keeps their order.
        batch = sorted(self._alerts.values(), key=_rank, reverse=True)[:OF_ONE_LETTER]
        letter = self._written(batch) if batch else self._letters[0]
        is_known = False  # what came of it
        try:
            async with asyncio.timeout(SEND_S_MAX):
                await self._sink.send(letter)
            is_known = True
        except TimeoutError:
            is_known = True
            return self._failed(letter, AlertError(f"no answer within {SEND_S_MAX:g} s"))
        except AlertError as error:
            is_known = True
            return self._failed(letter, error)
        finally:
            if not is_known:  # a bug of ours: the same letter would meet it for ever
                self._drop(letter, batch)
        self._succeeded()
        if letter.alerts:
            self._left_out = 0
            for alert in batch:
                if self._alerts.get(alert.number) is alert:  # else it has changed meanwhile
                    del self._alerts[alert.number]
        else:
            self._take_out(letter)
        return BETWEEN_S

    def _drop(self, letter: Letter, batch: Sequence[Alert]) -> None:
        if not letter.alerts:
            self._take_out(letter)
        for alert in batch:
            self._leave_out(alert)

    def _take_out(self, letter: Letter) -> None:
        self._tries = 0
        if self._letters and self._letters[0] is letter:  # else it gave way meanwhile
            self._letters.popleft()

    def _written(self, batch: Sequence[Alert]) -> Letter:
        lines = [line_of(alert) for alert in batch]
        more = len(self._alerts) - len(batch)
        subject = lines[0] if len(lines) == 1 else f"{len(lines)} alerts"
        if more:
            lines.append(f"... and {more} more")
        if self._left_out:
            lines.append(f"{self._left_out} others were left out: see tradebot alerts")
        return Letter(
            subject=f"{self._whose}: {subject}", text="\n".join(lines), alerts=tuple(batch)
        )

    def _failed(self, letter: Letter, error: AlertError) -> float:
        if not letter.alerts:
            self._tries += 1
            if self._tries >= TRIES_MAX:
                self._take_out(letter)
        self._failures += 1
        self._counted["failed"] += 1
        if self._failures == 1:
            self._say("alerts.not_sent", "error", sink=self._sink.name, error=str(error))
            raised = Raised(
                key=self.key,
                category=Category.SYSTEM,
                severity=Severity.WARNING,
                text=f"alerts cannot be sent by {self._sink.name}: {error}",
                lasts=True,
            )
            self._alert((raised,))
        pause = pause_s(self._failures + 1, self._random.random())
        asked_s = min(error.retry_after_s or 0.0, PAUSE_S_MAX)
        return max(pause, asked_s, BETWEEN_S)

    def _succeeded(self) -> None:
        self._counted["sent"] += 1
        if self._failures:
            self._failures = 0
            self._say("alerts.sent_again", "warning", sink=self._sink.name)
        self._alert((Over(key=self.key),))

    def _forget_old(self) -> None:
        now_ns = self._clock.now_ns()
        for alert in list(self._alerts.values()):
            if now_ns - max(alert.last_ns, alert.over_ns or 0) > OLD_NS and not alert.insists:
                self._leave_out(alert)

    def _leave_out(self, alert: Alert) -> None:
        self._alerts.pop(alert.number, None)
        self._left_out += 1
        self._counted["left_out"] += 1


def _rank(alert: Alert) -> int:
    return _RANKS[alert.severity]


def line_of(alert: Alert) -> str:
    """Return an alert as one line of a letter."""
    mark = _MARKS[alert.severity] if alert.over_ns is None else "over"
    count = f" ({alert.count} times)" if alert.count > 1 else ""
    return f"{mark}: {alert.text}{count} [{alert.id}]"
