"""``tradebot restore``: a person is told what is in place now, and where the former one is."""

import json

import pytest

from tests.cli.commanding import Shell
from tests.stores.samples import a_trade
from tradebot.stores.backups import Backups
from tradebot.stores.sqlite import SqliteStore


@pytest.fixture
async def backup(tmp_path):
    store = await SqliteStore.open(tmp_path / "tradebot.db")
    await store.commit([a_trade()], 5, full_sync=True)
    made = await Backups(tmp_path / "backups", 3).make(store, 10**18)
    await store.close()
    return made


async def test_what_was_done_is_told(tmp_path, capsys, backup):
    code, out, err = await Shell(tmp_path, capsys).run("restore", backup.name)
    first, second, third = out.splitlines()
    assert (code, err) == (0, "")
    assert first == f"{tmp_path}/tradebot.db is now {backup.path}: 1 open trades, checked"
    assert second.startswith(f"the former one is kept as {tmp_path}/tradebot.db.replaced-")
    assert third == "the next start adds what the journal has after it"


async def test_json_names_every_file(tmp_path, capsys, backup):
    (tmp_path / "journal").mkdir()
    words = ("restore", str(backup.path), "--alone", "--json")
    code, out, _ = await Shell(tmp_path, capsys).run(*words)
    told = json.loads(out)
    assert (code, told["backup"], told["open_trades"]) == (0, str(backup.path), 1)
    assert told["former_database"].startswith(f"{tmp_path}/tradebot.db.replaced-")
    assert [path.rpartition("/")[2].partition(".")[0] for path in told["put_aside"]] == ["journal"]


async def test_a_backup_that_is_not_there_is_a_wrong_word(tmp_path, capsys, backup):
    code, _, err = await Shell(tmp_path, capsys).run("restore", "nothing.db")
    assert code == 2
    assert f"there are {backup.name}" in err
