"""What those who ask do to the loop that guards: its lag under load, beside its lag idle.

A daemon of its own guards 200 trades of the simulated market and has thousands of closed
ones. One client asks it over loopback, in phases: nothing; short questions, a thousand a
second; the same for pages of the usual length, as many as come; five exports of the
history a second, all pages of each at once. The daemon's process has a probe on its loop
(see ``bench.api_load_child``). Ticks and stops wait as long as the probe does.
"""

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from bench.rounds import SkippedError, percentile
from tradebot.app.key_file import KeyFile
from tradebot.core.guard.trades import Reason, Rules, Side, Status, TargetPart, Trade, Trail
from tradebot.core.records import TradeSaved
from tradebot.core.words.levels import Level, Unit
from tradebot.stores.sqlite import SqliteStore

TRADES = 200
CLOSED = 9_000  # about 5 MB, in nine pages
PAGE = 1_000
CONNECTIONS = 16
PER_MINUTE = 100_000  # the tier of the client's key
QUESTIONS_PER_S = 1_000
EXPORTS_PER_S = 5
EXPORTS_MAX = 5  # at a time
PHASE_S = 5.0
READY_S = 20.0
SYMBOLS = ("RELIANCE", "SBIN", "INFY", "ITC")
SECOND_NS = 1_000_000_000


class Line:
    """One keep-alive connection."""

    def __init__(self, address: str, key: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)  # noqa: FBT003 - it takes no keyword
        self._head = f"Host: {address}\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"

    async def ask(self, path: str, body: bytes) -> int:
        """Send a question, read the answer and return its length."""
        head = f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._socket, head.encode() + body)
        told = b""
        while b"\r\n\r\n" not in told:
            told += await self._more(loop)
        assert told.startswith(b"HTTP/1.1 200"), told[:500]
        head_of, _, begun = told.partition(b"\r\n\r\n")
        size = len(begun)
        at = head_of.lower().find(b"content-length:")
        if at >= 0:
            wanted = int(head_of[at + 15 :].split(b"\r\n", 1)[0])
            while size < wanted:
                size += len(await self._more(loop))
            return size
        end = begun[-5:]
        while end != b"0\r\n\r\n":  # the last chunk
            more = await self._more(loop)
            size += len(more)
            end = (end + more)[-5:]
        return size

    def close(self) -> None:
        self._socket.close()

    async def _more(self, loop: asyncio.AbstractEventLoop) -> bytes:
        more = await loop.sock_recv(self._socket, 1_000_000)
        if not more:
            raise ConnectionResetError
        return more


class Load:
    """The client: what it asks, in each phase."""

    def __init__(self, address: str, key: str) -> None:
        self._new_line = lambda: Line(address, key)
        self._lines = [self._new_line() for _ in range(CONNECTIONS)]
        self.answers = 0
        self.bytes = 0

    async def nothing(self) -> str:
        await asyncio.sleep(PHASE_S)
        return ""

    async def short(self) -> str:
        return await self._questions(b'{"limit":10}', QUESTIONS_PER_S)

    async def pages(self) -> str:
        return await self._questions(b"{}", QUESTIONS_PER_S)

    async def exports(self) -> str:
        began_s = time.monotonic()
        free = asyncio.Semaphore(EXPORTS_MAX)
        sizes: list[int] = []
        lines = [[self._new_line() for _ in range(0, CLOSED, PAGE)] for _ in range(EXPORTS_MAX)]

        async def export() -> None:
            async with free:
                mine = lines.pop()
                asked = [
                    line.ask("/api/v1/tradehistory", _page(number))
                    for number, line in enumerate(mine)
                ]
                sizes.append(sum(await asyncio.gather(*asked)))
                lines.append(mine)

        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                due_s = began_s + number / EXPORTS_PER_S
                if due_s >= began_s + PHASE_S:
                    break
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                async with free:  # no more wait than are under way
                    pass
                if time.monotonic() >= began_s + PHASE_S:
                    break
                group.create_task(export())
        took_s = time.monotonic() - began_s
        for line in itertools.chain.from_iterable(lines):
            line.close()
        return f"{len(sizes) / took_s:.1f}/s of {sum(sizes) / len(sizes) / 1e6:.1f} MB"

    def close(self) -> None:
        for line in self._lines:
            line.close()

    async def _questions(self, body: bytes, per_s: float) -> str:
        began_s, asked = time.monotonic(), itertools.count()
        answers = 0

        async def go_on(line: Line) -> None:
            nonlocal answers
            while (due_s := began_s + (number := next(asked)) / per_s) < began_s + PHASE_S:
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                if time.monotonic() >= began_s + PHASE_S:
                    return
                what = "activetrades" if number % 2 else "tradehistory"
                await line.ask(f"/api/v1/{what}", body)
                answers += 1

        await asyncio.gather(*(go_on(line) for line in self._lines))
        return f"{answers / (time.monotonic() - began_s):,.0f}/s"


