"""What is now true is told in values that survive a file, and by when."""

from typing import get_args

import msgspec
import pytest

from tests.fault_run import Run
from tradebot.core.events import Event, TradeEvent, TradeRefused
from tradebot.core.records import Told


@pytest.mark.parametrize("type_", get_args(Event))
def test_every_event_is_a_value_with_its_time(type_):
    assert type_.__struct_config__.frozen
    assert "at_ns" in type_.__struct_fields__


@pytest.mark.parametrize("type_", get_args(TradeEvent))
def test_an_event_of_a_trade_names_it(type_):
    assert "trade_id" in type_.__struct_fields__


def test_a_refusal_is_no_line_of_a_story():
    assert TradeRefused not in get_args(TradeEvent)


def test_stories_survive_a_file():
    told = list(Run(3).live().store.told.values())
    assert len({type(line.event) for line in told}) > 5
    assert msgspec.json.decode(msgspec.json.encode(told), type=list[Told]) == told
