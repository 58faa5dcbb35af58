"""Files and directories are brought to the disk, or the disk's word is passed on."""

import os

import pytest

from tradebot.stores.sync import sync_file


def test_a_file_and_a_directory_are_synced_each_by_itself(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    synced = []

    def fsync(descriptor):
        synced.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    sync_file(tmp_path / "file")
    sync_file(tmp_path)
    assert synced == [(tmp_path / "file").stat().st_ino, tmp_path.stat().st_ino]


def test_a_file_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        sync_file(tmp_path / "file")
