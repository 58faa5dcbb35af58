"""A replay opens, judges and leaves trades as a person would by hand."""

from decimal import Decimal

import pytest

from tradebot.core.engine import Engine
from tradebot.core.inputs import Tick
from tradebot.core.market.instruments import Instrument
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Policy
from tradebot.core.words.trade_requests import parse_trade
from tradebot.services.replay import Refusal, Replay, ReplayTrade
from tradebot.services.replay_inputs import DEFAULTS

T0 = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC
S = 1_000_000_000


def ticks_of(*prices, symbol="A", start=0):
    """Make a tick a second; one may be (seconds, price) or (seconds, price, symbol)."""
    made = []
    for place, item in enumerate(prices):
        seconds, price, name = (*item, symbol)[:3] if isinstance(item, tuple) else (place, item, "")
        at_ns = T0 + int((start + seconds) * S)
        made.append(Tick(f"X:{name or symbol}", float(price), at_ns, at_ns, None, None, place + 1))
    return made


def trades_of(*wanted):
    made = []
    for line, words in enumerate(wanted, 1):
        trade = {"exchange": "X", "symbol": "A", "side": "LONG", "quantity": 10, **words}
        trade.setdefault("entry_price", 100)
        opened = trade.pop("opened", 0)
        made.append(
            ReplayTrade(
                trade_id=trade.pop("id", f"T{line}"),
                request=parse_trade(trade, defaults=DEFAULTS),
                opened_at_ns=T0 + int(opened * S),
                line=line,
            )
        )
    return made


def replay_of(*wanted, instruments=(), gate=False, **policy):
    made = Policy(opposite_allowed=True, holds_jumps=gate, **policy)
    return Replay(made, instruments, trades_of(*wanted))


def told(made, ticks):
    """Tell each exit in short: trade, second, reason @ level, fill, quantity, P&L."""
    lines = []
    for exit_ in made.run(ticks):
        words, at = exit_.words(), (exit_.at_ns - T0) / S
        level = "" if words["level"] is None else f"@{words['level']}"
        lines.append(
            f"{exit_.trade_id} {at:g}s {words['reason']}{level} {words['fill_price']}"
            f" x{words['quantity']} {words['pnl']}"
        )
    return lines


def test_the_engine_of_a_replay_is_the_engine():
    assert type(replay_of({}).engine) is Engine


@pytest.mark.parametrize(
    ("trade", "prices", "says"),
    [
        ({"stop": "1%"}, (100, 99.5, 99, 98), ["T1 2s stop@99 99 x10 -10"]),
        ({"stop": "1%"}, (100, 98.9), ["T1 1s stop@99 98.9 x10 -11"]),
        ({"side": "SHORT", "stop": "@101"}, (100, 101), ["T1 1s stop@101 101 x10 -10"]),
        ({"target": "2pts"}, (101.99, 102.4), ["T1 1s target@102 102.4 x10 24"]),
        ({"side": "SHORT", "target": "2pts"}, (98.2, 98), ["T1 1s target@98 98 x10 20"]),
        ({"trail": {"by": "1pts"}}, (100.5, 99.5), ["T1 1s trail@99.5 99.5 x10 -5"]),
        ({"trail": {"by": "1pts", "activation": "2pts"}}, (101.9, 99), []),
        (
            {"breakeven": {"at": "1pts", "lock": "0.1pts"}},
            (100.9, 100, 101, 100.1),
            ["T1 3s breakeven@100.1 100.1 x10 1"],
        ),
        ({}, (100, 50, 25, 1), []),
        ({"stop": "1%"}, (), []),
    ],
)
def test_a_trade_leaves_at_the_tick_that_reaches_a_level(trade, prices, says):
    assert told(replay_of(trade), ticks_of(*prices)) == says


def test_a_line_says_all_that_made_the_exit():
    made = replay_of({"trail": {"by": "1pts", "step": "2pts"}, "quantity": "2.50"})
    (exit_,) = made.run(ticks_of(103.5, 100.5))
    assert exit_.words() == {
        "trade_id": "T1",
        "ts_ns": T0 + S,
        "reason": "trail",
        "level": "101",
        "trigger_price": "100.5",
        "best_price": "103.5",
        "quantity": "2.5",
        "fill_price": "100.5",
        "pnl": "1.25",
    }


