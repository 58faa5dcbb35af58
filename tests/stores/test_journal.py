"""The journal keeps what was appended through kills, cuts, bad disks and bad files."""

import errno
import os
import shutil
import stat

import pytest

from tests.stores.samples import a_line, a_trade, an_exit
from tradebot.errors import StoreError
from tradebot.stores import journal as module
from tradebot.stores.frames import HEADER_BYTES
from tradebot.stores.journal import FileJournal
from tradebot.stores.rows import packed

PAGE = 4096
LONG = "x" * 1500  # two lines of it and a third do not fit a page


def opened(directory, *, epoch=1, after=0, segment_bytes=PAGE):
    journal = FileJournal.open(directory, segment_bytes=segment_bytes)
    return journal, journal.recover(epoch=epoch, after=after)


def recovered(directory, after=0):
    """Read in a new life, which leaves no mark: it writes no frame."""
    journal = FileJournal.open(directory, segment_bytes=PAGE)
    found = journal.recover(epoch=journal.epoch_seen + 1, after=after)
    journal.close()
    return found


def numbers(found):
    return [number for number, _ in found.frames]


def segments(directory):
    return sorted(path for path in directory.iterdir() if path.name.startswith("frames-"))


def test_files_are_private_and_allocated_before_they_are_needed(tmp_path):
    journal, _ = opened(tmp_path / "state" / "journal", segment_bytes=1 << 20)
    (segment,) = segments(tmp_path / "state" / "journal")
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600
    assert stat.S_IMODE(segment.parent.stat().st_mode) == 0o750
    assert segment.stat().st_size == 1 << 20
    assert segment.stat().st_blocks * 512 >= 1 << 20
    journal.close()


def test_an_append_is_one_write_and_a_sync_one_fdatasync(tmp_path, monkeypatch):
    calls = []

    def counted(name, real):
        def call(*arguments):
            calls.append(name)
            return real(*arguments)

        return call

    for name in ("pwrite", "fdatasync", "fsync"):
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    journal, _ = opened(tmp_path)
    calls.clear()
    journal.append([a_trade(1), an_exit(1)])
    journal.append([a_trade(2)])
    journal.sync()
    journal.sync()  # nothing waits
    assert calls == ["pwrite", "pwrite", "fdatasync"]
    journal.close()


def test_a_full_segment_is_followed_by_another(tmp_path):
    journal, _ = opened(tmp_path)
    for number in range(1, 8):
        journal.append([a_line(number, why=LONG)])
    assert len(segments(tmp_path)) == 4
    journal.close()
    assert numbers(recovered(tmp_path)) == [1, 2, 3, 4, 5, 6, 7]


def test_a_frame_larger_than_a_segment_gets_one_of_its_size(tmp_path):
    journal, _ = opened(tmp_path)
    many = [a_trade(number) for number in range(1, 40)]
    journal.append([a_trade(1)])
    journal.append(many)
    journal.append([a_trade(2)])
    journal.close()
    assert recovered(tmp_path).frames[1] == (2, tuple(many))
    assert max(path.stat().st_size for path in segments(tmp_path)) > len(packed(many))


def test_covered_segments_are_used_again_and_the_rest_removed(tmp_path):
    journal, _ = opened(tmp_path)
    for number in range(1, 21):
        journal.append([a_line(number, why=LONG)])
    assert len(segments(tmp_path)) == 10
    journal.covered(12)
    assert len(segments(tmp_path)) == 6  # four with later frames, two to be used again
    for number in range(21, 25):
        journal.append([a_line(number, why=LONG)])
    assert len(segments(tmp_path)) == 6
    journal.close()
    assert numbers(recovered(tmp_path, after=12)) == list(range(13, 25))


def test_lives_follow_each_other_without_a_gap(tmp_path):
    for life in range(1, 6):
        journal, found = opened(tmp_path, epoch=life)
        assert numbers(found) == list(range(1, 3 * life - 2))
        for _ in range(3):
            journal.append([a_line(life)])
        journal.close()
        journal.close()


def test_starts_without_a_frame_leave_no_files_behind(tmp_path):
    for life in range(1, 9):
        journal, _ = opened(tmp_path, epoch=life)
        journal.close()
    assert len(segments(tmp_path)) <= 3


def three_frames(directory, *, syncs):
    journal, _ = opened(directory)
    for number in range(1, 4):
        journal.append([a_line(number)])
        if number in syncs:
            journal.sync()
    journal.close()
    (path,) = segments(directory)
    return path, 3 * (HEADER_BYTES + len(packed([a_line(1)])))


