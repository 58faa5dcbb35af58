"""A line holds all that a tick of one instrument may touch, and the band in which it is quiet."""

import math
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.written_rules import levels
from tests.playbook import SBIN, Playbook, a_trade
from tradebot.core.guard.lines import Line, line_name, set_band, split_line_name
from tradebot.core.guard.trades import Marks, PriceSource, Side
from tradebot.core.market.instruments import Instrument
from tradebot.core.market.price_gate import PRICE_MAX, Gate
from tradebot.core.market.sessions import Session

LAST, EXIT_SIDE, MID = PriceSource.LAST, PriceSource.EXIT_SIDE, PriceSource.MID


def a_line():
    return Line(SBIN, Gate(Session(), Decimal("0.01")))


def add(line, trade_id, side=Side.LONG, source=LAST, **words):
    line.triggers(side, source).add(trade_id, levels(side, "800", **words), Marks())
    line.refresh()


def test_a_line_without_trades_is_quiet_at_every_price():
    line = a_line()
    line.refresh()
    assert (line.lo, line.hi, line.ltp) == (-math.inf, math.inf, None)


def test_the_quiet_band_is_that_of_the_nearest_levels_of_both_sides():
    line = a_line()
    add(line, "T1", stop="9pts", target="9pts")
    assert (line.lo, line.hi) == (791, 809)
    add(line, "T2", Side.SHORT, stop="7pts", target="5pts")
    assert (line.lo, line.hi) == (795, 807)
    add(line, "T3", source=EXIT_SIDE, stop="1pts")
    assert (line.lo, line.hi) == (795, 807)
    assert line.others == ((Side.LONG, EXIT_SIDE),)


def test_who_waits_for_a_price_makes_every_price_worth_a_look():
    line = a_line()
    line.waiting.add("T1")
    line.refresh()
    assert not any(line.lo < price < line.hi for price in (1.0, 800.0, 1e9))


def test_who_is_disarmed_is_judged_by_no_price_and_waits_for_none():
    trade = Playbook(a_trade(trade_id="T1")).trade()
    for waits in (False, True):
        line = a_line()
        if waits:
            line.waiting.add("T1")
        else:
            add(line, "T1", stop="9pts")
        line.refresh()
        assert line.lo > -math.inf
        for _ in range(2):
            line.disarm(trade)
            assert (line.lo, line.hi) == (-math.inf, math.inf)


def trailing(side, best, **words):
    """A line with one trade of this side that has seen this best price."""
    line = a_line()
    follow(line, "T1", side, best, **words)
    return line


def follow(line, trade_id, side, best, **words):
    marks = Marks(trail_active=True, best_price=best)
    line.triggers(side, LAST).add(trade_id, levels(side, "800", **words), marks)
    line.refresh()


@pytest.mark.parametrize(
    ("side", "price", "quiet", "loud"),
    [(Side.LONG, 805.0, 805.0, 800.0), (Side.SHORT, 795.0, 795.0, 800.0)],
)
def test_a_new_best_price_is_taken_without_a_look_at_any_trade(side, price, quiet, loud):
    line = trailing(side, 800.0, trail="5pts")
    assert line.rises(price)
    assert line.triggers(side, LAST).best_price("T1") == price
    assert line.lo < quiet < line.hi
    assert not line.lo < loud < line.hi


@pytest.mark.parametrize(
    ("words", "price"),
    [({"trail": "5pts"}, 795.0), ({"trail": "5pts", "target": "5pts"}, 805.0)],
)
def test_a_price_that_reaches_a_level_is_left_to_be_judged(words, price):
    assert not trailing(Side.LONG, 800.0, **words).rises(price)


def test_both_sides_have_their_say_about_a_price():
    line = trailing(Side.LONG, 800.0, trail="5pts")
    add(line, "T2", Side.SHORT, stop="3pts", target="2pts")
    assert line.rises(801.0)
    assert (line.lo, line.hi) == (798, math.nextafter(801, math.inf))
    assert not line.rises(803.0)  # the short's stop
    line = trailing(Side.SHORT, 800.0, trail="5pts")
    follow(line, "T2", Side.LONG, 800.0, trail="5pts")
    assert line.rises(799.0)
    assert line.rises(801.0)
    assert (line.lo, line.hi) == (math.nextafter(799, -math.inf), math.nextafter(801, math.inf))


def test_nothing_rises_unseen_while_others_need_a_look():
    line = trailing(Side.LONG, 800.0, trail="5pts")
    line.waiting.add("T2")
    assert not line.rises(801.0)
    line.waiting.clear()
    add(line, "T3", source=MID, stop="5pts")
    assert not line.rises(801.0)


@pytest.mark.parametrize("source", PriceSource)
@pytest.mark.parametrize("side", Side)
def test_names_read_back_also_with_spaces_in_a_symbol(side, source):
    name = line_name("NSE:M & M LONG", side, source)
    assert split_line_name(name) == ("NSE:M & M LONG", side, source)


