"""The version rules in memory, and what a start makes of highs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stores.samples import a_high, a_trade, an_exit, as_an_engine, records
from tradebot.core.guard.trades import PriceSource, Side, Status
from tradebot.core.leaving.exit import State
from tradebot.core.records import HighReached, Snapshot
from tradebot.stores.snapshot import (
    Tables,
    line_of,
    needed_highs,
    replayed,
    with_high,
)

PRICES = st.floats(1, 9, allow_nan=False)


def test_a_trade_that_is_over_leaves_the_snapshot_with_its_exits():
    before = Snapshot(trades=(a_trade(1), a_trade(2)), exits=(an_exit(1).exit, an_exit(2).exit))
    after = replayed(before, [[a_trade(1, 2, status=Status.CLOSED), an_exit(2, version=2)], []])
    assert [saved.trade.trade_id for saved in after.trades] == ["T2"]
    assert after.exits == (an_exit(2, version=2).exit,)


def test_an_old_record_in_a_later_frame_does_not_reopen_a_trade():
    frames = [[a_trade(1, 3, status=Status.CLOSED)], [a_trade(1, 2)]]
    assert replayed(Snapshot(trades=(a_trade(1),)), frames).trades == ()


def test_a_done_exit_is_not_loaded():
    before = Snapshot(trades=(a_trade(1),), exits=(an_exit(1).exit,))
    assert replayed(before, [[an_exit(1, version=2, state=State.DONE)]]).exits == ()


def test_a_replay_of_nothing_changes_nothing():
    before = Snapshot(trades=(a_trade(4),), highs=(a_high(9, 5.0),), trades_made=8, lines_told=6)
    assert replayed(before, []) == before


@given(st.lists(st.lists(records(), max_size=5), max_size=6), st.integers(0, 6))
@settings(deadline=None)
def test_a_replay_over_a_snapshot_is_a_replay_of_all(drawn, cut):
    frames = as_an_engine(drawn)
    whole = Tables()
    half = Tables()
    for number, items in enumerate(frames):
        for record in items:
            whole.apply(record)
            if number < cut:
                half.apply(record)
    from_half, from_all = replayed(half.snapshot(), frames[cut:]), whole.snapshot()
    assert set(from_half.executions) == set(from_all.executions)
    assert from_half.trades == from_all.trades
    assert from_half.exits == from_all.exits
    assert from_half.highs == from_all.highs
    assert from_half.positions == from_all.positions
    assert from_half.heard == from_all.heard
    assert from_half.trades_made == from_all.trades_made
    assert from_half.lines_told == from_all.lines_told


def test_a_copy_changes_apart():
    tables = Tables(Snapshot(trades=(a_trade(1),), highs=(a_high(1, 5.0),)))
    copy = tables.copy()
    for record in (a_trade(2), a_high(2, 6.0), an_exit(1)):
        copy.apply(record)
    assert tables.snapshot() == Snapshot(trades=(a_trade(1),), highs=(a_high(1, 5.0),))
    assert copy.snapshot().trades_made == 2


@given(st.lists(PRICES, max_size=9), st.integers(0, 9), st.sampled_from(Side))
def test_the_highs_kept_tell_the_best_price_since_any_number(prices, seen, side):
    line = f"NSE:SBIN {side} last"
    kept: list[HighReached] = []
    for number, price in enumerate(prices, start=1):
        kept = with_high(kept, a_high(number, price, line))
    best = max if side is Side.LONG else min
    since = [high.price for high in kept if high.number > seen]
    assert len(kept) <= len(prices)
    assert (best(since) if since else None) == (best(prices[seen:]) if prices[seen:] else None)


def test_the_line_of_a_trade_is_its_instrument_side_and_price_source():
    trade = a_trade(side=Side.SHORT, symbol="M&M 5", price_source=PriceSource.EXIT_SIDE).trade
    assert line_of(trade) == "NSE:M&M 5 SHORT exit_side"


def test_needed_highs_are_those_that_the_most_behind_trade_lacks():
    highs = [a_high(n, 10.0 - n) for n in range(1, 5)]
    assert needed_highs([], highs) == (highs[3],)
    assert needed_highs([a_trade(highs_seen=2)], highs) == (highs[2], highs[3])
    assert needed_highs([a_trade(highs_seen=2), a_trade(2, highs_seen=1)], highs) == (*highs[1:],)
    assert needed_highs([a_trade(highs_seen=4)], highs) == (highs[3],)
    assert needed_highs([a_trade(side=Side.SHORT)], highs) == (highs[3],)
