"""The words of the world: closed, and with the meaning that the engine rests on."""

import gc
from typing import get_args

import msgspec
import pytest

from tests.playbook import Playbook
from tradebot.core import inputs
from tradebot.core.engine import Engine
from tradebot.core.inputs import Input, OrderSide, OrderState, Outcome, Tick
from tradebot.core.policy import Policy


@pytest.mark.parametrize("side", OrderSide)
def test_a_purchase_adds_and_a_sale_takes_away(side):
    assert side.sign == {OrderSide.BUY: 1, OrderSide.SELL: -1}[side]


@pytest.mark.parametrize("state", OrderState)
def test_an_order_that_is_not_open_is_over(state):
    assert state.is_final == (state is not OrderState.OPEN)


def test_the_engine_has_an_answer_to_every_input():
    handled = set(Engine(Policy())._handlers) | {Tick}
    assert handled == set(get_args(Input))


def test_every_input_is_a_value():
    story = Playbook()
    tick = story.tick(800)
    with pytest.raises(AttributeError):
        tick.ltp = 801.0  # type: ignore[misc]  # that it cannot be set is the test
    assert all(type_.__struct_config__.frozen for type_ in get_args(Input))


def test_a_tick_is_no_work_for_the_garbage_collector():
    assert not gc.is_tracked(Playbook().tick(800))


@pytest.mark.parametrize("type_", get_args(Outcome))
def test_outcomes_are_told_apart_in_json(type_):
    outcome = type_("words")
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome
    assert inputs.Outcome == Outcome
