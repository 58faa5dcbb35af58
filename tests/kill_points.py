"""Twenty trades about to leave, a daemon that dies at a system call, and who left how often.

A state is prepared once: trades on few net positions, so that lanes have queues, some with
two targets, two that nothing reaches. Each round begins with a copy of it, and a recording
that reaches every stop and target within half a second.
"""

import asyncio
import http.client
import itertools
import json
import shutil
import signal
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.daemon_process import DaemonProcess
from tests.forked_daemon import ForkedDaemon, Nursery
from tests.traced import PATIENCE_S, Tracer
from tradebot.core.guard.trades import Status, Trade
from tradebot.stores.journal import FileJournal
from tradebot.stores.restore import restore
from tradebot.stores.sqlite import SqliteStore

AT_NS = 1_700_000_000_000_000_000
STEP_NS = 8_000_000
VISITS = 5  # of each symbol; the price moves by 0.2 % each time
DOWN = tuple(f"D{number}" for number in range(6))  # two longs on each, stopped
UP = ("U0", "U1")  # two shorts on each, stopped
GOAL = ("G0", "G1")  # a long with two targets on each
HELD = ("H0", "H1")  # a long on each, which stays
QUANTITY = 10
# From an order to its execution: soon, so that lives are short; or only in the next life,
# which then finds orders alive of which it never had an answer.
QUICK, SLOW = "2ms", "2s"
CONFIG = """
[paper]
market = "replay"
replay_files = ["{file}"]
speed = 1.0
latency = "{latency}"
partial_fills = {parts}
[price]
stale_after = "1h"
[store]
sync_every = "20ms"
"""
JOURNAL = "journal"  # the segment that a prepared state's first life writes
# The calls of the order path, and the file where one file is meant. The counter is each
# thread's own: the loop's has journal and paper world, the other one has the database.
PLACES = (
    *(("pwrite64", ""), ("pwrite64", "tradebot.db-wal"), ("pwrite64", "paper.db-wal")),
    *(("pwrite64", JOURNAL), ("fdatasync", JOURNAL)),
    *(("fdatasync", ""), ("fdatasync", "tradebot.db-wal"), ("fsync", "")),
    *(("write", ""), ("writev", ""), ("sendmsg", ""), ("epoll_pwait", "")),
    *(("rename", ""), ("unlink", ""), ("ftruncate", ""), ("close", "tradebot.db")),
)


class Point(NamedTuple):
    """Where a life ends: before the n-th call that any one thread makes."""

    syscall: str
    file: str  # in the state directory, or JOURNAL; empty: whatever it is made on
    number: int

    def __str__(self) -> str:
        return f"{self.syscall} {self.file or '*'} {self.number}"


class Death(NamedTuple):
    """One life under strace."""

    point: Point
    file: str | None  # on which it died; None: it came to its end instead
    stage: str  # the last event that it logged


class Round(NamedTuple):
    """What came of one prepared state."""

    deaths: list[Death]
    ready_s: float  # of the life that followed the last death
    wrong: list[str]


