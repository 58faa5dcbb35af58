"""What changes reaches the database: newest first, in whole transactions, and never lost."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.unkind_store import World, turns
from tests.stores.samples import (
    a_high,
    a_line,
    a_position,
    a_trade,
    an_execution,
    an_exit,
    records,
)
from tradebot.core.records import Heard, Record
from tradebot.errors import StoreError
from tradebot.services import persister as persister_module
from tradebot.services.persister import FULL_SYNC_EVERY, row_of
from tradebot.stores.snapshot import Tables

# One row, its newest state.


async def test_of_a_row_only_the_newest_state_is_committed_and_rows_keep_their_order():
    world = World()
    world.persister.keep([a_trade(1, 1), an_exit(1, 1, 1), a_line(1)], 1)
    world.persister.keep([a_position(5, 1), a_trade(1, 2), a_line(2), Heard(seq=4, at_ns=4)], 2)
    assert world.persister.waiting == 6
    await world.persister.commit()
    (committed, frame, full_sync) = world.store.commits[0]
    newest = [an_exit(1, 1, 1), a_line(1), a_position(5, 1), a_trade(1, 2), a_line(2)]
    assert committed == [*newest, Heard(seq=4, at_ns=4)]
    assert (frame, full_sync) == (2, False)
    assert world.persister.waiting == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (a_trade(1), a_trade(2)),
        (an_exit(1, 1), an_exit(1, 2)),
        (an_exit(1, 1), an_exit(2, 1)),
        (an_execution("e1"), an_execution("e2")),
        (a_line(1), a_line(2)),
        (a_high(1, 100.0), a_high(1, 100.0, "NSE:TCS LONG last")),
        (a_high(1, 100.0), a_high(2, 99.0)),
        (a_position(key=("a", "N", "S", "MIS")), a_position(key=("a", "N", "S", "NRML"))),
    ],
)
def test_rows_that_are_not_the_same_do_not_replace_each_other(one, other):
    world = World()
    world.persister.keep([one, other], 1)
    world.persister.keep([one, other], 2)
    assert world.persister.waiting == 2


def test_of_ever_better_highs_of_a_line_the_best_alone_waits():
    world = World()
    for number in range(1, 10_001):
        world.persister.keep([a_high(number, 100.0 + number)], number)
        world.persister.keep([a_high(number, 100.0 - number / 1e3, "NSE:SBIN SHORT last")], number)
    assert world.persister.waiting == 2


@given(st.lists(records(), max_size=40), st.integers(1, 9))
def test_what_is_committed_after_any_records_is_what_all_of_them_would_have_made(given, size):
    # Numbers and versions ascend, as an engine gives them.
    given = _ascending(given)
    world = World()

    async def committed() -> Tables:
        for start in range(0, len(given), size):
            world.persister.keep(given[start : start + size], start)
            if start % 2:
                await world.persister.commit()
        await world.persister.commit()
        return world.store._live

    told = Tables()
    for record in given:
        told.apply(record)
    made = asyncio.run(committed())
    assert vars(made) == vars(told)


def _ascending(given: list[Record]) -> list[Record]:
    """Return records in the order of their versions, each of a row given once."""

    def version(record: Record) -> int:
        for name in ("trade", "exit", "position"):
            if hasattr(record, name):
                return int(getattr(record, name).version)
        return int(getattr(record, "number", getattr(record, "seq", 0)))

    once = {(row_of(record), version(record)): record for record in given}
    return sorted(once.values(), key=version)


async def test_whoever_reads_again_what_was_written_hears_once_that_it_can_be_written():
    world, heard = World(), []
    world.persister.on_back = lambda: heard.append(world.store.frame)
    world.persister.keep([a_trade(1, 1)], 1)
    for refuses in ("before", "after", "before"):
        world.store.refuses = refuses
        await world.persister.commit()
        world.persister.keep([a_trade(1, 2), a_line(2)], 2)
    assert heard == []
    world.store.refuses = ""
    for _ in range(3):
        await world.persister.commit()
    assert heard == [2]


# Flush.


async def test_a_flush_returns_once_what_waits_is_on_the_disk():
    world = World()
    task = world.start()
    world.persister.keep([a_trade()], 7)
    await world.persister.flush()
    assert world.store.commits[0][2] is True
    assert world.store.frame_on_disk == 7
    assert await world.store.power_cut().trade("T1") is not None
    task.cancel()


async def test_a_flush_with_nothing_waiting_brings_earlier_commits_to_the_disk():
    world = World()
    world.persister.keep([a_trade()], 7)
    await world.persister.commit()
    assert world.store.frame_on_disk == 0
    task = world.start()
    await world.persister.flush()
    assert world.store.frame_on_disk == 7
    task.cancel()


async def test_a_flush_during_a_commit_waits_for_what_came_after_that_commit_began():
    world = World()
    world.store.gate = asyncio.Event()
    task = world.start()
    world.persister.keep([a_trade(1, 1)], 1)
    first = asyncio.ensure_future(world.persister.flush())
    await world.store.at_gate.wait()
    world.persister.keep([a_trade(1, 2)], 2)
    second = asyncio.ensure_future(world.persister.flush())
    await turns()
    assert not first.done()
    world.store.gate.set()
    await second
    assert first.done()
    assert [frame for _, frame, _ in world.store.commits] == [1, 2]
    assert await world.trade() == 2
    task.cancel()


async def test_a_flush_fails_when_the_store_does_and_the_rows_wait():
    world = World()
    world.store.refuses = "before"
    task = world.start()
    world.persister.keep([a_trade()], 1)
    with pytest.raises(StoreError, match="the disk is full"):
        await world.persister.flush()
    assert world.persister.waiting == 1
    world.store.refuses = ""
    await world.persister.flush()
    assert await world.trade() == 1
    task.cancel()


async def test_who_no_longer_waits_for_a_flush_disturbs_nobody():
    world = World()
    world.store.gate = asyncio.Event()
    task = world.start()
    world.persister.keep([a_trade()], 1)
    asked = [asyncio.ensure_future(world.persister.flush()) for _ in range(3)]
    await world.store.at_gate.wait()
    asked[0].cancel()
    world.store.gate.set()
    await asyncio.gather(*asked[1:])
    asked = [asyncio.ensure_future(world.persister.flush()) for _ in range(2)]
    world.store.refuses = "before"
    world.store.gate.clear()
    world.store.at_gate.clear()
    await world.store.at_gate.wait()
    asked[0].cancel()
    world.store.gate.set()
    with pytest.raises(StoreError):
        await asked[1]
    task.cancel()


# A store that refuses.


@pytest.mark.parametrize("refuses", ["before", "after"])
async def test_a_failed_commit_loses_nothing_and_newer_states_win(refuses):
    world = World()
    world.store.refuses = refuses
    world.persister.keep([a_trade(1, 1), a_line(1)], 1)
    await world.persister.commit()
    world.persister.keep([a_trade(1, 2), a_line(2)], 2)
    await world.persister.commit()
    assert world.persister.waiting == 3
    world.store.refuses = ""
    await world.persister.commit()
    assert world.store.commits[-1][0] == [a_line(1), a_trade(1, 2), a_line(2)]
    assert await world.trade() == 2
    assert [line.number for line in await world.store.story("T1")] == [1, 2]


async def test_a_refusal_is_told_once_and_its_end_too():
    world = World()
    world.persister.keep([a_trade(1, 1)], 3)
    await world.persister.commit()
    assert world.persister.failing_since_frame is None
    world.store.refuses = "before"
    for version in (2, 3, 4):
        world.persister.keep([a_trade(1, version)], 3 + version)
        await world.persister.commit()
    assert vars(world.persister)["failing_since_frame"] == 3, "the last one in the database"
    world.store.refuses = ""
    await world.persister.commit()
    assert world.persister.failing_since_frame is None
    assert world.said.lines == [
        ("store.failed", "critical", {"error": "the disk is full", "rows": 1}),
        ("store.back", "warning", {"rows": 1}),
    ]


async def test_a_database_that_refused_at_the_start_is_tried_until_it_does_not():
    world = World()
    world.persister.refused("the disk is full")
    assert world.persister.failing_since_frame == 0
    world.store.refuses = "before"
    await world.persister.commit()
    assert world.said.lines == [
        ("store.failed", "critical", {"error": "the disk is full", "rows": 0})
    ]
    world.store.refuses = ""
    await world.persister.commit()
    assert world.said.events[-1] == "store.back"
    assert world.store.commits == [([], 0, False)] * 2


async def test_a_database_that_refused_is_tried_again_though_nothing_waits():
    world = World()
    world.store.refuses = "before"
    task = world.start()
    with pytest.raises(StoreError):
        await world.persister.flush()
    world.store.refuses = ""
    await world.persister.commit()
    assert world.said.events == ["store.failed", "store.back"]
    task.cancel()


async def test_without_anything_to_write_nothing_is_written():
    world = World()
    await world.persister.commit()
    assert world.store.commits == []


async def test_only_what_is_committed_is_covered():
    world = World()
    world.store.gate = asyncio.Event()
    world.persister.keep([a_trade(1, 1)], 1)
    commit = asyncio.create_task(world.persister.commit())
    await world.store.at_gate.wait()
    world.persister.keep([a_trade(1, 2)], 2)
    world.store.gate.set()
    await commit
    assert world.covered == [1]
    world.store.refuses = "before"
    await world.persister.commit()
    assert world.covered == [1]
    world.store.refuses = ""
    await world.persister.commit()
    assert world.covered == [1, 2]


async def test_a_frame_that_came_late_never_lowers_the_one_that_is_told():
    world = World()
    world.persister.keep([a_trade(1, 2)], 9)
    world.persister.keep([a_line(1)], 8)
    await world.persister.commit()
    assert world.covered == [9]


async def test_a_journal_file_that_cannot_be_removed_stops_nobody_and_is_told_once():
    world = World()
    refuses = True

    def covered(_frame: int) -> None:
        if refuses:
            raise StoreError("cannot remove")

    world.persister._covered = covered
    task = world.start()
    for version in (1, 2):
        world.persister.keep([a_trade(1, version)], version)
        await world.persister.flush()
    refuses = False
    await world.persister.flush()
    refuses = True
    await world.persister.flush()
    assert world.said.events == ["journal.kept", "journal.kept"]
    assert not task.done()
    task.cancel()


async def test_the_database_reaches_the_disk_now_and_then_though_nobody_asks():
    world = World()
    for number in range(2 * FULL_SYNC_EVERY):
        world.persister.keep([a_line(number + 1)], number + 1)
        await world.persister.commit()
    assert sum(full_sync for _, _, full_sync in world.store.commits) == 2
    assert world.store.frame_on_disk == 2 * FULL_SYNC_EVERY


# The task.


async def test_a_commit_that_is_cancelled_gives_back_its_rows_and_its_askers():
    world = World()
    world.store.gate = asyncio.Event()
    task = world.start()
    world.persister.keep([a_trade(1, 1), a_line(1)], 1)
    asked = asyncio.ensure_future(world.persister.flush())
    await world.store.at_gate.wait()
    world.persister.keep([a_trade(1, 2)], 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.persister.waiting == 2
    world.store.gate.set()
    await world.persister.commit()
    await asked
    assert world.store.commits[-1] == ([a_trade(1, 2), a_line(1)], 2, True)


async def test_an_error_that_nobody_expects_ends_the_task_and_loses_no_row():
    world = World()
    world.store.refuses, world.store.error = "before", ZeroDivisionError("a bug")
    task = world.start()
    world.persister.keep([a_trade()], 1)
    asked = asyncio.ensure_future(world.persister.flush())
    with pytest.raises(ZeroDivisionError):
        await task
    assert world.persister.waiting == 1
    asked.cancel()


async def test_the_pause_between_tries_grows_to_its_bound_and_starts_anew(monkeypatch):
    waited = list[float]()
    world = World()

    async def either(_wanted: asyncio.Event, within_s: float) -> None:
        waited.append(within_s)
        world.store.refuses = "before" if len(waited) % 10 else ""
        world.persister.keep([a_line(len(waited))], len(waited))
        if len(waited) == 13:
            await asyncio.Event().wait()

    monkeypatch.setattr(persister_module, "_either", either)
    task = world.start()
    await turns(100)
    growing = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert waited == pytest.approx([3_600, *growing, 3_600, *growing[:2]])
    task.cancel()


async def test_a_change_is_committed_when_its_time_comes_though_nobody_asks():
    world = World()
    world.persister.every_s = 0
    task = world.start()
    world.persister.keep([a_trade()], 1)
    await turns(100)
    assert await world.trade() == 1
    task.cancel()
