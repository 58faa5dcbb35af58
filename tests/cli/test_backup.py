"""``tradebot backup``: a running daemon makes it, else the command does."""

import json

from tests.cli.commanding import Shell
from tests.stores.samples import a_trade
from tradebot.app.lock import directory_lock
from tradebot.stores.backups import Backups
from tradebot.stores.sqlite import SqliteStore


async def test_a_running_daemon_makes_it(world, shell):
    code, out, err = await shell.run("backup")
    file = shell.state / "backups" / "tradebot-00000001.db"
    assert (code, out, err) == (0, f"{file}: 4096 bytes, checked\n", "")
    code, told = await shell.json("backup")
    assert (code, told["file"], told["frame"]) == (0, str(file), 7)


async def test_why_a_daemon_makes_none_is_told(world, shell):
    world.no_backup = "the disk is full"
    code, _, err = await shell.run("backup")
    assert (code, err) == (1, "tradebot: the disk is full\n")


async def test_without_a_daemon_it_is_made_here(tmp_path, capsys):
    store = await SqliteStore.open(tmp_path / "tradebot.db")
    await store.commit([a_trade()], 5, full_sync=True)
    await store.close()
    code, out, _ = await Shell(tmp_path, capsys).run("backup", "--json")
    (made,) = Backups(tmp_path / "backups", 3).found()
    assert code == 0
    assert json.loads(out) == {
        "file": str(made.path),
        "at": made.at.isoformat().replace("+00:00", "Z"),
        "bytes": made.size,
        "frame": 5,
    }


async def test_a_daemon_that_does_not_answer_is_not_gone_round(tmp_path, capsys):
    lock = directory_lock(tmp_path)
    lock.take()
    code, _, err = await Shell(tmp_path, capsys).run("backup")
    lock.release()
    assert code == 1
    assert "another daemon guards" in err
