"""A trader for the demonstration: opens positions on paper and has tradebot guard them.

It does what any program around a broker does: it places orders at the (paper) broker,
and asks the daemon over REST to guard each of them. The daemon itself never opens a
position. Only Python's own library is used, so that it can be read as an example.

    python3 examples/demonstration.py --state-dir state
"""

import argparse
import itertools
import json
import signal
import sys
import time
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

# Side, quantity and rules of the trades, in turn over the instruments. The distances are
# a few seconds to two minutes of the simulated market, so that each way out is seen soon.
PLANS: tuple[dict[str, object], ...] = (
    {"side": "LONG", "stop": "0.3%", "target": "0.2%"},
    {"side": "SHORT", "stop": "0.25%", "trail": {"by": "0.15%"}},
    {"side": "LONG", "stop": "0.15%", "target": "1%"},
    {"side": "LONG", "stop": "0.4%", "trail": {"by": "0.12%", "activation": "0.1%"}},
    {"side": "SHORT", "stop": "0.35%", "target": "0.15%"},
    {
        "side": "LONG",
        "stop": "0.4%",
        "breakeven": {"at": "0.15%", "lock": "0.02%"},
        "target": [{"at": "0.2%", "quantity": 5}, {"at": "0.6%", "quantity": 5}],
    },
    {"side": "SHORT", "stop": "0.5%", "trail": {"by": "0.2%", "step": "0.05%"}},
    {"side": "LONG", "stop": "0.8%", "target": "0.8%", "time_exit": {"after": "90s"}},
)
QUANTITY_LOTS = 10
TRADES_MAX = 16  # open at a time
PAUSE_S = 1.0
PATIENCE = 3  # calls in a row without an answer, before it is worth a line


class Daemon:
    """The daemon's API, as a state directory names it."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def call(self, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
        """Send one request; POST with a body, GET without.

        Raises:
            OSError: the daemon does not answer, or answers with an error.
        """
        daemon = json.loads((self._state_dir / "daemon.json").read_text())
        key = (self._state_dir / "admin.key").read_text().strip()
        request = urllib.request.Request(
            f"http://{daemon['address']}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            data: dict[str, object] = json.load(answer)["data"]
        return data


def open_trade(daemon: Daemon, instrument: dict[str, object], plan: dict[str, object]) -> str:
    """Buy or sell short on paper, and ask for the position to be guarded; return its id."""
    lot = Decimal(str(instrument["lot_size"]))
    quantity = str(QUANTITY_LOTS * lot)
    wanted = {
        "exchange": instrument["exchange"],
        "symbol": instrument["symbol"],
        # A net position of its own: the demonstration holds both sides of an instrument.
        "product": "MIS" if plan["side"] == "LONG" else "NRML",
    }
    order = daemon.call(
        "/api/v1/paper/orders",
        {**wanted, "side": "BUY" if plan["side"] == "LONG" else "SELL", "quantity": quantity},
    )
    trade = daemon.call(
        "/api/v1/createtrade",
        {
            **wanted,
            **scaled(plan, lot),
            "order_id": order["order_id"],
            "quantity": quantity,
            "strategy": "demonstration",
        },
    )
    return str(trade["trade_id"])


def scaled(plan: dict[str, object], lot: Decimal) -> dict[str, object]:
    """Return a plan with the quantities of its partial targets in units."""
    target = plan.get("target")
    if not isinstance(target, list):
        return plan
    parts = [{**part, "quantity": str(part["quantity"] * lot)} for part in target]
    return {**plan, "target": parts}


def run(daemon: Daemon) -> NoReturn:
    """Keep some trades open for ever; when the daemon is away, wait for it."""
    instruments: list[dict[str, object]] = []
    missed = 0
    turns = itertools.count()
    while True:
        try:
            if not instruments:
                listed = daemon.call("/api/v1/instruments")["instruments"]
                assert isinstance(listed, list), "the daemon lists its instruments"
                instruments = listed
            active = daemon.call("/api/v1/activetrades", {"strategy": "demonstration"})["trades"]
            assert isinstance(active, list), "the daemon lists its trades"
            for _ in range(TRADES_MAX - len(active)):
                turn = next(turns)
                plan = PLANS[(turn + turn // len(PLANS)) % len(PLANS)]  # each on each in turn
                open_trade(daemon, instruments[turn % len(instruments)], plan)
            missed = 0
        except (OSError, ValueError) as error:
            missed += 1
            if missed == PATIENCE:  # a daemon that is just stopping takes us with it
                print(f"demonstration: waiting for the daemon ({error})", file=sys.stderr)
        time.sleep(PAUSE_S)


def main() -> int:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description="Open demonstration trades on paper.")
    parser.add_argument("--state-dir", type=Path, default=Path("state"))
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        run(Daemon(arguments.state_dir))
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
