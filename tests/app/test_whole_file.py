"""A file is there whole or not at all."""

import os
from pathlib import Path

import pytest

from tradebot.app.whole_file import whole_file


def write(path, text):
    with whole_file(path) as file:
        file.write(text)


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_file_is_replaced_when_the_block_ends_well_and_keeps_its_mode(tmp_path):
    path = tmp_path / "exits.jsonl"
    path.write_text("old")
    path.chmod(0o640)
    with whole_file(path) as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["exits.jsonl"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_was_there_stays_where_the_block_fails(tmp_path, error):
    path = tmp_path / "exits.jsonl"
    path.write_text("old")
    with pytest.raises(error):  # noqa: PT012, SIM117 - the block is what is tested
        with whole_file(path) as file:
            file.write("half")
            raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["exits.jsonl"]


def test_a_new_file_does_not_appear_where_the_block_fails(tmp_path):
    with pytest.raises(ValueError, match="no"), whole_file(tmp_path / "new"):
        raise ValueError("no")
    assert names(tmp_path) == []


def test_a_link_keeps_leading_where_it_led(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_what_is_no_regular_file_is_written_directly():
    null = Path(os.devnull)
    write(null, "gone")
    assert null.is_char_device()


def test_a_folder_that_is_missing_or_in_the_way_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "none" / "exits", "x")
    with pytest.raises(IsADirectoryError):
        write(tmp_path, "x")
    assert names(tmp_path) == []
