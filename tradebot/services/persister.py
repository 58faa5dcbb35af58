"""Bringing the book's changes into the database: one writer, whole transactions."""

import asyncio
from collections.abc import Callable, Hashable

from tradebot.core.guard.lines import split_line_name
from tradebot.core.guard.trades import Trade
from tradebot.core.records import (
    ExecutionSaved,
    ExitSaved,
    FindingsSaved,
    HaltSaved,
    Heard,
    HighReached,
    PositionSaved,
    Record,
    Told,
    TradeSaved,
    UncoveredSaved,
)
from tradebot.errors import StoreError
from tradebot.ports import Say, Store

RETRY_S_MAX = 5.0
RETRY_S_MIN = 0.1
FULL_SYNC_EVERY = 40  # commits: the journal may let go only of what is on the disk


class Persister:
    """What waits for the database, newest state per row, and the task that commits it.

    A commit that raised may have happened: records are versioned, so giving them again
    changes nothing. While the database refuses, the guard goes on from memory and the
    rows wait here.
    """

    def __init__(
        self,
        store: Store,
        *,
        every_s: float,
        say: Say,
        covered: Callable[[int], None],
    ) -> None:
        """Take the store.

        Args:
            every_s: the longest time that a change waits, in seconds.
            covered: told the last journal frame that the database holds; what it raises as
                StoreError is told, and stops nothing.
        """
        self.every_s = every_s
        self._store = store
        self._say = say
        self._covered = covered
        self._waiting: dict[Hashable, Record] = {}
        self._written: dict[Hashable, Record] = {}  # the last batch, or the one on its way
        self._highs: dict[str, HighReached] = {}  # the last one of each line that waits
        self._frame = 0
        self._frame_committed = 0
        self._unsynced = 0  # commits since the last one with full sync
        self._wanted = asyncio.Event()
        self._askers: list[asyncio.Future[None]] = []
        # The last frame in the database when it began to refuse; None: it does not refuse.
        self.failing_since_frame: int | None = None
        self.commits = 0
        self.on_back: Callable[[], None] = lambda: None  # told when it has stopped refusing
        self._cover_failed = False

    def keep(self, records: list[Record], frame: int) -> None:
        """Take a turn's records; the newest state of a row replaces the one that waits."""
        for record in records:
            if type(record) is HighReached:
                self._supersede(record)
            name = row_of(record)
            self._waiting.pop(name, None)
            self._waiting[name] = record
        self._frame = max(self._frame, frame)

    @property
    def waiting(self) -> int:
        """Rows that are not in the database yet."""
        return len(self._waiting)

    def refused(self, why: str) -> None:
        """Take it that the database refuses already; from the start on it is tried again."""
        self._failed([], StoreError(why))

    def trade(self, trade_id: str) -> Trade | None:
        """Return the newest state of a trade that waits for the database or is on its way."""
        name = "trade", trade_id  # as ``row_of`` says it
        found = self._waiting.get(name) or self._written.get(name)
        return found.trade if isinstance(found, TradeSaved) else None

    async def flush(self) -> None:
        """Wait until all that waits now is on the database's disk.

        Raises:
            StoreError: it refused; the rows go on waiting.
        """
        asker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._askers.append(asker)
        self._wanted.set()
        await asker

    async def run(self) -> None:
        """Commit for ever."""
        pause_s = RETRY_S_MIN
        while True:
            if self.failing_since_frame is None:
                await _either(self._wanted, self.every_s)
                pause_s = RETRY_S_MIN
            else:
                await _either(self._wanted, pause_s)
                pause_s = min(2 * pause_s, RETRY_S_MAX)
            await self.commit()

    async def commit(self) -> None:
        """Write what waits in one transaction; at the disk if somebody waits for it."""
        self._wanted.clear()
        batch, self._waiting, self._highs = self._waiting, {}, {}
        self._written = batch
        askers, self._askers = self._askers, []
        frame = self._frame
        if not batch and not askers and self.failing_since_frame is None:
            return
        full_sync = bool(askers) or self._unsynced >= FULL_SYNC_EVERY - 1
        try:
            await self._store.commit(list(batch.values()), frame, full_sync=full_sync)
        except StoreError as error:
            self._give_back(batch)
            self._failed(askers, error)
            return
        except BaseException:
            self._give_back(batch)
            self._askers = askers + self._askers
            raise
        self.commits += 1
        self._unsynced = 0 if full_sync else self._unsynced + 1
        self._frame_committed = frame
        if self.failing_since_frame is not None:
            self.failing_since_frame = None
            self._say("store.back", "warning", rows=len(batch))
            self.on_back()
        for asker in askers:
            if not asker.done():
                asker.set_result(None)
        self._cover(frame)

    def _give_back(self, batch: dict[Hashable, Record]) -> None:
        """Let what was not committed wait again; what came meanwhile is newer."""
        self._waiting = batch | self._waiting

    def _failed(self, askers: list[asyncio.Future[None]], error: StoreError) -> None:
        if self.failing_since_frame is None:
            self.failing_since_frame = self._frame_committed
            self._say("store.failed", "critical", error=str(error), rows=len(self._waiting))
        for asker in askers:
            if not asker.done():
                asker.set_exception(error)

    def _cover(self, frame: int) -> None:
        """Let the journal go on; files that it cannot remove are no reason to stop."""
        try:
            self._covered(frame)
        except StoreError as error:
            if not self._cover_failed:
                self._say("journal.kept", "warning", error=str(error))
            self._cover_failed = True
        else:
            self._cover_failed = False

    def _supersede(self, high: HighReached) -> None:
        """Drop the waiting high that this later one equals or betters: nobody needs it."""
        last = self._highs.get(high.line)
        if last is not None:
            _, side, _ = split_line_name(high.line)
            if side.sign * (high.price - last.price) >= 0:
                self._waiting.pop(row_of(last), None)
        self._highs[high.line] = high


def row_of(record: Record) -> Hashable:
    """Return the name of the row that a record is the state of."""
    match record:
        case TradeSaved(trade=trade):
            return "trade", trade.trade_id
        case ExitSaved(exit=exit_):
            return "exit", exit_.trade_id, exit_.number
        case PositionSaved(position=position):
            return "position", position.key
        case ExecutionSaved(execution=execution):
            return "execution", execution.execution_id
        case HighReached(line=line, number=number):
            return "high", line, number
        case Told(number=number):
            return "told", number
        case UncoveredSaved(uncovered=uncovered):
            return "uncovered", *uncovered.name
        case HaltSaved(halt=halt):
            return "halt", halt.version
        case Heard():
            return "heard"
        case FindingsSaved():
            return "findings"


async def _either(wanted: asyncio.Event, within_s: float) -> None:
    """Wait for an event, but no longer than this."""
    try:
        async with asyncio.timeout(within_s):
            await wanted.wait()
    except TimeoutError:
        return