def test_every_side_has_its_durable_name():
    line = a_line()
    add(line, "T1", Side.SHORT, MID)
    assert [name for name, _ in line.names()] == ["NSE:SBIN SHORT mid"]


def test_highs_are_numbered_after_those_of_earlier_lives_and_only_before_the_first_trade():
    line = a_line()
    line.start_highs(Side.LONG, LAST, 7)
    assert line.triggers(Side.LONG, LAST).highs_count == 7
    with pytest.raises(AssertionError, match="has LONG already"):
        line.start_highs(Side.LONG, LAST, 8)


@pytest.mark.parametrize(
    ("source", "side", "bid", "ask", "price"),
    [
        (LAST, Side.LONG, 799.0, 801.0, 800.0),
        (EXIT_SIDE, Side.LONG, 799.0, 801.0, 799.0),
        (EXIT_SIDE, Side.SHORT, 799.0, 801.0, 801.0),
        (EXIT_SIDE, Side.LONG, None, 801.0, 800.0),
        (EXIT_SIDE, Side.SHORT, 799.0, None, 800.0),
        (MID, Side.LONG, 799.0, 802.0, 800.5),
        (MID, Side.LONG, None, 802.0, 800.0),
        (MID, Side.LONG, 799.0, None, 800.0),
        (EXIT_SIDE, Side.LONG, 0.0, None, 800.0),
        (EXIT_SIDE, Side.LONG, -5.0, None, 800.0),
        (EXIT_SIDE, Side.LONG, math.nan, None, 800.0),
        (EXIT_SIDE, Side.LONG, math.inf, None, 800.0),
        (EXIT_SIDE, Side.LONG, 792.0, None, 792.0),
        (EXIT_SIDE, Side.LONG, 791.0, None, 800.0),  # more than a jump away from the last price
    ],
)
def test_a_side_is_judged_by_its_price_if_that_can_be_true(source, side, bid, ask, price):
    line = a_line()
    line.bid, line.ask = bid, ask
    assert line.price_for(side, source, 800.0) == price


anything = st.none() | st.floats()


@given(anything, anything, st.floats(0.01, 1e6), st.sampled_from(PriceSource))
def test_the_price_that_judges_is_always_near_the_last_one(bid, ask, ltp, source):
    line = a_line()
    line.bid, line.ask = bid, ask
    for side in Side:
        assert abs(line.price_for(side, source, ltp) - ltp) <= ltp * 0.01


@pytest.mark.parametrize(
    ("stale_after_ns", "waited_ns", "fresh"),
    [(None, 10**18, False), (10, 11, True), (10, 9, False)],
)
def test_a_price_that_grew_old_while_nobody_listened_is_none(stale_after_ns, waited_ns, fresh):
    line = a_line()
    line.gate.fresh, line.gate.received_ns = False, 1000
    line.blind_since_ns, line.quote_asked = 5, True
    line.start(1000 + waited_ns, stale_after_ns)
    assert line.gate.fresh == fresh
    assert (line.since_ns, line.blind_since_ns, line.quote_asked) == (1000 + waited_ns, None, False)


@pytest.mark.parametrize(
    ("grid", "ticks"), [(None, "0.05"), (Decimal("0.05"), "0.05"), (Decimal("0.5"), "0.5")]
)
def test_an_instrument_is_seen_on_the_ticks_that_levels_stand_on_already(grid, ticks):
    line = a_line()
    line.grid = grid
    seen = line.on_grid(SBIN)
    assert seen == msgspec.structs.replace(SBIN, tick_size=Decimal(ticks))


def test_blind_times_add_up():
    line = a_line()
    for since, until in ((10, 15), (30, 37)):
        line.blind_since_ns = since
        assert line.end_blindness(until) == until - since
    assert (line.blind_ns, line.blind_since_ns) == (12, None)
    with pytest.raises(AssertionError, match="NSE:SBIN is not blind"):
        line.end_blindness(40)


@pytest.mark.parametrize(
    ("low", "high", "gate_low", "gate_high"),
    [(None, None, 0.0, PRICE_MAX), ("700", "900", 699.975, 900.025)],
)
def test_the_band_is_inclusive_and_goes_when_it_is_not_known(low, high, gate_low, gate_high):
    gate = Gate(Session(), Decimal("0.01"))
    gate.low, gate.high = 1.0, 2.0
    set_band(
        gate,
        Instrument(
            exchange="NSE",
            symbol="SBIN",
            tick_size=Decimal("0.05"),
            price_low=None if low is None else Decimal(low),
            price_high=None if high is None else Decimal(high),
        ),
    )
    assert (gate.low, gate.high) == (gate_low, gate_high)
