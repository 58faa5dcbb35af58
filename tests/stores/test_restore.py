"""A start brings database and journal together, also when one of them is ill."""

from tests.stores.samples import a_line, a_trade, an_exit
from tradebot.core.guard.trades import Status
from tradebot.errors import StoreError
from tradebot.stores.journal import Recovered
from tradebot.stores.memory import MemoryStore
from tradebot.stores.restore import Restored, restore


class FullDisk(MemoryStore):
    """It can be read."""

    async def commit(self, records, frame, *, full_sync):
        raise StoreError("tradebot.db: database or disk is full")


async def test_without_frames_the_database_is_the_truth():
    store = MemoryStore()
    await store.commit([a_trade(1)], 3, full_sync=True)
    assert await restore(store, Recovered()) == Restored(snapshot=await store.load())


async def test_later_frames_are_committed_and_loaded():
    store = MemoryStore()
    await store.commit([a_trade(1), a_trade(2, 5, status=Status.CLOSED)], 3, full_sync=True)
    frames = ((4, (a_trade(1, 2), a_trade(2, 4))), (5, (an_exit(1), a_line(1))))
    restored = await restore(store, Recovered(frames=frames))
    assert restored.snapshot.trades == (a_trade(1, 2),)  # the old word of T2 changes nothing
    assert restored.snapshot.exits == (an_exit(1).exit,)
    assert (restored.behind, restored.frame, restored.why) == ((), 5, None)
    assert store.frame_on_disk == 5
    assert await store.story("T1") == [a_line(1)]


async def test_a_database_that_cannot_be_written_leaves_the_trades_guarded():
    frames = ((4, (a_trade(1, 2),)), (5, (an_exit(1),)))
    restored = await restore(FullDisk(), Recovered(frames=frames))
    assert restored.snapshot.trades == (a_trade(1, 2),)
    assert restored.snapshot.exits == (an_exit(1).exit,)
    assert restored.behind == (a_trade(1, 2), an_exit(1))
    assert restored.frame == 5
    assert restored.why == "tradebot.db: database or disk is full"
