"""What becomes known of instruments is told with what it was before."""

import msgspec

from tradebot.core.market.instrument_events import InstrumentChanged, InstrumentRefused


def test_a_change_tells_each_size_as_it_is_and_as_it_was():
    fields = set(InstrumentChanged.__struct_fields__)
    sizes = {"tick_size", "lot_size", "freeze_quantity"}
    assert sizes | {f"{size}_was" for size in sizes} <= fields


def test_a_refusal_survives_a_file():
    refused = InstrumentRefused(instrument="NSE:SBIN", why="tick size 0", at_ns=1)
    assert msgspec.json.decode(msgspec.json.encode(refused), type=InstrumentRefused) == refused
