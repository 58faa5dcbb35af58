"""What every store and every journal promises, asked of each."""

import asyncio
import itertools
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stores.samples import (
    a_decision,
    a_halt,
    a_high,
    a_line,
    a_position,
    a_trade,
    an_execution,
    an_exit,
    an_uncovered,
    as_an_engine,
    records,
)
from tradebot.core.guard.trades import Side, Status
from tradebot.core.leaving.exit import State
from tradebot.core.records import Heard, Snapshot
from tradebot.errors import StoreError
from tradebot.ports import Journal, Store
from tradebot.stores.journal import FileJournal
from tradebot.stores.memory import MemoryJournal, MemoryStore
from tradebot.stores.restore import restore
from tradebot.stores.snapshot import DAY_NS, Tables, replayed
from tradebot.stores.sqlite import SqliteStore

BATCHES = st.lists(st.lists(records(), max_size=6), max_size=8)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request, tmp_path):
    made = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "t.db")
    port: Store = made
    yield port
    await made.close()


@pytest.fixture(params=["memory", "file"])
def journal(request, tmp_path):
    made = MemoryJournal() if request.param == "memory" else FileJournal.open(tmp_path)
    port: Journal = made
    yield port
    made.close()


async def committed(store, *items):
    await store.commit(items, 0, full_sync=False)
    return await store.load()


async def test_an_empty_store_loads_an_empty_snapshot(store):
    assert await store.load() == Snapshot()
    assert await store.trade("T1") is None
    assert await store.history(limit=10) == []
    assert list(await store.story("T1")) == []


async def test_every_kind_of_record_comes_back_as_it_was(store):
    trade, exit_, execution, position = a_trade(7), an_exit(7), an_execution(), a_position()
    high, line, heard = a_high(3, 812.35), a_decision(9, 7), Heard(seq=4, at_ns=2**62)
    halt, uncovered = a_halt(3), an_uncovered(quantity=Decimal("0.5"), unguarded_since_ns=2**61)
    snapshot = await committed(
        store, trade, exit_, execution, position, high, line, heard, halt, uncovered
    )
    assert snapshot == Snapshot(
        trades=(trade,),
        highs=(high,),
        exits=(exit_.exit,),
        executions=(execution.execution,),
        positions=(position.position,),
        trades_made=7,
        lines_told=9,
        heard=heard,
        halt=halt.halt,
        uncovered=(uncovered.uncovered,),
    )
    assert await store.trade("T7") == trade
    assert await store.story("T7") == [line]


@pytest.mark.parametrize("version", [4, 5])
async def test_a_lower_or_equal_version_changes_nothing(store, version):
    first = [a_trade(version=5), an_exit(version=5), a_position(1, version=5)]
    late = [
        a_trade(version=version, status=Status.CLOSED),
        an_exit(version=version, state=State.DONE),
        a_position(2, version=version),
    ]
    before = await committed(store, *first)
    assert await committed(store, *late) == before


async def test_a_higher_version_replaces(store):
    await committed(store, a_trade(version=1), an_exit(version=1), a_position(1, version=1))
    trade, exit_ = a_trade(version=3, tag="b"), an_exit(version=2, state=State.WORKING)
    position = a_position(9, version=2)
    snapshot = await committed(store, trade, exit_, position)
    assert snapshot.trades == (trade,)
    assert snapshot.exits == (exit_.exit,)
    assert snapshot.positions == (position.position,)


async def test_executions_and_story_lines_are_only_appended(store):
    before = await committed(store, an_execution(price="800"), a_line(1, why="first"))
    assert await committed(store, an_execution(price="1"), a_line(1, why="second")) == before
    assert await store.story("T1") == [a_line(1, why="first")]


async def test_the_inputs_heard_never_fall_back(store):
    await committed(store, Heard(seq=5, at_ns=9))
    snapshot = await committed(store, Heard(seq=4, at_ns=10), Heard(seq=5, at_ns=8))
    assert snapshot.heard == Heard(seq=5, at_ns=9)
    assert (await committed(store, Heard(seq=5, at_ns=11))).heard == Heard(seq=5, at_ns=11)


async def test_the_halt_of_the_highest_version_is_in_force(store):
    await committed(store, a_halt(3, None), a_halt(2))
    snapshot = await committed(store, a_halt(1), a_halt(3))
    assert snapshot.halt == a_halt(3, None).halt


