"""Recordings on disk: plain, gzip, damaged and missing ones."""

import gzip
import os
from pathlib import Path

import pytest

from tradebot.brokers.paper.recordings import recorded_instruments, recorded_ticks
from tradebot.core.inputs import Tick
from tradebot.core.market.instruments import Kind
from tradebot.errors import InputError

DATA = Path(os.environ.get("TRADEBOT_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
T = 1_381_392_000_795_000_000
HEADER = "ts_ns,exchange,symbol,price,qty\n"


def rows(count, symbol="SPY", start=T):
    return HEADER + "".join(f"{start + n},US,{symbol},{166 + n % 7},{n}\n" for n in range(count))


def complaint(path, read=recorded_ticks):
    with pytest.raises(InputError) as caught:
        list(read([path]))
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    def write(content, name="day.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_plain_file_and_a_gzip_file_read_alike(file):
    plain, packed = file(rows(9)), file(gzip.compress(rows(9).encode()), "day.csv.gz")
    assert list(recorded_ticks([plain])) == list(recorded_ticks([packed]))


def test_gzip_is_known_by_its_content_not_by_its_name(file):
    assert len(list(recorded_ticks([file(gzip.compress(rows(9).encode()))]))) == 9


def test_several_files_are_one_recording(file):
    files = [file(rows(3), "a.csv"), file(rows(3, "AIG", T + 1), "b.csv")]
    ticks = list(recorded_ticks(files))
    assert [tick.seq for tick in ticks] == [1, 2, 3, 4, 5, 6]
    assert [tick.at_ns - T for tick in ticks] == [0, 1, 1, 2, 2, 3]


def test_a_gzip_file_that_is_cut_off_says_how_many_rows_were_read(file):
    whole = gzip.compress(rows(20_000).encode())
    path = file(whole[: len(whole) // 2], "day.csv.gz")
    ticks: list[Tick] = []
    said = ""
    try:
        ticks.extend(recorded_ticks([path]))
    except InputError as error:
        said = str(error)
    # extend() keeps what came before the error.
    assert len(ticks) > 5000
    assert said == f"day.csv.gz: the gzip data is cut off after {len(ticks)} whole rows"


def test_a_gzip_file_that_is_cut_off_in_its_first_line_has_no_rows(file):
    assert "after 0 whole rows" in complaint(file(gzip.compress(b"x", mtime=0)[:12], "day.csv.gz"))


def test_damaged_gzip_data_names_the_file(file):
    whole = bytearray(gzip.compress(rows(20_000).encode()))
    whole[len(whole) // 2] ^= 0xFF
    assert complaint(file(bytes(whole), "day.csv.gz")).startswith("day.csv.gz")


def test_a_wrong_checksum_is_noticed(file):
    whole = bytearray(gzip.compress(rows(9).encode()))
    whole[-5] ^= 0xFF
    assert "damaged after 9 rows" in complaint(file(bytes(whole), "day.csv.gz"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("day.csv.gz", rows(1), "day.csv.gz is named .gz and is not gzip data"),
        ("day.csv", "", "day.csv: the file is empty"),
        ("day.csv.gz", "", "day.csv.gz: the file is empty"),
        ("day.csv.gz", gzip.compress(b"", mtime=0), "day.csv.gz: the file is empty"),
        (
            "day.csv",
            rows(1).encode() + f"{T},US,S\xff,1,1\n".encode("latin-1"),
            "day.csv:3: symbol",
        ),
        ("day.csv", bytes(range(256)), "day.csv:1: column 1"),
    ],
)
def test_a_file_that_is_no_recording_is_named(file, name, content, says):
    assert says in complaint(file(content, name))
    if "symbol" not in says:  # rows are the replay's to judge
        assert says in complaint(file(content, name), recorded_instruments)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    assert complaint(tmp_path / "none.csv") == "none.csv: No such file or directory"
    assert complaint(tmp_path, recorded_instruments).endswith(": Is a directory")


def test_the_instruments_of_a_recording_are_those_that_have_ticks(file):
    odd = HEADER + f'{T},"US","SPY",1,1\n\n{T},US,AIG,1,1\n{T}\n{T},NFO,NIFTY28MAR2420800CE,1,1\n'
    found = recorded_instruments([file(odd, "a.csv"), file(rows(3), "b.csv")])
    assert [(instrument.id, instrument.kind) for instrument in found] == [
        ("US:SPY", Kind.CASH),
        ("US:AIG", Kind.CASH),
        ("NFO:NIFTY28MAR2420800CE", Kind.OPTION),
    ]


@pytest.mark.parametrize(
    ("name", "count", "instruments"),
    [
        ("us_equities_2013-10-10.csv.gz", 661_332, ["US:SPY", "US:BAC", "US:IBM", "US:AIG"]),
        ("binance_2024-08-08.csv.gz", 55_270, None),
        ("nse_nifty_fyers_ws_2025-02.csv.gz", None, ["NSE_INDEX:NIFTY"]),
    ],
)
def test_a_real_recording_reads_to_its_end(name, count, instruments):
    path = DATA / "ticks" / name
    if not path.exists():
        pytest.skip(f"there is no {name} in TRADEBOT_DATA")
    seq = at_ns = 0
    seen = set()
    for tick in recorded_ticks([path]):
        assert tick.seq == seq + 1
        assert tick.at_ns >= at_ns
        seq, at_ns = tick.seq, tick.at_ns
        seen.add(tick.instrument)
    found = [instrument.id for instrument in recorded_instruments([path])]
    assert sorted(found) == sorted(seen)
    assert count is None or seq == count
    assert instruments is None or sorted(instruments) == sorted(seen)
