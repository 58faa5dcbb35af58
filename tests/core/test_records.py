"""Records survive a file, and applied twice, late or out of order they change nothing."""

from random import Random
from typing import get_args

import msgspec
import pytest

from tests.fakes import RecordStore
from tests.fault_run import Run
from tradebot.core.records import FindingsSaved, Record, Snapshot


class Kept(RecordStore):
    """A store that remembers what it was given."""

    def __init__(self):
        super().__init__()
        self.given = []

    def apply(self, records):
        self.given += records
        super().apply(records)


@pytest.fixture(scope="module")
def life():
    run = Run(27)
    run.store = Kept()
    return run.live().store


def test_a_life_writes_every_kind_of_record(life):
    # Of positions without a trade tells test_adopting.
    assert {type(record) for record in life.given} == set(get_args(Record)) - {FindingsSaved}


def test_records_survive_a_file(life):
    for codec in (msgspec.json, msgspec.msgpack):
        assert codec.decode(codec.encode(life.given), type=list[Record]) == life.given


def test_the_order_in_which_records_arrive_does_not_matter(life):
    shuffled = RecordStore()
    Random(1).shuffle(records := [*life.given, *life.given])
    shuffled.apply(records)
    for table in ("trades", "exits", "positions", "executions", "highs", "told"):
        assert getattr(shuffled, table) == getattr(life, table), table


def test_versions_and_numbers_are_unique_within_their_thing(life):
    last: dict[object, object] = {}
    for record in life.given:
        match msgspec.to_builtins(record):
            case {"type": "trade", "trade": {"trade_id": name, "version": version}}:
                thing = name
            case {"type": "exit", "exit": {"trade_id": name, "number": number, "version": version}}:
                thing = name, number
            case {"type": "position", "position": {"key": key, "version": version}}:
                thing = tuple(key)
            case _:
                continue
        was = last.setdefault((thing, version), record)
        assert was == record


def test_a_snapshot_of_nothing_is_a_start():
    assert Snapshot().trades == Snapshot().exits == ()
