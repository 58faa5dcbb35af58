"""What the master contract says of an instrument, and what it cannot mean."""

from decimal import Decimal

import pytest
from hypothesis import given

from tests.brokers.openalgo.wire.samples import SYMBOL, said, spoiled, success, there
from tradebot.brokers.openalgo.wire.answers import answer_of
from tradebot.brokers.openalgo.wire.listings import ROWS_MAX, listing_of, symbols_of
from tradebot.core.market.instruments import Instrument, Kind, wrong_with

OPTION = {
    "symbol": "NIFTY24NOV2626000CE",
    "exchange": "NFO",
    "lotsize": "75",
    "tick_size": 0.05,
    "freeze_qty": 1800,
}
NOT_FOUND = "Symbol 'SBINN' not found for exchange 'NSE'"


def test_an_instrument_has_its_sizes():
    listing = listing_of(success(SYMBOL))
    assert (listing.why, listing.is_missing) == ("", False)
    assert listing.instrument == Instrument(
        exchange="NSE", symbol="SBIN", tick_size=Decimal("0.05"), lot_size=Decimal(1)
    )
    told = there(listing_of(success(OPTION)).instrument)
    assert (told.kind, told.lot_size, told.freeze_quantity) == (Kind.OPTION, 75, 1800)


@pytest.mark.parametrize("freeze", [1, "1", 0, None, ""])
def test_what_lists_write_for_no_freeze_quantity_is_none(freeze):
    listing = listing_of(success({**OPTION, "freeze_qty": freeze}))
    assert there(listing.instrument).freeze_quantity is None
    assert listing.why == ""


@pytest.mark.parametrize("freeze", [75, 50, "x", -5, [], {}, True, "1e309", 10**400, 1e308])
def test_a_freeze_quantity_that_is_none_is_named_and_the_rest_of_the_row_taken(freeze):
    listing = listing_of(success({**OPTION, "freeze_qty": freeze}))
    told = there(listing.instrument)
    assert (told.lot_size, told.freeze_quantity) == (75, None)
    assert listing.why.startswith("freeze_qty ")


@pytest.mark.parametrize("size", [0, -1, "x", "", None, [], {}, True, "1e309", 1e308, 10**400])
@pytest.mark.parametrize("field", ["tick_size", "lotsize"])
def test_a_row_without_sizes_that_may_be_true_is_refused_with_its_field(field, size):
    listing = listing_of(success({**OPTION, field: size}))
    assert listing.instrument is None
    assert listing.why.startswith(f"{field} ")
    assert not listing.is_missing


def test_a_row_that_no_exchange_can_mean_is_refused():
    assert "tick size" in listing_of(success({**OPTION, "tick_size": "0.00000000000001"})).why
    assert "lot size" in listing_of(success({**OPTION, "lotsize": 10**14})).why


def test_a_number_that_is_none_in_json_is_refused_like_any_other():
    raw = b'{"status":"success","data":{"symbol":"X","exchange":"NSE","tick_size":NaN,"lotsize":1}}'
    assert listing_of(answer_of(200, raw)).why == "tick_size null is no number above 0"


@pytest.mark.parametrize("data", [5, [], {}, {"symbol": "X"}, {"exchange": "NSE", "symbol": 5}])
def test_an_answer_that_names_no_symbol_is_of_no_use(data):
    assert listing_of(success(data)).why == "the answer names no symbol"


@pytest.mark.parametrize(
    ("http", "message", "is_missing"),
    [
        (400, NOT_FOUND, True),
        (404, NOT_FOUND, True),
        (400, {"exchange": ["Must be one of: NSE, BSE."]}, True),
        (500, NOT_FOUND, False),
        (404, "Broker plugin not found", False),
        (404, "The requested URL was not found on the server.", False),
        (400, "Failed to decode JSON object", False),
        (403, "Invalid openalgo apikey", False),
    ],
)
def test_only_the_servers_own_word_says_that_there_is_no_such_symbol(http, message, is_missing):
    listing = listing_of(said(http, {"status": "error", "message": message}))
    assert (listing.instrument, listing.is_missing) == (None, is_missing)
    assert listing.why.startswith(f"HTTP {http}")


def test_a_search_returns_the_symbols_of_its_exchange():
    rows = [SYMBOL, {"symbol": "SBIN", "exchange": "BSE"}, {"exchange": "NSE"}, {"symbol": "X"}]
    assert symbols_of(success(rows), "NSE") == ["SBIN"]
    assert len(symbols_of(success([SYMBOL] * 10_000), "NSE")) == ROWS_MAX
    assert symbols_of(success(5), "NSE") == []
    assert symbols_of(said(404, {"status": "error"}), "NSE") == []


@given(spoiled({"status": "success", "data": OPTION}))
def test_no_row_makes_the_reader_raise_or_is_what_no_exchange_can_mean(raw):
    listing = listing_of(answer_of(200, raw))
    assert listing.instrument is None or wrong_with(listing.instrument) is None
    assert listing.instrument is not None or listing.why
