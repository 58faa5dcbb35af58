"""A real daemon trades, is recorded, switched and killed; the recording must decide the same.

``python -m tests.soak record_and_replay [--seconds 60] [--seed 1] [--kills 2]``: the daemon
trades its simulated market with partial fills and rejects, while a person opens, edits and
leaves trades through the API. It is killed now and then. In the end every event and intent
of every life must come out of the recording again, and every exit in the database must be
in it with the same tick, reason, level, trigger price and best price.
"""

import argparse
import asyncio
import io
import json
import random
import tempfile
import time
import urllib.error
from decimal import Decimal
from pathlib import Path
from typing import Any

from examples.demonstration import PLANS, QUANTITY_LOTS, scaled
from tests.daemon_process import DaemonProcess
from tradebot.app.recorded import RecordedJob, replay_recording
from tradebot.app.replay import ReplayJob, replay
from tradebot.core.events import ExitDecided
from tradebot.core.money import exact, plain
from tradebot.stores.recording_files import parts_in
from tradebot.stores.sqlite import SqliteStore

CONFIG = """
[paper]
partial_fills = 0.4
rejects = 0.15
latency = "50ms"
[record]
on = {on}
rotate = "1m"
"""
TRADES_MAX = 40


class Soak:
    """One run."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.config = folder / "config.toml"
        self.daemon = DaemonProcess(folder / "state", self.config)
        self.instruments: list[dict[str, Any]] = []
        self.refused = 0

    def live(self, seconds: float, kills: int) -> None:
        """Trade for some time, over as many lives as there are kills and one more."""
        self.switch(on=True)
        for life in range(kills + 1):
            self.daemon.start()
            self.instruments = self.daemon.call("/api/v1/instruments")["instruments"]
            end_s = time.monotonic() + seconds / (kills + 1)
            while time.monotonic() < end_s:
                try:
                    self.act()
                except urllib.error.HTTPError as error:
                    error.close()
                    self.refused += 1  # a trade that left meanwhile
                time.sleep(0.05)
            if life < kills:
                self.daemon.kill()
        assert self.daemon.stop() == 0, "the daemon did not stop well"

    def switch(self, *, on: bool) -> None:
        self.config.write_text(CONFIG.format(on=str(on).lower()))

    def act(self) -> None:
        """Do what a person may do."""
        trades = self.daemon.call("/api/v1/activetrades", {})["trades"]
        what = self.random.random()
        if len(trades) < TRADES_MAX and what < 0.6:
            self.open_trade()
        elif trades and what < 0.75:
            trade_id = self.random.choice(trades)["trade_id"]
            stop = self.random.choice(["0.1%", "0.2%", "0.5%"])
            self.daemon.call("/api/v1/updatetrade", {"trade_id": trade_id, "stop": stop})
        elif trades and what < 0.8:
            trade_id = self.random.choice(trades)["trade_id"]
            self.daemon.call("/api/v1/exittrade", {"trade_id": trade_id})
        elif what < 0.81:
            self.switch(on=False)
            time.sleep(0.3)
            self.switch(on=True)

    def open_trade(self) -> None:
        instrument, plan = self.random.choice(self.instruments), self.random.choice(PLANS)
        lot = Decimal(str(instrument["lot_size"]))
        wanted = {
            "exchange": instrument["exchange"],
            "symbol": instrument["symbol"],
            "product": "MIS" if plan["side"] == "LONG" else "NRML",
            "quantity": str(QUANTITY_LOTS * lot),
        }
        side = "BUY" if plan["side"] == "LONG" else "SELL"
        order = self.daemon.call("/api/v1/paper/orders", {**wanted, "side": side})
        trade = {**wanted, **scaled(plan, lot), "order_id": order["order_id"]}
        self.daemon.call("/api/v1/createtrade", trade)

    async def decided(self) -> dict[tuple[str, int, str], tuple[object, ...]]:
        """Return every exit that the database knows of."""
        store = await SqliteStore.open(self.folder / "state" / "tradebot.db", epoch_above=0)
        trades = [saved.trade.trade_id for saved in await store.history(limit=100_000)]
        trades += [saved.trade.trade_id for saved in (await store.load()).trades]
        events = [told.event for name in trades for told in await store.story(name)]
        await store.close()
        return {
            (event.trade_id, event.at_ns, event.reason.value): (
                None if event.level is None else plain(event.level),
                None if event.ltp is None else plain(exact(event.ltp)),
                None if event.best_price is None else plain(exact(event.best_price)),
            )
            for event in events
            if isinstance(event, ExitDecided)
        }

    def judge(self) -> list[str]:
        """Replay the recording, and say what is wrong."""
        recordings = self.folder / "state" / "recordings"
        out = io.StringIO()
        answer = replay_recording(RecordedJob(directory=recordings, check=True), out)
        print(answer.summary)
        wrong = [] if answer.is_same else ["the recording decides otherwise"]
        decided = asyncio.run(self.decided())
        exits = [json.loads(line) for line in out.getvalue().splitlines()]
        for exit_ in exits:
            found = decided.get((exit_["trade_id"], exit_["ts_ns"], exit_["reason"]))
            said = tuple(exit_[key] for key in ("level", "trigger_price", "best_price"))
            if found != said:
                wrong.append(f"{exit_}: the database has {found}")
        missing = len(decided) - len(exits)
        print(f"{len(decided)} exits in the database, {missing} of them while nothing recorded")
        parts = parts_in(recordings)
        trades = self.folder / "trades.jsonl"
        trade = {"exchange": "SIM", "symbol": "SBIN", "side": "LONG", "quantity": 1}
        late = {"entry_price": 1, "opened_at_ns": 4 * 10**18, "target": "@2"}
        trades.write_text(json.dumps({**trade, **late}))
        for part in parts:  # each alone is what a replay takes
            replay(ReplayJob(ticks=(part.ticks,), trades=trades), io.StringIO())
        size = sum(part.ticks.stat().st_size + part.inputs.stat().st_size for part in parts)
        print(f"{len(parts)} parts, {size / 1024:,.0f} KiB, {self.refused} requests refused")
        return wrong


def main(argv: list[str]) -> int:
    """Run the soak and print its figures; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="record_and_replay")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep everything here, to look at it")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(arguments.folder or Path(folder), arguments.seed)
        soak.live(arguments.seconds, arguments.kills)
        wrong = soak.judge()
    for line in wrong[:20]:
        print("WRONG", line)
    return 1 if wrong else 0
