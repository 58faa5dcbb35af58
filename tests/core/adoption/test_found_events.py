"""Events of positions without a trade: what belongs to a trade is a line of its story."""

from typing import get_args

import pytest

from tradebot.core.adoption import found_events
from tradebot.core.events import Event, TradeEvent

OWN = [value for name, value in vars(found_events).items() if name.startswith("Position")]


@pytest.mark.parametrize("kind", OWN)
def test_every_one_is_an_event_and_those_of_a_trade_belong_to_its_story(kind):
    assert kind in get_args(Event)
    assert (kind in get_args(TradeEvent)) == ("trade_id" in kind.__struct_fields__)
    assert "at_ns" in kind.__struct_fields__