def main() -> None:
    """Measure and print."""
    if not Path("/proc/thread-self/schedstat").exists():
        raise SkippedError("the kernel does not tell how long a thread waited for a processor")
    with tempfile.TemporaryDirectory() as folder:
        state, lags = Path(folder) / "state", Path(folder) / "lags.json"
        state.mkdir(mode=0o750)
        asyncio.run(_seeded(state))
        key, _ = KeyFile(state).create("load", "read", PER_MINUTE)
        command = [sys.executable, "-m", "bench.api_load_child", str(state), str(lags)]
        with subprocess.Popen(command) as daemon:
            try:
                address = _served(state, daemon)
                _open_trades(state, address)
                asyncio.run(_measured(Load(address, key), lags, daemon))
            finally:
                daemon.terminate()
                try:
                    daemon.wait(10)
                except subprocess.TimeoutExpired:
                    daemon.kill()


async def _measured(load: Load, lags: Path, daemon: subprocess.Popen[bytes]) -> None:
    phases: dict[str, Callable[[], Awaitable[str]]] = {
        "idle": load.nothing,
        "short questions": load.short,
        "usual pages": load.pages,
        "exports": load.exports,
    }
    print(f"{'loop lag, ms':18} {'p50':>8} {'p99':>8} {'max':>8} {'p99 to idle':>12}  answered")
    idle = 0.0
    try:
        for name, phase in phases.items():
            _lags(lags, daemon)
            answered = await phase()
            values = _lags(lags, daemon)
            p99 = percentile(values, 99)
            idle = idle or p99
            print(
                f"{name:18} {percentile(values, 50):8.2f} {p99:8.2f} {max(values):8.2f} "
                f"{p99 / idle:12.1f}  {answered}",
                flush=True,
            )
    finally:
        load.close()


def _lags(file: Path, daemon: subprocess.Popen[bytes]) -> list[float]:
    """Take what the probe has gathered since the last call."""
    file.unlink(missing_ok=True)
    os.kill(daemon.pid, signal.SIGUSR1)
    last_s = time.monotonic() + READY_S
    while not file.exists():
        assert time.monotonic() < last_s, "the probe does not answer"
        time.sleep(0.01)
    values: list[float] = json.loads(file.read_text())
    return values


async def _seeded(state: Path) -> None:
    """Write a history."""
    store = await SqliteStore.open(state / "tradebot.db")
    saved = [TradeSaved(trade=_closed(number + 1), highs_seen=0) for number in range(CLOSED)]
    await store.commit(saved, 0, full_sync=True)
    await store.close()


def _closed(number: int) -> Trade:
    at_ns = 1_760_000_000 * SECOND_NS + number * SECOND_NS
    return Trade(
        trade_id=f"T{number}",
        number=number,
        account="paper",
        strategy="opening-range-breakout",
        exchange="SIM",
        symbol=SYMBOLS[number % len(SYMBOLS)],
        product="MIS",
        side=Side.LONG,
        quantity=Decimal(75),
        filled=Decimal(75),
        exited=Decimal(75),
        entry_notional=Decimal("60937.5") + number,
        exit_notional=Decimal("61200.25"),
        rules=Rules(
            stop=Level(Unit.PERCENT, Decimal("1.5")),
            targets=(
                TargetPart(at=Level(Unit.PERCENT, Decimal(1)), quantity=Decimal(25)),
                TargetPart(at=Level(Unit.PERCENT, Decimal(2)), quantity=Decimal(50)),
            ),
            trail=Trail(by=Level(Unit.PERCENT, Decimal("0.4"))),
        ),
        status=Status.CLOSED,
        reason=Reason.TARGET,
        order_id=f"P{number}",
        tag="seen on the one-minute chart",
        created_at_ns=at_ns,
        opened_at_ns=at_ns,
        closed_at_ns=at_ns + 60 * SECOND_NS,
        version=7,
    )


def _page(number: int) -> bytes:
    return json.dumps({"limit": PAGE, "cursor": str(CLOSED + 1 - number * PAGE)}).encode()


def _served(state: Path, daemon: subprocess.Popen[bytes]) -> str:
    """Wait until the daemon says where it is."""
    last_s = time.monotonic() + READY_S
    while time.monotonic() < last_s and daemon.poll() is None:
        with suppress(OSError, ValueError):
            return str(json.loads((state / "daemon.json").read_text())["address"])
        time.sleep(0.02)
    raise SkippedError("the daemon does not serve")


def _open_trades(state: Path, address: str) -> None:
    """Have trades guarded, with rules that none of them leaves by."""
    key = (state / "admin.key").read_text().strip()
    for number in range(TRADES):
        trade = {
            "exchange": "SIM",
            "symbol": SYMBOLS[number % len(SYMBOLS)],
            "product": "MIS",
            "side": "LONG",
            "quantity": 10,
            "entry_price": (2900, 812.5, 1550, 430)[number % len(SYMBOLS)],
            "stop": "40%",
            "target": "60%",
            "trail": {"by": "45%"},
        }
        request = urllib.request.Request(
            f"http://{address}/api/v1/createtrade",
            data=json.dumps(trade).encode(),
            headers={"X-API-Key": key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