def test_torn_at_any_byte_the_whole_frames_before_it_are_read(tmp_path):
    path, length = three_frames(tmp_path / "a", syncs=())
    data = path.read_bytes()
    for end in range(length + 1):
        torn = tmp_path / "b"
        shutil.rmtree(torn, ignore_errors=True)
        torn.mkdir()
        (torn / path.name).write_bytes(data[:end].ljust(len(data), b"\0"))
        found = recovered(torn)
        # A last byte that is zero anyway is not torn off.
        whole = [n for n in (1, 2, 3) if not data[end : n * length // 3].strip(b"\0")]
        assert numbers(found) == whole
        assert found.damage == ()


@pytest.mark.parametrize(
    ("syncs", "expected"),
    [
        ((), {1: ([], 2, 0), 2: ([1], 1, 0), 3: ([1, 2], 0, 0)}),
        ((1,), {1: ([2, 3], 0, 1), 2: ([1], 1, 0), 3: ([1, 2], 0, 0)}),
        ((2,), {1: ([2, 3], 0, 1), 2: ([1, 3], 0, 1), 3: ([1, 2], 0, 0)}),
    ],
)
def test_a_flipped_bit_anywhere_costs_its_frame_and_a_loss_is_told(tmp_path, syncs, expected):
    path, length = three_frames(tmp_path / "a", syncs=syncs)
    data = path.read_bytes()
    for place in range(length):
        changed = bytearray(data)
        changed[place] ^= 1 << (place % 8)
        flipped = tmp_path / "b"
        shutil.rmtree(flipped, ignore_errors=True)
        flipped.mkdir()
        (flipped / path.name).write_bytes(changed)
        found = recovered(flipped)
        frames, dropped, damages = expected[place * 3 // length + 1]
        assert (numbers(found), found.dropped, len(found.damage)) == (frames, dropped, damages)


def test_new_frames_never_bring_dropped_ones_back(tmp_path):
    path, length = three_frames(tmp_path, syncs=())
    with path.open("r+b") as file:
        file.seek(length // 3 + 5)  # the second frame never came to the disk, the third did
        file.write(b"?")
    journal, found = opened(tmp_path, epoch=2)
    assert (numbers(found), found.dropped) == ([1], 1)
    assert journal.append([a_line(7)]) == 2
    journal.close()
    found = recovered(tmp_path)
    assert found.frames == ((1, (a_line(1),)), (2, (a_line(7),)))


def test_damaged_segments_are_kept_aside_when_they_are_covered(tmp_path):
    path, _ = three_frames(tmp_path, syncs=(1, 2, 3))
    with path.open("r+b") as file:
        file.write(b"?")
    journal, found = opened(tmp_path, epoch=2)
    assert found.damage == (f"{tmp_path}: frames 1 to 1 were on the disk and are gone",)
    journal.covered(3)
    assert path.with_suffix(".damaged").exists()
    journal.close()
    assert recovered(tmp_path, after=3).damage == ()


def test_a_sound_frame_of_unknown_records_is_damage(tmp_path, monkeypatch):
    journal, _ = opened(tmp_path)
    monkeypatch.setattr(module, "packed", lambda _: b"\x91\x80")
    journal.append([])
    monkeypatch.undo()
    journal.append([a_line(2)])
    journal.close()
    found = recovered(tmp_path)
    assert numbers(found) == [2]
    assert "frame 1 is not readable" in found.damage[0]


def failing(monkeypatch, name, code, times=1):
    """Let a call of the operating system fail the next ``times`` times."""
    real, left = getattr(os, name), [times]

    def call(*arguments):
        if left[0] > 0:
            left[0] -= 1
            raise OSError(code, os.strerror(code))
        return real(*arguments)

    monkeypatch.setattr(os, name, call)


def test_after_a_failed_sync_the_frames_are_written_again_elsewhere(tmp_path, monkeypatch):
    journal, _ = opened(tmp_path)
    journal.append([a_line(1)])
    journal.sync()
    journal.append([a_line(2)])
    journal.append([a_line(3)])
    failing(monkeypatch, "fdatasync", errno.EIO)
    with pytest.raises(StoreError, match=r"frames-.*: cannot sync frame 3: Input/output error"):
        journal.sync()
    journal.sync()  # not of the old file: its pages may read as clean and be lost
    first, second = segments(tmp_path)
    assert journal.append([a_line(4)]) == 4
    journal.close()
    with first.open("r+b") as file:
        file.seek(HEADER_BYTES + len(packed([a_line(1)])))
        file.write(bytes(PAGE - file.tell()))
    assert second.name.startswith("frames-0000000000000002-")
    found = recovered(tmp_path)
    assert [records[0].number for _, records in found.frames] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        *[("pwrite", errno.EIO), ("posix_fallocate", errno.EFBIG)],
        *[("open", errno.EACCES), ("fsync", errno.EIO), ("fdatasync", errno.EIO)],
    ],
)
def test_a_refused_append_takes_no_number_and_the_next_one_works(tmp_path, monkeypatch, call, code):
    journal, _ = opened(tmp_path)
    journal.append([a_line(1, why=LONG)])
    journal.append([a_line(2, why=LONG)])
    failing(monkeypatch, call, code)
    message = rf"{tmp_path}.*: cannot append frame 3: {os.strerror(code)}"
    with pytest.raises(StoreError, match=message):
        journal.append([a_line(3, why=LONG)])  # in need of a new segment
    assert journal.last == 2
    assert journal.append([a_line(4, why=LONG)]) == 3
    journal.sync()
    journal.close()
    assert [records[0].number for _, records in recovered(tmp_path).frames] == [1, 2, 4]


def test_a_write_cut_short_is_continued(tmp_path, monkeypatch):
    journal, _ = opened(tmp_path)
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: real(fd, data[:7], offset))
    journal.append([a_line(1)])
    journal.close()
    monkeypatch.undo()
    assert numbers(recovered(tmp_path)) == [1]


def test_a_start_on_a_full_disk_reads_and_appends_later(tmp_path, monkeypatch):
    three_frames(tmp_path, syncs=())
    failing(monkeypatch, "posix_fallocate", errno.ENOSPC)
    journal, found = opened(tmp_path, epoch=2)
    assert numbers(found) == [1, 2, 3]
    assert journal.append([a_line(4)]) == 4
    journal.close()


def test_a_segment_that_cannot_be_used_again_is_replaced_by_a_fresh_one(tmp_path):
    journal, _ = opened(tmp_path)
    for number in range(1, 6):
        journal.append([a_line(number, why=LONG)])
    journal.covered(4)
    for path in segments(tmp_path)[:2]:
        path.unlink()
    for number in range(6, 10):
        assert journal.append([a_line(number, why=LONG)]) == number
    journal.close()
    assert numbers(recovered(tmp_path, after=4)) == [5, 6, 7, 8, 9]


def test_frames_that_the_database_has_need_no_sync_here(tmp_path, monkeypatch):
    journal, _ = opened(tmp_path)
    journal.append([a_line(1)])
    journal.covered(1)
    failing(monkeypatch, "fdatasync", errno.EIO)
    journal.sync()  # asks the disk for nothing, or it would say so
    journal.append([a_line(2)])
    with pytest.raises(StoreError):
        journal.sync()
    journal.close()


def test_a_database_that_never_follows_stops_the_journal_at_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SEGMENTS_MAX", 2)
    journal, _ = opened(tmp_path)
    for number in range(1, 5):
        journal.append([a_line(number, why=LONG)])
    with pytest.raises(StoreError, match="cannot append frame 5: 2 segments wait for the database"):
        journal.append([a_line(5, why=LONG)])
    journal.covered(4)
    assert journal.append([a_line(5, why=LONG)]) == 5
    journal.close()


def test_a_covered_segment_that_stays_is_told(tmp_path, monkeypatch):
    journal, _ = opened(tmp_path)
    for number in range(1, 10):
        journal.append([a_line(number, why=LONG)])
    failing(monkeypatch, "unlink", errno.EACCES)
    with pytest.raises(StoreError, match=r"frames-.*: cannot remove: Permission denied"):
        journal.covered(8)
    journal.close()


def test_a_directory_that_is_a_file_is_named(tmp_path):
    (tmp_path / "journal").write_text("")
    with pytest.raises(StoreError, match=r"journal: cannot read the journal: File exists"):
        FileJournal.open(tmp_path / "journal")


def test_other_files_in_the_directory_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    journal, found = opened(tmp_path)
    assert found.frames == ()
    journal.close()
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_segment_that_may_not_be_read_is_named(tmp_path):
    path, _ = three_frames(tmp_path, syncs=())
    path.chmod(0)
    with pytest.raises(StoreError, match=rf"{path}: .*Permission denied"):
        FileJournal.open(tmp_path)
