"""Which positions belong to a strategy: by patterns, the first that fits."""

import pytest

from tests.playbook import KEY
from tradebot.core.adoption.strategies import Match, Strategy, strategy_named, strategy_of
from tradebot.core.market.instruments import NetKey


@pytest.mark.parametrize(("glob", "symbols", "others"), [
    ("*", ["SBIN", "", "M&M"], []),
    ("SBIN", ["SBIN"], ["SBI", "SBINX", "sbin", "XSBIN"]),
    ("NIFTY*[CP]E", ["NIFTY24NOV2624000CE", "NIFTYPE"], ["NIFTY24NOV26FUT", "BANKNIFTYCE"]),
    ("?X", ["AX", "1X"], ["X", "AAX"]),
    ("A.B", ["A.B"], ["AXB"]),
    ("[!A]B", ["XB", "^B"], ["AB"]),
    ("[^A]", ["^", "A"], ["B"]),
    ("[", ["["], ["", "x"]),
    ("a]b[c", ["a]b[c"], ["abc"]),
    (r"[\[]", ["[", "\\"], ["]"]),
    ("", [""], ["x"]),
])  # fmt: skip
def test_a_pattern_holds_the_whole_word(glob, symbols, others):
    match = Match(symbol=glob)
    assert [s for s in [*symbols, *others] if match.fits(KEY._replace(symbol=s))] == symbols


def test_exchange_product_and_symbol_all_have_to_fit():
    match = Match(exchange="NFO", product="M*", symbol="NIFTY*")
    assert match.fits(NetKey("A1", "NFO", "NIFTYCE", "MIS"))
    assert not match.fits(NetKey("A1", "NSE", "NIFTYCE", "MIS"))
    assert not match.fits(NetKey("A1", "NFO", "NIFTYCE", "NRML"))
    assert not match.fits(NetKey("A1", "NFO", "SBIN", "MIS"))


def test_the_first_strategy_that_fits_counts_and_one_without_a_pattern_never_does():
    none, cash, all_ = (
        Strategy(name="none"),
        Strategy(name="cash", match=Match(exchange="NSE")),
        Strategy(name="all", match=Match()),
    )
    assert strategy_of(KEY, [none, cash, all_]) is cash
    assert strategy_of(KEY, [none, all_, cash]) is all_
    assert strategy_of(KEY._replace(exchange="BSE"), [none, cash]) is None


def test_a_strategy_is_found_by_its_name_alone():
    swing, other = Strategy(name="swing"), Strategy(name="other")
    assert strategy_named("other", [swing, other]) is other
    assert strategy_named("Swing", [swing, other]) is None
