"""The paper exchange's last prices."""

import math

import pytest

from tradebot.brokers.paper.prices import LastPrices
from tradebot.ports import Quote


def test_before_the_first_price_nothing_is_known():
    prices = LastPrices()
    assert prices.ltp("SIM:X") is None
    assert prices.quote("SIM:X") is None


def test_the_last_price_is_quoted_with_its_time_and_sides():
    prices = LastPrices()
    prices.tell("SIM:X", 10.0, 1)
    prices.tell("SIM:X", 10.5, 2, 10.45, 10.55)
    assert prices.ltp("SIM:X") == 10.5
    assert prices.quote("SIM:X") == Quote(ltp=10.5, at_ns=2, bid=10.45, ask=10.55)


@pytest.mark.parametrize("ltp", [0.0, -1.0, math.nan, math.inf])
def test_nothing_is_traded_at_a_number_that_is_no_price(ltp):
    prices = LastPrices()
    prices.tell("SIM:X", 10.0, 1)
    prices.tell("SIM:X", ltp, 2)
    assert prices.ltp("SIM:X") == 10.0


def test_a_recording_quotes_nothing_because_it_would_confirm_its_own_spikes():
    prices = LastPrices(quotable=False)
    prices.tell("SIM:X", 10.0, 1)
    assert prices.ltp("SIM:X") == 10.0
    assert prices.quote("SIM:X") is None


def test_whoever_waits_for_a_price_is_called_once():
    prices = LastPrices()
    called: list[object] = []
    prices.when_known("SIM:X", lambda: called.append(prices.ltp("SIM:X")))
    prices.when_known("SIM:X", lambda: called.append("too"))
    prices.tell("SIM:Y", 1.0, 1)
    prices.tell("SIM:X", 0.0, 1)
    assert called == []
    prices.tell("SIM:X", 10.0, 2)
    prices.tell("SIM:X", 11.0, 3)
    assert called == [10.0, "too"]
