"""Bringing the book's changes into the database: one writer, whole transactions."""

import asyncio
from collections.abc import Callable, Hashable

from tradebot.core.records import (
    ExecutionSaved,
    ExitSaved,
    Heard,
    HighReached,
    PositionSaved,
    Record,
    Told,
    TradeSaved,
)
from tradebot.errors import StoreError
from tradebot.ports import Say, Store

RETRY_S_MAX = 5.0
RETRY_S_MIN = 0.1


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
            covered: told the last journal frame that the database holds.
        """
        self.every_s = every_s
        self._store = store
        self._say = say
        self._covered = covered
        self._waiting: dict[Hashable, Record] = {}
        self._frame = 0
        self._wanted = asyncio.Event()
        self._askers: list[asyncio.Future[None]] = []
        self.failing_since_frame: int | None = None  # the database refuses; None: it does not
        self.commits = 0

    def keep(self, records: list[Record], frame: int) -> None:
        """Take a turn's records; the newest state of a row replaces the one that waits."""
        for record in records:
            name = _row_of(record)
            self._waiting.pop(name, None)
            self._waiting[name] = record
        self._frame = max(self._frame, frame)

    @property
    def waiting(self) -> int:
        """Rows that are not in the database yet."""
        return len(self._waiting)

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
        batch, self._waiting = self._waiting, {}
        askers, self._askers = self._askers, []
        frame = self._frame
        if not batch and not askers:
            return
        try:
            await self._store.commit(list(batch.values()), frame, full_sync=bool(askers))
        except StoreError as error:
            self._failed(batch, askers, error)
            return
        except asyncio.CancelledError:
            self._waiting = batch | self._waiting
            raise
        self.commits += 1
        if self.failing_since_frame is not None:
            self.failing_since_frame = None
            self._say("store.back", "warning", rows=len(batch))
        self._covered(frame)
        for asker in askers:
            if not asker.done():
                asker.set_result(None)

    def _failed(
        self, batch: dict[Hashable, Record], askers: list[asyncio.Future[None]], error: StoreError
    ) -> None:
        self._waiting = batch | self._waiting  # what came meanwhile is newer
        if self.failing_since_frame is None:
            self.failing_since_frame = self._frame
            self._say("store.failed", "critical", error=str(error), rows=len(self._waiting))
        for asker in askers:
            if not asker.done():
                asker.set_exception(error)


def _row_of(record: Record) -> Hashable:
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
        case Heard():
            return "heard"


async def _either(wanted: asyncio.Event, within_s: float) -> None:
    """Wait for an event, but no longer than this."""
    try:
        async with asyncio.timeout(within_s):
            await wanted.wait()
    except TimeoutError:
        return
