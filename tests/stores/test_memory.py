"""The memory twins die as the real ones do."""

import pytest

from tests.stores.samples import a_line, a_trade, an_execution
from tradebot.core.guard.trades import Status
from tradebot.errors import StoreError
from tradebot.stores.memory import MemoryJournal, MemoryStore


async def a_store():
    store = MemoryStore()
    await store.commit([a_trade(1)], 1, full_sync=False)
    await store.commit([a_trade(2)], 2, full_sync=True)
    await store.commit([a_trade(3)], 3, full_sync=False)
    await store.commit([a_trade(1, 2, status=Status.CLOSED)], 4, full_sync=False)
    return store


async def open_trades(store):
    return [saved.trade.number for saved in (await store.load()).trades]


async def test_a_kill_loses_no_commit():
    store = (await a_store()).killed()
    assert await open_trades(store) == [2, 3]
    assert (store.frame, store.frame_on_disk, store.epoch) == (4, 4, 2)


@pytest.mark.parametrize(("kept", "trades", "frame"), [(0, [1, 2], 2), (1, [1, 2, 3], 3)])
async def test_a_power_cut_takes_commits_back_to_the_last_full_sync(kept, trades, frame):
    store = (await a_store()).power_cut(kept)
    assert await open_trades(store) == trades
    assert (store.frame, store.frame_on_disk) == (frame, frame)


async def test_lives_do_not_share_what_comes_after():
    first = await a_store()
    second = first.killed()
    await second.commit([a_trade(9)], 5, full_sync=False)
    third = second.power_cut()
    assert await open_trades(third) == [2, 3]
    for dead in (first, second):
        with pytest.raises(StoreError, match="closed"):
            await dead.load()


def a_journal():
    journal = MemoryJournal()
    journal.recover(epoch=1, after=0)
    journal.append([a_line(1)])
    journal.sync()
    journal.append([a_line(2)])
    journal.append([a_line(3)])
    return journal


def numbers(journal, after=0):
    return [n for n, _ in journal.recover(epoch=journal.epoch_seen + 1, after=after).frames]


def test_a_kill_loses_no_frame():
    assert numbers(a_journal().killed()) == [1, 2, 3]


@pytest.mark.parametrize(("kept", "left"), [(0, [1]), (1, [1, 2])])
def test_a_power_cut_takes_frames_back_to_the_last_sync(kept, left):
    journal = a_journal().power_cut(kept)
    assert numbers(journal) == left
    assert journal.append([]) == left[-1] + 1


def test_a_dead_journal_refuses_everything():
    journal = a_journal()
    journal.killed()
    for call in (lambda: journal.append([]), journal.sync, lambda: journal.covered(1)):
        with pytest.raises(StoreError, match="closed"):
            call()


def test_covered_frames_are_gone_and_their_numbers_not_given_again():
    journal = a_journal()
    journal.covered(3)
    again = journal.killed()
    assert numbers(again, after=3) == []
    assert again.append([]) == 4


async def test_reading_is_by_number_strategy_and_name():
    store = MemoryStore()
    over = [a_trade(n, status=Status.CLOSED, strategy="ab"[n % 2]) for n in (1, 2, 3)]
    await store.commit([*over, a_line(2, 3), a_line(1, 3), an_execution()], 1, full_sync=False)
    assert await store.history(limit=1, before=3) == [over[1]]
    assert await store.history(limit=9, strategy="b") == [over[2], over[0]]
    assert await store.trade("T2") == over[1]
    assert await store.story("T3") == [a_line(1, 3), a_line(2, 3)]
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.trade("T2")


def test_an_old_epoch_is_refused_and_a_closed_journal_too():
    journal = a_journal()
    assert journal.last == 3
    again = journal.killed()
    with pytest.raises(StoreError, match="epoch 1 has written here, ours is 1"):
        again.recover(epoch=1, after=0)
    again.close()
    with pytest.raises(StoreError, match="closed"):
        again.recover(epoch=2, after=0)
