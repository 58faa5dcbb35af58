"""A journal that another process goes on with takes nothing more from the first one."""

import pytest

from tests.stores.samples import a_line
from tests.stores.test_journal import LONG, numbers, opened, recovered
from tradebot.errors import LockHeldError
from tradebot.stores import journal as module


@pytest.mark.parametrize("settles_ns", [-1, 1 << 62])
def test_a_journal_that_another_process_goes_on_with_takes_nothing_more(
    tmp_path, monkeypatch, settles_ns
):
    monkeypatch.setattr(module, "_SETTLED_NS", settles_ns)
    older, _ = opened(tmp_path)
    older.append([a_line(1)])
    older.sync()
    older.append([a_line(2)])
    newer, found = opened(tmp_path, epoch=2)
    assert numbers(found) == [1, 2]
    newer.append([a_line(3)])
    with pytest.raises(LockHeldError, match="another process has taken over from epoch 1"):
        older.sync()
    with pytest.raises(LockHeldError):
        older.append([a_line(4)])
    older.covered(3)  # takes none of the newer one's files away
    newer.sync()
    newer.close()
    older.close()
    assert numbers(recovered(tmp_path)) == [1, 2, 3]


def test_the_older_of_two_processes_begins_no_segment_over_the_newer_ones(tmp_path):
    older, _ = opened(tmp_path)
    older.append([a_line(1, why=LONG)])
    older.append([a_line(2, why=LONG)])
    newer, _ = opened(tmp_path, epoch=2)
    newer.append([a_line(3)])
    with pytest.raises(LockHeldError):
        older.append([a_line(4, why=LONG)])
    newer.close()
    assert numbers(recovered(tmp_path)) == [1, 2, 3]