async def test_what_nobody_watched_is_loaded_of_the_newest_days(store):
    late, line = an_uncovered("2026-01-09"), an_uncovered("2026-01-03", trade_id="")
    over = [an_uncovered("2026-01-02"), an_uncovered("2026-01-01", trade_id="T2")]
    snapshot = await committed(store, late, *over, line)
    assert snapshot.uncovered == (over[0].uncovered, line.uncovered, late.uncovered)
    newer = an_uncovered("2026-01-09", version=2)
    snapshot = await committed(store, newer, late, an_uncovered("2026-01-11"))
    assert [row.version for row in snapshot.uncovered] == [2, 1]


async def test_what_is_over_is_history_and_not_loaded(store):
    over = a_trade(1, version=2, status=Status.CLOSED)
    snapshot = await committed(
        store, a_trade(1), an_exit(1), a_trade(2), an_exit(2, state=State.DONE), over
    )
    assert [saved.trade.trade_id for saved in snapshot.trades] == ["T2"]
    assert snapshot.exits == ()
    assert snapshot.trades_made == 2
    assert await store.trade("T1") == over
    assert await store.history(limit=9) == [over]


async def test_history_is_newest_first_and_pages_by_number(store):
    over = [
        a_trade(n, status=Status.CLOSED, strategy="even" if n % 2 == 0 else "odd")
        for n in range(1, 8)
    ]
    await committed(store, *over, a_trade(8))
    assert await store.history(limit=3) == [over[6], over[5], over[4]]
    assert await store.history(limit=3, before=5) == [over[3], over[2], over[1]]
    assert await store.history(limit=9, strategy="even") == [over[5], over[3], over[1]]
    assert await store.history(limit=1, before=6, strategy="even") == [over[3]]


async def test_the_keys_of_history_are_those_of_its_trades(store):
    over = [a_trade(n, 2, status=Status.CLOSED, strategy="ab"[n % 2]) for n in range(1, 6)]
    await committed(store, *over, a_trade(6))
    assert await store.history_keys(limit=2) == [(5, "T5", 2), (4, "T4", 2)]
    for asked in ({"limit": 9}, {"limit": 2, "before": 5}, {"limit": 9, "strategy": "b"}):
        trades = [saved.trade for saved in await store.history(**asked)]
        keys = [(trade.number, trade.trade_id, trade.version) for trade in trades]
        assert await store.history_keys(**asked) == keys


async def test_only_executions_of_the_last_days_are_loaded_in_order_of_arrival(store):
    old, edge, late, new = (
        an_execution("a", 0), an_execution("b", DAY_NS),
        an_execution("c", 3 * DAY_NS), an_execution("d", 2 * DAY_NS),
    )  # fmt: skip
    snapshot = await committed(store, old, late, new, edge)
    assert snapshot.executions == (late.execution, new.execution, edge.execution)


@pytest.mark.parametrize("order", [*itertools.permutations([(1, 105.0), (2, 101.0), (3, 103.0)])])
@pytest.mark.parametrize(("side", "kept"), [(Side.LONG, (1, 3)), (Side.SHORT, (2, 3))])
async def test_a_line_keeps_the_highs_that_no_later_one_betters(store, order, side, kept):
    highs = [a_high(number, price, f"NSE:SBIN {side} last") for number, price in order]
    snapshot = await committed(store, a_trade(side=side), *highs)
    assert tuple(high.number for high in snapshot.highs) == kept


async def test_highs_that_every_open_trade_has_seen_are_not_loaded_but_the_last(store):
    highs = [a_high(number, 110.0 - number) for number in range(1, 6)]
    seen = [a_trade(1, highs_seen=4), a_trade(2, highs_seen=2)]
    snapshot = await committed(store, *highs, *seen, a_high(8, 1.0, "X:Y LONG mid"))
    assert [high.number for high in snapshot.highs] == [3, 4, 5, 8]


async def test_a_closed_store_refuses_and_closes_again(store):
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.load()


async def test_frames_are_remembered_and_never_fall_back(store):
    await store.commit([], 7, full_sync=False)
    assert (store.frame, store.frame_on_disk) == (7, 0)
    await store.commit([], 5, full_sync=True)
    assert (store.frame, store.frame_on_disk) == (7, 7)


