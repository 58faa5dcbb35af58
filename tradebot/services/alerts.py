"""The alerts in force: raised, grown, over, acknowledged, listed, and kept on disk."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from tradebot.core.alerting.alerts import (
    Alert,
    Category,
    Change,
    Over,
    Raised,
    Severity,
    acked,
    again,
    begun,
    number_of,
    over,
)
from tradebot.core.words.did_you_mean import shown
from tradebot.errors import InputError, NotFoundError, StoreError
from tradebot.metrics import Figure
from tradebot.ports import AlertStore, Clock, Say

KEPT_MAX = 1_000
SPARE = 250  # above it they are thinned at once: looking through all for each would add up
EVERY_S = 1.0
INSIST_NS = 60_000_000_000
AGAIN_NS = 600_000_000_000  # what comes and goes is told of once in this time
DURABLE_S_MAX = 1.0

_SEVERITY_WORDS = list(Severity)


class Alerts:
    """All alerts by number. ``take`` never waits; two tasks tell of them and write them down.

    Above ``KEPT_MAX`` the oldest leave the memory, first those that nobody waits for; they
    stay in the file's older part.
    """

    def __init__(self, store: AlertStore, kept: Sequence[Alert], *, clock: Clock, say: Say) -> None:
        """Go on with what an earlier life kept."""
        self._store = store
        self._clock = clock
        self._say = say
        self._all = {alert.number: alert for alert in sorted(kept, key=lambda a: a.number)}
        self._by_key = {alert.key: alert.number for alert in self._all.values()}
        self._made = max(self._all, default=0)
        self._unsaved: dict[int, Alert] = {}
        self._waiters: list[asyncio.Future[None]] = []  # for what they changed to be on the disk
        self._wake = asyncio.Event()
        self._is_refused = False
        self._lasting = {alert.number for alert in self._all.values() if alert.holds}
        self._earlier = set(self._lasting)  # of an earlier life, and not heard of in this one
        # When it was told last; whether as over. What an earlier life could not send is news.
        self._told = {alert.number: (0, False) for alert in self._all.values() if alert.unsent}
        self._raised: Counter[tuple[str, ...]] = Counter()
        self._listeners: list[Callable[[Alert], None]] = []

    def listen(self, listener: Callable[[Alert], None]) -> None:
        """Have each alert told that is news, insists, or is over; the listener never waits.

        What was told in this life before is told at once, and what an earlier one left unsent.
        """
        self._listeners.append(listener)
        for number in self._told:
            listener(self._all[number])

    def leave_unsent(self, *, is_unsent: bool) -> None:
        """Have what was told in this life told by the next one too, or no more."""
        for number in self._told:
            alert = self._all[number]
            if alert.unsent is not is_unsent:
                self._put(msgspec.structs.replace(alert, unsent=is_unsent))

    def take(self, changes: Sequence[Change]) -> None:
        """Take what has happened."""
        now_ns = self._clock.now_ns()
        for change in changes:
            if isinstance(change, Raised):
                self._raise(change, now_ns)
            else:
                self._end(change, now_ns)

    def settle(self, still_holds: Callable[[Alert], bool]) -> None:
        """End what lasted in an earlier life and is not known to last in this one.

        What is said every minute is left to those who say it. What was insisted on is told to
        be over. A life that has come so far has taken over what an earlier one left unsent.
        """
        now_ns = self._clock.now_ns()
        for number in sorted(self._earlier & self._lasting):
            alert = self._all[number]
            if not alert.is_repeated and not still_holds(alert):
                ended = self._put(over(alert, now_ns))
                if alert.insists:
                    self._tell(ended, now_ns)
        self.leave_unsent(is_unsent=False)

    def acknowledge(self, name: str, by: str) -> Alert:
        """Take a person's word that an alert was seen.

        Raises:
            NotFoundError: there is no such alert.
        """
        alert = self._all.get(number_of(name) or 0)
        if alert is None:
            raise NotFoundError(f"there is no alert {shown(name)}")
        return self._put(acked(alert, by, self._clock.now_ns()))

    def acknowledge_through(self, name: str, by: str) -> int:
        """Take a person's word that all alerts up to one were seen; return how many were new.

        Raises:
            InputError: it is no id of an alert.
        """
        last = number_of(name)
        if last is None:
            message = f"through = {shown(name)}: must be the id of an alert, like A17"
            raise InputError("through", message)
        now_ns = self._clock.now_ns()
        unseen = [a for a in self._all.values() if a.number <= last and not a.is_acked]
        for alert in unseen:
            self._put(acked(alert, by, now_ns))
        return len(unseen)

    def listed(
        self,
        *,
        least: Severity = Severity.INFO,
        category: Category | None = None,
        is_acked: bool | None = None,
        below: int | None = None,
    ) -> Iterator[Alert]:
        """Yield alerts, newest first; ``below``: only those before this number."""
        for alert in reversed(list(self._all.values())):
            if (
                alert.severity.reaches(least)
                and category in (None, alert.category)
                and is_acked in (None, alert.is_acked)
                and (below is None or alert.number < below)
            ):
                yield alert

    async def run(self) -> None:
        """Tell again what insists, and end what is said no longer, for ever."""
        while True:
            self.look()
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        """Look once."""
        now_ns = self._clock.now_ns()
        for alert in self._holding():
            told_ns, _ = self._told.get(alert.number, (0, False))
            if alert.is_quiet(now_ns):
                self._end(Over(key=alert.key), now_ns)
            elif alert.insists and now_ns - told_ns >= INSIST_NS:
                self._tell(alert, now_ns)

    async def write(self) -> None:
        """Bring what has changed to the file, for ever; a disk that hangs holds up only this."""
        while True:
            self._wake.clear()
            waiters, self._waiters = self._waiters, []
            try:
                await self._save(sync=bool(waiters))
            except StoreError as error:
                self._note_refusal(str(error))
                for waiter in waiters:
                    if not waiter.done():
                        waiter.set_exception(error)
            else:
                self._note_refusal("")
                for waiter in waiters:
                    if not waiter.done():
                        waiter.set_result(None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._wake.wait()

    async def durable(self) -> None:
        """Wait until what has changed so far survives a power cut.

        Raises:
            StoreError: the disk refuses, or does not answer.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._wake.set()
        try:
            async with asyncio.timeout(DURABLE_S_MAX):
                await waiter
        except TimeoutError:
            raise StoreError(f"the disk does not answer within {DURABLE_S_MAX:g} s") from None

    async def close(self) -> None:
        """Write the last changes, after both tasks have been stopped."""
        try:
            async with asyncio.timeout(DURABLE_S_MAX):
                await self._save(sync=True)
        except (StoreError, TimeoutError) as error:
            self._note_refusal(str(error) or "it does not answer")

    def figures(self) -> Iterator[Figure]:
        """Yield how many were raised, and how many nobody has seen."""
        yield Figure(
            name="tradebot_alerts_total",
            text="Alerts raised, by category and severity.",
            labels=("category", "severity"),
            values=self._raised,
        )
        unseen = Counter((a.severity.value,) for a in self._all.values() if not a.is_acked)
        yield Figure(
            name="tradebot_alerts_unacknowledged",
            text="Alerts that nobody has acknowledged, by severity.",
            labels=("severity",),
            values={(word.value,): unseen[word.value,] for word in _SEVERITY_WORDS},
        )

    def _raise(self, raised: Raised, now_ns: int) -> None:
        known = self._all.get(self._by_key.get(raised.key, 0))
        if known is not None and known.is_same(raised, now_ns):
            self._earlier.discard(known.number)
            was_over = known.lasts and not known.holds
            alert = self._put(again(known, raised, now_ns))
            told_ns = self._told.get(alert.number, (0, False))[0]
            worse = alert.severity is not known.severity
            if worse or (was_over and now_ns - told_ns >= AGAIN_NS):
                self._tell(alert, now_ns)
            return
        if known is not None and known.holds:
            self._put(over(known, now_ns))
        self._made += 1
        alert = self._put(begun(self._made, raised, now_ns))
        self._by_key[alert.key] = alert.number
        self._raised[alert.category.value, alert.severity.value] += 1
        self._tell(alert, now_ns)
        if len(self._all) > KEPT_MAX + SPARE:
            self._thin()

    def _end(self, change: Over, now_ns: int) -> None:
        alert = self._all.get(self._by_key.get(change.key, 0))
        if alert is None or not alert.holds:
            return
        alert = self._put(over(alert, now_ns))
        told = self._told.get(alert.number)
        if told is not None and not told[1]:
            self._tell(alert, now_ns)

    def _holding(self) -> list[Alert]:
        return [self._all[number] for number in sorted(self._lasting)]

    def _put(self, alert: Alert) -> Alert:
        if self._all.get(alert.number) is not alert:
            self._all[alert.number] = self._unsaved[alert.number] = alert
            (self._lasting.add if alert.holds else self._lasting.discard)(alert.number)
        return alert

    def _tell(self, alert: Alert, now_ns: int) -> None:
        self._told[alert.number] = (now_ns, alert.over_ns is not None)
        for listener in self._listeners:
            listener(alert)

    def _thin(self) -> None:
        """Let go of enough: of what is settled, then of what is over, then of the oldest."""
        everything = list(self._all.values())  # from the oldest
        settled = [alert for alert in everything if alert.is_settled]
        happened = [a for a in everything if not a.holds and not a.is_settled]
        lasting = [alert for alert in everything if alert.holds]
        for alert in [*settled, *happened, *lasting][: len(everything) - KEPT_MAX]:
            del self._all[alert.number]
            self._lasting.discard(alert.number)
            if self._is_refused:  # what no disk takes must not fill the memory
                self._unsaved.pop(alert.number, None)
            self._told.pop(alert.number, None)
            if self._by_key.get(alert.key) == alert.number:
                del self._by_key[alert.key]

    async def _save(self, *, sync: bool) -> None:
        changed, self._unsaved = self._unsaved, {}
        if not changed and not sync:
            return
        is_kept = False
        try:
            await self._store.keep(list(changed.values()), sync=sync)
            is_kept = True
        finally:
            if not is_kept:  # what has changed since is newer
                self._unsaved = {**changed, **self._unsaved}
        if self._store.is_full:
            await self._store.begin_anew(list(self._all.values()))

    def _note_refusal(self, why: str) -> None:
        if why and not self._is_refused:
            self._say("alerts.unsaved", "warning", error=why)
        elif self._is_refused and not why:
            self._say("alerts.saved", "warning")
        self._is_refused = bool(why)
