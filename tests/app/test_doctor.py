"""A look at a state directory finds what is wrong, says what to do, and changes nothing."""

import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.stores.samples import a_line, a_trade
from tradebot.app import doctor
from tradebot.app.doctor import EARLIEST_NS, findings
from tradebot.app.lock import directory_lock
from tradebot.app.state import StateDirectory
from tradebot.config import load
from tradebot.ports import Finding
from tradebot.stores.backups import Backups
from tradebot.stores.journal import FileJournal
from tradebot.stores.sqlite import SqliteStore

MINUTE_NS = 60 * 10**9


class Patient:
    """A state directory in good health, and a doctor who looks at it."""

    def __init__(self, folder: Path) -> None:
        self.state = StateDirectory(folder / "state")
        self.config = folder / "config.toml"
        self.config.write_text("")
        self.said: dict[str, object] | None = None
        self.environ: dict[str, str] = {}
        self.now_ns = 0

    async def live(self) -> None:
        self.state.path.mkdir(mode=0o750)
        self.state.ballast.write_bytes(b"")
        self.state.ballast.chmod(0o600)
        journal = FileJournal.open(self.state.journal, segment_bytes=4096)
        store = await SqliteStore.open(self.state.database)
        journal.recover(epoch=store.epoch, after=0)
        for n in range(1, 6):
            journal.append([a_trade(n), a_line(n, why="x" * 2000)])
            await store.commit([a_trade(n)], n, full_sync=True)
        self.now_ns = self.state.path.stat().st_mtime_ns + 10**9
        self.backup = await Backups(self.state.backups, 3).make(store, self.now_ns)
        await store.close()
        journal.close()

    def look(self) -> dict[str, Finding]:
        found = findings(
            self.state,
            lambda: load(self.config),
            lambda: self.said,
            environ=self.environ,
            now_ns=lambda: self.now_ns,
        )
        return {finding.what: finding for finding in found}

    def wrong(self) -> list[tuple[str, str]]:
        return [(f.what, f.level) for f in self.look().values() if f.level != "ok"]


@pytest.fixture
async def patient(tmp_path):
    made = Patient(tmp_path)
    await made.live()
    return made


async def test_in_good_health_nothing_is_wrong_and_nothing_changes(patient):
    before = {path: path.stat().st_mtime_ns for path in patient.state.path.rglob("*")}
    found = patient.look()
    assert [f for f in found.values() if f.level != "ok"] == []
    assert "5 open trades" in found["database"].text
    assert found.keys() == {
        *("config", "state directory", "free space", "reserve", "daemon", "database"),
        *("journal", "backup", "backups", "clock", "alerts"),
    }
    assert {path: path.stat().st_mtime_ns for path in patient.state.path.rglob("*")} == before


def _smash(path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


def _row(patient: Patient) -> None:
    db = sqlite3.connect(patient.state.database)
    with db:
        db.execute("UPDATE trades SET body = x'00'")
    db.close()


TROUBLES = {
    "settings": (lambda p: p.config.write_text("x = 1"), [("config", "error")]),
    "database": (lambda p: _smash(p.state.database), [("database", "error")]),
    "row": (_row, [("database", "error")]),
    "no database": (lambda p: p.state.database.unlink(), [("database", "error")]),
    "backup": (lambda p: _smash(p.backup.path), [("backup", "error")]),
    "no backup": (lambda p: shutil.rmtree(p.state.backups), [("backups", "warning")]),
    "ballast": (lambda p: p.state.ballast.unlink(), [("reserve", "warning")]),
    "key": (
        lambda p: (p.state.admin_key.touch(), p.state.admin_key.chmod(0o640)),
        [("state directory", "error")],
    ),
    "open to all": (lambda p: p.state.database.chmod(0o644), [("state directory", "warning")]),
    "set aside": (
        lambda p: (p.state.path / "tradebot.db.damaged-1Z").touch(mode=0o600),
        [("damaged file", "warning")],
    ),
    "damaged segment": (
        lambda p: (p.state.journal / "frames-1.damaged").touch(),
        [("journal", "warning")],
    ),
    "killed": (
        lambda p: (p.state.daemon.write_text('{"pid": 7, "url": ""}'), p.state.daemon.chmod(0o600)),
        [("daemon", "warning")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TROUBLES)
async def test_what_is_wrong_is_found_with_what_to_do(patient, name):
    harm, expected = TROUBLES[name]
    harm(patient)
    patient.now_ns += MINUTE_NS
    assert patient.wrong() == expected
    (what, _) = expected[0]
    if name != "killed":
        assert patient.look()[what].todo


async def test_the_state_directory_of_a_checkout_is_in_order_once_a_daemon_has_prepared_it(patient):
    (patient.state.path / ".gitkeep").touch(mode=0o644)
    patient.state.path.chmod(0o755)
    assert patient.look()["state directory"].level == "warning"
    patient.state.prepare()
    assert patient.look()["state directory"].level == "ok"


@pytest.mark.parametrize(("free", "level"), [(0, "error"), (20 << 20, "warning"), (1 << 30, "ok")])
async def test_a_disk_without_room_is_told(patient, monkeypatch, free, level):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))
    assert patient.look()["free space"].level == level


async def test_frames_that_a_repair_would_need_and_that_are_gone_are_an_error(patient):
    shutil.rmtree(patient.state.backups)
    segments = sorted(patient.state.journal.iterdir())
    _smash(segments[1])
    finding = patient.look()["journal"]
    assert finding.level == "error"
    assert "after the newest backup are gone" in finding.text


async def test_a_running_daemon_tells_its_own_reasons_and_its_backups_must_not_be_old(patient):
    lock = directory_lock(patient.state.path)
    lock.take()
    assert patient.look()["daemon"].level == "error"  # it does not answer
    patient.said = {"state": "degraded", "reasons": ["the disk is full"]}
    found = patient.look()
    assert (found["daemon"].level, found["database"].level) == ("ok", "ok")
    assert (found["readiness"].level, found["readiness"].text) == ("warning", "the disk is full")
    patient.now_ns += 16 * MINUTE_NS
    assert "the newest is 16 min old, one is due every 5 min" in patient.look()["backups"].text
    lock.release()
    patient.said = None
    assert patient.look()["backups"].level == "ok"


@pytest.mark.parametrize("now_ns", [EARLIEST_NS - 1, EARLIEST_NS + 1])
async def test_a_clock_that_is_behind_is_an_error(patient, now_ns):
    patient.now_ns = now_ns
    assert patient.look()["clock"].level == "error"


async def test_a_directory_that_is_not_there_ends_the_look(patient, tmp_path):
    patient.state = StateDirectory(tmp_path / "elsewhere")
    assert patient.wrong() == [("state directory", "error")]
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (2e6, "23 d")]
)
def test_ages_are_told_in_the_unit_that_a_person_would_use(seconds, told):
    assert doctor._age(int(seconds) * 10**9) == told


async def test_each_sink_is_looked_at_with_the_eyes_of_the_daemon_where_one_runs(patient):
    patient.config.write_text('[alerts]\nwebhook = { url = "env:HOOK" }')
    what = "alerts by webhook"
    assert (what, "warning") in patient.wrong()
    patient.environ["HOOK"] = "https://hooks.example/x"
    assert patient.look()[what].level == "ok"
    patient.said = {"reasons": ["no alert is sent by webhook: the secret is empty"]}
    assert patient.look()[what].level == "warning"
