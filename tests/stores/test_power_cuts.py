"""A power cut at any call takes no promise back, and leaves a beginning of what was written."""

import tempfile
from pathlib import Path
from random import Random

import pytest

from tests.power_cuts import Call, Disk, cut_often, recorded
from tests.traced import missing

CUTS = 200  # more: python3 dev.py soak power_cuts


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    if why := missing():
        pytest.skip(why)
    return recorded(tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def memory(tmp_path):
    """A directory whose syncs cost nothing, where the machine has one."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else tmp_path) as folder:
        yield Path(folder) / "image"


def test_what_was_acknowledged_survives_a_power_cut_at_any_call(calls, memory):
    figures = cut_often(calls, range(CUTS), memory)
    assert figures.wrong == ()
    assert figures.cuts == CUTS
    assert figures.acknowledged > 0
    assert figures.beyond > 0  # a cut also leaves what nobody was promised


@pytest.mark.parametrize("without", ["fdatasync", "fsync"])
def test_a_disk_that_only_says_that_it_synced_is_found_out(calls, memory, without):
    lying = [call for call in calls if call.name != without or call.file == "acks"]
    assert cut_often(lying, range(40), memory).wrong


def test_an_image_has_what_was_synced_and_any_part_of_the_rest(tmp_path):
    disk = Disk()
    for call in (
        Call("openat", "a"),
        Call("pwrite64", "a", b"kept", 0),
        Call("fsync", "a"),
        Call("fsync", "."),
        Call("pwrite64", "a", b"x" * 1024, 512),
        Call("openat", "b"),
    ):
        disk.do(call)
    seen = set()
    for number in range(200):
        image = tmp_path / str(number)
        image.mkdir()
        disk.image(image, Random(number))
        data = (image / "a").read_bytes()
        assert data.startswith(b"kept")
        seen.add((len(data), (image / "b").exists()))
    assert seen == {(size, there) for size in (4, 1024, 1536) for there in (False, True)}
