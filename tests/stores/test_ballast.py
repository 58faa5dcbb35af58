"""The reserve is there before it is needed, goes when the disk is full, and comes back."""

import errno
import os
import shutil
import stat
from types import SimpleNamespace

import pytest

from tests.services.fakes import Said
from tradebot.stores.ballast import BALLAST_BYTES, LOOK_S, ROOM_BYTES, Ballast


class World:
    def __init__(self, folder, monkeypatch) -> None:
        self.free = ROOM_BYTES
        self.said = Said()
        self.path = folder / "ballast"
        self.ballast = Ballast(self.path, say=self.said)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=self.free))


@pytest.fixture
def world(tmp_path, monkeypatch):
    return World(tmp_path, monkeypatch)


def test_it_takes_its_room_at_once_and_says_nothing(world):
    assert "is full" in next(world.ballast.reasons())
    world.ballast.look()
    world.ballast.look()
    found = world.path.stat()
    assert found.st_blocks * 512 >= found.st_size == BALLAST_BYTES
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert (world.said.lines, list(world.ballast.reasons())) == ([], [])


def test_it_goes_once_when_asked_for_and_comes_back_with_room(world):
    world.ballast.look()
    assert world.ballast.free()
    assert not world.ballast.free()
    world.free = ROOM_BYTES - 1
    world.ballast.look()
    assert list(world.ballast.reasons()) != []
    world.free = ROOM_BYTES
    world.ballast.look()
    assert [(event, level) for event, level, _ in world.said.lines] == [
        ("disk.full", "critical"),
        ("disk.room", "warning"),
    ]
    assert list(world.ballast.reasons()) == []


def test_on_a_full_disk_it_is_freed_for_a_start_and_else_kept_for_whom_it_is_refused(world):
    world.ballast.start()
    world.free = BALLAST_BYTES - 1
    world.ballast.look()
    assert world.path.exists()
    assert world.said.events == []
    world.ballast.start()
    assert not world.path.exists()
    assert world.said.events == ["disk.full"]


def test_a_directory_that_cannot_be_looked_at_is_no_error(tmp_path):
    ballast = Ballast(tmp_path / "nowhere" / "ballast", say=Said())
    ballast.start()
    assert not (tmp_path / "nowhere").exists()


def test_where_it_cannot_be_made_nothing_of_it_stays(world, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    world.ballast.look()
    assert not world.path.exists()


async def test_it_is_looked_after_for_ever(world):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            raise InterruptedError
        world.path.unlink()

    with pytest.raises(InterruptedError):
        await world.ballast.run(sleep)
    assert slept == [LOOK_S] * 3
    assert world.path.exists()
