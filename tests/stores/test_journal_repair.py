"""The journal keeps what a repair needs, and misses what was lost."""

import os

from tests.stores.samples import a_line
from tests.stores.test_journal import (
    LONG,
    PAGE,
    numbers,
    opened,
    recovered,
    segments,
)
from tradebot.stores import journal as module
from tradebot.stores.journal import FileJournal


def test_what_backups_have_not_is_kept_although_the_database_has_it(tmp_path):
    journal, _ = opened(tmp_path)
    for number in range(1, 17):
        journal.append([a_line(number, why=LONG)])  # two of them in a segment
    journal.sync()
    journal.covered(16, 8)
    journal.close()
    again = FileJournal.open(tmp_path, segment_bytes=PAGE)
    assert (again.lost(8), again.lost(6)) == ((), ((7, 8),))


def test_a_start_keeps_what_a_repair_would_need(tmp_path):
    journal, _ = opened(tmp_path)
    for number in range(1, 17):
        journal.append([a_line(number, why=LONG)])
    journal.close()
    again = FileJournal.open(tmp_path, segment_bytes=PAGE)
    assert again.lost(0) == ()
    assert again.recover(epoch=2, after=16, backed_up=8).frames == ()
    again.close()
    third = FileJournal.open(tmp_path, segment_bytes=PAGE)
    assert (third.lost(8), third.lost(6)) == ((), ((7, 8),))
    assert numbers(third.recover(epoch=3, after=8, backed_up=8)) == list(range(9, 17))
    third.close()


def test_where_backups_fail_the_journal_does_not_grow_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SEGMENTS_FOR_REPAIR_MAX", 2)
    journal, _ = opened(tmp_path)
    for number in range(1, 21):
        journal.append([a_line(number, why=LONG)])
        journal.sync()
        journal.covered(number - 1, 0)
    assert len(segments(tmp_path)) <= 2 + 2 + 1  # wanted, spare, current
    journal.close()
    assert numbers(recovered(tmp_path, 0))[-4:] == [17, 18, 19, 20]


def test_a_segment_that_lost_all_its_frames_is_missed_by_the_next_ones_name(tmp_path):
    journal, _ = opened(tmp_path)
    for number in range(1, 5):
        journal.append([a_line(number, why=LONG)])
    journal.close()
    opened(tmp_path, epoch=2)[0].close()  # begins a segment at frame 5
    for path in segments(tmp_path)[:-1]:
        path.write_bytes(bytes(PAGE))
    again = FileJournal.open(tmp_path, segment_bytes=PAGE)
    assert not again.began_empty
    assert again.lost(0) == ((1, 4),)
    found = again.recover(epoch=3, after=2)
    assert found.damage == (f"{tmp_path}: frames 3 to 4 were on the disk and are gone",)
    again.close()


def test_an_empty_journal_is_one_that_nobody_ever_appended_to(tmp_path):
    journal = FileJournal.open(tmp_path, segment_bytes=PAGE)
    assert journal.began_empty
    journal.recover(epoch=1, after=0)
    journal.append([a_line(1)])
    journal.close()
    assert not FileJournal.open(tmp_path, segment_bytes=PAGE).began_empty


def test_a_segment_that_was_never_finished_is_no_damage(tmp_path):
    journal, _ = opened(tmp_path)
    journal.append([a_line(1)])
    journal.close()
    (path,) = segments(tmp_path)
    path.with_name("frames-0000000000000002-00000009").write_bytes(bytes(2605))
    found = recovered(tmp_path)
    assert numbers(found) == [1]
    assert found.damage == ()


def test_a_segment_that_was_cut_off_in_its_first_frame_is_damage(tmp_path):
    journal, _ = opened(tmp_path)
    journal.append([a_line(1)])
    journal.close()
    (path,) = segments(tmp_path)
    os.truncate(path, 20)
    found = recovered(tmp_path)
    assert found.damage == (f"{path}: cut off at 20 bytes",)


def test_a_segment_that_was_cut_off_is_damage(tmp_path):
    journal, _ = opened(tmp_path)
    journal.append([a_line(1)])
    journal.close()
    (path,) = segments(tmp_path)
    os.truncate(path, 2605)
    found = recovered(tmp_path)
    assert numbers(found) == [1]
    assert found.damage == (f"{path}: cut off at 2605 bytes",)
