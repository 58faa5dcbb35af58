"""The file of the alerts outlives kills, full disks and damage, and stays small."""

import errno
import os

import pytest

from tests.alert_store import raised
from tradebot.core.alerting.alerts import acked, begun
from tradebot.errors import StoreError
from tradebot.stores import alert_file as module
from tradebot.stores.alert_file import AlertFile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "alerts.jsonl"


def an_alert(number=1, **fields):
    return begun(number, raised(**fields), number)


async def test_the_newest_line_of_an_alert_counts(path):
    file = AlertFile(path)
    assert file.load() == []
    first, second = an_alert(1), an_alert(2, key="disk")
    await file.keep([first, second], sync=False)
    seen = acked(first, "lead", 9)
    await file.keep([seen], sync=True)
    assert AlertFile(path).load() == [seen, second]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("cut", range(1, 40, 7))
async def test_a_line_that_was_cut_off_costs_itself_alone(path, cut):
    file = AlertFile(path)
    await file.keep([an_alert(1), an_alert(2)], sync=False)
    path.write_bytes(path.read_bytes()[:-cut])
    again = AlertFile(path)
    assert again.load() == ([an_alert(1), an_alert(2)] if cut == 1 else [an_alert(1)])
    assert again.unread == (cut > 1)
    await again.keep([an_alert(3)], sync=False)
    assert an_alert(3) in AlertFile(path).load()


@pytest.mark.parametrize(
    "junk", [b"\xff\xfe\n", b"{}\n", b"[1]\n", b"null\n", b'{"number": "x"}\n']
)
async def test_a_line_that_is_no_alert_is_passed_over(path, junk):
    file = AlertFile(path)
    await file.keep([an_alert(1)], sync=False)
    path.write_bytes(junk + path.read_bytes())
    again = AlertFile(path)
    assert (again.load(), again.unread) == ([an_alert(1)], 1)


async def test_a_file_that_is_full_is_moved_out_and_bounded(path, monkeypatch):
    monkeypatch.setattr(module, "BYTES_MAX", 1000)
    file = AlertFile(path)
    number = 0
    while file.is_full is False:
        number += 1
        await file.keep([an_alert(number)], sync=False)
    await file.begin_anew([an_alert(number)])
    assert AlertFile(path).load() == [an_alert(number)]
    assert path.with_name("alerts.old.jsonl").stat().st_size > 1000
    await file.begin_anew([])
    assert AlertFile(path).load() == []


async def test_to_begin_anew_needs_no_file(path):
    (path.with_suffix(".new")).write_text("of a life that was killed")
    await AlertFile(path).begin_anew([an_alert(1)])
    assert AlertFile(path).load() == [an_alert(1)]


async def test_a_disk_that_refuses_is_a_store_error_and_keeps_what_was_there(path, monkeypatch):
    file = AlertFile(path)
    await file.keep([an_alert(1)], sync=False)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        await file.keep([an_alert(2)], sync=True)
    with pytest.raises(StoreError, match="No space left"):
        await file.begin_anew([])
    assert an_alert(1) in AlertFile(path).load()


def test_what_cannot_be_read_says_so(path, monkeypatch):
    path.mkdir()
    with pytest.raises(StoreError, match="directory"):
        AlertFile(path).load()
    path.rmdir()
    monkeypatch.setattr(module, "OPEN_BYTES_MAX", 10)
    path.write_bytes(b"x" * 11)
    with pytest.raises(StoreError, match="larger than 10"):
        AlertFile(path).load()
