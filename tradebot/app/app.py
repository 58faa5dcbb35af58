"""The daemon's life: lock, recover, serve, reload, stop."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
from watchfiles import awatch

from tradebot import log
from tradebot.api.server import ApiServer
from tradebot.api.shapes import Readiness
from tradebot.app.collector import begin_collecting
from tradebot.app.last_words import last_words
from tradebot.app.lock import Lock, account_lock, directory_lock
from tradebot.app.notify import Notifier
from tradebot.app.parts import Parts
from tradebot.app.policy import policy_of
from tradebot.app.serving import api_server
from tradebot.app.sinks import Sinks
from tradebot.app.state import PAPER_OWNER, StateDirectory, live_owner, shadow_owner
from tradebot.config import changed
from tradebot.config.settings import Mode, Settings
from tradebot.core.inputs import PolicyChanged
from tradebot.errors import LockHeldError
from tradebot.ports import Say
from tradebot.services.reload import Reload

LOCK_WAIT_S = 5.0  # how long a daemon that is just ending may take
LOCK_PAUSE_S = 0.1
INTERRUPTED = 130  # what a shell expects after Ctrl-C
# One Ctrl-C may come twice: from the terminal to all of us, and from whoever started us.
SAME_INTERRUPT_S = 0.3


class App:
    """One daemon."""

    def __init__(
        self,
        settings: Settings,
        state: StateDirectory,
        *,
        say: Say,
        file: Path | None,
        load: Callable[[], Settings],
    ) -> None:
        """Take the settings; nothing is opened yet.

        Args:
            file: the settings' file, whose folder is watched; None: there is none.
            load: reads the settings anew; raises ConfigError where they are wrong.
        """
        self._settings = settings
        self._state = state
        self._say = say
        self._file = file
        self._load = load
        self._notifier = Notifier()
        self._told = asyncio.Event()
        self._sinks: Sinks | None = None
        self._why = ""
        self._stage = "starting"
        self._started_s = time.monotonic()
        self._watched_s = 0.0
        self._interrupted_s = 0.0

    async def run(self) -> int:
        """Live until told to stop; return the exit code.

        Raises:
            LockHeldError: another daemon guards this account.
            StoreError: what is kept cannot be read or written.
            BrokerError: the broker cannot be used.
        """
        self._state.prepare()
        lock = await self._locked()
        try:
            self._state.claim(self._owner)
            self._say_mode()
            parts = await Parts.open(self._settings, self._state, say=self._say)
            try:
                server = self._begin(parts)
            except Exception as error:
                try:
                    await parts.close()
                finally:
                    await last_words(self._settings, parts.alerting, error)
                raise
            try:
                await self._live(parts, server)
            finally:
                self._state.withdraw()
                await parts.close()
                if self._sinks is not None:
                    await self._sinks.close()
                self._report(parts)
        finally:
            lock.release()
            self._notifier.close()
        if parts.journal.is_taken_over:
            raise LockHeldError(f"another daemon has taken over {self._state.path}")
        return 1 if parts.supervisor.failure else 0

    @property
    def _owner(self) -> str:
        """Whose trades are guarded."""
        account = self._settings.account.id
        match self._settings.mode:
            case Mode.PAPER:
                return PAPER_OWNER
            case Mode.SHADOW:
                return shadow_owner(account)
            case Mode.LIVE:
                return live_owner(account)

    def _say_mode(self) -> None:
        """Say what becomes of orders, where that is not on paper as a whole."""
        said = {"account": self._settings.account.id, "broker": self._settings.venue}
        match self._settings.mode:
            case Mode.SHADOW:
                what = "nothing is sent: decisions are filled on paper"
                self._say("daemon.shadow", "warning", **said, what=what)
            case Mode.LIVE:
                self._say("daemon.real_orders", "warning", **said)

    async def _locked(self) -> Lock:
        """Take the lock; a daemon that is just ending gets some seconds to do so."""
        is_live, folder = self._settings.mode is Mode.LIVE, self._state.path
        lock = account_lock(self._owner, folder) if is_live else directory_lock(folder)
        last_s = time.monotonic() + LOCK_WAIT_S
        is_told = False
        while True:
            try:
                lock.take()
            except LockHeldError as error:
                if time.monotonic() >= last_s:
                    raise
                if not is_told:
                    self._say("lock.held", "warning", why=error, waits_s=LOCK_WAIT_S)
                is_told = True
                await asyncio.sleep(LOCK_PAUSE_S)
            else:
                return lock

    def _begin(self, parts: Parts) -> ApiServer:
        """Make the server and take its address: the last things that may keep a start from being.

        Raises:
            StoreError: the key of the local tools cannot be made or read.
            ListenError: the address is taken, or none of ours.
        """
        server = api_server(self._settings, self._state, parts, lambda: self._readiness(parts))
        server.listen()
        return server

    async def _live(self, parts: Parts, server: ApiServer) -> None:
        """Serve until a signal, or the end of a part that must not end."""
        sinks = self._sinks = Sinks(
            self._settings,
            parts,
            is_ready=lambda: self._stage == "ready",
            reasons=lambda: self._readiness(parts).reasons,
        )
        parts.on_pulse = lambda: self._feed_watchdog(parts)
        parts.supervisor.on_failure = self._tell_to_stop
        reload = Reload(
            self._settings,
            load=self._load,
            take=lambda old, new: self._take(parts, old, new),
            watch=self._folder_changes,
            say=parts.say,
        )
        self._catch_signals(parts, reload)
        parts.start()
        sinks.start()
        parts.supervisor.start("configuration", reload.run())
        parts.supervisor.start("api", server.run())
        if not self._state.announce(await server.bound()):
            parts.say("state.unannounced", "error", file=str(self._state.daemon))
        begin_collecting()
        self._stage = "ready"
        parts.say(
            "daemon.ready",
            mode=self._settings.mode.value,
            api=server.address,
            trades=len(parts.engine.book.trades),
            seconds=round(time.monotonic() - self._started_s, 3),
        )
        self._notifier.say(READY="1", STATUS=_status(parts))
        await self._told.wait()
        self._stage = "stopping"
        self._notifier.say(STOPPING="1")
        parts.say("daemon.stopping", why=self._why)
        parts.supervisor.may_end("api")
        await server.stop()

    def _catch_signals(self, parts: Parts, reload: Reload[Settings]) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._tell_to_stop, "SIGTERM")
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGHUP, reload.again, "SIGHUP")
        loop.add_signal_handler(signal.SIGUSR2, self._dump, parts)

    def _tell_to_stop(self, why: str) -> None:
        self._why = self._why or why
        self._told.set()

    def _interrupt(self) -> None:
        """Stop in order; the second time at once, as after a kill: nothing is lost by it."""
        now_s = time.monotonic()
        if not self._told.is_set():
            self._interrupted_s = now_s
            self._tell_to_stop("SIGINT")
        elif now_s - self._interrupted_s >= SAME_INTERRUPT_S:
            self._say("daemon.interrupted", "warning")
            log.close()  # its last line is on the way to the terminal
            os._exit(INTERRUPTED)

    def _take(self, parts: Parts, old: Settings, new: Settings) -> None:
        """Put new settings in force, as far as a running daemon can."""
        for change in changed(old, new):
            note = "" if change.live else "needs a restart"
            said = {"old": change.old, "new": change.new, "note": note}
            # Not as ``key``: the log hides what has the name of a secret.
            level = "info" if change.live else "warning"
            self._say("config.changed", level, setting=change.key, **said)
        # The account needs a restart: the lock, the files and the broker are the old one's.
        account = self._settings.account.id
        parts.trades.defaults = msgspec.structs.replace(new.trade_defaults, account=account)
        parts.persister.every_s = new.store.sync_every_ns / 1e9
        parts.backups.every_s = new.store.backup_every_ns / 1e9
        parts.loop.put(PolicyChanged(policy_of(new)))
        parts.recording.change(new.record)
        log.set_level(new.log.level.value)

    async def _folder_changes(self) -> AsyncIterator[object]:
        """Yield whenever something in the settings' folder has changed."""
        if self._file is None:
            await asyncio.Event().wait()
        else:
            async for changes in awatch(self._file.resolve().parent, recursive=False):
                yield changes

    def _readiness(self, parts: Parts) -> Readiness:
        """Say how far the life has come, and what keeps it from being whole.

        That the database refuses is among the guard's own doubts.
        """
        reasons = []
        if parts.journal.failing:
            reasons.append(f"the journal refuses; {parts.journal.failing}")
        reasons += [
            *parts.reasons,
            *parts.world.reasons(),
            *parts.backups.reasons(),
            *parts.ballast.reasons(),
            *parts.clock_watch.reasons(),
            *(self._sinks.reasons if self._sinks is not None else ()),
        ]
        return Readiness(is_ready=self._stage == "ready", state=self._stage, reasons=tuple(reasons))

    def _feed_watchdog(self, parts: Parts) -> None:
        """Tell systemd that the engine takes its inputs; it is told by nobody else."""
        every_s = self._notifier.watchdog_s
        now_s = time.monotonic()
        if every_s is not None and now_s - self._watched_s >= every_s / 2:
            self._watched_s = now_s
            self._notifier.say(WATCHDOG="1", STATUS=_status(parts))

    def _dump(self, parts: Parts) -> None:
        """Write tasks and state to the log, for a person who wonders."""
        for line in parts.supervisor.dump():
            self._say("dump.task", task=line)
        book = parts.engine.book
        for name, value in (
            ("trades", len(book.trades)),
            ("open_exits", sum(len(lane) for lane in book.lanes.values())),
            ("inputs_waiting", parts.loop.waiting),
            ("rows_waiting", parts.persister.waiting),
            ("ticks_judged", parts.loop.ticks_judged),
            ("ticks_thinned", parts.loop.ticks_thinned),
        ):
            self._say("dump.state", name=name, value=value)

    def _report(self, parts: Parts) -> None:
        """Say how things stand at the end."""
        book = parts.engine.book
        by_status = Counter(trade.status.value for trade in book.trades.values())
        self._say(
            "daemon.stopped",
            why=self._why,
            uptime_s=round(time.monotonic() - self._started_s, 1),
            closed=parts.trades_closed,
            open=len(book.trades),
            **{f"open_{status.lower()}": count for status, count in sorted(by_status.items())},
            exits_in_doubt=sum(
                exit_.state.is_in_doubt for lane in book.lanes.values() for exit_ in lane
            ),
            ticks=parts.loop.ticks_judged,
            unsaved=parts.persister.waiting,
        )


def _status(parts: Parts) -> str:
    """Return the line that ``systemctl status`` shows."""
    book = parts.engine.book
    return f"{len(book.trades)} trades guarded, {parts.trades_closed} closed since the start"
