"""Parts are found by their names, read up to the last whole line, mended and let go."""

import fcntl
import gzip
import os
import zlib

import pytest

from tradebot.core.words.tick_files import read_ticks
from tradebot.errors import InputError
from tradebot.stores import recording_files as files

AT = 1_760_000_000_123_456_789
NAME = "20251009T085320.123456Z-0001"
ROWS = [
    b"ts_ns,exchange,symbol,price,bid,ask\n",
    *(b"%d,X,A,100.5,,\n" % (AT + n) for n in range(9)),
]


def flushed(*portions: list[bytes], finish: bool = False) -> bytes:
    """Return what a recorder has on the disk after it flushed each of these."""
    deflate = zlib.compressobj(files.LEVEL, wbits=files.GZIP)
    written = b"".join(
        deflate.compress(b"".join(lines)) + deflate.flush(zlib.Z_SYNC_FLUSH) for lines in portions
    )
    return written + (deflate.flush() if finish else b"")


def test_a_part_is_named_by_its_time_and_number():
    assert files.part_name(AT, 1) == NAME
    assert files.part_name(AT, 12345).endswith("Z-12345")


def test_the_parts_of_a_directory_are_in_the_order_of_time(tmp_path):
    later = files.part_name(AT + 10**9, 2)
    for name in (
        later + files.TICKS + files.OPEN,
        later + files.INPUTS,
        NAME + files.INPUTS,
        NAME + files.INPUTS + files.OPEN,
        "notes.csv.gz",
        NAME + ".ticks.csv",
    ):
        (tmp_path / name).touch()
    first, second = files.parts_in(tmp_path)
    assert first == (NAME, tmp_path / (NAME + files.TICKS), tmp_path / (NAME + files.INPUTS))
    assert second.ticks.name == later + files.TICKS + files.OPEN
    assert second.inputs.name == later + files.INPUTS


def test_a_directory_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"missing: No such file"):
        files.parts_in(tmp_path / "missing")


@pytest.mark.parametrize("finish", [False, True])
def test_lines_are_read_up_to_the_last_whole_one(tmp_path, finish):
    path = tmp_path / "a.gz"
    path.write_bytes(flushed(ROWS[:5], [*ROWS[5:8], b"half a li"], finish=finish))
    assert list(files.whole_lines(path)) == ROWS[:8]


def test_every_cut_of_a_file_is_readable(tmp_path):
    whole = flushed(ROWS[:4], ROWS[4:], finish=True)
    path = tmp_path / "a.gz"
    counts = []
    for end in range(len(whole) + 1):
        path.write_bytes(whole[:end])
        lines = list(files.whole_lines(path))
        assert lines == ROWS[: len(lines)]
        counts.append(len(lines))
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, len(ROWS))


def test_lines_may_be_longer_than_what_is_read_at_once(tmp_path):
    lines = [os.urandom(100_000).replace(b"\n", b"") + b"\n", b"b\n"]
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"".join(lines)))
    assert list(files.whole_lines(path)) == lines


def test_a_file_that_is_missing_has_no_lines(tmp_path):
    assert list(files.whole_lines(tmp_path / "a.gz")) == []


@pytest.mark.parametrize("content", [b"no gzip at all", b"\x1f\x8b" + b"junk" * 9])
def test_what_is_no_gzip_is_named(tmp_path, content):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.gz: the gzip data is damaged"):
        list(files.whole_lines(path))
    with pytest.raises(InputError, match="Is a directory"):
        list(files.whole_lines(tmp_path))


# Mending.


def test_what_a_dead_process_left_open_is_closed_and_a_replay_takes_it(tmp_path):
    left = tmp_path / (NAME + files.TICKS + files.OPEN)
    left.write_bytes(flushed(ROWS[:5], [ROWS[5][:8]]))
    os.utime(left, ns=(AT, AT))
    (tmp_path / (NAME + files.INPUTS)).touch()
    (tmp_path / ("notes" + files.OPEN)).touch()
    stale = tmp_path / (NAME + files.TICKS + ".mend")
    stale.touch()
    assert files.mend(files.left_open(tmp_path)) == [NAME + files.TICKS]
    closed = tmp_path / (NAME + files.TICKS)
    with gzip.open(closed, "rt") as file:
        assert len(list(read_ticks(file, "a"))) == 4
    assert not left.exists()
    assert not stale.exists()
    assert closed.stat().st_mtime_ns == AT
    assert closed.stat().st_mode & 0o777 == 0o600
    assert files.mend(files.left_open(tmp_path)) == []


def test_what_somebody_still_writes_is_left_alone(tmp_path):
    path = tmp_path / (NAME + files.TICKS + files.OPEN)
    with files.open_new(path) as file:
        file.write(flushed(ROWS))
        file.flush()
        assert files.mend(files.left_open(tmp_path)) == []
        assert path.exists()
    assert files.mend(files.left_open(tmp_path)) == [NAME + files.TICKS]


@pytest.mark.parametrize(("content", "kept"), [(b"", 0), (flushed(ROWS[:3]) + b"\xff" * 99, 3)])
def test_what_is_damaged_ends_where_the_damage_is(tmp_path, content, kept):
    path = tmp_path / (NAME + files.INPUTS + files.OPEN)
    path.write_bytes(content)
    files.mend(files.left_open(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ([NAME + files.INPUTS] if kept else [])
    assert len(list(files.whole_lines(tmp_path / (NAME + files.INPUTS)))) == kept


def test_a_draft_that_fails_is_not_left_behind(tmp_path, monkeypatch):
    path = tmp_path / (NAME + files.INPUTS + files.OPEN)
    path.write_bytes(flushed(ROWS))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "utime", full)
    with pytest.raises(OSError, match="No space"):
        files.mend(files.left_open(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


# Letting go.


def test_parts_are_forgotten_by_the_time_of_their_last_row(tmp_path):
    names = (NAME + files.TICKS, NAME + files.INPUTS + files.OPEN, "notes.csv.gz")
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, ns=(AT, AT))
    assert files.forget_older(tmp_path, AT) == 0
    assert files.forget_older(tmp_path, AT + 1) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.csv.gz"]


def test_a_new_file_is_never_an_old_one(tmp_path):
    with files.open_new(tmp_path / "a") as file:
        other = os.open(tmp_path / "a", os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        assert not os.get_inheritable(file.fileno())
    with pytest.raises(FileExistsError):
        files.open_new(tmp_path / "a")