def test_partial_targets_give_a_line_each_and_the_stop_guards_the_rest():
    parts = [{"at": "2pts", "quantity": 3}, {"at": "1pts", "quantity": 4}]
    made = replay_of({"target": parts, "stop": "1pts"})
    assert told(made, ticks_of(100.9, 102, 99)) == [
        "T1 1s target@101 102 x4 8",
        "T1 1s target@102 102 x3 6",
        "T1 2s stop@99 99 x3 -3",
    ]
    assert made.open == 0


@pytest.mark.parametrize(
    ("trade", "ticks", "says"),
    [
        # At the deadline, by the last price before it; not by the tick of the same time.
        ({"time_exit": {"after": "2s"}}, ticks_of(100, 101, 102), ["T1 2s time 101 x10 10"]),
        ({"time_exit": {"after": "1500ms"}}, ticks_of(100, 101, 102), ["T1 1.5s time 101 x10 10"]),
        # Every tick moves the clock, also another instrument's.
        ({"time_exit": {"after": "2s"}}, ticks_of(100, (9, 7, "B")), ["T1 2s time 100 x10 0"]),
        # No price was ever known: the entry's.
        ({"time_exit": {"after": "2s"}}, ticks_of((9, 7, "B")), ["T1 2s time 100 x10 0"]),
        # The last price is known from before the trade opened.
        (
            {"time_exit": {"after": "2s"}, "opened": 5},
            ticks_of(90, (9, 7, "B")),
            ["T1 7s time 90 x10 -100"],
        ),
        ({"time_exit": {"after": "2s"}}, ticks_of(100, 101), []),
        ({"time_exit": {"after": "2s"}, "stop": "1%"}, ticks_of(99), ["T1 0s stop@99 99 x10 -10"]),
        ({"time_exit": {"at": "22:14"}}, ticks_of(100, (60, 1)), ["T1 40s time 100 x10 0"]),
    ],
)  # fmt: skip
def test_a_time_exit_comes_before_a_tick_of_its_time(trade, ticks, says):
    assert told(replay_of(trade), ticks) == says


def test_a_clock_time_is_that_of_the_exchange():
    sessions = {"X": Session(zone="Asia/Kolkata")}
    made = replay_of({"time_exit": {"at": "03:44"}}, sessions=sessions)
    assert told(made, ticks_of(100, (60, 1))) == ["T1 40s time 100 x10 0"]


@pytest.mark.parametrize(
    ("opened", "says"),
    [
        (1, ["T1 1s stop@99 99 x10 -10"]),  # the tick of its own time counts
        (1.5, ["T1 3s stop@99 98.5 x10 -15"]),
        (3.5, []),
        (-1000, ["T1 1s stop@99 99 x10 -10"]),
    ],
)
def test_a_trade_is_judged_from_the_moment_it_opened(opened, says):
    made = replay_of({"stop": "1pts", "opened": opened})
    assert told(made, ticks_of(99.5, 99, 99.5, 98.5)) == says
    assert made.open == 1 - len(says)


def test_exits_of_one_time_come_in_the_order_of_the_trades():
    stop = {"stop": "1pts"}
    early, late = {"opened": -5, **stop}, {"opened": -9, **stop, "time_exit": {"after": "10s"}}
    made = replay_of(stop, {"side": "SHORT", "target": "1pts"}, early, late)
    assert [line.split()[0] for line in told(made, ticks_of(99.5, 99))] == ["T1", "T2", "T3", "T4"]


def test_both_sides_of_one_instrument_do_not_net():
    made = replay_of({"stop": "1pts"}, {"side": "SHORT", "stop": "1pts"})
    assert told(made, ticks_of(101, 99)) == [
        "T2 0s stop@101 101 x10 -10",
        "T1 1s stop@99 99 x10 -10",
    ]


