"""What instruments are outlives a life as a whole, or is asked for anew."""

import stat
from decimal import Decimal

import msgspec
import pytest

from tests.playbook import SBIN
from tradebot.errors import StoreError
from tradebot.stores import instrument_file
from tradebot.stores.instrument_file import InstrumentFile

TCS = msgspec.structs.replace(
    SBIN, symbol="TCS", tick_size=Decimal("0.05"), freeze_quantity=Decimal(1800)
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "instruments.json"


async def test_a_later_life_reads_what_was_kept_last(path):
    await InstrumentFile(path).keep([SBIN])
    await InstrumentFile(path).keep([TCS, SBIN])
    assert InstrumentFile(path).load() == [TCS, SBIN]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_there_is_nothing_before_the_first_life(path):
    assert list(InstrumentFile(path).load()) == []


@pytest.mark.parametrize("data", [b"", b"{}", b"[{", b"\xff", b'[{"exchange": 1}]'])
def test_a_damaged_file_is_named_and_none_of_it_is_believed(path, data):
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"instruments\.json holds no instruments"):
        InstrumentFile(path).load()


def test_a_file_of_somebody_elses_is_not_read_to_its_end(path, monkeypatch):
    monkeypatch.setattr(instrument_file, "BYTES_MAX", 10)
    path.write_bytes(b"x" * 11)
    with pytest.raises(StoreError, match="larger than 10 bytes"):
        InstrumentFile(path).load()


async def test_what_no_disk_takes_leaves_what_was_there(path):
    file = InstrumentFile(path)
    await file.keep([SBIN])
    path.with_suffix(".new").mkdir()  # in the way of the fresh one
    with pytest.raises(StoreError, match=r"instruments\.json: "):
        await file.keep([TCS])
    assert file.load() == [SBIN]


def test_what_cannot_be_opened_is_named(path):
    path.mkdir()
    with pytest.raises(StoreError, match=r"instruments\.json: Is a directory"):
        InstrumentFile(path).load()
