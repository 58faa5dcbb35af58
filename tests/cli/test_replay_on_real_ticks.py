"""Replays of real recordings: the same each time, and right where the market was hard."""

import bisect
import json

import pytest

from tests.replay_reference import replayed
from tests.replay_trades import (
    TICKS,
    as_lines,
    instruments_of,
    recording,
    trades_for,
)
from tradebot.cli.main import main

FILES = (
    "binance_2024-08-08",
    "comex_gold_futures_2013-10-07",
    "comex_gold_futures_2013-10-08",
    "fx_gold_2014-05-02",
    "nse_nifty_fyers_ws_2025-02",
    "us_equities_2013-10-10",
)
PAYROLLS_NS = 1_399_033_801_000_000_000  # 2014-05-02 12:30:01 UTC
LONE = 165.59  # yesterday's close, printed again and again
pytestmark = pytest.mark.skipif(not TICKS.is_dir(), reason=f"no recordings in {TICKS}")


@pytest.fixture
def replay(tmp_path):
    def run(name, trades, *more, path=None):
        """Return the lines that the command writes."""
        path = path or TICKS / f"{name}.csv.gz"
        (tmp_path / "trades.jsonl").write_text(as_lines(trades))
        listed = json.dumps(instruments_of(recording(path)))
        (tmp_path / "instruments.json").write_text(listed)
        out = tmp_path / "exits.jsonl"
        words = ["replay", "--ticks", path, "--trades", tmp_path / "trades.jsonl", "--out", out]
        words += ["--instruments", tmp_path / "instruments.json", *more]
        assert main([str(word) for word in words]) == 0
        return out.read_text()

    return run


@pytest.mark.parametrize("name", FILES)
def test_a_thousand_trades_leave_the_same_each_time(replay, name):
    trades = trades_for(recording(TICKS / f"{name}.csv.gz"), 1000)
    first = replay(name, trades)
    assert first == replay(name, trades)
    assert first.count("\n") > 600
    exits = [json.loads(line) for line in first.splitlines()]
    assert {exit_["reason"] for exit_ in exits} >= {"stop", "trail", "target", "time"}
    assert exits == sorted(exits, key=lambda exit_: (exit_["ts_ns"], int(exit_["trade_id"][1:])))


@pytest.mark.parametrize("name", FILES)
def test_the_beginning_of_a_recording_is_what_plain_loops_say(replay, name, tmp_path):
    ticks = recording(TICKS / f"{name}.csv.gz")[:1000]
    rows = [f"{t.at_ns},{t.instrument.replace(':', ',')},{t.ltp!r}\n" for t in ticks]
    path = tmp_path / "beginning.csv"
    path.write_text("".join(["ts_ns,exchange,symbol,price\n", *rows]))
    trades = trades_for(ticks, 30)
    assert replay(name, trades, path=path) == replayed(ticks, trades)


def spy_trades():
    """Make a long before each lone print of the session, with its stop above the print."""
    ticks = [t for t in recording(TICKS / f"{FILES[5]}.csv.gz") if t.instrument == "US:SPY"]
    prints = [place for place, tick in enumerate(ticks) if tick.ltp == LONE]
    first, *session = prints  # the first is 0.7 % off, before the open: no jump
    assert (len(session), ticks[first - 1].ltp) == (27, 166.77)
    assert min(tick.ltp for tick in ticks[session[0] :] if tick.ltp != LONE) > 167
    trades = [
        {
            "trade_id": f"P{ticks[place].at_ns}",
            "exchange": "US",
            "symbol": "SPY",
            "side": "LONG",
            "quantity": 1,
            "entry_price": ticks[place - 1].ltp,
            "stop": "@167",
            "opened_at_ns": ticks[place - 1].at_ns,
        }
        for place in session
        if ticks[place - 1].ltp != LONE
    ]
    (second,) = (ticks[place] for place in session if ticks[place - 1].ltp == LONE)
    return trades, second.at_ns


def test_no_trade_leaves_on_a_lone_print_and_two_in_a_row_confirm_each_other(replay):
    trades, pair_ns = spy_trades()
    exits = [json.loads(line) for line in replay(FILES[5], trades).splitlines()]
    # Two prints 52 ms apart with nothing between: to a gate that is a crash which is true.
    assert {(exit_["ts_ns"], exit_["trigger_price"]) for exit_ in exits} == {(pair_ns, "165.59")}
    opened_before = [trade for trade in trades if trade["opened_at_ns"] < pair_ns]
    assert [exit_["trade_id"] for exit_ in exits] == [trade["trade_id"] for trade in opened_before]
    assert 0 < len(opened_before) < len(trades)


def test_without_the_gate_every_one_of_them_leaves_on_its_print(replay):
    trades, _ = spy_trades()
    exits = [json.loads(line) for line in replay(FILES[5], trades, "--no-gate").splitlines()]
    assert {exit_["trade_id"]: f"P{exit_['ts_ns']}" for exit_ in exits} == {
        trade["trade_id"]: trade["trade_id"] for trade in trades
    }
    assert {exit_["trigger_price"] for exit_ in exits} == {"165.59"}


def test_every_stop_that_the_payrolls_crossed_fired_at_the_tick_that_crossed_it(replay):
    name = "fx_gold_2014-05-02"
    walks: dict[str, list[tuple[int, float]]] = {}
    for tick in recording(TICKS / f"{name}.csv.gz"):
        walks.setdefault(tick.instrument, []).append((tick.at_ns, tick.ltp))
    trades, expected, fired_at_once = [], [], 0
    for instrument, walk in walks.items():
        start = bisect.bisect_left(walk, (PAYROLLS_NS - 2_000_000_000, 0.0))
        at_ns, price = walk[start]
        for basis_points in range(1, 81):
            for side, sign in (("LONG", 1), ("SHORT", -1)):
                stop = round(price * (1 - sign * basis_points / 10_000), 2 if price > 100 else 5)
                exchange, symbol = instrument.split(":")
                trades.append(
                    {
                        "exchange": exchange,
                        "symbol": symbol,
                        "side": side,
                        "quantity": 1,
                        "entry_price": price,
                        "stop": f"@{stop}",
                        "opened_at_ns": at_ns,
                    }
                )
                hits = (row for row in walk[start:] if sign * (row[1] - stop) <= 0)
                if (hit := next(hits, None)) is not None:
                    expected.append((f"T{len(trades)}", *hit))
                    fired_at_once += hit[0] < PAYROLLS_NS + 5_000_000_000
    exits = [json.loads(line) for line in replay(name, trades).splitlines()]
    found = [(e["trade_id"], e["ts_ns"], float(e["fill_price"])) for e in exits]
    assert sorted(found) == sorted(expected)
    assert fired_at_once > 100
