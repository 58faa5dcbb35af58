"""Trades guarded through many kill -9: every mark exact, every exit once and none missed.

``python -m tests.soak kill_daemon [--kills 50] [--trades 200] [--seed 1] [--speed 60]``
replays the busy hours of a recorded day through the real daemon, and kills it at random
moments; ``--whole`` replays all of the day, false prints included (best without kills: a
life that begins at a false print has nothing to doubt it by). While it is dead its files
are read: every trade must be there with the marks that a plain scan over the recording
makes, up to the last tick that was journaled. At the end every exit must have been
decided at the tick at which the plain scan leaves, and the paper broker's own record must
show each of them filled once.
"""

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from tests.daemon_process import DaemonProcess
from tests.recorded_day import SOURCE, Decision, PlainScan, cut_recording
from tradebot.core.events import EntryFilled, ExitDecided
from tradebot.core.guard.trades import Status, Trade
from tradebot.core.records import Snapshot, Told
from tradebot.core.restore import by_line, restored_marks
from tradebot.stores.journal import FileJournal
from tradebot.stores.restore import restore
from tradebot.stores.sqlite import SqliteStore

# 13:30 to 17:30 UTC: all four shares trade, and none of the day's false prints is in it.
FROM_NS, UNTIL_NS = 1_381_411_800_000_000_000, 1_381_426_200_000_000_000
CONFIG = """
[paper]
market = "replay"
replay_files = ["ticks.csv.gz"]
speed = {speed}
latency = "5ms"
partial_fills = 0.3
[price]
stale_after = "1h"
[log]
level = "warning"
"""


class Dead(NamedTuple):
    """What the files of a killed daemon hold."""

    snapshot: Snapshot
    stories: dict[str, tuple[Told, ...]]


def main(argv: list[str]) -> int:
    """Run the soak and print its figures; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="kill_daemon")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--trades", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=60)
    parser.add_argument("--whole", action="store_true", help="the whole day, not its busy hours")
    parser.add_argument("--folder", type=Path, help="keep everything here, to look at it")
    arguments = parser.parse_args(argv)
    if not SOURCE.exists():
        print(f"skipped: {SOURCE} is not there")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(arguments.folder or Path(folder), arguments)
        wrong = soak.run()
    for line in wrong[:20]:
        print("WRONG", line)
    return 1 if wrong else 0


class Soak:
    """One run."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self.random = random.Random(arguments.seed)
        self.kills, self.count = arguments.kills, arguments.trades
        self.folder = folder
        hours = (0, 2**63) if arguments.whole else (FROM_NS, UNTIL_NS)
        self.prints = cut_recording(folder / "ticks.csv.gz", *hours)
        config = folder / "config.toml"
        config.write_text(CONFIG.format(speed=arguments.speed))
        self.daemon = DaemonProcess(folder / "state", config)
        self.wrong: list[str] = []
        self.marks_checked = 0
        self.scans: dict[str, PlainScan] = {}

    def run(self) -> list[str]:
        """Open trades, kill, look, and let the rest of the recording run."""
        self.daemon.start()
        self.open_trades()
        for kill in range(self.kills):
            time.sleep(self.random.uniform(0.05, 1.5))
            self.daemon.kill()
            self.look_at_the_dead(kill)
            self.daemon.start()
        self.wait_for_the_end()
        self.daemon.kill()
        dead = self.read_dead()
        self.judge_exits(dead)
        self.judge_paper(dead)
        closed = sum(s.trade.status.is_over for s in self.trades_of(dead))
        ready = sorted(self.daemon.ready_s)
        print(
            f"{self.kills} kills, {self.count} trades, {closed} closed, "
            f"{self.marks_checked} marks compared, {len(self.wrong)} wrong, "
            f"start to READY median {ready[len(ready) // 2]:.2f} s, max {ready[-1]:.2f} s"
        )
        return self.wrong

    def open_trades(self) -> None:
        """Buy or sell on paper, and have each position guarded."""
        symbols = sorted(self.prints)
        for number in range(self.count):
            trade = random_trade(self.random, symbols[number % len(symbols)], number)
            order = {name: trade[name] for name in ("exchange", "symbol", "product", "quantity")}
            order["side"] = "BUY" if trade["side"] == "LONG" else "SELL"
            order_id = self.daemon.call("/api/v1/paper/orders", order)["order_id"]
            self.daemon.call("/api/v1/createtrade", {**trade, "order_id": order_id})

    def wait_for_the_end(self) -> None:
        """Wait until the recording is over and nothing is on its way."""
        while True:
            active = self.daemon.call("/api/v1/activetrades", {})["trades"]
            busy = any(trade["status"] != "ACTIVE" for trade in active)
            if not busy and (not active or self.daemon.logged("feed.ended")):
                return
            time.sleep(0.5)

    def look_at_the_dead(self, kill: int) -> None:
        """Compare every trade's marks with those that the recording makes."""
        dead = self.read_dead()
        if len(dead.stories) != self.count:
            self.wrong.append(f"kill {kill}: {len(dead.stories)} trades of {self.count}")
        highs = by_line(dead.snapshot.highs)
        for saved in dead.snapshot.trades:
            trade = restored_marks(saved, highs)
            if trade.status is not Status.ACTIVE:
                continue
            self.marks_checked += 1
            expected = self.scanned(trade, dead).marks
            if trade.marks != expected:
                self.wrong.append(
                    f"kill {kill}: {trade.trade_id} {trade.marks} instead of {expected}"
                )

    def judge_exits(self, dead: Dead) -> None:
        """Compare every decision with the plain scan's."""
        for saved in self.trades_of(dead):
            trade = saved.trade
            story = dead.stories[trade.trade_id]
            decided = [
                Decision(e.reason, e.level, e.quantity, e.seq, e.ltp)
                if e.level is not None
                else Decision(e.reason, None, e.quantity, fill_before(story, told), None)
                for told in story
                if isinstance(e := told.event, ExitDecided)
            ]
            expected = self.scanned(trade, dead).decisions
            if decided != expected:
                self.wrong.append(f"{trade.trade_id} left {decided} instead of {expected}")

    def judge_paper(self, dead: Dead) -> None:
        """Hold the world's own record against the trades: each exit once, none missed."""
        filled: dict[str, Decimal] = defaultdict(Decimal)
        paper = sqlite3.connect(self.folder / "dead" / "paper.db")
        rows = paper.execute("SELECT client_order_id, quantity, filled FROM orders").fetchall()
        paper.close()
        names = [name for name, _quantity, _filled in rows if name]
        if len(names) != len(set(names)):
            self.wrong.append("a client order id was used for two orders")
        for name, _quantity, part in rows:
            if name:
                filled[name.rpartition("-x")[0]] += Decimal(part)
        for saved in self.trades_of(dead):
            trade = saved.trade
            if filled[trade.trade_id] != trade.exited:
                self.wrong.append(
                    f"{trade.trade_id}: the broker sold {filled[trade.trade_id]}, "
                    f"the book says {trade.exited} of {trade.filled}"
                )
            if trade.status is Status.CLOSED and trade.exited != trade.filled:
                self.wrong.append(f"{trade.trade_id} is closed with {trade.remaining} open")

    def scanned(self, trade: Trade, dead: Dead) -> PlainScan:
        """Return the plain scan of a trade, up to the last tick that was journaled."""
        scan = self.scans.get(trade.trade_id)
        if scan is None:
            scan = self.scans[trade.trade_id] = PlainScan(trade, self.prints[trade.symbol])
        assert dead.snapshot.heard is not None, "a daemon that heard nothing"
        fills = [
            told.event
            for told in dead.stories[trade.trade_id]
            if isinstance(told.event, EntryFilled)
        ]
        scan.look(fills, dead.snapshot.heard.seq)
        return scan

    def read_dead(self) -> Dead:
        """Read a copy of what the dead daemon left."""
        return asyncio.run(read_state(self.daemon.files_of_the_dead(self.folder / "dead")))

    def trades_of(self, dead: Dead) -> list[Any]:
        """Return every trade, over or not."""
        return asyncio.run(all_trades(self.folder / "dead", list(dead.stories)))


