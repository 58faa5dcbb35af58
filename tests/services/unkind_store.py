"""A persister before a store whose commits wait and refuse when told to."""

import asyncio
from collections.abc import Sequence

from tests.services.fakes import Said
from tradebot.core.records import Record
from tradebot.errors import StoreError
from tradebot.services.persister import Persister
from tradebot.stores.memory import MemoryStore


class UnkindStore(MemoryStore):
    """A store in memory whose commits are noted, can wait, and can refuse in two ways."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[tuple[list[Record], int, bool]] = []
        self.refuses = ""  # "before": nothing is applied; "after": all is, and it raises
        self.error: BaseException = StoreError("the disk is full")
        self.gate: asyncio.Event | None = None  # a commit waits for it
        self.at_gate = asyncio.Event()

    async def commit(self, records: Sequence[Record], frame: int, *, full_sync: bool) -> None:
        self.commits.append((list(records), frame, full_sync))
        if self.gate is not None:
            self.at_gate.set()
            await self.gate.wait()
        if self.refuses == "before":
            raise self.error
        await super().commit(records, frame, full_sync=full_sync)
        if self.refuses == "after":
            raise self.error


class World:
    """A persister between what it is given and a store."""

    def __init__(self) -> None:
        self.store = UnkindStore()
        self.said = Said()
        self.covered: list[int] = []
        self.persister = Persister(
            self.store, every_s=3_600, say=self.said, covered=self.covered.append
        )

    def start(self) -> "asyncio.Task[None]":
        return asyncio.create_task(self.persister.run())

    async def trade(self, trade_id: str = "T1"):
        saved = await self.store.trade(trade_id)
        return saved and saved.trade.version


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
