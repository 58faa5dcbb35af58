"""The first step of a start: database and journal become one snapshot."""

from collections.abc import Sequence

import msgspec

from tradebot.core.records import Record, Snapshot
from tradebot.errors import DamageError, StoreError
from tradebot.ports import Store
from tradebot.stores.journal import Recovered
from tradebot.stores.snapshot import replayed


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a start goes on with."""

    snapshot: Snapshot
    behind: tuple[Record, ...] = ()  # not in the database: the persister's first transaction,
    frame: int = 0  # with this frame
    why: str | None = None  # what the database said


async def restore(store: Store, recovered: Recovered) -> Restored:
    """Bring the journal's later frames into the database and load.

    Committed first and loaded then, so that the database's own version rules decide. When it
    can be read but not written (a full disk) the frames are replayed in memory instead: the
    trades are guarded, and ``behind`` waits to be committed.

    Raises:
        DamageError: the database is damaged.
        StoreError: it cannot be read.
    """
    if not recovered.frames:
        return Restored(snapshot=await store.load())
    frames: Sequence[Sequence[Record]] = [records for _, records in recovered.frames]
    records = tuple(record for frame in frames for record in frame)
    last = recovered.frames[-1][0]
    try:
        await store.commit(records, last, full_sync=True)
    except DamageError:
        raise
    except StoreError as error:
        snapshot = replayed(await store.load(), frames)
        return Restored(snapshot=snapshot, behind=records, frame=last, why=str(error))
    return Restored(snapshot=await store.load(), frame=last)
