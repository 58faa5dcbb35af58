"""Store and journal in memory: the same transactions, for tests and the simulated world.

Both can die as a process does. ``killed`` returns the next life with all that the operating
system had; ``power_cut`` the next life with what was on the disk. The old handle then
refuses every call.
"""

from collections.abc import Sequence

from tradebot.core.records import Record, Snapshot, Told, TradeSaved
from tradebot.errors import StoreError
from tradebot.ports import TradeKey
from tradebot.stores.journal import Recovered
from tradebot.stores.rows import packed, unpacked
from tradebot.stores.snapshot import EXECUTION_DAYS, Tables

_Transaction = tuple[tuple[Record, ...], int]


class MemoryStore:
    """The store without a file."""

    def __init__(self, *, execution_days: float = EXECUTION_DAYS) -> None:
        self.epoch = 1
        self.frame = 0
        self.frame_on_disk = 0
        self._execution_days = execution_days
        self._live = Tables()
        self._on_disk = Tables()
        self._unsynced: list[_Transaction] = []  # committed, and not on the disk
        self._closed = False

    async def load(self) -> Snapshot:
        return self._tables().snapshot(self._execution_days)

    async def commit(self, records: Sequence[Record], frame: int, *, full_sync: bool) -> None:
        """Apply records; without full sync a power cut takes them back."""
        tables = self._tables()
        for record in records:
            tables.apply(record)
        self.frame = max(self.frame, frame)
        self._unsynced.append((tuple(records), self.frame))
        if full_sync:
            self._to_disk(len(self._unsynced))

    async def history(
        self, *, limit: int, before: int | None = None, strategy: str | None = None
    ) -> Sequence[TradeSaved]:
        return self._over(limit, before, strategy)

    async def history_keys(
        self, *, limit: int, before: int | None = None, strategy: str | None = None
    ) -> Sequence[TradeKey]:
        over = [saved.trade for saved in self._over(limit, before, strategy)]
        return [TradeKey(trade.number, trade.trade_id, trade.version) for trade in over]

    async def trade(self, trade_id: str) -> TradeSaved | None:
        return self._tables().trades.get(trade_id)

    async def story(self, trade_id: str) -> Sequence[Told]:
        told = sorted(self._tables().told.items())
        return [line for _, line in told if line.event.trade_id == trade_id]

    async def close(self) -> None:
        self._closed = True

    def _over(self, limit: int, before: int | None, strategy: str | None) -> Sequence[TradeSaved]:
        found = [
            saved
            for saved in self._tables().trades.values()
            if saved.trade.status.is_over
            and (before is None or saved.trade.number < before)
            and strategy in (None, saved.trade.strategy)
        ]
        return sorted(found, key=lambda saved: -saved.trade.number)[:limit]

    def killed(self) -> "MemoryStore":
        """Return the next life after kill -9: every commit is there."""
        return self.power_cut(kept=len(self._unsynced))

    def power_cut(self, kept: int = 0) -> "MemoryStore":
        """Return the next life: full-sync commits, and the first ``kept`` of those after."""
        self._closed = True
        self._to_disk(kept)
        store = MemoryStore(execution_days=self._execution_days)
        store.epoch = self.epoch + 1
        store.frame = store.frame_on_disk = self.frame_on_disk
        store._live, store._on_disk = self._on_disk.copy(), self._on_disk
        return store

    def _to_disk(self, count: int) -> None:
        for records, frame in self._unsynced[:count]:
            for record in records:
                self._on_disk.apply(record)
            self.frame_on_disk = frame
        del self._unsynced[:count]

    def _tables(self) -> Tables:
        if self._closed:
            raise StoreError("the memory store is closed")
        return self._live


class MemoryJournal:
    """The journal without a file. Records pass through bytes, as in the real one."""

    def __init__(self) -> None:
        self.epoch_seen = 0
        self._frames: list[tuple[int, bytes]] = []
        self._last = 0
        self._synced = 0  # frames on the disk, as a number
        self._epoch: int | None = None
        self._closed = False

    def recover(self, *, epoch: int, after: int) -> Recovered:
        """Return what was appended above frame ``after``, and go on numbering behind it."""
        self._check()
        if epoch <= self.epoch_seen:
            raise StoreError(f"epoch {self.epoch_seen} has written here, ours is {epoch}")
        self._epoch = epoch
        self._last = max(self._last, after)
        return Recovered(
            frames=tuple(
                (number, tuple(unpacked(payload)))
                for number, payload in self._frames
                if number > after
            )
        )

    @property
    def last(self) -> int:
        """The number of the last frame appended."""
        return self._last

    def append(self, records: Sequence[Record]) -> int:
        self._check()
        assert self._epoch is not None, "recover comes before append"
        self._last += 1
        self.epoch_seen = self._epoch
        self._frames.append((self._last, packed(records)))
        return self._last

    def sync(self) -> None:
        self._check()
        self._synced = self._last

    def covered(self, frame: int) -> None:
        """Let go of frames that the database has on the disk."""
        self._check()
        self._frames = [pair for pair in self._frames if pair[0] > frame]

    def close(self) -> None:
        self._closed = True

    def killed(self) -> "MemoryJournal":
        """Return the next life after kill -9: every frame is there."""
        return self.power_cut(kept=self._last - self._synced)

    def power_cut(self, kept: int = 0) -> "MemoryJournal":
        """Return the next life: synced frames, and the first ``kept`` of those after."""
        self._closed = True
        journal = MemoryJournal()
        journal._frames = [pair for pair in self._frames if pair[0] <= self._synced + kept]
        journal._last = journal._synced = journal._frames[-1][0] if journal._frames else 0
        journal.epoch_seen = self.epoch_seen
        return journal

    def _check(self) -> None:
        if self._closed:
            raise StoreError("the memory journal is closed")