async def read_state(state: Path) -> Dead:
    """Open a state directory as a start would, and return what it holds."""
    journal = FileJournal.open(state / "journal")
    store = await SqliteStore.open(state / "tradebot.db", epoch_above=journal.epoch_seen)
    try:
        recovered = journal.recover(epoch=store.epoch, after=store.frame)
        snapshot = (await restore(store, recovered)).snapshot
        names = {f"T{number + 1}" for number in range(snapshot.trades_made)}
        return Dead(snapshot, {name: tuple(await store.story(name)) for name in names})
    finally:
        await store.close()
        journal.close()


async def all_trades(state: Path, names: list[str]) -> list[Any]:
    """Return the stored form of every trade."""
    store = await SqliteStore.open(state / "tradebot.db")
    try:
        return [saved for name in names if (saved := await store.trade(name)) is not None]
    finally:
        await store.close()


def fill_before(story: tuple[Told, ...], decided: Told) -> int:
    """Return the tick count of the entry's fill that a decision without a level followed."""
    fills = (told for told in story if isinstance(told.event, EntryFilled))
    last = max((told for told in fills if told.number < decided.number), key=lambda t: t.number)
    assert isinstance(last.event, EntryFilled), "fills are EntryFilled"
    return last.event.seq


def random_trade(drawn: random.Random, symbol: str, number: int) -> dict[str, Any]:
    """Return a trade that may leave early, late, in parts, or never."""
    side = drawn.choice(("LONG", "SHORT"))
    quantity = drawn.randrange(10, 100)
    trade: dict[str, Any] = {
        "exchange": "US",
        "symbol": symbol,
        "side": side,
        "product": "MIS" if side == "LONG" else "NRML",
        "quantity": quantity,
        "stop": f"{drawn.choice((0.2, 0.4, 0.8, 2))}%",
    }
    if number % 3:
        trade["trail"] = {"by": drawn.choice(("0.3%", "0.5%", "0.25pts", "1pts"))}
        if drawn.random() < 0.5:
            trade["trail"]["activation"] = drawn.choice(("0.1%", "0.3%", "0.1pts"))
        if drawn.random() < 0.3:
            trade["trail"]["step"] = drawn.choice(("0.05%", "0.1pts"))
    if number % 4 == 1:
        trade["target"] = drawn.choice(("0.3%", "0.6%", "1%"))
    if number % 4 == 2:
        part = quantity // 2
        trade["target"] = [{"at": "0.2%", "quantity": part}, {"at": "0.7%", "quantity": part}]
    if number % 5 == 0:
        trade["breakeven"] = {"at": "0.2%", "lock": "0.05%"}
    return trade