class Prepared:
    """A state about to leave; every round takes a copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rounds = 0
        self.nursery = Nursery()
        _write(folder / "before.csv", _rows(visits=1))
        _write(folder / "ticks.csv", _rows(visits=1 + VISITS))
        config = folder / "config.toml"
        config.write_text(CONFIG.format(file="before.csv", parts=0.0, latency="0ms"))
        daemon = ForkedDaemon(self.nursery, folder / "state", config)
        try:
            daemon.start()
            self.names = set(open_trades(daemon))
            last_s = time.monotonic() + PATIENCE_S
            while any(t["status"] != "ACTIVE" for t in active(daemon)):
                assert time.monotonic() < last_s, "the trades do not become active"
                time.sleep(0.02)
        finally:
            daemon.kill()

    def calls(self) -> dict[tuple[str, str], int]:
        """Live once to the end, and return how often each place was passed."""
        most: dict[tuple[str, str], int] = {}
        names = ",".join(sorted({syscall for syscall, _ in PLACES}))
        for file in sorted({file for _, file in PLACES}):
            daemon = self.copy()
            paths = paths_of(daemon, file)
            daemon.tracer = tracer = Tracer(daemon.state.parent / "trace", names, paths=paths)
            try:
                daemon.start()
                wait_until_left(daemon)
            finally:
                daemon.kill()
            found = tracer.counts()
            most |= {p: found.get(p[0], 0) for p in PLACES if p[1] == file}
            shutil.rmtree(daemon.state.parent)
        return most

    def round(self, points: list[Point], latency: str = QUICK) -> Round:
        """Die at each point in turn, each time going on where the last life ended; judge."""
        daemon = self.copy(latency)
        wrong: list[str] = []
        deaths: list[Death] = []
        try:
            deaths += (die(daemon, point) for point in points)
            daemon.start()
            wait_until_left(daemon)
        except (RuntimeError, AssertionError, OSError, http.client.HTTPException) as error:
            wrong.append(f"after {len(deaths)} deaths: {error}")
        finally:
            daemon.kill()
        wrong += asyncio.run(judged(daemon.state, self.names))
        if not wrong:
            shutil.rmtree(daemon.state.parent)
        return Round(deaths, daemon.ready_s[-1] if daemon.ready_s else 0.0, wrong)

    def close(self) -> None:
        self.nursery.close()

    def copy(self, latency: str = QUICK) -> ForkedDaemon:
        """Return a daemon on a state of its own, with an exchange that takes so long to fill."""
        self.rounds += 1
        home = self.folder / f"round{self.rounds}"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.folder / "state", home / "state")
        config = home / "config.toml"
        ticks = self.folder / "ticks.csv"
        config.write_text(CONFIG.format(file=ticks, parts=0.3, latency=latency))
        return ForkedDaemon(self.nursery, home / "state", config)


def drawn(most: dict[tuple[str, str], int], draw: Random) -> list[Point]:
    """Return one to three points; a second one kills the start after the first."""
    places = [place for place, count in most.items() if count]
    weights = [min(most[place], 20) for place in places]  # what comes once is met soon
    deaths = draw.choices(places, weights, k=draw.choice((1, 1, 2, 3)))
    return [Point(*place, draw.randint(1, most[place])) for place in deaths]


def paths_of(daemon: DaemonProcess, file: str) -> list[Path]:
    """Return the files that a point's counter counts; empty: all."""
    if file != JOURNAL:
        return [daemon.state / file] if file else []
    # A start begins a new segment: its name tells the next frame, and the next number.
    with tempfile.TemporaryDirectory() as copy:
        journal = FileJournal.open(shutil.copytree(daemon.state / JOURNAL, Path(copy, JOURNAL)))
        with sqlite3.connect(f"file:{daemon.state / 'tradebot.db'}?mode=ro", uri=True) as database:
            frame = database.execute("SELECT frame FROM meta").fetchone()[0]
        database.close()
        journal.recover(epoch=journal.epoch_seen + 1, after=frame)
        journal.close()
        newest = max(Path(copy, JOURNAL).iterdir(), key=lambda path: path.name[-8:])
    return [daemon.state / JOURNAL / newest.name]


def die(daemon: ForkedDaemon, point: Point) -> Death:
    """Live until the point is reached, or until nothing is left to do."""
    paths = paths_of(daemon, point.file)
    daemon.tracer = tracer = Tracer(
        daemon.state.parent / "trace",
        point.syscall,
        f"signal=SIGKILL:when={point.number}",
        paths=paths,
    )
    try:
        daemon.start()
        wait_until_left(daemon)
    except (RuntimeError, OSError, http.client.HTTPException):
        assert daemon.process is not None, "a daemon that was started"
        if daemon.process.wait(PATIENCE_S) != -signal.SIGKILL:
            raise
        tracer.wait()
        return Death(point, tracer.last_file(point.syscall), daemon.last_event())
    finally:
        daemon.kill()
        daemon.tracer = None
    return Death(point, None, daemon.last_event())


def wait_until_left(daemon: DaemonProcess) -> None:
    """Wait until every trade that is reached has left.

    Raises:
        OSError: nobody answers.
    """
    last_s = time.monotonic() + PATIENCE_S
    while {trade["symbol"] for trade in active(daemon)} != set(HELD):
        assert time.monotonic() < last_s, f"still open: {active(daemon)}"
        time.sleep(0.05)