@pytest.mark.parametrize(
    ("prices", "gated", "ungated"),
    [
        # A lone print is no price; two of them confirm each other.
        ((100, 98, 100), [], ["T1 1s stop@99 98 x10 -20"]),
        ((100, 98, 98), ["T1 2s stop@99 98 x10 -20"], ["T1 1s stop@99 98 x10 -20"]),
        # The confirming price decides first; then the held one, whose level was touched.
        ((100, 98.5, 98.9), ["T1 2s stop@99 98.9 x10 -11"], ["T1 1s stop@99 98.5 x10 -15"]),
        ((100, 98.8, 99.5), ["T1 2s stop@99 98.8 x10 -12"], ["T1 1s stop@99 98.8 x10 -12"]),
        # The first price is never suspect.
        ((98, 98), ["T1 0s stop@99 98 x10 -20"], ["T1 0s stop@99 98 x10 -20"]),
        ((100, 0, float("nan")), [], []),
    ],
)  # fmt: skip
def test_a_jump_waits_for_the_next_tick_unless_the_gate_is_open(prices, gated, ungated):
    trade = {"stop": "1pts"}
    assert told(replay_of(trade, gate=True), ticks_of(*prices)) == gated
    assert told(replay_of(trade, gate=False), ticks_of(*prices)) == ungated


def test_the_gate_knows_prices_from_before_the_trade_opened():
    made = replay_of({"stop": "1pts", "opened": 0.5}, gate=True)
    assert told(made, ticks_of(100, 98, 100)) == []
    assert (made.held, made.confirmed, made.refuted, made.dropped) == (1, 0, 1, 0)


@pytest.mark.parametrize(
    ("rules", "opened", "prices", "says"),
    [
        # 98.4 is from before it opened; the price that confirms it is not.
        ({"stop": "1pts"}, 1.5, (100, 98.4, 99.2, 99.2), []),
        ({"stop": "1pts"}, 1.5, (100, 98.4, 98.9), ["T1 2s stop@99 98.9 x10 -11"]),
        ({"stop": "1pts"}, 1.0, (100, 98.4, 99.2), ["T1 2s stop@99 98.4 x10 -16"]),
        # A second jump, after it opened, is held and then confirmed: it counts.
        ({"stop": "1pts"}, 1.5, (100, 104, 98.4, 99.2), ["T1 3s stop@99 98.4 x10 -16"]),
        # Nor does the trail follow a best price from before.
        ({"trail": {"by": "1pts"}}, 1.5, (100, 101.2, 100.5, 99.6), []),
        ({"trail": {"by": "1%"}}, 1, (100, 101.2, 100.5, 99.6), ["T1 3s trail@100.19 99.6 x10 -4"]),
    ],
)  # fmt: skip
def test_a_price_that_was_held_when_the_trade_opened_does_not_judge_it(rules, opened, prices, says):
    made = replay_of({"opened": opened, **rules}, gate=True)
    assert told(made, ticks_of(*prices)) == says


def test_instruments_give_tick_and_multiplier():
    gold = Instrument(exchange="X", symbol="A", tick_size=Decimal("0.25"), multiplier=Decimal(100))
    made = replay_of({"stop": "1.1pts"}, instruments=(gold,))
    assert told(made, ticks_of(100, 99)) == ["T1 1s stop@99 99 x10 -1000"]


def test_a_long_is_judged_by_the_bid_where_it_asks_for_it():
    made = replay_of({"stop": "1pts", "price_source": "exit_side"})
    at_ns = T0 + S
    ticks = [Tick("X:A", 99.2, at_ns, at_ns, 98.9, 99.3, 1)]
    (exit_,) = made.run(ticks)
    assert (exit_.trigger_price, exit_.fill_price) == (Decimal("98.9"), Decimal("98.9"))


def test_what_is_no_plan_is_refused_with_its_line():
    made = replay_of(
        {"stop": "@101"}, {"stop": "1%"}, {"side": "SHORT", "target": "@101", "id": "B"}
    )
    assert made.refusals() == [
        Refusal(1, "stop 101 is above entry 100 for long trade T1"),
        Refusal(3, "target 101 is above entry 100 for short trade B"),
    ]


def test_levels_beyond_arithmetic_are_refused():
    tiny = Instrument(exchange="X", symbol="A", tick_size=Decimal("1e-12"))
    made = replay_of({"target": "999999999999999%", "entry_price": 10**15}, instruments=(tiny,))
    assert made.refusals() == [Refusal(1, "trade T1 has levels of more than 28 digits")]


def test_figures_count_what_happened():
    made = replay_of({"stop": "1pts"}, {"symbol": "C"}, {"opened": 99})
    told(made, ticks_of(100, 99, (2, 5, "B")))
    assert (made.ticks, made.instruments) == (3, {"X:A", "X:B"})
    assert (made.open, made.exits.total()) == (2, 1)
    assert made.without_ticks == ["X:C"]
