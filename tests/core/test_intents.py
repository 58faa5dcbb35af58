"""What the engine may want is a closed list, and every wish names what it is about."""

from typing import get_args

import pytest

from tests.playbook import Playbook, a_trade
from tradebot.core.intents import Intent, PlaceOrder


@pytest.mark.parametrize("type_", get_args(Intent))
def test_every_intent_is_a_value_that_names_its_object(type_):
    assert type_.__struct_config__.frozen
    names = {"account", "client_order_id", "key", "order_id", "instrument"}
    assert names & set(type_.__struct_fields__)


def test_an_order_is_named_after_its_trade_and_attempt_so_a_replay_names_the_same():
    def orders():
        story = Playbook(a_trade(trade_id="mine", stop="5pts"), a_trade(stop="6pts"))
        assert story >> 795 >> "3s" >> 794 >> "3s"
        return story.wants(PlaceOrder)

    assert [order.client_order_id for order in orders()] == ["mine-x1", "T2-x1"]
    assert orders() == orders()
