"""Whatever bytes come, nothing is read of them that is not written there, and nobody dies."""

import json
from random import Random

import pytest

from tests.brokers.openalgo.wire import samples
from tests.soak.wire_fuzz import fuzzed
from tests.wire_fuzz import price_of_frame, told_price, wrong_with_body
from tests.wire_fuzz_live import Live


# More: python3 dev.py soak wire_fuzz.
def test_of_spoiled_frames_and_bodies_nothing_is_made_up():
    assert fuzzed(20_261_120, 20_000).wrong == []


async def test_a_reader_that_is_sent_nonsense_goes_on_and_the_trade_is_not_touched():
    told = await Live(Random(1)).run(3_000)
    assert told["wrong"] == []
    assert int(str(told["frames"])) >= 3_000


@pytest.mark.parametrize("ltp", [815.05, "815.05", 7, "1,000"])
def test_both_readings_see_the_price_that_is_there(ltp):
    raw = json.dumps({**samples.TICK, "data": {"ltp": ltp}}).encode()
    assert price_of_frame(raw) == told_price(raw) is not None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"status":"success"}', b"\xff"])
def test_what_says_nothing_is_nothing_wrong(raw):
    assert wrong_with_body(200, raw) == ""