def active(daemon: DaemonProcess) -> list[dict[str, Any]]:
    trades: list[dict[str, Any]] = daemon.call("/api/v1/activetrades", {})["trades"]
    return trades


def open_trades(daemon: DaemonProcess) -> Iterator[str]:
    """Buy or sell on paper, and have each position guarded."""
    half = QUANTITY // 2
    for symbol in (*DOWN, *DOWN, *UP, *UP, *GOAL, *HELD):
        side = "SHORT" if symbol in UP else "LONG"
        trade: dict[str, Any] = {"exchange": "X", "symbol": symbol, "quantity": QUANTITY}
        order = {**trade, "side": "SELL" if side == "SHORT" else "BUY"}
        order_id = daemon.call("/api/v1/paper/orders", order)["order_id"]
        trade |= {"side": side, "order_id": order_id, "stop": "0.5%"}
        if symbol in GOAL:
            trade["target"] = [{"at": "0.3%", "quantity": half}, {"at": "0.7%", "quantity": half}]
        yield str(daemon.call("/api/v1/createtrade", trade)["trade_id"])


async def judged(state: Path, names: set[str]) -> list[str]:
    """Hold the paper world's own record against the trades of a dead daemon."""
    trades = {trade.trade_id: trade for trade in await _trades(state)}
    if missing := names - trades.keys():
        return [f"lost: {sorted(missing)}"]
    wrong = [f"nobody created {name}" for name in trades.keys() - names]
    with sqlite3.connect(state / "paper.db") as paper:
        orders = paper.execute("SELECT client_order_id, filled, state FROM orders").fetchall()
        nets = paper.execute("SELECT symbol, quantity FROM positions").fetchall()
        executed = paper.execute("SELECT sum(abs(quantity)) FROM executions").fetchone()[0]
    paper.close()
    left: dict[str, Decimal] = defaultdict(Decimal)
    for name, filled, order_state in orders:
        left[name.rpartition("-x")[0] if name else ""] += Decimal(filled)
        if order_state == "open":
            wrong.append(f"order {name} is open")
    if executed != sum(left.values()):
        wrong.append(f"{executed} units executed, {sum(left.values())} in the orders")
    for trade in trades.values():
        wanted = Decimal(0 if trade.symbol in HELD else QUANTITY)
        status = Status.CLOSED if wanted else Status.ACTIVE
        if [left[trade.trade_id], trade.exited] != [wanted, wanted] or trade.status != status:
            wrong.append(
                f"{trade.trade_id}: the broker sold {left[trade.trade_id]}, the book says "
                f"{trade.exited}, it is {trade.status}, {wanted} and {status} are right"
            )
    if {symbol: Decimal(net) for symbol, net in nets if Decimal(net)} != dict.fromkeys(
        HELD, Decimal(QUANTITY)
    ):
        wrong.append(f"the broker's nets are {nets}")
    return wrong


async def _trades(state: Path) -> list[Trade]:
    """Open journal and database as a start would, and return every trade."""
    journal = FileJournal.open(state / "journal")
    store = await SqliteStore.open(state / "tradebot.db", epoch_above=journal.epoch_seen)
    try:
        recovered = journal.recover(epoch=store.epoch, after=store.frame)
        assert not recovered.damage, recovered.damage
        snapshot = (await restore(store, recovered)).snapshot
        over = await store.history(limit=1_000)
        return [saved.trade for saved in (*snapshot.trades, *over)]
    finally:
        await store.close()
        journal.close()


def _rows(visits: int) -> Iterator[str]:
    """Yield a recording: every symbol in turn, each time a little further."""
    moves = {**dict.fromkeys(DOWN, -0.2), **dict.fromkeys((*UP, *GOAL), 0.2)}
    symbols = (*DOWN, *UP, *GOAL, *HELD)
    for row, (visit, symbol) in enumerate(itertools.product(range(visits), symbols)):
        price = 100 + moves.get(symbol, 0.0) * visit
        yield f"{AT_NS + row * STEP_NS},X,{symbol},{price:.2f}\n"


def _write(file: Path, rows: Iterator[str]) -> None:
    file.write_text("ts_ns,exchange,symbol,price\n" + "".join(rows))


def told(death: Death) -> str:
    """Return a death as a line of JSON."""
    return json.dumps({"point": str(death.point), "file": death.file, "stage": death.stage})