@given(batches=BATCHES)
@settings(deadline=None, max_examples=60)
def test_stores_hold_the_same_after_any_records(batches):
    """The database's SQL, the memory store and a replay of frames are one set of rules."""

    async def scenario(directory):
        sqlite, memory = await SqliteStore.open(Path(directory) / "t.db"), MemoryStore()
        try:
            for frame, batch in enumerate(batches, start=1):
                full = frame % 2 == 0
                await sqlite.commit(batch, frame, full_sync=full)
                await memory.commit(batch, frame, full_sync=full)
            assert await sqlite.load() == await memory.load()
            assert await sqlite.history(limit=99) == await memory.history(limit=99)
            for trade in range(1, 7):
                assert await sqlite.story(f"T{trade}") == await memory.story(f"T{trade}")
        finally:
            await sqlite.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(scenario(directory))


@given(batches=BATCHES, data=st.data())
@settings(deadline=None, max_examples=60)
def test_killed_anywhere_nothing_appended_is_lost(batches, data):
    """Frames up to one are in the database; the rest comes from the journal."""
    batches = as_an_engine(batches)
    committed_up_to = data.draw(st.integers(0, len(batches)))
    lost_after = data.draw(st.integers(committed_up_to, len(batches)))
    model = Tables()
    for batch in batches[:lost_after]:
        for record in batch:
            model.apply(record)

    async def scenario(directory):
        path = Path(directory) / "t.db"
        store = await SqliteStore.open(path)
        journal = FileJournal.open(Path(directory) / "journal", segment_bytes=4096)
        journal.recover(epoch=store.epoch, after=store.frame)
        for number, batch in enumerate(batches[:lost_after], start=1):
            assert journal.append(batch) == number
            if number <= committed_up_to:
                await store.commit(batch, number, full_sync=True)
                journal.covered(store.frame_on_disk)
        await store.close()  # of the file nothing but the handle is lost by a kill

        again = FileJournal.open(Path(directory) / "journal")
        store = await SqliteStore.open(path, epoch_above=again.epoch_seen)
        try:
            recovered = again.recover(epoch=store.epoch, after=store.frame)
            assert recovered.damage == ()
            before = await store.load()
            restored = await restore(store, recovered)
            assert restored.snapshot == model.snapshot()
            assert restored.behind == ()
            in_memory = replayed(before, [records for _, records in recovered.frames])
            assert _unordered(in_memory) == _unordered(model.snapshot())
        finally:
            again.close()
            journal.close()
            await store.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(scenario(directory))


@given(batch=st.lists(records(), max_size=12), data=st.data())
@settings(deadline=None)
def test_duplicates_and_any_order_are_harmless(batch, data):
    shuffled = data.draw(st.permutations(batch + batch))
    in_order, in_disorder = Tables(), Tables()
    for tables, items in ((in_order, batch), (in_disorder, shuffled)):
        for record in items:
            tables.apply(record)
    assert _unordered(in_order.snapshot()) == _unordered(in_disorder.snapshot())


def _unordered(snapshot):
    return (set(snapshot.executions), *(getattr(snapshot, f) for f in _ORDERED))


_ORDERED = ("trades", "highs", "exits", "positions", "trades_made", "lines_told", "heard")


def test_a_journal_gives_back_what_was_appended_above_a_frame(journal, tmp_path):
    assert journal.recover(epoch=1, after=0).frames == ()
    assert [journal.append([a_trade(1)]), journal.append([an_exit(1), a_line(1)])] == [1, 2]
    assert journal.last == 2
    again = _next_life(journal, tmp_path)
    assert again.epoch_seen == 1
    assert again.recover(epoch=2, after=1).frames == ((2, (an_exit(1), a_line(1))),)
    assert again.append([]) == 3
    again.close()


def test_a_journal_numbers_on_behind_the_database(journal):
    journal.recover(epoch=1, after=41)
    assert journal.append([a_trade()]) == 42


def test_a_journal_refuses_an_epoch_that_is_not_newer(journal, tmp_path):
    journal.recover(epoch=3, after=0)
    journal.append([a_trade()])
    again = _next_life(journal, tmp_path)
    with pytest.raises(StoreError, match="epoch 3 has written here, ours is 3"):
        again.recover(epoch=3, after=0)


def _next_life(journal, tmp_path):
    if isinstance(journal, MemoryJournal):
        return journal.killed()
    journal.close()
    return FileJournal.open(tmp_path)
