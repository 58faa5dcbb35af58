"""A full disk: the journal goes on in what is left."""

import errno
import os

import pytest

from tests.stores.samples import a_line
from tests.stores.test_journal import (
    LONG,
    PAGE,
    numbers,
    opened,
    recovered,
    segments,
)
from tradebot.errors import StoreError
from tradebot.stores import journal as module


class FullDisk:
    """A disk that takes no segment above a size."""

    def __init__(self, monkeypatch, takes) -> None:
        self.takes = takes
        self._real = os.posix_fallocate
        monkeypatch.setattr(os, "posix_fallocate", self.fallocate)
        monkeypatch.setattr(module, "SMALL_SEGMENT_BYTES", PAGE)

    def fallocate(self, fd, offset, size):
        if size > self.takes:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._real(fd, offset, size)

    def freed(self):
        was, self.takes = self.takes, PAGE
        return was < PAGE


def filled(journal, first, last):
    for number in range(first, last + 1):
        journal.append([a_line(number, why=LONG)])


def test_on_a_full_disk_a_segment_that_the_database_has_is_used_again(tmp_path, monkeypatch):
    journal, _ = opened(tmp_path)
    filled(journal, 1, 8)
    journal.sync()
    journal.covered(8, 0)
    FullDisk(monkeypatch, takes=0)
    filled(journal, 9, 12)
    journal.close()
    assert numbers(recovered(tmp_path, 8)) == [9, 10, 11, 12]


def test_on_a_full_disk_a_smaller_segment_does(tmp_path, monkeypatch):
    journal, _ = opened(tmp_path, segment_bytes=8 * PAGE)
    FullDisk(monkeypatch, takes=PAGE)
    filled(journal, 1, 60)
    assert {path.stat().st_size for path in segments(tmp_path)} == {PAGE, 8 * PAGE}
    journal.close()
    assert numbers(recovered(tmp_path)) == list(range(1, 61))


def test_when_nothing_fits_the_reserve_is_asked_for_once_and_then_the_caller_told(
    tmp_path, monkeypatch
):
    journal, _ = opened(tmp_path)
    disk = FullDisk(monkeypatch, takes=0)
    with pytest.raises(StoreError, match="No space left on device"):
        filled(journal, 1, 9)
    last = journal.last
    journal.on_full = disk.freed
    filled(journal, last + 1, last + 6)
    assert numbers_after(journal, tmp_path) == list(range(1, last + 7))


def numbers_after(journal, directory):
    journal.close()
    return numbers(recovered(directory))
