"""The parts of a daemon together: what one life decided, the next one knows and finishes."""

import asyncio
import sqlite3
import time
from decimal import Decimal

import pytest
import time_machine

from tests.services.fakes import Said
from tests.services.guard import a_creation
from tradebot.app.app import App
from tradebot.app.parts import Parts
from tradebot.app.state import StateDirectory
from tradebot.app.world import PaperWorld
from tradebot.config import load
from tradebot.core.guard.trades import Rules, Status
from tradebot.core.inputs import ExitTrade, OrderSide, Timer
from tradebot.core.market.instruments import NetKey
from tradebot.core.words.levels import Level, Unit
from tradebot.errors import BrokerError, StoreError
from tradebot.stores import sqlite as sqlite_module
from tradebot.stores.backups import Backups
from tradebot.stores.checks import check_file
from tradebot.stores.journal import FileJournal
from tradebot.stores.sqlite import SqliteStore
from tradebot.stores.transaction import Transaction

FAR = Rules(stop=Level(Unit.PRICE, Decimal("0.05")))
SBIN = NetKey("PAPER-1", "SIM", "SBIN", "MIS")


class Lives:
    """One state directory, and a way to open it again and again."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.said = Said()
        self.config = folder / "config.toml"
        self.config.write_text('[paper]\nlatency = "0s"\npartial_fills = 0\nrejects = 0\n')

    async def open(self) -> Parts:
        state = StateDirectory(self.folder / "state")
        state.prepare()
        return await Parts.open(load(self.config).settings, state, say=self.said)


@pytest.fixture
def lives(tmp_path):
    return Lives(tmp_path)


async def guarded(parts: Parts) -> None:
    """Buy, and have the position guarded once it is held and durable."""
    assert isinstance(parts.world, PaperWorld)
    while parts.world._prices.ltp("SIM:SBIN") is None:  # noqa: ASYNC110 - prices have no event
        await asyncio.sleep(0)
    parts.world.broker.place_for_person(SBIN, OrderSide.BUY, Decimal(100), parts.clock.now_ns())
    await until(parts, lambda: parts.engine.book.net(SBIN) == 100)
    creation = a_creation("T1", rules=FAR, exchange="SIM", symbol="SBIN", account=SBIN.account)
    await parts.loop.command(creation)
    await parts.persister.flush()


async def until(parts: Parts, reached) -> None:
    while not reached():
        await parts.loop.command(Timer(parts.clock.now_ns()))


async def test_a_start_whose_database_takes_no_writes_guards_and_tries_it_again(lives, monkeypatch):
    parts = await lives.open()
    parts.start()
    await guarded(parts)
    await parts.close()
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "_begin", begun_on_a_full_disk)
        again = await lives.open()
    assert again.engine.book.trades.keys() == {"T1"}
    assert again.trades.doubts() == ["the database refuses: 0 rows wait for it"]
    again.start()
    await again.persister.flush()
    assert again.trades.doubts() == []
    assert "store.back" in lives.said.events
    await again.close()


def begun_on_a_full_disk(store, db, epoch_above, begin=SqliteStore._begin):
    class Full(Transaction):
        def __enter__(self):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_module, "Transaction", Full)
        begin(store, db, epoch_above)


async def test_a_trade_and_its_position_are_there_in_the_next_life(lives):
    parts = await lives.open()
    parts.start()
    await guarded(parts)
    version = parts.engine.book.trades["T1"].version
    await parts.close()
    again = await lives.open()
    assert again.engine.book.trades["T1"].version == version
    assert again.engine.book.net(SBIN) == 100
    assert "journal.damaged" not in lives.said.events
    again.start()
    await again.close()


async def test_an_exit_is_decided_sent_filled_and_closed_once(lives):
    parts = await lives.open()
    parts.start()
    await guarded(parts)
    for _ in range(3):
        await parts.loop.command(ExitTrade(trade_id="T1", at_ns=parts.clock.now_ns()))
    await until(parts, lambda: parts.trades_closed)
    await parts.persister.flush()
    saved = await parts.store.trade("T1")
    assert saved is not None
    assert saved.trade.status is Status.CLOSED
    assert lives.said.events.count("exit.sent") == 1
    assert [e.quantity for e in await parts.world.broker.executions()] == [100, 100]
    await parts.close()


async def test_an_exit_on_the_wire_at_the_end_is_finished_by_the_next_life(lives):
    parts = await lives.open()
    parts.start()
    await guarded(parts)
    await parts.loop.command(ExitTrade(trade_id="T1", at_ns=parts.clock.now_ns()))
    await parts.close()
    again = await lives.open()
    again.start()
    await until(again, lambda: "T1" not in again.engine.book.trades)
    assert lives.said.events.count("exit.sent") == 1
    assert again.engine.book.net(SBIN) == 0
    await again.close()


async def test_closing_writes_all_that_waits(lives):
    parts = await lives.open()
    parts.start()
    await guarded(parts)
    parts.loop.put(Timer(parts.clock.now_ns()))
    await parts.close()
    assert (parts.persister.waiting, parts.loop.waiting) == (0, 0)


async def test_what_a_failed_opening_opened_is_let_go(lives):
    (lives.folder / "cut.csv.gz").write_bytes(b"no gzip")
    lives.config.write_text(
        f'[paper]\nmarket = "replay"\nreplay_files = ["{lives.folder / "cut.csv.gz"}"]\n'
    )
    with pytest.raises(BrokerError, match=r"cut\.csv\.gz"):
        await lives.open()
    lives.config.write_text("")
    parts = await lives.open()
    parts.start()
    await parts.close()


# Backups.


async def test_a_stop_makes_a_backup_unless_nothing_changed_since_the_last(lives):
    parts = await lives.open()
    parts.start()
    await guarded(parts)
    await parts.close()
    folder = lives.folder / "state" / "backups"
    newest = Backups(folder, 12).found()[0]
    assert newest.frame == parts.store.frame
    assert check_file(newest.path).open_trades == 1
    again = await lives.open()
    again.start()
    await again.guard.stop()
    made = await again.backups.make()
    await again.close()
    assert Backups(folder, 12).found()[0] == made


async def test_the_journal_reaches_back_to_the_backups(lives):
    parts = await lives.open()
    parts.start()
    await guarded(parts)
    await parts.backups.make()
    await parts.loop.command(Timer(parts.clock.now_ns()))
    await parts.close()
    journal = FileJournal.open(lives.folder / "state" / "journal")
    for backup in Backups(lives.folder / "state" / "backups", 12).found():
        assert journal.lost(backup.frame) == ()


async def test_a_backup_that_fails_is_a_reason_and_holds_up_no_stop(lives):
    (lives.folder / "state").mkdir()
    (lives.folder / "state" / "backups").symlink_to("nowhere/at/all")
    parts = await lives.open()
    parts.start()
    await guarded(parts)
    with pytest.raises(StoreError, match="no backup: File exists"):
        await parts.backups.make()
    (reason,) = parts.backups.reasons()
    assert "backups fail, there is none: " in reason
    await parts.close()
    assert {"backup.failed", "backup.left_out"} <= set(lives.said.events)


async def test_a_damaged_database_is_repaired_and_the_trade_is_guarded_on(lives):
    parts = await lives.open()
    parts.start()
    await guarded(parts)
    await parts.close()
    database = lives.folder / "state" / "tradebot.db"
    database.write_bytes(b"\0" * database.stat().st_size)
    again = await lives.open()
    assert "T1" in again.engine.book.trades
    assert again.engine.book.net(SBIN) == 100
    (reason,) = again.reasons
    assert "the database was damaged and was made again from backup tradebot-0000000" in reason
    before = len(Backups(lives.folder / "state" / "backups", 12).found())
    again.start()
    await again.close()
    assert len(Backups(lives.folder / "state" / "backups", 12).found()) > before
    assert "store.repaired" in lives.said.events


async def test_a_machines_clock_that_is_set_is_told_to_the_engine_and_to_a_person(lives):
    parts = await lives.open()
    parts.start()
    load_again = lambda: load(lives.config).settings  # noqa: E731 - as the daemon's main has it
    state = StateDirectory(lives.folder / "state")
    app = App(load_again(), state, say=lives.said, file=None, load=load_again)
    assert "clock" in [line.partition(":")[0] for line in parts.supervisor.dump()]
    before_ns = parts.clock.now_ns()
    with time_machine.travel(time.time() + 3600):
        assert await skew_s(parts) == 3600
        assert parts.clock.now_ns() - before_ns < 1800 * 10**9
        (alert,) = [one for one in parts.alerting.alerts.listed() if one.key == "clock"]
        assert alert.holds
        assert "3600.0 s ahead of" in alert.text
        assert "the machine's clock was set" in " ".join(app._readiness(parts).reasons)
    assert await skew_s(parts) == 0
    (alert,) = [one for one in parts.alerting.alerts.listed() if one.key == "clock"]
    assert not alert.holds
    assert not app._readiness(parts).reasons
    await parts.close()


async def skew_s(parts: Parts) -> int:
    parts.clock_watch.look()
    await parts.loop.command(Timer(parts.clock.now_ns()))
    return round(parts.engine.book.policy.skew_ns / 1e9)
