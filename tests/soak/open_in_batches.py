"""Trades opened in batches, with a kill -9 in and after each: none lost, none twice.

``python -m tests.soak open_in_batches [--trades 72] [--batches 6] [--seed 1]``: people open
trades of the simulated market through the API, long and short, by entry order and by entry
price, while the daemon is killed in the middle of each batch and right after it; some
answers are lost on their way besides. Whoever got none asks again: a trade under the same
``Idempotency-Key``, a paper order only where it is not among the exchange's orders. At the
end every trade must be there once, and the exchange's net of every position must be what
is guarded of it.
"""

import argparse
import contextlib
import http.client
import json
import random
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.daemon_process import DaemonProcess
from tradebot.brokers.paper.market import LISTINGS

CONFIG = """
[paper]
latency = "5ms"
partial_fills = 0.3
[log]
level = "warning"
"""
PEOPLE = 4  # who open trades at the same time
PATIENCE_S = 20.0
FINAL = ("complete", "cancelled", "rejected")
PRICES = {listing.instrument.symbol: listing.base for listing in LISTINGS}
LOST = (urllib.error.URLError, http.client.HTTPException, OSError)


class Api:
    """The API of whichever life there is, with a count of its answers."""

    def __init__(self, daemon: DaemonProcess) -> None:
        self._daemon = daemon
        self._counting = threading.Lock()
        self.answers = 0
        self.lost = 0

    def lose(self) -> None:
        """Behave as if an answer had not come."""
        with self._counting:
            self.lost += 1
        raise ConnectionResetError

    def call(self, path: str, body: dict[str, Any] | None = None, *, once: str = "") -> Any:
        """Send one request and return its data.

        Raises:
            RuntimeError: it was refused.
            OSError, HTTPException: nobody knows what came of it.
        """
        state = self._daemon.state
        headers = {
            "X-API-Key": (state / "admin.key").read_text().strip(),
            "Content-Type": "application/json",
        }
        address = json.loads((state / "daemon.json").read_text())["address"]
        request = urllib.request.Request(
            f"http://{address}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=headers | ({"Idempotency-Key": once} if once else {}),
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                data = json.load(answer, parse_float=Decimal)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(f"{path} {body}: {error.read().decode()}") from error
        except LOST as error:
            if not isinstance(getattr(error, "reason", error), ConnectionRefusedError):
                with self._counting:
                    self.lost += 1
            raise
        with self._counting:
            self.answers += 1
        return data


class Opening:
    """One trade that somebody wants, and how far it has come; its quantity is nobody else's."""

    def __init__(self, number: int, instruments: list[dict[str, Any]]) -> None:
        instrument = instruments[number % len(instruments)]
        self.tag = f"n{number}"
        self.side = "LONG" if number // len(instruments) % 2 == 0 else "SHORT"
        self.by_price = number % 3 == 2
        self.quantity = (number + 2) * Decimal(str(instrument["lot_size"]))
        self.where = {
            "exchange": instrument["exchange"],
            "symbol": instrument["symbol"],
            "product": "MIS" if self.side == "LONG" else "NRML",
        }
        self.order_id: str | None = None
        self.trade_id: str | None = None
        self.found = False  # the order whose answer was lost had been placed
        self.creates = 0
        self._asked = False
        self._loses_order, self._loses_trade = number % 5 == 0, number % 7 == 0
        self._trade: dict[str, Any] | None = None

    def go_on(self, api: Api) -> None:
        """Do what is left to do; raises as ``Api.call``, and may then be called again."""
        if self.order_id is None and self._asked:
            order = self.order(api.call("/api/v1/paper/orders?limit=1000")["orders"])
            self.found = order is not None
            self.order_id = order["order_id"] if order else None
        if self.order_id is None:
            side = "BUY" if self.side == "LONG" else "SELL"
            wanted = {**self.where, "side": side, "quantity": str(self.quantity)}
            self._asked = True
            placed = api.call("/api/v1/paper/orders", wanted)
            if self._loses_order:
                self._loses_order = False
                api.lose()
            self.order_id = placed["order_id"]
        if self._trade is None:
            entry = self._as_filled(api) if self.by_price else {"order_id": self.order_id}
            rules = {"stop": "40%", "trail": {"by": "45%"}, "target": "60%"}
            self._trade = {**self.where, **entry, **rules, "side": self.side, "tag": self.tag}
        self.creates += 1
        made = api.call("/api/v1/createtrade", self._trade, once=f"open-{self.tag}")
        if self._loses_trade:
            self._loses_trade = False
            api.lose()
        self.trade_id = made["trade_id"]

    def order(self, orders: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Return the order of this trade; two of it are one too many."""
        mine = [
            order
            for order in orders
            if order["quantity"] == self.quantity
            and all(order[name] == value for name, value in self.where.items())
        ]
        assert len(mine) <= 1, f"{self.tag} was ordered twice: {mine}"
        return mine[0] if mine else None

    def _as_filled(self, api: Api) -> dict[str, Any]:
        """Wait for the order's end; return what it filled, as one who knows no order would."""
        last_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < last_s:
            order = self.order(api.call("/api/v1/paper/orders?limit=1000")["orders"])
            assert order is not None, f"the exchange has forgotten order {self.order_id}"
            if order["state"] in FINAL:
                price = PRICES[self.where["symbol"]]
                return {"quantity": str(order["filled"]), "entry_price": str(price)}
            time.sleep(0.02)
        raise AssertionError(f"{self.tag}: its order does not end")


class Soak:
    """One run."""

    def __init__(self, folder: Path, *, trades: int, batches: int, seed: int) -> None:
        self._random = random.Random(seed)
        config = folder / "config.toml"
        config.write_text(CONFIG)
        self._daemon = DaemonProcess(folder / "state", config)
        self._api = Api(self._daemon)
        self._trades, self._batches = trades, batches
        self._openings: list[Opening] = []
        self._kills = 0
        self.wrong: list[str] = []

    def run(self) -> str:
        """Open, kill, look; return the figures."""
        self._daemon.start()
        try:
            instruments = self._api.call("/api/v1/instruments")["instruments"]
            self._openings = [Opening(number, instruments) for number in range(self._trades)]
            for batch in range(self._batches):
                self._open(self._openings[batch :: self._batches])
                self._kill_and_start()
                self._look(f"after batch {batch + 1}")
            self._settle()
            self._judge()
        finally:
            self._daemon.kill()
        ready = sorted(self._daemon.ready_s)
        found = sum(opening.found for opening in self._openings)
        again = sum(opening.creates - 1 for opening in self._openings)
        return (
            f"{self._trades} trades in {self._batches} batches, {self._kills} kills, "
            f"{self._api.lost} answers lost ({found} orders found placed, "
            f"{again} trades asked for again), {len(self.wrong)} wrong, "
            f"start to READY median {ready[len(ready) // 2]:.2f} s, max {ready[-1]:.2f} s"
        )

    def _open(self, batch: list[Opening]) -> None:
        """Open a batch over two lives: the first is killed in the middle of it."""
        until = self._api.answers + self._random.randint(len(batch) // 2, len(batch))
        with ThreadPoolExecutor(PEOPLE) as people:
            asked = [people.submit(opening.go_on, self._api) for opening in batch]
            while self._api.answers < until and not all(one.done() for one in asked):
                time.sleep(0.0005)
            self._daemon.kill()
        for one in asked:
            if not isinstance(one.exception(), (*LOST, type(None))):
                one.result()
        self._kills += 1
        self._daemon.start()
        self._look("in the middle of a batch")
        with ThreadPoolExecutor(PEOPLE) as people:
            list(people.map(self._finish, batch))

    def _finish(self, opening: Opening) -> None:
        while opening.trade_id is None:
            with contextlib.suppress(ConnectionResetError):  # it was made to lose an answer
                opening.go_on(self._api)

    def _kill_and_start(self) -> None:
        self._daemon.kill()
        self._kills += 1
        self._daemon.start()

    def _look(self, when: str) -> None:
        """Hold what is guarded against what was answered."""
        guarded = Counter(trade["trade_id"] for trade in self._active())
        for opening in self._openings:
            if opening.trade_id is not None and guarded[opening.trade_id] != 1:
                self.wrong.append(f"{when}: {opening.tag} is not guarded as {opening.trade_id}")

    def _settle(self) -> None:
        """Wait until every order has ended and every trade has heard of it."""
        last_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < last_s:
            orders = self._api.call("/api/v1/paper/orders?limit=1000")["orders"]
            if all(order["state"] in FINAL for order in orders):
                filled = sum(order["filled"] for order in orders)
                if filled == sum(trade["quantity"] for trade in self._active()):
                    return
            time.sleep(0.05)

    def _judge(self) -> None:
        active = self._active()
        tags = Counter(trade["tag"] for trade in active)
        for opening in self._openings:
            if tags.pop(opening.tag, 0) != 1:
                self.wrong.append(f"{opening.tag} is not guarded once")
        self.wrong += [f"nobody opened {tag}" for tag in tags]
        self.wrong += [f"{t['tag']} is {t['status']}" for t in active if t["status"] != "ACTIVE"]
        orders = self._api.call("/api/v1/paper/orders?limit=1000")["orders"]
        if len(orders) != self._trades:
            self.wrong.append(f"{len(orders)} orders at the exchange")
        closed = self._api.call("/api/v1/tradehistory", {})["trades"]
        self.wrong += [f"{trade['tag']} has left" for trade in closed]
        guarded: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        for trade in active:
            sign = 1 if trade["side"] == "LONG" else -1
            guarded[_net(trade)] += sign * trade["quantity"]
        held = {
            _net(row): row["quantity"]
            for row in self._api.call("/api/v1/paper/positions")["positions"]
        }
        if dict(guarded) != held:
            self.wrong.append(f"guarded are {dict(guarded)}, held are {held}")

    def _active(self) -> list[dict[str, Any]]:
        trades: list[dict[str, Any]] = self._api.call("/api/v1/activetrades", {"limit": 1000})[
            "trades"
        ]
        return trades


def _net(row: dict[str, Any]) -> tuple[str, ...]:
    return row["exchange"], row["symbol"], row["product"]


def main(argv: list[str]) -> int:
    """Run the soak and print its figures; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="open_in_batches")
    parser.add_argument("--trades", type=int, default=72)
    parser.add_argument("--batches", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(
            Path(folder),
            trades=arguments.trades,
            batches=arguments.batches,
            seed=arguments.seed,
        )
        print(soak.run())
    for line in soak.wrong[:20]:
        print("WRONG", line)
    return 1 if soak.wrong else 0
