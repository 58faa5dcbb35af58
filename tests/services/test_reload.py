"""New settings are taken as a whole, or the running ones stay."""

import asyncio
import itertools

import pytest
from watchfiles import awatch

from tradebot.errors import ConfigError
from tradebot.services.reload import WATCH_PAUSE_S, Reload


class World:
    """A file, the folder around it, and what is said and taken."""

    def __init__(self):
        self.file: object = "one"  # what it says, or the error of reading it
        self.said: list[tuple[str, str, dict[str, object]]] = []
        self.taken: list[tuple[object, object]] = []
        self.watches: list[
            list[object]
        ] = []  # what each watch sees: what the file says, or OSError
        self.reload = Reload(
            "one",
            load=self.load,
            take=lambda old, new: self.taken.append((old, new)),
            watch=self.watch,
            say=lambda event, level="info", /, **fields: self.said.append((event, level, fields)),
        )

    def load(self):
        if isinstance(self.file, Exception):
            raise self.file
        return self.file

    async def watch(self):
        for item in self.watches.pop(0):
            if isinstance(item, OSError | RuntimeError):
                raise item
            self.file = item
            yield item

    @property
    def events(self):
        return [event for event, _, _ in self.said]


@pytest.fixture
def world():
    return World()


async def run(world, monkeypatch):
    """Run until there is nothing left to watch."""
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        if not world.watches:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await world.reload.run()
    return pauses


def test_settings_that_differ_are_handed_on_with_the_old_ones(world):
    world.file = "two"
    assert world.reload.again("SIGHUP")
    assert world.taken == [("one", "two")]
    assert world.reload.current == "two"
    assert world.said == []


def test_whoever_asks_is_told_that_nothing_differs(world):
    assert world.reload.again("SIGHUP")
    assert world.taken == []
    assert world.said == [("config.unchanged", "info", {"why": "SIGHUP"})]


def test_settings_that_are_wrong_leave_the_running_ones_in_force(world):
    world.file = ConfigError("config.toml:1: first\nconfig.toml:2: second")
    assert not world.reload.again("SIGHUP")
    assert world.taken == []
    assert world.reload.current == "one"
    assert world.said == [
        ("config.refused", "error", {"why": "SIGHUP", "problem": "config.toml:1: first"}),
        ("config.refused", "error", {"why": "SIGHUP", "problem": "config.toml:2: second"}),
    ]


def test_whoever_asks_again_is_answered_again(world):
    world.file = ConfigError("no")
    assert not world.reload.again("SIGHUP")
    assert not world.reload.again("SIGHUP")
    assert world.events == ["config.refused", "config.refused"]


async def test_the_folder_is_followed(world, monkeypatch):
    world.watches = [["two", "two", "three"]]
    await run(world, monkeypatch)
    assert world.taken == [("one", "two"), ("two", "three")]
    assert world.events == ["config.unwatched"]


async def test_the_same_mistake_is_told_once_however_often_the_folder_changes(world, monkeypatch):
    bad, worse = ConfigError("bad"), ConfigError("worse")
    world.watches = [[bad, bad, worse, "one", worse]]
    await run(world, monkeypatch)
    assert [fields["problem"] for event, _, fields in world.said if "problem" in fields] == [
        "bad",
        "worse",
        "worse",
    ]
    assert world.taken == []


@pytest.mark.parametrize("error", [FileNotFoundError("gone"), RuntimeError("no more watches")])
async def test_a_folder_that_cannot_be_watched_is_told_once_and_tried_for_ever(
    error, world, monkeypatch
):
    world.watches = [[error], [error], [error]]
    assert await run(world, monkeypatch) == [WATCH_PAUSE_S] * 3
    assert [(event, level) for event, level, _ in world.said] == [("config.unwatched", "warning")]


async def test_what_changed_while_nobody_watched_is_taken(world, monkeypatch):
    world.watches = [[OSError("gone")], []]
    world.file = "two"
    await run(world, monkeypatch)
    assert world.taken == [("one", "two")]


async def test_a_watch_that_works_again_and_breaks_again_is_told_again(world, monkeypatch):
    world.watches = [[OSError("gone")], ["two", OSError("gone")]]
    await run(world, monkeypatch)
    assert world.events == ["config.unwatched", "config.unwatched"]


async def test_cancelling_ends_it(world):
    async def watch():
        for _ in itertools.count():
            await asyncio.sleep(3600)
            yield None

    world.reload._watch = watch
    task = asyncio.create_task(world.reload.run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_mistake_of_our_own_is_not_taken_for_one_of_the_file(world):
    world.file = AssertionError("a broken promise")
    with pytest.raises(AssertionError):
        world.reload.again("SIGHUP")


async def test_a_file_that_is_replaced_again_and_again_is_read_each_time(tmp_path):
    file, taken = tmp_path / "config.toml", asyncio.Queue[str]()
    file.write_text("one")
    reload = Reload(
        "one",
        load=file.read_text,
        take=lambda _, new: taken.put_nowait(new),
        watch=lambda: awatch(tmp_path, recursive=False, step=10, debounce=50, rust_timeout=100),
        say=lambda *_, **__: None,
    )
    task = asyncio.create_task(reload.run())
    try:
        await asyncio.sleep(0.2)  # the watch begins in a thread of its own and does not say when
        for text in ("two", "three", "four"):
            fresh = tmp_path / "config.toml.new"
            fresh.write_text(text)
            fresh.replace(file)
            assert await asyncio.wait_for(taken.get(), 10) == text
    finally:
        task.cancel()
        await asyncio.wait([task])
