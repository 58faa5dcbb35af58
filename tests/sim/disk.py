"""The disks of one life: twins of journal and database that refuse, lie and die."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradebot.core.records import Record, Snapshot, Told, TradeSaved
from tradebot.errors import StoreError
from tradebot.ports import TradeKey
from tradebot.stores.memory import MemoryJournal, MemoryStore

if TYPE_CHECKING:
    from tests.sim.life import Life
    from tests.sim.world import World


class SimulatedJournal:
    """The journal of one life over what is kept on its disk."""

    def __init__(self, world: "World", life: "Life", kept: MemoryJournal) -> None:
        self._world = world
        self._life = life
        self._kept = kept
        self._unsynced: list[Record] = []

    def append(self, records: Sequence[Record]) -> int:
        self._reach()
        self._world.journal_is_behind = False
        frame = self._kept.append(records)
        self._unsynced += records
        self._world.promises.requests.are_written(records)
        self._life.step()
        return frame

    def sync(self) -> None:
        self._reach()
        self._kept.sync()
        self._world.promises.requests.are_durable(self._unsynced)
        self._unsynced.clear()
        self._life.step()

    def covered(self, frame: int) -> None:
        self._reach()
        self._kept.covered(frame)

    def _reach(self) -> None:
        self._life.step()
        if self._world.journal_refuses:
            self._world.seen["the journal refused"] += 1
            self._world.journal_is_behind = True
            raise StoreError("the journal's disk is full")


class SimulatedStore:
    """The database of one life; its commits take time, as those of a thread do."""

    def __init__(self, world: "World", life: "Life", kept: MemoryStore) -> None:
        self._world = world
        self._life = life
        self._kept = kept

    async def load(self) -> Snapshot:
        return await self._kept.load()

    async def commit(self, records: Sequence[Record], frame: int, *, full_sync: bool) -> None:
        world, life = self._world, self._life
        life.step()
        await world.sleep(world.rng.uniform(0.0001, 0.01))
        life.step()
        refuses = world.store_refuses
        if refuses:
            world.seen["the database refused"] += 1
            if not world.happens("commit_lies"):
                raise StoreError("database is locked")
            world.seen["the database refused what it had applied"] += 1
        await self._kept.commit(records, frame, full_sync=full_sync)
        world.promises.requests.are_written(records)
        if full_sync:
            world.promises.requests.are_durable(records)
        await world.sleep(world.rng.uniform(0.0001, 0.01))
        life.step()
        if refuses:
            raise StoreError("disk I/O error")

    async def history(
        self, *, limit: int, before: int | None = None, strategy: str | None = None
    ) -> Sequence[TradeSaved]:
        return await self._kept.history(limit=limit, before=before, strategy=strategy)

    async def history_keys(
        self, *, limit: int, before: int | None = None, strategy: str | None = None
    ) -> Sequence[TradeKey]:
        return await self._kept.history_keys(limit=limit, before=before, strategy=strategy)

    async def trade(self, trade_id: str) -> TradeSaved | None:
        return await self._kept.trade(trade_id)

    async def story(self, trade_id: str) -> Sequence[Told]:
        return await self._kept.story(trade_id)

    async def close(self) -> None:
        return
